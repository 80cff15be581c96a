"""Lists the restore points of this machine."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.actions.restore.present import is_as_kept
from condatui_core.analyses.revisions import state_after
from condatui_core.errors import CondatuiError, NewerFormatError, UsageError
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.environment import Environment
from condatui_core.records.kernel import HOW_TO_BRING_BACK
from condatui_core.records.prefix import History
from condatui_core.records.request import RestoreRequest, RollbackRequest
from condatui_core.records.restore_point import RestorePoint, RestorePointSummary
from condatui_core.remedy import ListRestorePoints
from condatui_core.restore_points.cached_packages import missing_packages
from condatui_core.restore_points.store import (
    all_points,
    bytes_of_point,
    directory_of_points,
    newer_points,
    point_ids,
    problem_of,
    read_point,
)
from condatui_core.text import sanitize

_COPIES = re.compile(r"\d{8}-\d{6}-")
_LARGEST = 1 << 20
"""Bytes of a file with commands."""
_WORDS = 4


async def restore_points(context: JobContext) -> tuple[RestorePointSummary, ...]:
    """List all restore points, newest first, with the packages that would have to be downloaded, and damages."""
    return await asyncio.to_thread(read_restore_points, context)


_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def read_last_change(context: JobContext) -> str:
    """The id of the restore point that undoes the newest change, as `read_undoable` finds it; blocks."""
    return read_undoable(context)[0].id


class KernelsDeletedError(UsageError):
    """The last change has deleted kernels, of which there is no restore point."""

    def __init__(self, at: datetime, commands: Sequence[str]) -> None:
        title = "The last change has deleted Jupyter kernels, of which there is no restore point."
        super().__init__(title, "\n".join(commands), "Run these, or name the restore point of an earlier change.")
        self.at = at


def read_undoable(context: JobContext) -> tuple[RestorePointSummary, ...]:
    """The restore points that undo a change, that of the newest one first; blocks.

    Such a change is the removal of what is gone, or a change of an environment that is there and was not undone since.
    Raises UsageError if there is none, or if kernels were deleted after all, with the commands that bring them back.
    """
    points = read_restore_points(context)
    deleted, commands = _last_kernels(context.locations.kernels)
    if commands and all(each.at < deleted for each in points):
        raise KernelsDeletedError(deleted, commands)
    idle = {each.id for each in points if not each.problem and _is_idle(each, context)}
    return undoable(points, idle=idle)


def _last_kernels(copies: Path) -> tuple[datetime, tuple[str, ...]]:
    """When the last job began that has deleted kernels, and the commands for those that did not come back since."""
    begun = [job for job in sorted(copies.glob("*"), reverse=True) if _COPIES.match(job.name)]
    for job in begun:
        with suppress(OSError, ValueError):  # ValueError: a date that there is not, or a line with half a quotation
            lines = read_bounded(str(job / HOW_TO_BRING_BACK), _LARGEST).decode(errors="surrogateescape").splitlines()
            if there := tuple(sanitize(line) for line in lines if _brings_back(shlex.split(line))):
                return _time_of(job.name), there
    return _NEVER, ()


def _brings_back(words: Sequence[str]) -> bool:
    """Whether `mv -- COPY KERNEL` can still be run."""
    return len(words) == _WORDS and os.path.lexists(words[-2]) and not os.path.lexists(words[-1])


def _time_of(stamped: str) -> datetime:
    """The time with which the id of a job or restore point begins. Raises ValueError if that is none."""
    return datetime.strptime(stamped[:15], "%Y%m%d-%H%M%S").replace(tzinfo=timezone.utc)


def is_as_it_was(point: RestorePointSummary, context: JobContext) -> bool:
    """Whether what is at the prefix of a restore point is, still or again, what the point has kept; blocks."""
    directory = directory_of_points(context.settings, context.locations)
    return point.exists and is_as_kept(point.prefix, read_point(directory, point.id), directory)


def _is_idle(point: RestorePointSummary, context: JobContext) -> bool:
    """Whether the change before which a restore point was made has not happened: the environment is still the same."""
    return point.occasion.change in _CHANGES and is_as_it_was(point, context)


def last_change(points: Sequence[RestorePointSummary], *, idle: Collection[str] = ()) -> str:
    """The id of the one of these restore points that undoes the last change; UsageError if none does."""
    return undoable(points, idle=idle)[0].id


def undoable(points: Sequence[RestorePointSummary], *, idle: Collection[str] = ()) -> tuple[RestorePointSummary, ...]:
    """Those of these restore points that undo a change, that of the newest one first; UsageError if none does.

    `idle` are the ids of those whose environment is still, or again, as they have it.
    """
    undone = {each.occasion.restored for each in points if each.occasion.change == "restore" and each.id not in idle}
    undoing = {each.id for each in points if each.occasion.change in _CHANGES and each.id in undone}
    usable = (each for each in points if not each.problem and each.id not in idle)
    found = [each for each in usable if _undoes(each, undone, undoing)]
    if not found:
        title = "There is no change to undo: no restore point that can be used is left of what is gone or has changed."
        unusable = (f"{each.id} cannot be used: {sanitize(each.problem)}" for each in points if each.problem)
        raise UsageError(title, "\n".join(unusable))
    return tuple(sorted(found, key=lambda point: (point.at, point.id), reverse=True))


_CHANGES = ("update", "leftovers", "merge", "rollback", "restore")
"""The changes after which the environment is still there."""


def _undoes(point: RestorePointSummary, undone: Collection[str], undoing: Collection[str]) -> bool:
    """Whether bringing this restore point back undoes a change; what has itself undone a change is none."""
    if not point.exists:
        return True
    change = point.occasion.change in _CHANGES
    return change and point.id not in undone and point.occasion.restored not in undoing


def find_restore_point(text: str, context: JobContext) -> str:
    """The id of a restore point, by its id, or by the name or prefix of what was removed: the newest one then.

    A restore point of a whole environment takes precedence over those of a half-made or half-removed one.

    Reads manifests, so it blocks for a moment. Raises UsageError if there is none, or if several prefixes match.
    """
    directory = directory_of_points(context.settings, context.locations)
    ids = point_ids(directory)
    if text in ids:
        return text
    points: list[RestorePoint] = []
    for point_id in ids:
        with suppress(CondatuiError):
            points.append(read_point(directory, point_id))
    newest: dict[str, str] = {}
    for point in sorted(points, key=lambda each: not each.of_whole):
        if text in (point.name, point.prefix):
            newest.setdefault(point.prefix, point.id)
    if len(newest) > 1:
        ids_of_them = "\n".join(f"{point_id} {sanitize(prefix)}" for prefix, point_id in newest.items())
        raise UsageError(f"More than one `{sanitize(text)}` was removed.", ids_of_them, "Give the id.")
    if not newest:
        newer = newer_points(directory)
        title = f"There is no restore point `{sanitize(text)}`."
        unsearched = f"\n{len(newer)} of a newer condatui cannot be searched: give the id." if newer else ""
        raise UsageError(title, f"{directory}{unsearched}", ListRestorePoints())
    return next(iter(newest.values()))


def before_last_change(environment: Environment, context: JobContext) -> RestoreRequest | RollbackRequest:
    """The request that brings an environment back to before its last change; blocks.

    That is by the restore point of the change if no other has followed it, else by the revision before the last.
    Raises UsageError if nothing has changed since it was made.
    """
    history = environment.contents.history if environment.contents else History()
    if point := _last_change_of(environment.prefix, history, context):
        return RestoreRequest(id=point)
    if len(history.revisions) < _LEAST_REVISIONS:
        title = f"Nothing is known to have changed in {sanitize(environment.name)} since it was made."
        raise UsageError(title, "", ListRestorePoints())
    return RollbackRequest(prefix=environment.prefix, revision=history.revisions[-2].number)


_LEAST_REVISIONS = 2


def _last_change_of(prefix: str, history: History, context: JobContext) -> str:
    """The id of the restore point before the last change of an environment; empty if another one has followed."""
    points = [each for each in read_restore_points(context) if each.prefix == prefix and not each.problem]
    idle = {each.id for each in points if _is_idle(each, context)}
    with suppress(UsageError):
        found = last_change(points, idle=idle)
        return next((each.id for each in points if each.id == found and _is_last(each, history)), "")
    return ""


def _is_last(point: RestorePointSummary, history: History) -> bool:
    """Whether no conda has changed an environment after the change before which a restore point was made."""
    last, occasion = history.revisions[-1:], point.occasion
    if last and occasion.change == "rollback" and occasion.revision is not None:
        with suppress(LookupError):
            return set(state_after(history, last[0].number)) == set(state_after(history, occasion.revision))
    since = [each for each in history.revisions if each.at and each.at >= point.at.replace(microsecond=0)]
    return len(since) <= (occasion.change == "update")


def restore_point_of(prefix: str, point_id: str, context: JobContext) -> str:
    """The id of a restore point, if it is one of this environment; UsageError if not; blocks."""
    points = all_points(directory_of_points(context.settings, context.locations))
    if any(each.id == point_id and each.prefix == prefix for each in points):
        return point_id
    raise UsageError(f"{sanitize(prefix)} has no restore point `{sanitize(point_id)}`.", "", ListRestorePoints())


def read_restore_points(context: JobContext) -> tuple[RestorePointSummary, ...]:
    """List all restore points as `restore_points` does; blocks."""
    directory = directory_of_points(context.settings, context.locations)
    return tuple(_summary(directory, each, context) for each in point_ids(directory))


def _summary(directory: Path, point_id: str, context: JobContext) -> RestorePointSummary:
    size = bytes_of_point(directory, point_id)
    try:
        point = read_point(directory, point_id)
    except CondatuiError as error:
        return _damaged(point_id, size, error)
    owner = next((each for each in context.inventory.installations if each.root_prefix == point.root_prefix), None)
    missing = missing_packages(point.needed, caches_of(owner, context))
    return RestorePointSummary(
        id=point.id,
        name=point.name,
        prefix=point.prefix,
        at=point.at,
        bytes=size,
        packages=len(point.packages),
        pip_packages=len(point.distributions),
        to_download=tuple(each.dist_name for each in missing),
        download_bytes=sum(each.archive_bytes for each in missing),
        exists=os.path.lexists(point.prefix),
        problem=_problem(directory, point, has_conda=owner is not None and not owner.error),
        environment_bytes=point.bytes,
        occasion=point.occasion,
        why=point.occasion.words,
    )


def _problem(directory: Path, point: RestorePoint, *, has_conda: bool) -> str:
    if point.needed and not has_conda:
        return f"the conda in {point.root_prefix} is not there"
    return problem_of(directory, point)


def _damaged(point_id: str, size: int, error: CondatuiError) -> RestorePointSummary:
    made = _time_of(point_id)
    problem = error.title if isinstance(error, NewerFormatError) else error.in_one_line
    return RestorePointSummary(
        id=point_id, name=point_id[16:], prefix="", at=made, bytes=size, packages=0, pip_packages=0, problem=problem
    )
