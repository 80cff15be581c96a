"""Packs or restores several environments: one after the other, as one plan and one job."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from msgspec.structs import replace

from condatui_core.actions.parts import find_part_action, left_out_findings, perform_part, recovery_of_parts
from condatui_core.actions.protocol import FindAction, JobContext, Work
from condatui_core.actions.room import device_of
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import LeftOut, Outcome, Plan, Recovery
from condatui_core.records.request import PackRequest, Request, SeveralPart, SeveralRequest
from condatui_core.remedy import FreeSpace
from condatui_core.restore_points.store import existing_place, free_bytes
from condatui_core.text import counted, format_apart, format_bytes, sanitize

_PARTS: tuple[Any, ...] = get_args(SeveralPart)


# The plan


async def plan(request: SeveralRequest, context: JobContext, *, find_action: FindAction) -> Plan:
    """Plan each part; what stands against one of them stands against all, but of an undo only that one is left out."""
    planned: list[Plan] = []
    for part in request.parts:
        action = await find_part_action(part, find_action)
        planned.append(await action.plan(part, context))
    plans, left_out = _without_blocked(planned) if request.undoes else (planned, ())
    room = await asyncio.to_thread(lambda: tuple(_room(plans)))
    packs = any(isinstance(each, PackRequest) for each in request.parts)  # whose archives may turn out smaller
    return Plan(
        request=request,
        title=f"Undo: {request.undoes}" if request.undoes else _title(request.parts),
        steps=tuple(step for each in plans for step in each.steps),
        prefixes=tuple(dict.fromkeys(prefix for each in plans for prefix in each.prefixes)),
        bytes_needed=sum(map(_bytes_beside, plans, _earlier(plans))),
        needs_at_least=any(each.needs_at_least for each in plans),
        kept_bytes=sum(each.kept_bytes for each in plans),
        packages=sum(each.packages for each in plans),
        facts=tuple(_facts(plans)),
        warnings=(
            *_staying(request),
            *left_out_findings(left_out),
            *(room if packs else ()),
            *_named(plans, "warnings"),
        ),
        blockers=(*_clashes(plans), *(() if packs else map(_blocking, room)), *_named(plans, "blockers")),
        restore_points=tuple(dict.fromkeys(point for each in plans for point in each.restore_points)),
        confirm=_confirm(plans),
        parts=tuple(plans),
        left_out=left_out,
    )


def _without_blocked(planned: Sequence[Plan]) -> tuple[Sequence[Plan], tuple[LeftOut, ...]]:
    """The parts that can be carried out, and those that cannot; all of them if none can."""
    able = [each for each in planned if not each.blockers]
    out = [LeftOut(title=each.title, request=each.request, blockers=each.blockers) for each in planned if each.blockers]
    return (able, tuple(out)) if able else (planned, ())


def _staying(request: SeveralRequest) -> Iterator[Finding]:
    """What does not come back by undoing a job."""
    return (finding("no-way-back", "warning", f"This does not come back. {each}") for each in request.stays)


def _title(parts: Sequence[SeveralPart]) -> str:
    packs = all(isinstance(each, PackRequest) for each in parts)
    return f"{'Pack' if packs else 'Restore'} {counted(len(parts), 'environment')}"


def _confirm(plans: Sequence[Plan]) -> str:
    """What is to be typed if any part asks for that; the name alone where it is one."""
    asked = [each.confirm for each in plans if each.confirm]
    return asked[0] if len(asked) == 1 else "restore all" if asked else ""


def _facts(plans: Sequence[Plan]) -> Iterator[tuple[str, str]]:
    for number, each in enumerate(plans, 1):
        needs = f": {format_bytes(each.bytes_needed)}" if each.bytes_needed else ""
        yield f"part {number}", f"{each.title}{needs}"
        yield from each.facts


def _named(plans: Sequence[Plan], which: str) -> Iterator[Finding]:
    """The findings of all parts, each after what its part would do."""
    for each in plans:
        found: Sequence[Finding] = getattr(each, which)
        for one in found:
            yield _about(each, one)


def _about(part: Plan, found: Finding) -> Finding:
    return replace(found, message=f"{part.title}: {found.message}")


def _clashes(plans: Sequence[Plan]) -> Iterator[Finding]:
    """What two of the parts would both write."""
    uses = Counter(place for each in plans for place in _writes(each))
    for place, count in uses.items():
        if count > 1:
            message = f"{count} of them would go to {sanitize(place)}."
            yield blocker("clash", message, "Leave all but one of them out.")


def _writes(part: Plan) -> tuple[str, ...]:
    return (part.request.file,) if isinstance(part.request, PackRequest) else part.prefixes


def _room(plans: Sequence[Plan]) -> Iterator[Finding]:
    """Whether all of it together finds room, where each alone does; blocks. Each part looks again before it begins."""
    needs: Counter[int] = Counter()
    free: dict[int, tuple[int, str]] = {}
    for each, extracted in zip(plans, _earlier(plans), strict=True):
        there = (existing_place(Path(place).parent) for place in _writes(each)[:1])
        for place in filter(None, there):
            device, left = device_of(str(place)), free_bytes(place)
            if device is not None and left is not None:
                needs[device] += _bytes_beside(each, extracted)
                free[device] = left, str(place)
    for device, needed in needs.items():
        left, where = free[device]
        if needed > left:
            wanted, room = format_apart(needed, left)
            message = f"All together may need {wanted}; {room} are free at {sanitize(where)}."
            yield finding("no-space", "warning", message, "It stops where there is no room left.")


def _earlier(plans: Sequence[Plan]) -> Iterator[frozenset[str]]:
    """For each part, the packages that those before it bring into the package cache."""
    come: frozenset[str] = frozenset()
    for each in plans:
        yield come
        come |= _extracts(each).keys()


def _bytes_beside(plan: Plan, extracted: Collection[str]) -> int:
    """The bytes that a part needs beside the packages that are in the package cache by then."""
    there = sum(size for name, size in _extracts(plan).items() if name in extracted)
    return (plan.bytes_needed or 0) - there


def _extracts(plan: Plan) -> Mapping[str, int]:
    return plan.restoration.extracts if plan.restoration else {}


def _blocking(found: Finding) -> Finding:
    """The same as a reason to begin nothing: what is brought back in part helps nobody."""
    return blocker(found.id, found.message, FreeSpace())


# The job


async def perform(
    plan: Plan, request: SeveralRequest, context: JobContext, work: Work, *, find_action: FindAction
) -> Outcome:
    """Carry out the parts in their order; the first one that fails is the last.

    If it is the first part that fails, its error is raised: then nothing else was done.
    """
    del request  # each part of the plan has its own
    done: list[Outcome] = []
    for number, part in enumerate(plan.parts, 1):
        outcome = await perform_part(part, number, context, work, find_action=find_action, first=not done)
        if isinstance(outcome, Finding):
            return _outcome(plan, done, outcome)
        work.say(outcome.message)
        done.append(outcome)
    return _outcome(plan, done)


def _outcome(plan: Plan, done: Sequence[Outcome], *stopped: Finding) -> Outcome:
    return Outcome(
        message=f"{plan.title}: {len(done)} of {len(plan.parts)} done. {_told(done)}",
        stopped=bool(stopped) or any(each.stopped for each in done),
        findings=(*stopped, *(each for outcome in done for each in outcome.findings)),
        bytes_freed=_sum(each.bytes_freed for each in done),
        bytes_used=_sum(each.bytes_used for each in done),
        kept_bytes=sum(each.kept_bytes for each in done),
        files=tuple(file for each in done for file in each.files),
        restore_points=tuple(point for each in done for point in each.restore_points),
        receiver=tuple(line for each in done for line in each.receiver),
    )


_MOST_TOLD = 3


def _told(done: Sequence[Outcome]) -> str:
    """What was done to which, as the parts tell it; the output of the job has all of them."""
    told = [f"{each.message.removesuffix('.')}." for each in done[:_MOST_TOLD]]
    more = [f"And {len(done) - _MOST_TOLD} more, which the output names."] if len(done) > _MOST_TOLD else []
    return " ".join((*told, *more))


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None


# What an interruption has left


async def recover(
    plan: Plan, request: SeveralRequest, stage: str, context: JobContext, *, find_action: FindAction
) -> Recovery:
    """Say what is there; the way out finishes the part that was hit, and then the rest."""
    del request  # each part of the plan has its own
    return await recovery_of_parts(
        plan, stage, context, find_action=find_action, gather=_gathered, whole="what was begun"
    )


def _gathered(rest: Sequence[Request]) -> Request | None:
    """One request for the rest; None if some of it can be no part of one."""
    parts = [cast("SeveralPart", each) for each in rest if isinstance(each, _PARTS)]
    if len(parts) < len(rest):
        return None
    return SeveralRequest(parts=tuple(parts)) if len(parts) > 1 else next(iter(rest), None)
