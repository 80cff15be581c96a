"""Makes restore points of environments that stay as they are."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.checkpoint import (
    Checkpoint,
    CheckpointSubject,
    PlannedCheckpoint,
    make_checkpoint,
    no_room,
    plan_checkpoint,
    point_made,
    points_there,
    subject_of,
    unreadable,
)
from condatui_core.actions.guards import no_environment, refuse
from condatui_core.actions.protocol import JobContext, Work, stopped_by
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.finding import Finding
from condatui_core.records.job import Outcome, Plan, Recovery, Step
from condatui_core.records.request import CheckpointRequest
from condatui_core.records.restore_point import Occasion, RestorePoint
from condatui_core.restore_points.store import bytes_of_point, directory_of_points
from condatui_core.text import counted, format_bytes, sanitize


def occasion_of(request: CheckpointRequest) -> Occasion:
    """Why the restore points are made."""
    return Occasion(change="request", note=request.note)


async def plan(request: CheckpointRequest, context: JobContext) -> Plan:
    """Find out what the restore points will hold."""
    return await asyncio.to_thread(_plan, request, context)


def _plan(request: CheckpointRequest, context: JobContext) -> Plan:
    prefixes = tuple(dict.fromkeys(map(os.path.realpath, request.prefixes)))
    planned = [_read(each, request, context) for each in prefixes]
    kept = sum(each.kept_bytes for each in planned)
    large = [each for each in planned if each.too_large]
    what = sanitize(planned[0].name) if len(planned) == 1 else counted(len(planned), "environment")
    return Plan(
        request=request,
        title=f"Make a restore point of {what}",
        steps=tuple(Step(title=f"Make a restore point of {sanitize(each.name)}") for each in planned),
        prefixes=prefixes,
        bytes_needed=kept,
        kept_bytes=kept,
        packages=sum(each.packages for each in planned),
        facts=tuple(_facts(planned, request)),
        warnings=tuple(found for each in planned for found in each.warnings),
        blockers=(*(found for each in planned for found in each.blockers), *no_room(kept, context)),
        restore_points=points_there(prefixes, context),
        confirm=what if large else "",
    )


def _read(prefix: str, request: CheckpointRequest, context: JobContext) -> PlannedCheckpoint:
    """Estimate the restore point of one environment, with the blockers against it; blocks."""
    subject = subject_of(prefix, context, occasion_of(request))
    if blockers := _no_environment(subject):
        return PlannedCheckpoint(prefix, subject.name, blockers=blockers)
    try:
        return plan_checkpoint(read_snapshot(prefix), subject, context)
    except (OSError, CondatuiError) as error:
        return PlannedCheckpoint(prefix, subject.name, blockers=(unreadable(subject.name, error),))


def _no_environment(subject: CheckpointSubject) -> tuple[Finding, ...]:
    """The blocker against a restore point of what is no environment, or none any more."""
    if os.path.isdir(os.path.join(subject.prefix, "conda-meta")):
        return ()
    return (no_environment(subject.prefix),)


def _facts(planned: Sequence[PlannedCheckpoint], request: CheckpointRequest) -> Iterator[tuple[str, str]]:
    for each in planned:
        files = f"{counted(each.kept_files, 'file')}, {format_bytes(each.kept_bytes)} before compression"
        yield "kept" if len(planned) == 1 else sanitize(each.name), files
    packages = counted(sum(each.packages for each in planned), "package")
    yield "not kept", f"what conda puts back of {packages}, from its caches or else from the channels"
    if request.note:
        yield "note", sanitize(request.note)


# Performing


@dataclass(frozen=True, slots=True)
class _Made:
    point: RestorePoint
    bytes: int


async def perform(plan: Plan, request: CheckpointRequest, context: JobContext, work: Work) -> Outcome:
    """Make one restore point after the other; the error of the first that fails is raised if none was made before."""
    made: list[_Made] = []
    for number, prefix in enumerate(plan.prefixes):
        work.progress(number, len(plan.prefixes), "environments")
        try:
            made.append(await _make(prefix, plan, request, context, work))
        except Exception as error:  # however one fails, those that are made are told
            if not made:
                raise
            return _outcome(made, stopped_by(error, f"{sanitize(prefix)} failed: none was made after it."))
    return _outcome(made)


async def _make(prefix: str, plan: Plan, request: CheckpointRequest, context: JobContext, work: Work) -> _Made:
    await work.stage("keep", f"Making a restore point of {sanitize(os.path.basename(prefix))}")
    kept = await work.in_thread(partial(_keep, prefix, plan, request, context, work))
    directory = directory_of_points(context.settings, context.locations)
    size = await work.in_thread(partial(bytes_of_point, directory, kept.point.id))
    return _Made(kept.point, size)


def _keep(prefix: str, plan: Plan, request: CheckpointRequest, context: JobContext, work: Work) -> Checkpoint:
    subject = subject_of(prefix, context, occasion_of(request))
    refuse(_no_environment(subject))
    return make_checkpoint(subject, context, work, limited=not plan.confirm)


def _outcome(made: Sequence[_Made], *stopped: Finding) -> Outcome:
    size = format_bytes(sum(each.bytes for each in made))
    what = (
        f"Restore point {made[0].point.id} has {sanitize(made[0].point.name)} as it is: {size}."
        if len(made) == 1
        else f"{counted(len(made), 'restore point')} have the environments as they are: {size}."
    )
    return Outcome(
        message=what,
        findings=stopped,
        stopped=bool(stopped),
        bytes_used=sum(each.bytes for each in made),
        says_bytes=True,
        restore_points=tuple(each.point.id for each in made),
    )


# After an interruption


async def recover(plan: Plan, request: CheckpointRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out which restore points were made; no environment was changed."""
    return await asyncio.to_thread(_inspect, plan, request, context)


def _inspect(plan: Plan, request: CheckpointRequest, context: JobContext) -> Recovery:
    made = {each: point_made(each, occasion_of(request), plan, context) for each in plan.prefixes}
    rest = tuple(prefix for prefix, point in made.items() if point is None)
    points = [point.id for point in made.values() if point]
    if not points:
        return Recovery(state="untouched", message="No restore point was made; nothing was changed.")
    said = f"{counted(len(points), 'restore point')} made: {', '.join(points)}."
    if not rest:
        return Recovery(state="done", message=said)
    names = ", ".join(sanitize(os.path.basename(each)) for each in rest)
    return Recovery(
        state="half",
        message=f"{said} None was made of {names}. Nothing was changed.",
        way_out=CheckpointRequest(prefixes=rest, note=request.note),
        way_out_title=f"Make those of the rest: {names}",
    )
