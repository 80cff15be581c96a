"""Pack an environment with conda-pack: in a process of its own, read back before it appears under its name."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from condatui_core.bounded_read import reason
from condatui_core.byte_words import spell_bytes
from condatui_core.conda.failure import last_words
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.jobs.guarding.guards import refuse
from condatui_core.jobs.packing.facts import Survey
from condatui_core.jobs.packing.formats import checked_format
from condatui_core.jobs.packing.order import Answer, Order, read_answer, write_order
from condatui_core.jobs.packing.place import PackPlace, holds_other, leftovers, occupied
from condatui_core.jobs.packing.plan import plan_of
from condatui_core.jobs.packing.receiver import receiver_lines
from condatui_core.jobs.packing.surroundings import free_bytes, in_the_way, packing_environ, survey_of
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.own_process import own_argv
from condatui_core.prefixes.own_uses import OwnUses
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.records.job import Aftermath, Outcome, Plan
from condatui_core.records.request import PackRequest

_AT_MOST = timedelta(hours=1)
"""What packing is thought to take until it is over."""
_PLACE = "place"
"""The stage in which the archive gets its name."""


async def plan(request: PackRequest, around: Surroundings) -> Plan:
    """Find out what packing would come to. Raises UsageError if what is asked for makes no sense."""
    return (await _look(request, around))[0]


async def perform(plan: Plan, request: PackRequest, around: Surroundings, work: Work) -> Outcome:  # noqa: ARG001
    """Pack beside the target, read every byte back, and only then give the archive its name."""
    now, survey = await _look(request, around)
    refuse(now.blockers)
    form = checked_format(request)
    name = _name(request, around)
    place = PackPlace(request.file, work.job_id, replace=request.replace)
    await work.stage("pack", f"Packing {name}")
    try:
        await work.beside(partial(_prepare, place, request, form, survey))
        packed = await _pack(request, around, work, place, f"{name} could not be packed: nothing was written.")
        await work.stage("check", "Reading the archive back")
        found = await _run(work, "check", place, around, "The archive cannot be read back: nothing was written.")
        if found.files < packed.files:
            detail = f"{packed.files:,} files were packed, {found.files:,} are in it."
            raise CondatuiError("The archive is not whole: nothing was written.", detail)
        await work.stage(_PLACE, f"Putting it in its place: {request.file}")
        await work.beside(partial(_put, place, request))
    finally:
        await work.beside(place.remove)
    return Outcome(
        message=f"{request.file} was packed: {packed.files:,} files, {spell_bytes(found.bytes)}",
        findings=now.warnings,
        bytes_used=found.bytes,
        files=(request.file,),
        receiver=receiver_lines(request.file, form, name=name, dest_prefix=request.dest_prefix, python=survey.python),
    )


async def aftermath(plan: Plan, request: PackRequest, stage: str, around: Surroundings) -> Aftermath:  # noqa: ARG001
    """Look whether the archive got its name, and what lies beside it."""
    return await asyncio.to_thread(_what_is_left, request, stage)


async def _look(request: PackRequest, around: Surroundings) -> tuple[Plan, Survey]:
    form = checked_format(request)
    environment = await asyncio.to_thread(_read, request, around)
    if environment is None:
        message = f"There is no environment at {printable(request.prefix)}."
        gone = Finding(id="not-an-environment", severity="error", message=message, remedy="Reload.")
        return Plan(request=request, title=f"Pack {request.prefix}", blockers=(gone,)), Survey()
    survey = await survey_of(request, around)
    hindrances = await asyncio.to_thread(in_the_way, request, form, around)
    free = await asyncio.to_thread(free_bytes, request.file)
    return plan_of(request, form, environment, survey, in_the_way=hindrances, free_bytes=free), survey


def _read(request: PackRequest, around: Surroundings) -> Environment | None:
    """The environment as it is now; None if it is none."""
    environment = around.environment(request.prefix)
    contents = read_prefix(request.prefix)
    if environment is None or not contents.has_history:  # without which conda-pack has no time for its own files
        return None
    return replace(environment, contents=contents)


def _name(request: PackRequest, around: Surroundings) -> str:
    environment = around.environment(request.prefix)
    return os.path.basename(environment.name if environment else request.prefix)


def _prepare(place: PackPlace, request: PackRequest, form: str, survey: Survey) -> None:
    order = Order(
        prefix=request.prefix,
        form=form,
        level=request.level,
        threads=request.threads,
        dest_prefix=request.dest_prefix,
        excludes=request.excludes,
        own=survey.differences.changed,
        parent=os.getpid(),
    )
    try:
        place.make()
        write_order(place.directory, order)
    except OSError as error:
        message = f"Nothing can be written beside {printable(request.file)}."
        raise CondatuiError(message, reason(error), "Choose another place.") from error


async def _pack(request: PackRequest, around: Surroundings, work: Work, place: PackPlace, failed: str) -> Answer:
    """Let conda-pack read the environment, and note that it was not a user who did."""
    environment, begun = around.environment(request.prefix), around.clock()
    before = environment.last_used if environment else None
    note = partial(OwnUses(around.locations.own_uses).note, request.prefix, begun, before=before)
    await work.beside(partial(note, begun + _AT_MOST))  # who is killed comes to no end
    packed = await _run(work, "child", place, around, failed)
    await work.beside(partial(note, around.clock()))
    return packed


async def _run(work: Work, module: str, place: PackPlace, around: Surroundings, failed: str) -> Answer:
    """Run one of the processes that work in the place; raises CondatuiError with its words if it fails."""
    directory = str(place.directory)
    environ = {**packing_environ(around), "TMPDIR": directory}
    done = await work.run(own_argv(f"condatui_core.jobs.packing.{module}", directory), environ=environ)
    answer = await work.beside(partial(read_answer, directory))
    if answer is None or answer.error or done.exit_code:
        words = (answer.error if answer else "") or last_words(done.stderr) or f"exit code {done.exit_code}"
        raise CondatuiError(failed, printable(words), "The environment is as it was.")
    return answer


def _put(place: PackPlace, request: PackRequest) -> None:
    try:
        place.put()
    except FileExistsError as error:
        raise RefusedError(f"{printable(request.file)} is there by now.", hint="Choose another name.") from error
    except OSError as error:
        raise CondatuiError(f"{printable(request.file)} cannot be written.", reason(error)) from error


def _what_is_left(request: PackRequest, stage: str) -> Aftermath:
    file = os.path.realpath(request.file) if request.replace else request.file
    left = list(leftovers(file))
    if left and stage == _PLACE and os.path.lexists(file) and not any(holds_other(each, file) for each in left):
        return Aftermath(state="done", message=f"{request.file} was packed, and is whole; {left[0]} can be deleted.")
    if left:
        size = spell_bytes(sum(map(occupied, left)))
        message = f"{request.file} was not finished; {size} lie in {left[0]}."
        return Aftermath(state="half", message=message, way_out=request, way_out_title="Delete that and pack it again")
    if stage == _PLACE and os.path.lexists(file):
        return Aftermath(state="done", message=f"{request.file} was packed, and is whole.")
    there = "is as it was" if os.path.lexists(file) else "was not written"
    return Aftermath(state="untouched", message=f"{request.file} {there}; nothing is left over.")
