"""Says that an environment is half-made, and finds what came into it since: what neither the job nor conda explains."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete, read_marker
from condatui_core.actions.made_from import Origin, caches_for, origin_of
from condatui_core.actions.prefix_change import module_of
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import is_temporary
from condatui_core.fs.tree import TreeEntry, read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.slimmed import NOTE
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.job import Recovery
from condatui_core.records.prefix import Revision
from condatui_core.records.request import RemoveRequest
from condatui_core.restore_points.create import KeepEstimate, estimate
from condatui_core.text import sanitize

_META = "conda-meta/"
_HISTORY = "conda-meta/history"
_ALWAYS = (".", "conda-meta", "conda-meta/created_at", HALF_MADE, NOTE)
"""Paths that every half-made environment may have."""
_RENAMED = ".c~"
"""conda renames files so before it deletes them."""
_TEMPORARY = re.compile(r"\.condatmp(?:/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?")
"""Where conda puts the prefix into copies of files before it links them; a conda that is killed leaves that behind."""


def came_since(found: KeepEstimate, context: JobContext, *, thorough: bool) -> tuple[str, ...]:
    """The paths of a half-made environment that came or changed after its job ended, those in conda-meta last; blocks.

    What the job was making it from is looked at as it is now: a path that cannot be explained any more counts as new.
    `thorough` compares contents even where size and time are the same.
    """
    prefix = found.snapshot.prefix
    origin = origin_of(prefix, context, thorough=thorough)
    there = {each.path for each in found.tree.entries}
    left = [each for each in found.tree.entries if not _is_explained(each, found, there, origin)]
    if origin and any(_may_be_linked(each) for each in left):
        cached = _inodes_of(origin.cached(caches_for(prefix, context)))
        left = [each for each in left if each.inode not in cached]
    filled = {os.path.dirname(each.path) for each in found.tree.entries}
    paths = (each.path for each in left if each.kind != "directory" or each.path not in filled)
    return tuple(sorted(paths, key=lambda path: (path == _HISTORY, path.startswith(_META), path)))


def came_into(prefix: str, context: JobContext) -> tuple[str, ...]:
    """As `came_since`, of a prefix that is read for it. Raises OSError or CondatuiError if it cannot be read."""
    return came_since(estimate(read_snapshot(prefix), caches_for(prefix, context)), context, thorough=False)


def used_since(came: Sequence[str], prefix: str) -> str:
    """Words that say what has come into a prefix: `has been used since: work.ipynb and 2 more are its own`; blocks.

    Where pip was to install as well, as its marker states, they leave open whose that is.
    """
    more = f" and {len(came) - 1} more are" if len(came) > 1 else " is"
    marker = read_marker(prefix)
    if marker and marker.beyond_conda:
        return f"may have been used since: {sanitize(came[0])}{more} not conda's"
    return f"has been used since: {sanitize(came[0])}{more} its own"


def unfinished(target: str, stage: str, context: JobContext, *, begins: str, whole: Collection[str]) -> Recovery | None:
    """What an interrupted job has left where it was making an environment; None if that may be whole; blocks.

    In the stage `begins` the job makes its directory, which may be empty then; only in the stages `whole` an
    environment without the mark of what is not whole is its own.
    """
    shown = sanitize(target)
    if not os.path.lexists(target):
        return Recovery(state="untouched", message=f"Nothing was made at {shown}.")
    if is_marked_incomplete(target) or (stage == begins and is_empty(target)):
        return half_made(target, context)
    if stage not in whole:
        return Recovery(state="untouched", message=f"What is at {shown} was not made by this job.")
    return None


def half_made(target: str, context: JobContext) -> Recovery:
    """Say that the environment at a path is half-made, and whether it has been used since; blocks."""
    half = f"{target} is half-made: it still has the mark of what is not whole"
    with suppress(OSError, CondatuiError):
        if came := came_into(target, context):
            half = f"{half}, and {used_since(came, target)}"
    return half_done(target, f"{half}.", "half-made")


def half_done(target: str, message: str, how: str) -> Recovery:
    """The way out of what is there in part: its removal, which finds out by itself whether there is anything to keep.

    `how` says in a word how it is: `half-made`.
    """
    way_out = RemoveRequest(prefixes=(target,))
    return Recovery(state="half", message=message, way_out=way_out, way_out_title=f"Remove the {how} {target}")


def _is_explained(entry: TreeEntry, found: KeepEstimate, there: Collection[str], origin: Origin | None) -> bool:
    """Whether a path is the job's or conda's, as far as that can be said without the package cache."""
    path, name = entry.path, os.path.basename(entry.path)
    if path in _ALWAYS or name == "__pycache__" or module_of(path) in there or is_temporary(name):
        return True
    if _TEMPORARY.fullmatch(path):
        return True
    if path in found.classified and found.classified[path].package:
        return True
    if path == _HISTORY and _is_of_job(found.contents.history.revisions, origin.revisions if origin else ()):
        return True
    try:
        return origin is not None and origin.explains(path.removesuffix(_RENAMED), entry)
    except OSError:  # it cannot be compared
        return False


def _is_of_job(revisions: Sequence[Revision], before: Sequence[Revision]) -> bool:
    """Whether a history has nothing but the job's own revision, after those of the origin if they were put back."""
    count = len(before) if revisions[: len(before)] == before else 0
    return len(revisions) <= count + 1


def _may_be_linked(entry: TreeEntry) -> bool:
    return entry.kind == "file" and entry.status.st_nlink > 1


def _inodes_of(directories: Iterable[str]) -> set[tuple[int, int]]:
    """The files of packages in the cache: conda links them before it writes its records."""
    trees = map(read_tree, directories)
    return {entry.inode for tree in trees for entry in tree.entries if entry.kind == "file"}
