"""Predicts what a merged environment will hold for its own, beside what it links from the package cache."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

from condatui_core.actions.clone.source import Source
from condatui_core.actions.merge.facts import MergeFacts
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.recorded_paths import RecordedPackage, RecordedPath

_META = "conda-meta"
_CREATED_AT = "created_at"
"""A small file in it, which a clone gets even if its source has none."""


def bytes_beside_clone(facts: MergeFacts) -> int:
    """The bytes that a merged environment takes beside the plan of its clone; some stats for each file, so it blocks.

    These are conda's own notes in the keeper, and for all that only the member has: its record, the files that conda
    writes anew, the files of pip, and the directories that the keeper lacks.
    """
    source = facts.source
    if source is None:
        return 0
    coming = {each.dist_name for each in facts.solution.packages} - {each.dist_name for each in source.records}
    extras = [each for each in facts.records.packages if each.record.dist_name in coming]
    paths = (*_paths(extras, facts.carried.files), *_directories(extras, facts.carried.files, source))
    return _notes(source) + _size(facts.records.prefix, paths)


def _paths(extras: Iterable[RecordedPackage], carried: Iterable[str]) -> Iterator[str]:
    """The records, and the files that are not linked from the package cache."""
    for package in extras:
        yield os.path.join(_META, record_file_name(package.record))
        yield from (each.path for each in package.paths if not _is_linked(each))
    yield from carried


def _is_linked(recorded: RecordedPath) -> bool:
    return recorded.kind in ("hardlink", "directory") and not recorded.placeholder


def _directories(extras: Iterable[RecordedPackage], carried: Iterable[str], source: Source) -> Collection[str]:
    """The directories of these files that the keeper lacks."""
    there = {each.path for each in source.tree.entries if each.kind == "directory"}
    lacking: set[str] = set()
    for path in (*(each.path for package in extras for each in package.paths), *carried):
        while (path := os.path.dirname(path)) and path not in there and path not in lacking:
            lacking.add(path)
    return lacking


def _notes(source: Source) -> int:
    """The bytes of conda-meta and of what is in it beside records, such as the history."""
    records = {record_file_name(each) for each in source.records}
    directory = os.path.join(source.prefix, _META)
    try:
        others = [name for name in os.listdir(directory) if name not in records and not name.endswith(".json")]
        made = 0 if _CREATED_AT in others else os.statvfs(directory).f_frsize
    except OSError:
        return 0
    return _size(directory, ("", *others)) + made


def _size(directory: str, paths: Iterable[str]) -> int:
    return sum(_size_of(os.path.join(directory, path)) for path in paths)


def _size_of(path: str) -> int:
    """The bytes that something occupies; what is gone meanwhile occupies none."""
    try:
        return allocated(os.lstat(path))
    except OSError:
        return 0
