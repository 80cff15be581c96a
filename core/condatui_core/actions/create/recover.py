"""Finds what an interrupted creation has left on the disk."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.half_made import half_done, unfinished
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.requested_specs import not_there
from condatui_core.fs.safe_read import reason
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import CreateRequest
from condatui_core.text import sanitize


async def recover(plan: Plan, request: CreateRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001 - as all actions
    """Find out how much of a new environment exists, changing nothing."""
    return await asyncio.to_thread(inspect_creation, request, stage, context)


def inspect_creation(request: CreateRequest, stage: str, context: JobContext) -> Recovery:
    """Find out how much of the environment exists, changing nothing; blocks."""
    target = os.path.normpath(request.target)
    if left := unfinished(target, stage, context, begins="create", whole=("verify",)):
        return left
    try:
        missing = not_there(target, request.specs)
    except OSError as error:
        return Recovery(state="half", message=f"{target} was made, and cannot be read: {reason(error)}.")
    if missing:
        return half_done(target, f"{target} was made, and lacks {sanitize(missing[0])}.", "incomplete")
    return Recovery(state="done", message=f"{target} was made and is whole.")
