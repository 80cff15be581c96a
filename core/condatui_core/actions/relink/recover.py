"""Finds out what an interrupted relink has left."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import RelinkRequest


async def recover(plan: Plan, request: RelinkRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out what is there."""
    return Recovery(state="untouched", message="Nothing was joined.")
