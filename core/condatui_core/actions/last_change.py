"""What undoes the last job: all of its restore points together, and copies of the files that it has joined."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from condatui_core.actions.joined_files import JoinedEnvironment, joined_environments
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.restore.listing import (
    KernelsDeletedError,
    is_as_it_was,
    read_restore_points,
    read_undoable,
)
from condatui_core.errors import UsageError
from condatui_core.records.job import Job, Plan
from condatui_core.records.kernel import HOW_TO_BRING_BACK
from condatui_core.records.request import (
    CheckpointRequest,
    CleanRequest,
    CleanupRequest,
    CloneRequest,
    CreateRequest,
    ExportAllRequest,
    ExportRequest,
    ForgetRequest,
    KernelsRequest,
    PackRequest,
    RelinkRequest,
    RemoveRequest,
    RestoreRequest,
    SeparateRequest,
    SeveralRequest,
    ShipRequest,
    SlimRequest,
    UnpackRequest,
)
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.remedy import ListRestorePoints, SeparateOne
from condatui_core.text import sanitize

_CHANGING_NOTHING = (CheckpointRequest, ExportAllRequest, ExportRequest, PackRequest, ShipRequest)
Undo: TypeAlias = RestoreRequest | SeparateRequest | SeveralRequest


def undo_of_last_change(prefix: str | None, context: JobContext, jobs: Sequence[Job] = ()) -> Undo:
    """The request that undoes the last job, be it of this process or of another; blocks.

    `jobs` are those that journals tell of: a change of which none tells is undone by its restore point alone. A relink
    that was no part of a cleanup has no restore point: it is undone in the environment at `prefix`. Raises UsageError
    if there is nothing to undo, or if the last job was a relink that has joined nothing there.
    """
    joined = joined_environments(context.locations.relinked)
    changes, why_none = _undoable(context)
    last_change = changes[0].at if changes else None
    if joined and not _is_later(last_change, joined[0].at) and not _is_later(_deleted_at(why_none), joined[0].at):
        job = _job_at(joined[0].at, jobs)
        if job is None or not isinstance(job.plan.request, CleanupRequest):
            return separation(prefix, [each.prefix for each in joined])
        return _undo_of(job, changes, joined, context, jobs)
    if not changes:
        assert why_none is not None  # there is always one or the other
        raise _with_last_job(why_none, context, jobs)
    job = _job_at(changes[0].at, jobs)
    if job is None or not _made_in(changes[0], job):
        return RestoreRequest(id=changes[0].id)
    return _undo_of(job, changes, joined, context, jobs)


def separation(prefix: str | None, joined: Sequence[str]) -> SeparateRequest:
    """The request that makes the files of an environment its own again, if it is one of these; UsageError if not."""
    if prefix is not None and os.path.realpath(prefix) in joined:
        return SeparateRequest(prefix=prefix)
    title = "The last change has joined files, which become an environment's own again one environment at a time."
    raise UsageError(title, hint=SeparateOne(prefixes=tuple(joined)))


def _undoable(context: JobContext) -> tuple[tuple[RestorePointSummary, ...], UsageError | None]:
    """The restore points that undo changes, that of the newest first; if there are none, why."""
    try:
        return read_undoable(context), None
    except UsageError as error:
        return (), error


def _deleted_at(why_none: UsageError | None) -> datetime | None:
    """When kernels were deleted, if that was the last change."""
    return why_none.at if isinstance(why_none, KernelsDeletedError) else None


def _is_later(at: datetime | None, than: datetime) -> bool:
    return at is not None and at > than


# The job


def _job_at(at: datetime, jobs: Sequence[Job]) -> Job | None:
    """The job that was at work then: one writes at a time, so it is the last one that had begun."""
    begun = [each for each in jobs if each.started and each.started <= at]
    job = max(begun, key=lambda each: (each.started, each.id), default=None)
    return job if job and (job.ended is None or at <= job.ended) else None


def _made_in(point: RestorePointSummary, job: Job) -> bool:
    """Whether a restore point was made by a job; one that was interrupted has not told which ones it has made."""
    outcome = job.end.outcome if job.end else None
    if outcome is not None:
        return point.id in outcome.restore_points
    return bool(job.started and job.started <= point.at and point.prefix in job.plan.prefixes)


def _begun_parts(job: Job) -> tuple[Plan, ...]:
    """The parts that a job came to, but not a cleaning that only looked: their stages bear their numbers."""
    if not job.plan.parts:
        return (job.plan,)
    number, _, stage = job.stage.name.partition(":") if job.stage else ("", "", "")
    if not number.isdecimal():
        return job.plan.parts
    begun = job.plan.parts[: int(number)]
    only_looked = stage == "look" and job.state != "done" and isinstance(begun[-1].request, CleanRequest)
    return begun[:-1] if only_looked else begun


# What undoes it


def _undo_of(
    job: Job,
    changes: Sequence[RestorePointSummary],
    joined: Sequence[JoinedEnvironment],
    context: JobContext,
    jobs: Sequence[Job],
) -> Undo:
    first: dict[str, RestorePointSummary] = {}  # of an environment that it has changed twice, the state before both
    for point in changes:
        if _made_in(point, job):
            first[point.prefix] = point
    parts: list[RestoreRequest | SeparateRequest] = [RestoreRequest(id=each.id) for each in first.values()]
    parts += [SeparateRequest(prefix=each) for each in _relinked(job, joined)]
    stays = (*_since(job, jobs, context), *_lost(job, jobs, context))
    if len(parts) == 1 and not stays:
        return parts[0]
    return SeveralRequest(parts=tuple(parts), undoes=job.plan.title, stays=stays)


def _relinked(job: Job, joined: Sequence[JoinedEnvironment]) -> tuple[str, ...]:
    """The environments with files that a job has joined; what the same job has removed needs no copies."""
    parts = [each for each in _begun_parts(job) if isinstance(each.request, RelinkRequest)]
    touched = {prefix for part in parts for prefix in part.prefixes}
    return tuple(each.prefix for each in joined if each.prefix in touched and os.path.lexists(each.prefix))


# What it cannot bring back


def _since(job: Job, jobs: Sequence[Job], context: JobContext) -> Iterator[str]:
    """What is said of the last job if it is a later one, which has no way back."""
    later = [each for each in jobs if each.started and job.started and each.started > job.started]
    if told := _last_without_way_back(later, context):
        title, lines = told
        yield f"The job after it, {title}, has no way back: {' '.join(lines)}"


def _with_last_job(why_none: UsageError, context: JobContext, jobs: Sequence[Job]) -> UsageError:
    """Why nothing can be undone, by what the last job was."""
    told = None if isinstance(why_none, KernelsDeletedError) else _last_without_way_back(jobs, context)
    if told is None:
        return why_none
    title, lines = told
    return UsageError(f"The last job has no way back: {title}.", "\n".join(lines), ListRestorePoints())


def _last_without_way_back(jobs: Sequence[Job], context: JobContext) -> tuple[str, tuple[str, ...]] | None:
    """The title of the newest job that cannot be undone, and why, if it is the newest that has changed anything."""
    changing = [each for each in jobs if each.started and _has_changed(each)]
    newest = max(changing, key=lambda each: (each.started, each.id), default=None)
    lines = tuple(_lost(newest, jobs, context)) if newest else ()
    return (sanitize(newest.plan.title), lines) if newest and lines else None


def _has_changed(job: Job) -> bool:
    """Whether a job may have changed what was there, and has an end that tells what."""
    told = job.state == "done" or bool(job.end and job.end.outcome)
    return told and not isinstance(job.plan.request, _CHANGING_NOTHING)


def _lost(job: Job, jobs: Sequence[Job], context: JobContext) -> Iterator[str]:
    """What a job has done for which there is no way back, a line each."""
    points = [each for each in read_restore_points(context) if job.started and each.at >= job.started]
    back = set(_brought_back(jobs))
    for point in points:
        if _made_in(point, job) and point.id not in back and (why := _why_unusable(point, context)):
            yield f"{sanitize(point.prefix or point.name)}: {why}"
    prefixes = {each.prefix for each in points}
    for part in _begun_parts(job):
        title = f"{sanitize(part.title)}: " if job.plan.parts else ""  # of the only part, the job's title is said
        yield from (f"{title}{line}" for line in _lost_by(part, prefixes, context, job.id))


def _brought_back(jobs: Sequence[Job]) -> Iterator[str]:
    """The ids of the restore points that jobs have brought back."""
    for job in jobs:
        if job.state == "done":
            parts = job.plan.parts or (job.plan,)
            yield from (part.request.id for part in parts if isinstance(part.request, RestoreRequest))


def _why_unusable(point: RestorePointSummary, context: JobContext) -> str:
    """Why a restore point does not undo the change that it was made before; empty if it does, or if it need not."""
    if point.occasion.change == "request":
        return ""
    if point.problem:
        return f"its restore point {point.id} cannot be used: {sanitize(point.problem)}."
    if point.occasion.change == "removal" and point.exists and not is_as_it_was(point, context):
        return f"there is something at this path now, over which an undo does not bring restore point {point.id} back."
    return ""


def _lost_by(part: Plan, points: set[str], context: JobContext, job_id: str) -> Iterator[str]:
    match part.request:
        case CleanRequest():
            yield "a cache has no restore point; what went is downloaded or built again when it is needed."
        case ForgetRequest():
            yield "a restore point that is deleted cannot come back."
        case KernelsRequest():
            commands = sanitize(str(context.locations.kernels / job_id / HOW_TO_BRING_BACK))
            yield f"the commands in {commands} bring the kernels back."
        case CloneRequest() | CreateRequest() | UnpackRequest() | SlimRequest():
            yield "this has made something new, which goes by removing it."
        case RemoveRequest():
            gone = part.removal.directories if part.removal else ()
            without = (each for each in gone if each not in points and not os.path.lexists(each))
            yield from (f"{sanitize(each)}: no restore point of it is left that can be read." for each in without)
        case _:
            return
