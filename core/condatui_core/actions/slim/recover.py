"""Finds what an interrupted slimming has left on the disk."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.half_made import unfinished
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
    if left := unfinished(target, stage, context, begins="link", whole=("complete",)):
        return left
    return Recovery(state="done", message=f"{sanitize(target)} was made and works.")
