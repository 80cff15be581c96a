"""Plans the deletion of what an upgrade of python has left behind in living environments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from condatui_core.actions.checkpoint import no_room, points_there
from condatui_core.actions.guards import warnings_to_change
from condatui_core.actions.leftovers.facts import LeftoversTarget, read_leftovers
from condatui_core.actions.protocol import JobContext
from condatui_core.prefixes.leftovers import Leftovers
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import LeftoversRequest
from condatui_core.text import counted, format_bytes, sanitize, some_of

_MOST_NAMES = 12


async def plan(request: LeftoversRequest, context: JobContext) -> Plan:
    """Find out what lies there, and what deleting it frees."""
    targets = await read_leftovers(request, context)
    return await asyncio.to_thread(leftovers_plan, targets, request, context)


def leftovers_plan(targets: Sequence[LeftoversTarget], request: LeftoversRequest, context: JobContext) -> Plan:
    """Plan the deletion of leftovers that were read; blocks."""
    kept = sum(each.checkpoint.kept_bytes for each in targets if each.checkpoint)
    large = [each for each in targets if each.checkpoint and each.checkpoint.too_large]
    prefixes = tuple(each.prefix for each in targets)
    one = sanitize(targets[0].name) if len(targets) == 1 else counted(len(targets), "environment")
    return Plan(
        request=request,
        title=f"Delete what no python reads any more in {one}",
        steps=tuple(step for each in targets for step in _steps(each)),
        prefixes=prefixes,
        bytes_needed=kept,
        kept_bytes=kept,
        bytes_freed=sum(each.bytes for each in targets),
        facts=(*_facts(targets), ("restore point", f"{format_bytes(kept)} before compression")),
        warnings=tuple(found for each in targets for found in _warnings(each, context)),
        blockers=(*(found for each in targets for found in blockers_of(each)), *no_room(kept, context)),
        restore_points=points_there(prefixes, context),
        confirm=one if large and len(targets) == 1 else "delete leftovers" if large else "",
        leftovers=tuple(each.planned for each in targets),
    )


def blockers_of(target: LeftoversTarget) -> tuple[Finding, ...]:
    """What stands against deleting the leftovers of this one."""
    if target.blockers or target.leftovers:
        return target.blockers
    message = f"{sanitize(target.name)} has no site-packages that its python does not read."
    return (blocker("nothing-to-do", message),)


def _steps(target: LeftoversTarget) -> Iterator[Step]:
    name = sanitize(target.name)
    yield Step(title=f"Make a restore point of {name}")
    for each in target.leftovers:
        yield Step(title=f"Delete {sanitize(each.top)} of {name}: {counted(each.files, 'file')}")
    yield Step(title=f"Verify {name}, and start its python")


def _facts(targets: Sequence[LeftoversTarget]) -> Iterator[tuple[str, str]]:
    for target in targets:
        for each in target.leftovers:
            where = f"{target.name}: {each.stale.path}" if len(targets) > 1 else each.stale.path
            yield sanitize(where), sanitize(_what_lies_there(each))


def _what_lies_there(leftovers: Leftovers) -> str:
    names = leftovers.stale.names
    files = counted(leftovers.files, "file")
    return f"{files}: {some_of(names, _MOST_NAMES)}" if names else f"{files}, of nothing that pip knows"


def _warnings(target: LeftoversTarget, context: JobContext) -> Iterator[Finding]:
    if target.observed.exists:
        yield from warnings_to_change(target.observed, target.environment, context)
    if target.checkpoint:
        yield from target.checkpoint.warnings
