"""Leaves out what files share already: blocks that two files have in common are not freed once more."""

from __future__ import annotations

import os
from collections.abc import Iterator

from msgspec.structs import replace

from condatui_core.analyses.relinking import by_package
from condatui_core.fs.extents import ExtentReader
from condatui_core.records.relinking import RelinkSurvey, SameFiles, StoredInode

_LEAST = 4096
"""Bytes: what would free less than a block is shared already."""


def without_shared(survey: RelinkSurvey) -> RelinkSurvey:
    """The survey with only those blocks of files that no other file has, where files would share blocks; blocks.

    Files that share all of theirs with others are left out.
    """
    sharing = {device for device, method in survey.methods if method == "reflink"}
    if not sharing:
        return survey
    sets = tuple(_with_own_blocks(survey.sets, sharing))
    devices = {each.device for each in sets}
    return replace(
        survey,
        sets=tuple(sorted(sets, key=lambda each: (-each.frees, each.kept.paths[0].path))),
        packages=by_package(sets),
        methods=tuple((device, method) for device, method in survey.methods if device in devices),
    )


def _with_own_blocks(sets: tuple[SameFiles, ...], sharing: set[int]) -> Iterator[SameFiles]:
    for same in sets:
        if same.device not in sharing:
            yield same
        elif joined := tuple(each for each in map(_own, same.joined) if each.bytes >= _LEAST):
            yield replace(same, joined=joined)


def _own(inode: StoredInode) -> StoredInode:
    """A file with the bytes that it shares with none."""
    reader = ExtentReader()
    reader.look_at(os.fsencode(inode.paths[0].path), {inode.number})
    return replace(inode, bytes=max(inode.bytes - sum(reader.found.lengths), 0))
