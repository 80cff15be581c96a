"""What conda does not carry over to a new environment: what was asked for, pins, variables, and the history."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from condatui_core.bounded_read import decode, read_bounded, reason
from condatui_core.jobs.cloning.prefix_change import PrefixChange
from condatui_core.prefixes.conda_meta import LARGEST_RECORD, record_file_name
from condatui_core.records.package import PackageRecord
from condatui_core.whole_files import write_whole

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
        new_file.write_bytes(json.dumps(wanted, indent=2, sort_keys=True).encode())


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
