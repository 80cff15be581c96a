"""Carries over to a clone what conda does not: history, pins and variables, and the digests in pip's RECORD files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from condatui_core.actions.amended_records import with_paths
from condatui_core.actions.prefix_change import PrefixChange
from condatui_core.actions.requested_specs import (
    HISTORY,
    LARGEST_HISTORY,
    read_record,
    with_requests,
    write_record,
)
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.fs.tree import PrefixTree
from condatui_core.prefixes.conda_meta import read_each_record, take_record
from condatui_core.prefixes.meta_file import InstalledPackage, record_file_name
from condatui_core.prefixes.prefix import contents_of, read_prefix
from condatui_core.prefixes.recorded_paths import RecordedPackage
from condatui_core.prefixes.slimmed import NOTE, is_slimmed
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

# Requested specs, pins, variables and history


_KEPT = ("pinned", "state", os.path.basename(NOTE))


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """The records of a clone after everything was carried over."""

    packages: tuple[InstalledPackage, ...]
    """The packages that conda has linked, with their amended records."""
    unreadable: tuple[Problem, ...]
    """Records of the clone that cannot be read."""
    stamps: Mapping[str, tuple[int, ...]]
    """By path, the inode, size and time of each record, which change when the record does."""
    problems: tuple[str, ...] = ()
    """Lines that name what could not be read in the source."""

    def contents(self, tree: PrefixTree) -> PrefixContents:
        """The contents of the clone, without reading its records again unless the tree shows that they have changed."""
        there = {each.path: _stamp(each.status) for each in tree.entries if _is_record(each.path)}
        if there != self.stamps:
            return read_prefix(tree.root)
        return contents_of(tree.root, self.packages, self.unreadable)


def carry_over(
    change: PrefixChange,
    tree: HeldTree,
    packages: Iterable[RecordedPackage],
    left_out: Iterable[PackageRecord],
    *,
    command: str,
    now: datetime,
) -> CarriedOver:
    """Give a clone, held as `tree`, the requested specs, pins, variables and history of its source.

    The history gets a revision of its own, made by `command`. Raises OSError if the clone cannot be written.
    """
    problems: list[str] = []
    slimmed = is_slimmed(change.source)
    linked, unreadable, stamps = _put_requests_back(change.target, tree, packages, slimmed=slimmed)
    for name in _KEPT:
        data = _read(change.source, name, problems)
        if data is not None:
            tree.replace(f"conda-meta/{name}", change.file_content(data))
    history = _read(change.source, "history", problems)
    if history is not None:
        text = history + b"\n" * (not history.endswith(b"\n") and bool(history))
        linked_records = [each.record for each in linked]
        text += _revision(history, linked_records, left_out, command, now).encode("utf-8", "surrogateescape")
        tree.replace(HISTORY, text)
    if tree.status("conda-meta/created_at") is None:
        tree.replace("conda-meta/created_at", f"{now.timestamp()}\n".encode())
    return CarriedOver(tuple(linked), tuple(unreadable), stamps, tuple(problems))


def _put_requests_back(
    target: str, tree: HeldTree, packages: Iterable[RecordedPackage], *, slimmed: bool
) -> tuple[list[InstalledPackage], list[Problem], dict[str, tuple[int, ...]]]:
    """Put the requested specs of the source into the records; conda has noted archives as what was requested.

    Of a source that is `slimmed`, the records list what is there; so do those of its clone.
    Each record is parsed once: what is written is not read again.
    """
    sources = {record_file_name(each.record): each for each in packages}
    stamps: dict[str, tuple[int, ...]] = {}

    def read_and_amend(path: str, regular: bool) -> InstalledPackage | Problem:  # noqa: ARG001 - as a record is read
        name = os.path.basename(path)
        package = _as_in_source(tree, path, sources.get(name), slimmed=slimmed)
        status = tree.status(f"conda-meta/{name}")
        stamps[f"conda-meta/{name}"] = _stamp(status) if status else ()
        return package

    linked, unreadable = read_each_record(target, read_and_amend)
    return linked, unreadable, stamps


def _as_in_source(
    tree: HeldTree, path: str, source: RecordedPackage | None, *, slimmed: bool
) -> InstalledPackage | Problem:
    """The package of a record, once it states what that of the source does. Raises OSError if it cannot be written."""
    held = f"conda-meta/{os.path.basename(path)}"
    try:
        found = read_record(tree, held)
    except OSError as error:
        return Problem(path=path, reason=reason(error))
    if source is None:
        return take_record(path, found)
    wanted = with_requests(found, source.requests)
    if slimmed:
        wanted = with_paths(wanted, {each.path for each in source.paths})
    if wanted != found:
        write_record(tree, held, wanted)
    return take_record(path, wanted)


def _is_record(path: str) -> bool:
    """Whether a path is that of a record in conda-meta."""
    directory, name = os.path.split(path)
    return directory == "conda-meta" and name.endswith(".json") and not name.startswith("._")


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(prefix: str, name: str, problems: list[str]) -> bytes | None:
    try:
        return read_bounded(os.path.join(prefix, "conda-meta", name), LARGEST_HISTORY)
    except FileNotFoundError:
        return None
    except OSError as error:
        problems.append(f"conda-meta/{name}: {reason(error)}")
        return None


def _revision(
    history: bytes, linked: Iterable[PackageRecord], left_out: Iterable[PackageRecord], command: str, now: datetime
) -> str:
    """A section of a history in which conda has linked these packages, and the ones that were left out are removed.

    conda lists all packages of its own clones as new as well: it takes an environment for empty after a revision
    without lines. What conda requests of a clone, each archive by its URL, nobody has asked for.
    """
    gone = sorted(left_out, key=lambda each: each.name)
    came = _spellings(history)
    lines = [f"==> {now.astimezone():%Y-%m-%d %H:%M:%S} <==", f"# cmd: {command}"]
    # conda takes a line for the same package only if it is spelled like the one that has added the package.
    lines += (f"-{came.get(each, each)}" for each in (record.dist_name for record in gone))
    lines += sorted(f"+{came.get(each, each)}" for each in (record.dist_name for record in linked))
    if gone:
        lines.append(f"# remove specs: {[each.name for each in gone]!r}")
    return "".join(f"{line}\n" for line in lines)


def _spellings(history: bytes) -> Mapping[str, str]:
    """By `name-version-build`, how the line of a history that has added a package last spells it."""
    lines = (os.fsdecode(each).strip() for each in history.splitlines())
    packages = (each.removeprefix("+") for each in lines if each and not each.startswith(("-", "#", "==>")))
    return {each.rpartition("::")[2]: each for each in packages}


# RECORD files of pip, which state the digest of every file, also of those that a clone rewrites


_NAME = ".dist-info/RECORD"
_COLUMNS = 3
_LARGEST_RECORD = 64 << 20
_CHUNK = 1 << 20


def amend_records(tree: HeldTree, copied: Iterable[str], rewritten: Collection[str]) -> frozenset[str]:
    """Correct the digests of rewritten files in RECORD files; returns the RECORD files that had to change.

    Paths are relative to the target. Raises OSError if one cannot be written.
    """
    amended = set()
    for path in copied:
        if path.endswith(_NAME) and _amend(tree, path, rewritten):
            amended.add(path)
    return frozenset(amended)


def _amend(tree: HeldTree, path: str, rewritten: Collection[str]) -> bool:
    base = os.path.dirname(os.path.dirname(path))
    with tree.read(path) as stream:
        text = stream.read(_LARGEST_RECORD).decode("utf-8", "surrogateescape")
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:  # not written by pip: the file stays as it is
        return False
    changed = False
    for row in rows:
        listed = os.path.normpath(os.path.join(base, row[0])) if len(row) == _COLUMNS and row[1] else ""
        if listed in rewritten:
            row[1:] = _stated(tree, listed)
            changed = True
    if changed:
        ending = "\r\n" if "\r\n" in text else "\n"
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator=ending).writerows(rows)
        data = written.getvalue().encode("utf-8", "surrogateescape")
        tree.replace(path, data)
    return changed


def _stated(tree: HeldTree, path: str) -> tuple[str, str]:
    """The digest and the size of a file in the format of RECORD."""
    digest, size = hashlib.sha256(), 0
    with tree.read(path) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return f"sha256={base64.urlsafe_b64encode(digest.digest()).rstrip(b'=').decode()}", str(size)
