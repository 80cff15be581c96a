"""What an interrupted cleanup has left: the parts before are done, the one that was hit is asked, the others wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast, get_args

from condatui_core.actions.cleanup.plan import find_part_action
from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import CleanupPart, CleanupRequest, Request
from condatui_core.text import counted, sanitize

_PARTS: tuple[Any, ...] = get_args(CleanupPart)


async def recover(
    plan: Plan, request: CleanupRequest, stage: str, context: JobContext, *, find_action: FindAction
) -> Recovery:
    """Say what is there; the way out finishes the part that was hit, and then the rest."""
    del request  # each part of the plan has its own
    number, _, inner = stage.partition(":")
    if not number.isdecimal() or not 0 < int(number) <= len(plan.parts):
        return Recovery(state="untouched", message="Nothing was done: no part was begun.")
    place = int(number)
    hit = plan.parts[place - 1]
    action = await find_part_action(hit.request, find_action)
    found: Recovery = await action.recover(hit, hit.request, inner, context)
    return _together(plan.parts, place, found)


def _together(parts: Sequence[Plan], place: int, hit: Recovery) -> Recovery:
    after = parts[place:]
    if place == 1 and hit.state == "untouched":
        return Recovery(state="untouched", message=hit.message)
    if not after and hit.state == "done":
        return Recovery(state="done", message=f"All parts are done. {hit.message}")
    rest = tuple(_rest(parts[place - 1], hit, after))
    return Recovery(
        state="half",
        message=" ".join(_said(parts[: place - 1], hit, after)),
        way_out=_way_out(hit, rest),
        way_out_title=_title(hit, after),
    )


def _said(before: Sequence[Plan], hit: Recovery, after: Sequence[Plan]) -> Iterator[str]:
    yield from (f"{sanitize(each.title)}: done." for each in before)
    yield hit.message
    if after:
        yield f"{counted(len(after), 'part was', 'parts were')} not begun."


def _rest(part: Plan, hit: Recovery, after: Sequence[Plan]) -> Iterator[Request]:
    """The requests that are left, what finishes the part that was hit first."""
    if hit.state == "untouched":
        yield part.request
    elif hit.way_out is not None:
        yield hit.way_out
    yield from (each.request for each in after)


def _way_out(hit: Recovery, rest: Sequence[Request]) -> Request | None:
    """One request for the rest; only the way out of the part that was hit if that can be no part of a cleanup."""
    parts = [cast("CleanupPart", each) for each in rest if isinstance(each, _PARTS)]
    if len(parts) < len(rest):
        return hit.way_out
    return CleanupRequest(parts=tuple(parts)) if len(parts) > 1 else next(iter(rest), None)


def _title(hit: Recovery, after: Sequence[Plan]) -> str:
    if not after:
        return hit.way_out_title or "Finish the cleanup"
    return f"{hit.way_out_title}, and then the rest of the cleanup" if hit.way_out_title else "Finish the cleanup"
