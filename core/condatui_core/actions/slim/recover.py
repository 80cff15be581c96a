"""Finds what an interrupted slimming has left on the disk."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.half_made import half_made
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import SlimRequest
from condatui_core.text import sanitize


async def recover(plan: Plan, request: SlimRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001 - as all actions
    """Find out how much of a slimmed copy exists, changing nothing."""
    return await asyncio.to_thread(inspect_slimming, request, stage, context)


def inspect_slimming(request: SlimRequest, stage: str, context: JobContext) -> Recovery:
    """Find out how much of the copy exists, changing nothing; blocks. Its source is never touched."""
    target = os.path.normpath(request.target)
    if not os.path.lexists(target):
        return Recovery(state="untouched", message=f"Nothing was made at {sanitize(target)}.")
    if is_marked_incomplete(target) or (stage == "link" and is_empty(target)):
        return half_made(target, context)
    if stage != "complete":
        return Recovery(state="untouched", message=f"What is at {sanitize(target)} was not made by this job.")
    return Recovery(state="done", message=f"{sanitize(target)} was made and works.")
