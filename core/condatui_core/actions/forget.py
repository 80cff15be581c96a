"""Deletes restore points."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from condatui_core.actions.protocol import JobContext, Work, stopped_by
from condatui_core.errors import CondatuiError
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Outcome, Plan, Recovery, Step
from condatui_core.records.request import ForgetRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.prune import last_of_something_gone
from condatui_core.restore_points.store import (
    all_points,
    bytes_of_point,
    delete_point,
    directory_of_points,
    newer_points,
    point_ids,
)
from condatui_core.text import counted, format_bytes, sanitize


async def plan(request: ForgetRequest, context: JobContext) -> Plan:
    """Find out how much space deleting the restore points frees."""
    return await asyncio.to_thread(_plan, request, context)


async def perform(plan: Plan, request: ForgetRequest, context: JobContext, work: Work) -> Outcome:
    """Delete the restore points, and stop at one that cannot be deleted; its error is raised if it is the first."""
    await work.stage("delete", plan.title)
    freed: list[int] = []
    for point_id in request.ids:
        try:
            freed.append(await work.in_thread(partial(_delete, point_id, context)))
        except Exception as error:  # noqa: PERF203 - however one fails, what those before it have freed is told
            if not freed:
                raise
            return _outcome(freed, stopped_by(error, f"Restore point {sanitize(point_id)} is not deleted."))
    return _outcome(freed)


def _outcome(freed: Sequence[int], *stopped: Finding) -> Outcome:
    return Outcome(
        message=f"{counted(len(freed), 'restore point')} deleted: {format_bytes(sum(freed))} freed.",
        findings=stopped,
        stopped=bool(stopped),
        bytes_freed=sum(freed),
        says_bytes=True,
    )


async def recover(plan: Plan, request: ForgetRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out which of the restore points still exist."""
    there = await asyncio.to_thread(_there, request, context)
    if not there:
        return Recovery(state="done", message="The restore points are deleted.")
    if len(there) == len(request.ids):
        return Recovery(state="untouched", message="No restore point was deleted.")
    message = f"{counted(len(there), 'restore point is', 'restore points are')} still there, whole."
    way_out = ForgetRequest(ids=there)
    return Recovery(state="half", message=message, way_out=way_out, way_out_title="Delete the rest")


def _plan(request: ForgetRequest, context: JobContext) -> Plan:
    directory = directory_of_points(context.settings, context.locations)
    known = point_ids(directory)
    newer = newer_points(directory)
    last = last_of_something_gone(directory, all_points(directory), request.ids)
    return Plan(
        request=request,
        title=f"Delete {counted(len(request.ids), 'restore point')}",
        steps=tuple(Step(title=f"Delete restore point {each}") for each in request.ids),
        bytes_freed=sum(bytes_of_point(directory, each) for each in request.ids if each in known),
        warnings=(
            finding("forget", "warning", "What only they hold cannot be brought back afterwards."),
            *(_nothing_stays(each) for each in dict.fromkeys(point.prefix for point in last)),
        ),
        blockers=tuple(_blockers(request.ids, known, newer)),
        confirm=_confirm(request, last),
    )


def _nothing_stays(prefix: str) -> Finding:
    message = f"{sanitize(prefix)} is gone, and no restore point of it stays: nothing can bring it back."
    return finding("last-restore-point", "warning", message)


def _confirm(request: ForgetRequest, last: Sequence[RestorePoint]) -> str:
    """What has to be typed where something would be lost for ever."""
    if not last:
        return ""
    return sanitize(last[0].name) if len(request.ids) == 1 else f"delete {len(request.ids)}"


def _blockers(ids: Sequence[str], known: Sequence[str], newer: Sequence[str]) -> Iterator[Finding]:
    for each in ids:
        if each not in known:
            message = f"There is no restore point {sanitize(each)}."
            yield blocker("no-restore-point", message)
        if each in newer:
            message = f"Restore point {sanitize(each)} was made by a newer condatui, which alone can delete it."
            yield blocker("newer-restore-point", message)


def _there(request: ForgetRequest, context: JobContext) -> tuple[str, ...]:
    known = point_ids(directory_of_points(context.settings, context.locations))
    return tuple(each for each in request.ids if each in known)


def _delete(point_id: str, context: JobContext) -> int:
    directory = directory_of_points(context.settings, context.locations)
    if point_id not in point_ids(directory):
        return 0
    freed = bytes_of_point(directory, point_id)
    try:
        delete_point(directory, point_id)
    except OSError as error:
        raise CondatuiError("A restore point could not be deleted.", str(error)) from error
    return freed
