"""Plans a cleanup: the plans of its parts, in an order in which every restore point finds room."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast, get_args

from msgspec.structs import replace as replace_fields

from condatui_core.actions.clean.facts import measurement_of
from condatui_core.actions.parts import find_part_action, left_out_findings
from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import LeftOut, Plan
from condatui_core.records.request import (
    CleanRequest,
    CleanupPart,
    CleanupRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
)
from condatui_core.restore_points.store import directory_of_points, free_bytes, is_beside
from condatui_core.text import counted, format_bytes

_CONFIRM = "clean up"
_PARTS: tuple[Any, ...] = get_args(CleanupPart)


async def plan(request: CleanupRequest, context: JobContext, *, find_action: FindAction) -> Plan:
    """Plan every part; where restore points find no room, what needs none comes first.

    A part that something stands against is left out, and the others are planned without it.
    """
    planner = await asyncio.to_thread(_Planner, context, find_action)
    parts = tuple(map(_stopping, request.parts))
    left_out: tuple[LeftOut, ...] = ()
    while True:
        ordered, plans, note = await planner.in_order(parts)
        out = [
            each
            for part, plan in zip(ordered, plans, strict=True)
            if plan.blockers
            for each in await planner.left_out(part, plan)
        ]
        rest = _without(parts, out)
        if rest in ((), parts):
            return cleanup_plan(CleanupRequest(parts=ordered), plans, note=note, left_out=left_out)
        left_out += tuple(LeftOut(title=each.title, request=each.request, blockers=each.blockers) for each in out)
        parts = rest


class _Before(NamedTuple):
    """What earlier parts have done, as far as the plan of a later one rests on it."""

    freed: int = 0
    """Bytes where restore points go; negative if they take more."""
    merged: tuple[str, ...] = ()
    """The members that were merged into their keepers."""


class _Planner:
    """Plans parts in one order after another; each is planned again only where the room for it makes a difference."""

    def __init__(self, context: JobContext, find_action: FindAction) -> None:
        """It looks how much is free, so it blocks for a moment."""
        self._context = replace(context, measured=measurement_of(context))
        self._find_action = find_action
        self._free = free_bytes(directory_of_points(context.settings, context.locations))
        self._made: dict[CleanupPart, tuple[Plan, _Before]] = {}
        """The plan of each part, and what had happened before it."""

    async def in_order(
        self, parts: tuple[CleanupPart, ...]
    ) -> tuple[tuple[CleanupPart, ...], tuple[Plan, ...], tuple[Finding, ...]]:
        """Plan parts in the order in which their restore points find room; says also what to tell of that order."""
        plans, fits = await self._plans(parts)
        if fits or (roomy := _room_first(parts)) == parts:
            return parts, plans, ()
        plans, _ = await self._plans(roomy)
        return roomy, plans, (_caches_first(),)

    async def left_out(self, part: CleanupPart, plan: Plan) -> tuple[Plan, ...]:
        """The plans of what stays of a part that something stands against: of each alone, or of all if only together.

        `plan` is that of the whole part.
        """
        singles = [_with_places(part, (place,)) for place in _places(part)]
        if len(singles) < 2:
            return (plan,)
        plans = [await self._plan(single, _Before()) for single in singles]
        return tuple(each for each in plans if each.blockers) or (plan,)

    async def _plans(self, parts: Sequence[CleanupPart]) -> tuple[tuple[Plan, ...], bool]:
        """Plan each part, and say whether all that they write finds room: each has what those before it leave."""
        plans: list[Plan] = []
        before, fits = _Before(), True
        for part in parts:
            plan = await self._plan(part, before)
            plans.append(plan)
            fits = fits and self._fits(plan, before.freed)
            room = await asyncio.to_thread(_room_made, plan, part, self._context)
            before = _Before(before.freed + room, (*before.merged, *_merged(part)))
        return tuple(plans), fits

    async def _plan(self, part: CleanupPart, before: _Before) -> Plan:
        """The plan of a part before which so much has happened."""
        if part in self._made and self._holds(*self._made[part], before):
            return self._made[part][0]
        action = await find_part_action(part, self._find_action)
        context = replace(self._context, freed_before=before.freed, merged_before=before.merged)
        plan: Plan = await action.plan(part, context)
        self._made[part] = plan, before
        return plan

    def _holds(self, plan: Plan, then: _Before, before: _Before) -> bool:
        """Whether a plan is the same with another room: it has found enough, and there is enough now."""
        return then == before or (then.merged == before.merged and not plan.blockers and self._fits(plan, before.freed))

    def _fits(self, plan: Plan, freed: int) -> bool:
        """Whether what a plan writes finds room, if so much is freed before it."""
        return self._free is None or (plan.bytes_needed or 0) <= max(self._free + freed, 0)


def cleanup_plan(
    request: CleanupRequest,
    plans: Sequence[Plan],
    *,
    note: tuple[Finding, ...] = (),
    left_out: tuple[LeftOut, ...] = (),
) -> Plan:
    """The plan of all parts together."""
    return Plan(
        request=request,
        title=f"Clean up: {_summary(request.parts)}",
        steps=tuple(step for each in plans for step in each.steps),
        prefixes=tuple(dict.fromkeys(prefix for each in plans for prefix in each.prefixes)),
        bytes_needed=sum(each.bytes_needed or 0 for each in plans),
        kept_bytes=sum(each.kept_bytes for each in plans),
        bytes_freed=sum(each.bytes_freed or 0 for each in plans),
        frees_at_least=any(each.frees_at_least for each in plans),
        packages=sum(each.packages for each in plans),
        facts=tuple(_facts(plans)),
        warnings=(*note, *left_out_findings(left_out), *_once(each for plan in plans for each in plan.warnings)),
        blockers=_once(each for plan in plans for each in plan.blockers),
        restore_points=tuple(dict.fromkeys(point for each in plans for point in each.restore_points)),
        confirm=_CONFIRM if any(each.confirm for each in plans) else "",
        parts=tuple(plans),
        left_out=left_out,
    )


def _merged(part: CleanupPart) -> tuple[str, ...]:
    return _places(part) if isinstance(part, MergeRequest) else ()


def _room_made(plan: Plan, part: CleanupPart, context: JobContext) -> int:
    """The bytes that a part leaves for restore points: what it frees on their file system, less its own; blocks."""
    points = directory_of_points(context.settings, context.locations)
    there = any(is_beside(points, path) for path in _places(part))
    return (plan.bytes_freed or 0) * there - plan.kept_bytes


def _places(part: CleanupPart) -> tuple[str, ...]:
    if isinstance(part, CleanRequest):
        return part.pkgs_dirs
    if isinstance(part, KernelsRequest):
        return part.paths
    if isinstance(part, RelinkRequest):
        return part.prefixes[:1]  # which stands for its disk
    return (part.member,) if isinstance(part, MergeRequest) else part.prefixes


def _without(parts: Sequence[CleanupPart], out: Sequence[Plan]) -> tuple[CleanupPart, ...]:
    """The parts without what is left out: caches are then cleaned only of what becomes unneeded by the others."""
    requests = [each.request for each in out]
    staying = {prefix for each in requests if isinstance(each, RemoveRequest) for prefix in each.prefixes}
    rest = (_rest_of(each, requests) for each in parts)
    return tuple(_though_staying(each, staying) for each in rest if each is not None)


def _rest_of(part: CleanupPart, out: Sequence[Request]) -> CleanupPart | None:
    """What goes of a part if some requests are left out, each of which is some or all places of a part."""
    parts = (cast("CleanupPart", each) for each in out if isinstance(each, _PARTS))
    staying = {place for each in parts if _kind(each) == _kind(part) for place in _places(each)}
    places = tuple(each for each in _places(part) if each not in staying)
    if len(places) == len(_places(part)):
        return part
    return _with_places(part, places) if places else None


def _kind(part: CleanupPart) -> tuple[object, ...]:
    return type(part), part.what if isinstance(part, CleanRequest) else ()


def _with_places(part: CleanupPart, places: tuple[str, ...]) -> CleanupPart:
    """The same part for some of its places; of a merge, which has but one, all of it."""
    if isinstance(part, CleanRequest):
        return replace_fields(part, pkgs_dirs=places)
    if isinstance(part, KernelsRequest):
        return replace_fields(part, paths=places)
    return part if isinstance(part, (MergeRequest, RelinkRequest)) else replace_fields(part, prefixes=places)


def _though_staying(part: CleanupPart, staying: Collection[str]) -> CleanupPart:
    if isinstance(part, RelinkRequest):
        return replace_fields(part, leaving_out=tuple(each for each in part.leaving_out if each not in staying))
    if not isinstance(part, CleanRequest):
        return part
    return replace_fields(part, removed_before=tuple(each for each in part.removed_before if each not in staying))


def _stopping(part: CleanupPart) -> CleanupPart:
    return replace_fields(part, stops=True) if isinstance(part, RemoveRequest) else part


def _needs_no_room(part: CleanupPart) -> bool:
    return isinstance(part, (CleanRequest, KernelsRequest, RelinkRequest))


def _room_first(parts: Sequence[CleanupPart]) -> tuple[CleanupPart, ...]:
    """The parts that need no restore point first; the caches are then cleaned of what is unneeded already."""
    first = [
        replace_fields(each, removed_before=()) if isinstance(each, CleanRequest) else each
        for each in parts
        if _needs_no_room(each)
    ]
    return (*first, *(each for each in parts if not _needs_no_room(each)))


def _caches_first() -> Finding:
    message = "The disk is too full for restore points: what needs none goes first, and makes room for them."
    return finding("room-first", "note", message, "Clean the caches again afterwards: more will be unneeded then.")


def _facts(plans: Sequence[Plan]) -> Iterator[tuple[str, str]]:
    frees, kept = sum(each.bytes_freed or 0 for each in plans), sum(each.kept_bytes for each in plans)
    if kept:
        net = f"{_least(plans)}{format_bytes(max(frees - kept, 0))}"
        yield "net", f"{net}: restore points may take {format_bytes(kept)} of that"
    for number, each in enumerate(plans, 1):
        yield f"part {number}", f"{each.title}: {_freed_by(each)}"
    for each in plans:
        yield from each.facts


def _freed_by(plan: Plan) -> str:
    freed = plan.bytes_freed or 0
    if freed < 0 and plan.frees_at_least:
        return f"takes {format_bytes(-freed)} more than it frees, at most"
    return f"frees {_least((plan,))}{format_bytes(freed)}"


def _least(plans: Iterable[Plan]) -> str:
    """What stands before a figure that is the least that it can be."""
    return "at least " if any(each.frees_at_least for each in plans) else ""


def _once(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without repetitions: several parts may say the same of one package cache."""
    return tuple({(each.id, each.message, each.evidence): each for each in found}.values())


def _summary(parts: Sequence[CleanupPart]) -> str:
    """What goes, in a few words: `2 environments, 1 merge and 1 package cache`."""
    words = [
        (sum(isinstance(each, RelinkRequest) for each in parts), "relink"),
        (sum(len(each.prefixes) for each in parts if isinstance(each, RemoveRequest)), "environment"),
        (sum(isinstance(each, MergeRequest) for each in parts), "merge"),
        (sum(len(each.prefixes) for each in parts if isinstance(each, LeftoversRequest)), "leftover"),
        (sum(len(each.paths) for each in parts if isinstance(each, KernelsRequest)), "kernel"),
        (len({path for each in parts if isinstance(each, CleanRequest) for path in each.pkgs_dirs}), "cache"),
    ]
    said = [counted(count, word) for count, word in words if count]
    return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else "".join(said)
