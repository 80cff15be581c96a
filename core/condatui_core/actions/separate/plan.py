"""Plans which files of an environment become its own again, and the space that this needs."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext
from condatui_core.records.finding import blocker
from condatui_core.records.job import Plan
from condatui_core.records.request import SeparateRequest


async def plan(request: SeparateRequest, context: JobContext) -> Plan:  # noqa: ARG001
    """Find out which files are joined, changing nothing."""
    nothing = blocker("nothing-to-do", "No relink has joined files of it.")
    return Plan(request=request, title="Make files its own again", prefixes=(request.prefix,), blockers=(nothing,))
