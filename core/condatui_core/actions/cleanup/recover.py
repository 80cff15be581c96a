"""What an interrupted cleanup has left: the parts before are done, the one that was hit is asked, the others wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, get_args

from condatui_core.actions.parts import recovery_of_parts
from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import CleanupPart, CleanupRequest, Request

_PARTS: tuple[Any, ...] = get_args(CleanupPart)


async def recover(
    plan: Plan, request: CleanupRequest, stage: str, context: JobContext, *, find_action: FindAction
) -> Recovery:
    """Say what is there; the way out finishes the part that was hit, and then the rest."""
    del request  # each part of the plan has its own
    return await recovery_of_parts(plan, stage, context, find_action=find_action, gather=_gathered, whole="the cleanup")


def _gathered(rest: Sequence[Request]) -> Request | None:
    """One request for the rest; None if some of it can be no part of a cleanup."""
    parts = [cast("CleanupPart", each) for each in rest if isinstance(each, _PARTS)]
    if len(parts) < len(rest):
        return None
    return CleanupRequest(parts=tuple(parts)) if len(parts) > 1 else next(iter(rest), None)
