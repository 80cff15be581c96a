"""Makes restore points of environments that stay, on request; changes nothing in them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from condatui_core.actions.checkpoint import (
    PlannedCheckpoint,
    make_checkpoint,
    no_room,
    plan_checkpoint,
    point_made,
    points_there,
    subject_of,
    unreadable,
)
from condatui_core.actions.protocol import JobContext, Work, stopped_by
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Outcome, Plan, Recovery, Step
from condatui_core.records.request import CheckpointRequest
from condatui_core.records.restore_point import Occasion
from condatui_core.restore_points.store import bytes_of_point, directory_of_points
from condatui_core.text import counted, format_bytes, sanitize


async def plan(request: CheckpointRequest, context: JobContext) -> Plan:
    """Read the environments, and say what their restore points will hold."""
    return await asyncio.to_thread(_plan, request, context)


def _plan(request: CheckpointRequest, context: JobContext) -> Plan:
    targets = tuple(_planned(each, request, context) for each in _places(request))
    kept = sum(each.kept_bytes for each in targets)
    prefixes = tuple(each.prefix for each in targets)
    return Plan(
        request=request,
        title=f"Make a restore point of {_names(targets)}",
        steps=tuple(Step(title=f"Read {sanitize(each.name)}, and keep what conda cannot put back") for each in targets),
        prefixes=prefixes,
        bytes_needed=kept,
        kept_bytes=kept,
        facts=tuple(_facts(targets)),
        warnings=tuple(found for each in targets for found in each.warnings),
        blockers=(*(found for each in targets for found in each.blockers), *no_room(kept, context)),
        restore_points=points_there(prefixes, context),
        confirm=_names(targets) if any(each.too_large for each in targets) else "",
    )


def _places(request: CheckpointRequest) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(os.path.realpath, request.prefixes)))


def _planned(prefix: str, request: CheckpointRequest, context: JobContext) -> PlannedCheckpoint:
    subject = subject_of(prefix, context, _occasion(request))
    try:
        planned = plan_checkpoint(read_snapshot(prefix), subject, context)
    except (OSError, CondatuiError) as error:
        return PlannedCheckpoint(prefix=prefix, name=subject.name, blockers=(unreadable(subject.name, error),))
    environment = context.environment(prefix)
    if environment is None or environment.state != "ok":
        state = environment.state if environment else "unknown"
        message = f"{sanitize(subject.name)} is no whole environment: its state is {state}."
        return PlannedCheckpoint(prefix=prefix, name=subject.name, blockers=(blocker("not-an-environment", message),))
    return planned


def _occasion(request: CheckpointRequest) -> Occasion:
    return Occasion(change="request", note=request.note)


def _names(targets: Sequence[PlannedCheckpoint]) -> str:
    return sanitize(targets[0].name) if len(targets) == 1 else counted(len(targets), "environment")


def _facts(targets: Sequence[PlannedCheckpoint]) -> Iterator[tuple[str, str]]:
    for each in targets:
        size = format_bytes(each.kept_bytes)
        what = f"{counted(each.kept_files, 'file')}, {size} before compression; conda can put the rest back"
        yield sanitize(each.name) if len(targets) > 1 else "kept", what


@dataclass(frozen=True, slots=True)
class _Made:
    name: str
    point: str
    kept: int


async def perform(plan: Plan, request: CheckpointRequest, context: JobContext, work: Work) -> Outcome:
    """Make one restore point after the other, and stop at one that cannot be made; the first one's error is raised."""
    made: list[_Made] = []
    for number, prefix in enumerate(plan.prefixes):
        work.progress(number, len(plan.prefixes), "environments")
        try:
            await work.stage("keep", f"Making a restore point of {sanitize(os.path.basename(prefix))}")
            made.append(await work.in_thread(partial(_make, prefix, plan, request, context, work)))
        except Exception as error:  # however one fails, what those before it have kept is told
            if not made:
                raise
            return _outcome(made, stopped_by(error, f"{sanitize(prefix)} failed: nothing after it was begun."))
    return _outcome(made)


def _make(prefix: str, plan: Plan, request: CheckpointRequest, context: JobContext, work: Work) -> _Made:
    subject = subject_of(prefix, context, _occasion(request))
    point = make_checkpoint(subject, context, work, limited=not plan.confirm).point
    directory = directory_of_points(context.settings, context.locations)
    return _Made(sanitize(subject.name), point.id, bytes_of_point(directory, point.id))


def _outcome(made: Sequence[_Made], *stopped: Finding) -> Outcome:
    kept = sum(each.kept for each in made)
    points = tuple(each.point for each in made)
    whose = f"restore point {points[0]} has {made[0].name}" if len(made) == 1 else f"{len(made)} restore points"
    return Outcome(
        message=f"{whose[0].upper()}{whose[1:]}: {format_bytes(kept)}.",
        findings=stopped,
        stopped=bool(stopped),
        bytes_used=kept,
        kept_bytes=kept,
        says_bytes=True,
        restore_points=points,
    )


async def recover(plan: Plan, request: CheckpointRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out of which environments there is a restore point; a half-made one is none, and goes at the next."""
    return await asyncio.to_thread(_inspect, plan, request, context)


def _inspect(plan: Plan, request: CheckpointRequest, context: JobContext) -> Recovery:
    points = {each: point_made(each, _occasion(request), plan, context) for each in plan.prefixes}
    missing = tuple(prefix for prefix, point in points.items() if point is None)
    ids = ", ".join(point.id for point in points.values() if point)
    if not missing:
        return Recovery(state="done", message=f"The restore points are there: {ids}.")
    if len(missing) == len(points):
        return Recovery(state="untouched", message="No restore point was made; the environments are as they were.")
    message = f"Only a part of the restore points was made: {ids}."
    way_out = CheckpointRequest(prefixes=missing, note=request.note)
    return Recovery(state="half", message=message, way_out=way_out, way_out_title="Make the rest")
