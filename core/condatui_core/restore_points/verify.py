"""Verifies a restore point, and a prefix against it: every path, its content, mode, owner and time."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from condatui_core.errors import CondatuiError
from condatui_core.fs.attributes import attributes_of
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import PrefixTree, TreeEntry
from condatui_core.records.restore_point import KeptPath, own_copies
from condatui_core.restore_points.archive import ARCHIVE, DAMAGES, check_archive
from condatui_core.restore_points.classify import file_sha256
from condatui_core.text import sanitize

Difference = Literal["missing", "extra", "kind", "target", "content", "mode", "links", "owner", "attributes", "time"]


@dataclass(frozen=True, slots=True)
class Differing:
    """A path that is not as it was."""

    path: str
    what: Difference


def differences(tree: PrefixTree, paths: Sequence[KeptPath], *, thorough: bool = True) -> tuple[Differing, ...]:
    """Compare a prefix with a restore point; `thorough` reads all files, and compares links and attributes too.

    Raises OSError if something cannot be read.
    """
    there = {entry.path: entry for entry in tree.entries}
    kept = {each.path: each for each in paths if each.means != "none"}
    shared = {each.path for each in paths if (kept.get(each.same_as) or each).means == "package"}
    found = [Differing(path, "missing") for path in kept if path not in there]
    found += [Differing(path, "extra") for path in there if path not in kept]
    for path, each in kept.items():
        if entry := there.get(path):
            found += (
                Differing(path, what) for what in _compare(tree.root, each, entry, path in shared, thorough=thorough)
            )
    if thorough:
        found += (Differing(path, "links") for path in _linked_otherwise(there, paths))
    return tuple(found)


def _linked_otherwise(there: Mapping[str, TreeEntry], paths: Sequence[KeptPath]) -> Iterator[str]:
    """The files that are hard links to others than before: inside the environment, or to the package cache."""
    inside = Counter(entry.inode for entry in there.values() if entry.kind == "file")
    for each in paths:
        entry, same = there.get(each.path), there.get(each.same_as)
        if entry and same and entry.inode != same.inode:
            yield each.path
    for each in own_copies(paths):
        entry = there.get(each.path)
        if entry and entry.kind == "file" and entry.status.st_nlink > inside[entry.inode]:
            yield each.path


def has_its_files(directory: Path, paths: Iterable[KeptPath]) -> bool:
    """Whether the restore point in a directory holds the content of these of its paths; reads its whole archive."""
    try:
        check_files(directory, paths)
    except CondatuiError:
        return False
    return True


def check_files(directory: Path, paths: Iterable[KeptPath]) -> None:
    """Read the whole archive of the restore point in a directory.

    Raises CondatuiError if it does not hold exactly the content of these of its paths.
    """
    digests = {each.path: each.sha256 for each in paths if each.means == "archive"}
    try:
        if digests:
            check_archive(directory / ARCHIVE, digests)
    except DAMAGES as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise CondatuiError("The restore point is damaged.", f"{directory / ARCHIVE}: {sanitize(why)}") from error


def _compare(target: str, kept: KeptPath, entry: TreeEntry, shared: bool, *, thorough: bool) -> Iterator[Difference]:
    status = entry.status
    if kept.kind != entry.kind:
        yield "kind"
        return
    if kept.target != entry.target:
        yield "target"
    if kept.kind == "file" and not _same_content(target, kept, entry, thorough=thorough):
        yield "content"
    if kept.kind != "symlink" and stat.S_IMODE(status.st_mode) != kept.mode:
        yield "mode"
    linked = shared and status.st_nlink > 1  # to the file in the cache, with which it shares time and attributes
    if (thorough or not linked) and (status.st_uid, status.st_gid) != (kept.uid, kept.gid):
        yield "owner"
    if linked:
        return
    if thorough and entry.kind in ("file", "directory") and attributes_of(_at(target, entry)) != kept.attributes:
        yield "attributes"
    if status.st_mtime_ns != kept.mtime_ns:
        yield "time"


def _same_content(target: str, kept: KeptPath, entry: TreeEntry, *, thorough: bool) -> bool:
    if entry.status.st_size != kept.size:
        return False
    return not thorough or file_sha256(_at(target, entry)) == kept.sha256


def _at(target: str, entry: TreeEntry) -> str:
    return os.path.normpath(os.path.join(target, entry.path))
