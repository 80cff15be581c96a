"""Finds what an interrupted unpacking has left on the disk."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.half_made import half_made
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import UnpackRequest
from condatui_core.text import sanitize


async def recover(plan: Plan, request: UnpackRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001 - as all actions
    """Find out how much of the environment exists, changing nothing."""
    return await asyncio.to_thread(_inspect, request, stage, context)


def _inspect(request: UnpackRequest, stage: str, context: JobContext) -> Recovery:
    target, shown = request.target, sanitize(request.target)
    if not os.path.lexists(target) or is_empty(target):
        return Recovery(state="untouched", message=f"Nothing was unpacked to {shown}.")
    if is_marked_incomplete(target):
        return half_made(target, context)
    if stage != "verify":  # the marker goes at the end of that stage
        return Recovery(state="untouched", message=f"What is at {shown} was not unpacked by this job.")
    return Recovery(state="done", message=f"{shown} was unpacked and is whole.")
