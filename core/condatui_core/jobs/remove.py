"""Remove environments: what conda could not put back is kept first, and the disk is asked whether they are gone."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from condatui_core.byte_words import spell_bytes
from condatui_core.errors import CondatuiError
from condatui_core.jobs.removing.aftermath import all_points, judge
from condatui_core.jobs.removing.keeping import half_of, is_covered, keep_no_more_than_allowed
from condatui_core.jobs.removing.look import Candidate, look_at
from condatui_core.jobs.removing.one import Removal, Removed
from condatui_core.jobs.removing.planning import LARGE, Points, removal_plan
from condatui_core.jobs.restoring.store import directory_of_points
from condatui_core.jobs.restoring.tree import Freed
from condatui_core.jobs.work import Surroundings, Work
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.job import Aftermath, Outcome, Plan
from condatui_core.records.request import RemoveRequest


async def plan(request: RemoveRequest, around: Surroundings) -> Plan:
    """Find out what would go, what it frees, and what would have to be kept."""
    freed = Freed()
    candidates = await look_at(request.prefixes, around, freed=freed)
    points = await asyncio.to_thread(_points, candidates, around)
    candidates = await asyncio.to_thread(_with_points, candidates, around)
    return removal_plan(candidates, points, request, around, frees=freed.bytes)


async def perform(plan: Plan, request: RemoveRequest, around: Surroundings, work: Work) -> Outcome:
    """Remove one after the other; one that fails does not keep the others from going.

    Raises CondatuiError if none of them went.
    """
    removed = Removed()
    limited = not any(each.id == LARGE for each in plan.warnings)
    for number, prefix in enumerate(request.prefixes):
        work.progress(number, len(request.prefixes), "environments")
        try:
            await Removal(prefix, plan, request, around, work, removed).carry_out(limited=limited)
        except CondatuiError as error:
            if len(request.prefixes) == 1:
                raise
            removed.errors.append(error)
            removed.findings.append(_failed(prefix, error))
    if removed.points:
        for pruned in await work.beside(partial(keep_no_more_than_allowed, around, tuple(removed.points))):
            work.say(f"restore point {pruned} was too old, or one too many: deleted")
    if not removed.names:
        raise removed.errors[0]
    return _outcome(removed)


async def aftermath(plan: Plan, request: RemoveRequest, stage: str, around: Surroundings) -> Aftermath:
    """Look which of them are gone, untouched, or half gone."""
    return await asyncio.to_thread(judge, plan, request, stage, around)


def _points(candidates: tuple[Candidate, ...], around: Surroundings) -> Points:
    directory = directory_of_points(around.settings, around.locations)
    going = {each.path for each in candidates if each.kind in ("environment", "remains")}
    points = [point for point in all_points(directory) if point.prefix in going]
    covered = frozenset(point.prefix for point in points if is_covered(point.prefix, point, directory))
    there = tuple(point.id for point in points)
    return Points(str(directory), _free_bytes(directory), there, covered)


def _with_points(candidates: Sequence[Candidate], around: Surroundings) -> tuple[Candidate, ...]:
    """Let nothing be kept of what is there only in part, if a restore point has it whole."""
    directory = directory_of_points(around.settings, around.locations)
    points = tuple(all_points(directory))
    found = []
    for each in candidates:
        of_it = [point for point in points if point.prefix == each.path]
        half = half_of(each.path, of_it, directory) if each.kind in ("environment", "remains") else None
        content = replace(each.content, kept_files=0, kept_bytes=0, gone=(), lost=())
        found.append(replace(each, content=content, point=half.id) if half else each)
    return tuple(found)


def _free_bytes(directory: Path) -> int | None:
    place = next((each for each in (directory, *directory.parents) if each.is_dir()), None)
    try:
        return shutil.disk_usage(place).free if place else None
    except OSError:
        return None


def _outcome(removed: Removed) -> Outcome:
    what = f"{printable(removed.names[0])} was" if len(removed.names) == 1 else f"{len(removed.names)} were"
    kept = f", {spell_bytes(removed.kept)} kept in {_count(removed.points)}" if removed.points else ""
    failed = f"; {len(removed.errors)} were not" if removed.errors else ""
    return Outcome(
        message=f"{what} removed: {spell_bytes(removed.freed)} freed{kept}{failed}.",
        findings=tuple(removed.findings),
        bytes_freed=removed.freed - removed.kept,
        restore_points=tuple(removed.points),
    )


def _count(points: list[str]) -> str:
    return f"restore point {points[0]}" if len(points) == 1 else f"{len(points)} restore points"


def _failed(prefix: str, error: CondatuiError) -> Finding:
    return Finding(
        id="not-removed",
        severity="error",
        message=f"{printable(prefix)}: {error.title}",
        remedy=error.hint,
        evidence=tuple(printable(line) for line in error.detail.splitlines()),
    )
