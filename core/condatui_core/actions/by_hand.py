"""The commands that a plan tells for a shell, and when it must tell none."""

from __future__ import annotations

from msgspec.structs import replace

from condatui_core.records.job import Plan

BY_HAND = "by hand"
"""The label of the command that one would run instead of condatui."""


def leave_to_its_tool(plan: Plan) -> Plan:
    """The plan without commands if another tool manages what it is about: they would go behind the tool's back.

    The refusal names the tool's own command.
    """
    if all(each.id != "managed-by" for each in plan.blockers):
        return plan
    return replace(
        plan,
        steps=tuple(replace(each, argv=()) for each in plan.steps),
        facts=tuple(each for each in plan.facts if each[0] != BY_HAND),
        parts=tuple(map(leave_to_its_tool, plan.parts)),
    )
