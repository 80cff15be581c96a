"""What conda does not carry over to a clone: history, pins and variables, and the digests in pip's RECORD files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from condatui_core.actions.clone.prefix_change import PrefixChange
from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.safe_read import decode, read_bounded, reason
from condatui_core.prefixes.conda_meta import LARGEST_RECORD, record_file_name
from condatui_core.records.package import PackageRecord

# What conda does not carry over to a new environment: what was asked for, pins, variables, and the history.


_LARGEST = 32 << 20
"""Bytes of a history."""
_ASKED = ("requested_spec", "requested_specs")
_KEPT = ("pinned", "state")
_RECORD = msgspec.json.Decoder(dict[str, object])


def put_back(
    change: PrefixChange,
    records: Iterable[PackageRecord],
    left_out: Iterable[PackageRecord],
    *,
    command: str,
    now: datetime,
) -> tuple[str, ...]:
    """Let a new environment say of itself what its source says; returns what could not be read there, a line each.

    The clone is a revision of its own, made by `command`. Raises OSError if the new one cannot be written.
    """
    problems: list[str] = []
    for record in records:
        _put_requests_back(change, record_file_name(record))
    for name in _KEPT:
        data = _read(change.source, name, problems)
        if data is not None:
            write_whole(Path(change.target, "conda-meta", name), change.of_file(data), replace=True)
    history = _read(change.source, "history", problems)
    if history is not None:
        text = history + b"\n" * (not history.endswith(b"\n") and bool(history))
        text += _revision(history, left_out, command, now).encode("utf-8", "surrogateescape")
        write_whole(Path(change.target, "conda-meta", "history"), text, replace=True)
    created = Path(change.target, "conda-meta", "created_at")
    if not created.exists():
        write_whole(created, f"{now.timestamp()}\n".encode(), replace=False)
    return tuple(problems)


def _put_requests_back(change: PrefixChange, file_name: str) -> None:
    """conda notes that each package was asked for by its archive; the source knows what the user asked for."""
    old_file, new_file = (Path(prefix, "conda-meta", file_name) for prefix in (change.source, change.target))
    old = decode(read_bounded(str(old_file), LARGEST_RECORD), _RECORD)
    new = decode(read_bounded(str(new_file), LARGEST_RECORD), _RECORD)
    wanted = {name: value for name, value in new.items() if name not in _ASKED}
    wanted |= {name: old[name] for name in _ASKED if name in old}
    if wanted != new:
        data = json.dumps(wanted, indent=2, sort_keys=True).encode()
        write_whole(new_file, data, replace=True, durable=False)  # as conda, which wrote all the others


def _read(prefix: str, name: str, problems: list[str]) -> bytes | None:
    try:
        return read_bounded(os.path.join(prefix, "conda-meta", name), _LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        problems.append(f"conda-meta/{name}: {reason(error)}")
        return None


def _revision(history: bytes, left_out: Iterable[PackageRecord], command: str, now: datetime) -> str:
    """A section of a history: nothing came, and what did not come along went."""
    gone = sorted(left_out, key=lambda each: each.name)
    came = {line.rpartition("::")[2]: line[1:] for line in map(os.fsdecode, history.splitlines()) if line[:1] == "+"}
    lines = [f"==> {now.astimezone():%Y-%m-%d %H:%M:%S} <==", f"# cmd: {command}"]
    # conda takes out only what is spelled as it was when it came.
    dists = (f"{each.name}-{each.version}-{each.build}" for each in gone)
    lines += (f"-{came.get(dist, dist)}" for dist in dists)
    if gone:
        lines.append(f"# remove specs: {[each.name for each in gone]!r}")
    return "".join(f"{line}\n" for line in lines)


# RECORD files of what pip installed: they state the digest of every file, so of those too that a clone changes.


_NAME = ".dist-info/RECORD"
_COLUMNS = 3


def amend_records(target: str, copied: Iterable[str], rewritten: Collection[str]) -> frozenset[str]:
    """State the files that were rewritten as they are now; returns the RECORD files that had to change.

    Paths are relative to the target. Raises OSError if one cannot be written.
    """
    amended = set()
    for path in copied:
        if path.endswith(_NAME) and _amend(target, path, rewritten):
            amended.add(path)
    return frozenset(amended)


def _amend(target: str, path: str, rewritten: Collection[str]) -> bool:
    file = os.path.join(target, path)
    base = os.path.dirname(os.path.dirname(path))
    with open(file, newline="", encoding="utf-8", errors="surrogateescape") as stream:
        text = stream.read()
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:  # a line that no pip has written: it stays as it is
        return False
    changed = False
    for row in rows:
        listed = os.path.normpath(os.path.join(base, row[0])) if len(row) == _COLUMNS and row[1] else ""
        if listed in rewritten:
            row[1:] = _stated(os.path.join(target, listed))
            changed = True
    if changed:
        ending = "\r\n" if "\r\n" in text else "\n"
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator=ending).writerows(rows)
        data = written.getvalue().encode("utf-8", "surrogateescape")
        write_whole(Path(file), data, replace=True, durable=False)  # as what was copied beside it
    return changed


def _stated(file: str) -> tuple[str, str]:
    """The digest and the size, as a RECORD states them."""
    with open(file, "rb") as stream:
        data = stream.read()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}", str(len(data))
