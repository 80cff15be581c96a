"""Joins what was planned."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.errors import RefusedError
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import RelinkRequest


async def perform(plan: Plan, request: RelinkRequest, context: JobContext, work: Work) -> Outcome:  # noqa: ARG001
    """Join one file after the other."""
    raise RefusedError("Files cannot be joined yet.")
