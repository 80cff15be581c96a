"""Finds out what an interrupted separation has left."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import SeparateRequest


async def recover(plan: Plan, request: SeparateRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out what is there."""
    return Recovery(state="untouched", message="Nothing was changed.")
