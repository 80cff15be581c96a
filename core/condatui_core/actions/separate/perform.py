"""Copies what was planned."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.errors import RefusedError
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import SeparateRequest


async def perform(plan: Plan, request: SeparateRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Make one file after the other its own."""
    raise RefusedError("Files cannot be separated yet.")
