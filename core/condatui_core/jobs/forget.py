"""Delete restore points."""

from __future__ import annotations

import asyncio
from functools import partial

from condatui_core.byte_words import spell_bytes
from condatui_core.errors import CondatuiError
from condatui_core.jobs.restoring.store import bytes_of_point, delete_point, directory_of_points, point_ids
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.job import Aftermath, Outcome, Plan, Step
from condatui_core.records.request import ForgetRequest


async def plan(request: ForgetRequest, around: Surroundings) -> Plan:
    """Find out what deleting them frees."""
    return await asyncio.to_thread(_plan, request, around)


async def perform(plan: Plan, request: ForgetRequest, around: Surroundings, work: Work) -> Outcome:
    """Delete them; CondatuiError if one cannot be deleted."""
    await work.stage("delete", plan.title)
    freed = 0
    for point_id in request.ids:
        freed += await work.beside(partial(_delete, point_id, around))
    return Outcome(message=f"{_count(len(request.ids))} deleted: {spell_bytes(freed)} freed.", bytes_freed=freed)


async def aftermath(plan: Plan, request: ForgetRequest, stage: str, around: Surroundings) -> Aftermath:  # noqa: ARG001
    """Look which of them are still there."""
    there = await asyncio.to_thread(_there, request, around)
    if not there:
        return Aftermath(state="done", message="The restore points are deleted.")
    if len(there) == len(request.ids):
        return Aftermath(state="untouched", message="No restore point was deleted.")
    message = f"{_count(len(there))} of {len(request.ids)} are still there, whole."
    way_out = ForgetRequest(ids=there)
    return Aftermath(state="half", message=message, way_out=way_out, way_out_title="Delete the rest")


def _plan(request: ForgetRequest, around: Surroundings) -> Plan:
    directory = directory_of_points(around.settings, around.locations)
    known = point_ids(directory)
    unknown = [each for each in request.ids if each not in known]
    return Plan(
        request=request,
        title=f"Delete {_count(len(request.ids))}",
        steps=tuple(Step(title=f"Delete restore point {each}") for each in request.ids),
        bytes_freed=sum(bytes_of_point(directory, each) for each in request.ids if each in known),
        warnings=(
            Finding(id="forget", severity="warning", message="What only they hold cannot be brought back afterwards."),
        ),
        blockers=tuple(
            Finding(id="no-restore-point", severity="error", message=f"There is no restore point {printable(each)}.")
            for each in unknown
        ),
    )


def _there(request: ForgetRequest, around: Surroundings) -> tuple[str, ...]:
    known = point_ids(directory_of_points(around.settings, around.locations))
    return tuple(each for each in request.ids if each in known)


def _delete(point_id: str, around: Surroundings) -> int:
    directory = directory_of_points(around.settings, around.locations)
    if point_id not in point_ids(directory):
        return 0
    freed = bytes_of_point(directory, point_id)
    try:
        delete_point(directory, point_id)
    except OSError as error:
        raise CondatuiError("A restore point could not be deleted.", str(error)) from error
    return freed


def _count(number: int) -> str:
    return "1 restore point" if number == 1 else f"{number} restore points"
