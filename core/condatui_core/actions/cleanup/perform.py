"""Carries out a cleanup: one part after the other, as long as each does what it was planned to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from msgspec.structs import replace as replace_fields

from condatui_core.actions.clean.facts import measurement_of
from condatui_core.actions.parts import left_out_findings, perform_part
from condatui_core.actions.protocol import FindAction, JobContext, Work
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import CleanupRequest
from condatui_core.text import counted, format_bytes, sanitize


async def perform(
    plan: Plan, request: CleanupRequest, context: JobContext, work: Work, *, find_action: FindAction
) -> Outcome:
    """Carry out the parts in their order; the first one that fails, or finds something amiss, is the last.

    If it is the first part that fails, its error is raised: then nothing else was done.
    """
    del request  # each part of the plan has its own
    context = replace(context, measured=measurement_of(context))  # one walk does for all caches
    done: list[Outcome] = []
    for number, part in enumerate(plan.parts, 1):
        here = await work.in_thread(partial(_without_gone, context))
        outcome = await perform_part(part, number, here, work, find_action=find_action, first=not done)
        if isinstance(outcome, Finding):
            return _outcome(plan, done, outcome)
        done.append(outcome)
        if number < len(plan.parts) and _has_errors(outcome):
            return _outcome(plan, done, _amiss(part))
    return _outcome(plan, done)


def _without_gone(context: JobContext) -> JobContext:
    """The context without the environments that earlier parts have removed: nothing is needed for them any more."""
    there = tuple(each for each in context.inventory.environments if os.path.lexists(each.prefix))
    return replace(context, inventory=replace_fields(context.inventory, environments=there))


def _outcome(plan: Plan, done: Sequence[Outcome], *stopped: Finding) -> Outcome:
    freed = sum(each.bytes_freed or 0 for each in done)
    kept = sum(each.kept_bytes for each in done)
    points = tuple(point for each in done for point in each.restore_points)
    predicted = sum(each.bytes_freed or 0 for each in plan.parts)
    return Outcome(
        message=f"{_how_far(plan, done, stopped)}: {_sums(plan, predicted, freed + kept)}{_kept(points, kept)}.",
        stopped=bool(stopped) or any(each.stopped for each in done),
        findings=(
            *stopped,
            *left_out_findings(plan.left_out),
            *_difference(plan, done),
            *(each for outcome in done for each in outcome.findings),
        ),
        bytes_freed=freed,
        kept_bytes=kept,
        predicted_bytes=predicted,
        predicted_at_least=plan.frees_at_least,
        says_bytes=True,
        files=tuple(file for each in done for file in each.files),
        restore_points=points,
    )


def _has_errors(outcome: Outcome) -> bool:
    return any(each.severity == "error" for each in outcome.findings)


def _how_far(plan: Plan, done: Sequence[Outcome], stopped: Sequence[Finding]) -> str:
    if done[-1].stopped:
        return f"Stopped in part {len(done)} of {len(plan.parts)}"
    if not stopped:
        amiss = [sanitize(part.title) for part, each in zip(plan.parts, done, strict=False) if _has_errors(each)]
        return f"Cleaned up, but {amiss[0]} did not go as planned" if amiss else "Cleaned up"
    return f"Stopped after {len(done)} of {counted(len(plan.parts), 'part')}"


def _sums(plan: Plan, predicted: int, real: int) -> str:
    return f"{format_bytes(real)} freed, {_least(plan)}{format_bytes(predicted)} predicted"


def _least(plan: Plan) -> str:
    return "at least " if plan.frees_at_least else ""


def _kept(points: Sequence[str], kept: int) -> str:
    if not points:
        return ""
    where = f"restore point {points[0]}" if len(points) == 1 else counted(len(points), "restore point")
    return f", {format_bytes(kept)} kept in {where}"


def _amiss(part: Plan) -> Finding:
    return blocker("stopped", f"{sanitize(part.title)} did not go as planned, so nothing after it was begun.")


def _difference(plan: Plan, done: Sequence[Outcome]) -> Iterator[Finding]:
    """What explains that more or less was freed than predicted: the parts that differ."""
    waiting = plan.parts[len(done) :]
    differing = [(part, real) for part, real in _freed_by_parts(plan.parts, done) if _is_off(part, real)]
    off = sum(real - (part.bytes_freed or 0) for part, real in differing)
    off -= sum(part.bytes_freed or 0 for part in waiting)
    if off == 0:
        return
    lines = (*(_real_line(part, real) for part, real in differing), *map(_waiting_line, waiting))
    message = f"{format_bytes(abs(off))} {'less' if off < 0 else 'more'} than predicted were freed."
    yield finding("differs-from-plan", "note", message, evidence=lines)


def _freed_by_parts(parts: Sequence[Plan], done: Sequence[Outcome]) -> Iterator[tuple[Plan, int]]:
    """What each part that was carried out has freed, its restore points not counted."""
    return ((part, (each.bytes_freed or 0) + each.kept_bytes) for part, each in zip(parts, done, strict=False))


def _is_off(part: Plan, real: int) -> bool:
    """Whether a part has freed something else than was planned; more than the least that it could be is no surprise."""
    planned = part.bytes_freed or 0
    return real < planned if part.frees_at_least else real != planned


def _real_line(part: Plan, real: int) -> str:
    came = f"{format_bytes(real)} freed" if real >= 0 else f"{format_bytes(-real)} used"
    return f"{sanitize(part.title)}: {came}, {_least(part)}{format_bytes(part.bytes_freed or 0)} predicted"


def _waiting_line(part: Plan) -> str:
    return f"{sanitize(part.title)}: not carried out, {_least(part)}{format_bytes(part.bytes_freed or 0)} predicted"
