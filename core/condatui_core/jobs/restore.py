"""Bring a removed environment back: conda links what it has, the rest is unpacked, and all of it is compared."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from condatui_core.bounded_read import reason
from condatui_core.byte_words import spell_bytes
from condatui_core.conda.abilities import can_change
from condatui_core.conda.conda_environ import conda_environ
from condatui_core.conda.failure import check
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.jobs.cloning.reserving import give_up, is_empty, is_reserved, reserve
from condatui_core.jobs.guarding.guards import look, refuse
from condatui_core.jobs.removing.look import caches_of
from condatui_core.jobs.removing.registration import register
from condatui_core.jobs.restoring.cached_packages import missing_packages
from condatui_core.jobs.restoring.comparing import Differing, differences
from condatui_core.jobs.restoring.placing import place
from condatui_core.jobs.restoring.planning import Restorable, argv, blockers_of, restoring_plan
from condatui_core.jobs.restoring.store import NEEDED, directory_of_points, problem_of, read_paths_of, read_point
from condatui_core.jobs.restoring.tree import read_tree
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.prefixes.own_uses import OwnUses
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Aftermath, Outcome, Plan
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.records.restore_point import RestorePoint

_MOST_LINES = 20
_LENIENT = {
    "CONDA_SAFETY_CHECKS": "warn",
    "CONDA_EXTRA_SAFETY_CHECKS": "false",
    "CONDA_PATH_CONFLICT": "clobber",
}
"""However strict conda was told to be: what it would stop at was so before, and every file is compared afterwards."""


async def plan(request: RestoreRequest, around: Surroundings) -> Plan:
    """Find out what is still in a package cache and what would have to be downloaded."""
    return restoring_plan(await _find(request, around), request, around)


async def perform(plan: Plan, request: RestoreRequest, around: Surroundings, work: Work) -> Outcome:  # noqa: ARG001
    """Bring it back and compare every path; what differs is among the findings."""
    await work.stage("look", "Looking what is there")
    found = await _find(request, around)
    refuse(blockers_of(found, around))
    name = printable(found.point.name)
    count = len(found.point.needed)
    begun = around.clock()
    await work.stage("link", f"Letting conda put back {count} packages" if count else f"Making {found.target}")
    await work.beside(partial(_reserve, found, around, work.job_id))
    if found.point.needed:
        try:
            await _run_conda(found, around, work)
        except (CondatuiError, asyncio.CancelledError):
            await work.beside(partial(give_up, found.target))
            raise
    await work.stage("unpack", f"Putting back what was kept of {name}")
    paths = await work.beside(partial(read_paths_of, _directory(around), found.point))
    told = _teller(work, found.point.archived_bytes)
    await work.beside(partial(_register, found, around))
    await work.beside(partial(place, _directory(around) / found.point.id, paths, found.target, told))
    await work.stage("compare", f"Comparing {name} with what was removed")
    differing = await work.beside(partial(_compare, found, around))
    note = OwnUses(around.locations.own_uses).note
    await work.beside(partial(note, found.target, begun, around.clock(), found.point.last_used))
    return await work.beside(partial(_outcome, found, differing))


async def aftermath(plan: Plan, request: RestoreRequest, stage: str, around: Surroundings) -> Aftermath:  # noqa: ARG001
    """Look whether it is back, untouched, or half back."""
    return await asyncio.to_thread(_judge, request, stage, around)


async def _find(request: RestoreRequest, around: Surroundings) -> Restorable:
    directory = _directory(around)
    point = await asyncio.to_thread(read_point, directory, request.id)
    if request.target and request.target != point.prefix:
        hint = "Bring it back where it was, and clone it."
        raise UsageError("An environment can only be brought back under its own prefix.", point.prefix, hint)
    installation = _installation(point, around)
    observed = await look(point.prefix, around, installation=installation)
    caches = caches_of(installation, around)
    return Restorable(
        point=point,
        target=point.prefix,
        explicit=str(directory / point.id / NEEDED),
        observed=observed,
        installation=installation,
        to_download=await asyncio.to_thread(missing_packages, point.needed, caches),
        problem=await asyncio.to_thread(problem_of, directory, point),
    )


def _installation(point: RestorePoint, around: Surroundings) -> Installation | None:
    """The conda that had it; no other one would do, for it has another package cache."""
    able = (each for each in around.inventory.installations if can_change(each))
    return next((each for each in able if each.root_prefix == point.root_prefix), None)


async def _run_conda(found: Restorable, around: Surroundings, work: Work) -> None:
    assert found.installation is not None
    environ = conda_environ(around.caller, found.installation) | _LENIENT
    answer = await work.run(argv(found), environ=environ)
    if answer.exit_code:  # with 0 it may complain of a file that was edited in the cache, and have done it
        check(answer, f"put back the packages of {found.point.name}")
    missing = await work.beside(partial(_missing_records, found))
    if missing:
        raise CondatuiError(
            f"conda said that it had put back the packages of {printable(found.point.name)}, and had not.",
            "\n".join(missing[:_MOST_LINES]),
            "Run the command by hand to see more.",
        )


def _reserve(found: Restorable, around: Surroundings, job: str) -> None:
    """Make the directory, and mark it as long as it is not whole: conda would replace one that has come up since."""
    try:
        reserve(found.target, source=found.point.id, job=job, now=around.clock())
    except OSError as error:
        where = f"{error.filename or found.target}: {reason(error)}"
        raise CondatuiError(f"{printable(found.point.name)} could not be brought back.", where) from error


def _missing_records(found: Restorable) -> list[str]:
    records = ((each.dist_name, f"{each.dist_name}.json") for each in found.point.needed)
    meta = os.path.join(found.target, "conda-meta")
    return [name for name, file in records if not os.path.isfile(os.path.join(meta, file))]


def _register(found: Restorable, around: Surroundings) -> None:
    """conda has done so if it made the environment; if nothing needed it, nobody has."""
    if not found.point.environment:
        return
    try:
        register(around.caller.home, found.target)
    except OSError as error:
        raise CondatuiError("The environment could not be listed in environments.txt.", str(error)) from error


def _compare(found: Restorable, around: Surroundings) -> tuple[Differing, ...]:
    try:
        return differences(found.target, read_paths_of(_directory(around), found.point))
    except OSError as error:
        raise CondatuiError(f"{found.target} cannot be read.", str(error)) from error


def _outcome(found: Restorable, differing: Sequence[Differing]) -> Outcome:
    point = found.point
    used = read_tree(found.target).exclusive_bytes
    exactly = "exactly as it was" if not differing else f"but {len(differing)} paths are not as they were"
    return Outcome(
        message=f"{printable(point.name)} is back: {len(point.packages)} packages, {exactly}, {spell_bytes(used)}.",
        findings=tuple(_findings(point, differing)),
        bytes_used=used,
        files=(found.target,),
    )


_GRAVE = ("missing", "content", "kind", "target")
_WORDS = {
    "missing": "are missing",
    "extra": "were not there before",
    "kind": "are something else",
    "target": "lead elsewhere",
    "content": "have another content",
    "mode": "have other permissions",
    "owner": "belong to somebody else",
    "time": "have another time",
}


def _findings(point: RestorePoint, differing: Sequence[Differing]) -> Iterator[Finding]:
    for what, count in Counter(each.what for each in differing).items():
        lines = [each.path for each in differing if each.what == what]
        yield Finding(
            id=f"restored-{what}",
            severity="error" if what in _GRAVE else "warning",
            message=f"{count} paths {_WORDS[what]}: {printable(lines[0])}.",
            evidence=tuple(printable(line) for line in lines[:_MOST_LINES]),
        )
    if point.lost:
        message = f"{len(point.lost)} things could not be kept."
        yield Finding(id="not-kept", severity="warning", message=message, evidence=point.lost)


def _judge(request: RestoreRequest, stage: str, around: Surroundings) -> Aftermath:
    directory = _directory(around)
    point = read_point(directory, request.id)
    name = printable(point.name)
    if stage in ("", "look") or not os.path.lexists(point.prefix):
        message = f"Nothing was brought back: {name} is still only in restore point {point.id}."
        return Aftermath(state="untouched", message=message)
    found = differences(point.prefix, read_paths_of(directory, point), thorough=False)
    if not any(each.what in (*_GRAVE, "extra") for each in found):
        return Aftermath(state="done", message=f"{name} is back.")
    if not is_reserved(point.prefix) and not (stage == "link" and is_empty(point.prefix)):
        state: Literal["half", "untouched"] = "half" if stage == "compare" else "untouched"
        message = f"What is at {printable(point.prefix)} is not what restore point {point.id} has; that one is whole."
        return Aftermath(state=state, message=message)
    return Aftermath(
        state="half",
        message=f"{name} is back in part only; restore point {point.id} still has it whole.",
        way_out=RemoveRequest(prefixes=(point.prefix,), restore_point=False),
        way_out_title=f"Remove the half of {name}; then it can be brought back again",
    )


def _directory(around: Surroundings) -> Path:
    return directory_of_points(around.settings, around.locations)


def _teller(work: Work, total: int) -> Callable[[int], None]:
    done = 0

    def told(count: int) -> None:
        nonlocal done
        if work.cancelled:
            raise CondatuiError("The job was cancelled while files were being put back.")
        done += count
        work.progress(done, total, "bytes")

    return told
