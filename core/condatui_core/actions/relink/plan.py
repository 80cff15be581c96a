"""Plans what is stored once: how much that frees, by which method and why, and what it means."""

from __future__ import annotations

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.relink.facts import read_survey
from condatui_core.records.finding import blocker
from condatui_core.records.job import Plan, PlannedRelink
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.request import RelinkRequest


async def plan(request: RelinkRequest, context: JobContext) -> Plan:
    """Find out what can be stored once, changing nothing."""
    return plan_of(await read_survey(request, context), request)


def plan_of(survey: RelinkSurvey, request: RelinkRequest) -> Plan:
    """Plan the joining of what was found."""
    nothing = blocker("nothing-to-do", "No file that may be joined is stored more than once.")
    return Plan(
        request=request,
        title="Store the same files once",
        bytes_freed=survey.frees,
        blockers=() if survey.sets else (nothing,),
        relink=planned_of(survey),
    )


def planned_of(survey: RelinkSurvey) -> PlannedRelink:
    """What is going to be joined, in numbers."""
    linked = any(method == "hardlink" for _, method in survey.methods)
    return PlannedRelink(
        groups=len(survey.sets),
        files=sum(len(inode.paths) for each in survey.sets for inode in each.joined),
        bytes=survey.frees,
        method="hardlink" if linked else "reflink",
        skipped=survey.skipped,
    )
