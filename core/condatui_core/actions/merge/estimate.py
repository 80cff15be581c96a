"""Bounds what a merged environment takes on the disk, once it is known what conda makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from condatui_core.actions.clone.source import Source, provide
from condatui_core.actions.merge.facts import MergeFacts
from condatui_core.actions.room import OWN_NOTES
from condatui_core.disk.merged_size import most_more_than, most_of_coming, most_of_extracting
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.meta_file import record_file_name

_META = "conda-meta"


def most_of_merged(facts: MergeFacts) -> int | None:
    """The most bytes that a merged environment takes, by some stats for each file, so it blocks.

    These are what a clone of the keeper takes, conda's notes in it, and for all that only the member has: its record,
    the files that conda writes anew, the files of pip, and the directories. None if the keeper cannot be read, or if
    conda adds what the member does not have.
    """
    source = facts.source
    if source is None:
        return None
    coming = {each.dist_name for each in facts.solution.packages} - {each.dist_name for each in source.records}
    extras = [each for each in facts.records.packages if each.record.dist_name in coming]
    if len(extras) < len(coming):
        return None
    lacking = (each.record for each in provide(extras, facts.pkgs_dirs) if each.way != "extracted")
    unpacked = (each.record for each in facts.clone.provided if each.way != "extracted")
    return (
        OWN_NOTES
        + facts.clone.survey.bytes_needed
        + _notes(source)
        + most_more_than(source.prefix, source.packages, facts.target)
        + most_of_coming(facts.records.prefix, extras, facts.carried.files, source.prefix)
        + sum(map(most_of_extracting, (*lacking, *unpacked)))
    )


def _notes(source: Source) -> int:
    """The bytes of conda-meta and of what is in it beside records, such as the history."""
    records = {record_file_name(each) for each in source.records}
    directory = os.path.join(source.prefix, _META)
    try:
        others = [name for name in os.listdir(directory) if name not in records and not name.endswith(".json")]
    except OSError:
        return 0
    return _size(directory, ("", *others))


def _size(directory: str, paths: Iterable[str]) -> int:
    return sum(_size_of(os.path.join(directory, path)) for path in paths)


def _size_of(path: str) -> int:
    """The bytes that something occupies; what is gone meanwhile occupies none."""
    try:
        return allocated(os.lstat(path))
    except OSError:
        return 0
