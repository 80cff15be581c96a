"""Finds what an interrupted merge has left on the disk."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.merge.facts import remove_request, target_of
from condatui_core.actions.merge.put_back import InterruptedMerge, find_interrupted
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove.earlier_points import compare_prefix
from condatui_core.actions.remove.recover import inspect_removal
from condatui_core.actions.set_aside import is_of
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import MergeRequest, RemoveRequest, RestoreRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import all_points, directory_of_points
from condatui_core.text import sanitize

_REMOVING = ("look", "keep", "remove", "leftovers")
"""The stages of the removal of a member beside which the merged environment was made."""


async def recover(plan: Plan, request: MergeRequest, stage: str, context: JobContext) -> Recovery:
    """Find out whether the member is as it was, merged, or in between; changes nothing."""
    return await asyncio.to_thread(inspect_merge, plan, request, stage, context)


def inspect_merge(plan: Plan, request: MergeRequest, stage: str, context: JobContext) -> Recovery:
    """Find out what a merge has left; blocks."""
    if request.put_back:
        return _put_back(request, plan, context)
    if target_of(request) != os.path.normpath(request.member):
        return _beside(plan, request, stage, context)
    found = find_interrupted(request.member)
    if found.aside:
        return _set_aside(found, request, plan, context)
    if found.made and stage == "remove":
        return _emptied(found)
    if found.made:
        return _taken_back(found)
    return _nothing_aside(found, plan, stage, context)


def _name(path: str) -> str:
    return sanitize(os.path.basename(path))


def _set_aside(found: InterruptedMerge, request: MergeRequest, plan: Plan, context: JobContext) -> Recovery:
    """The member is set aside: the merged environment takes its place, or does not yet."""
    name, where = _name(found.member), sanitize(found.aside[0])
    point = _point_made(found.member, plan, context)
    if found.there and not found.half_made:
        return Recovery(
            state="half",
            message=f"{name} is merged and whole; what it was is still set aside in {where}.",
            way_out=RemoveRequest(prefixes=found.aside),
            way_out_title=f"Delete what {name} was" + ("; a restore point has it" if point else ""),
        )
    half = "; what is at its path is half-made" if found.there else ""
    if point and not _is_whole(found.aside[0], point, context):
        said = f"{name} is not merged: it is not whole any more, set aside in {where}{half}"
        return _from_point(found, point, said)
    whole = "it is whole, set aside" if point else "it is set aside, and no restore point says whether it is whole,"
    return Recovery(
        state="half",
        message=f"{name} is not merged: {whole} in {where}{half}.",
        way_out=MergeRequest(keeper=request.keeper, member=request.member, put_back=True),
        way_out_title=f"Put {name} back as it was",
    )


def _emptied(found: InterruptedMerge) -> Recovery:
    """The member was merged and deleted, but for the directory in which it was."""
    said = "is merged and whole; of what it was an empty directory is left,"
    return _made_is_left(found, said, "Delete the empty directory")


def _taken_back(found: InterruptedMerge) -> Recovery:
    said = "is as it was; what was being made in its place is still in"
    return _made_is_left(found, said, "Delete what was being made")


def _made_is_left(found: InterruptedMerge, said: str, title: str) -> Recovery:
    return Recovery(
        state="half",
        message=f"{_name(found.member)} {said} {sanitize(found.made[0])}.",
        way_out=RemoveRequest(prefixes=found.made),
        way_out_title=title,
    )


def _nothing_aside(found: InterruptedMerge, plan: Plan, stage: str, context: JobContext) -> Recovery:
    name = _name(found.member)
    if found.there and not found.half_made:
        if stage == "remove":
            return Recovery(state="done", message=f"{name} is merged and whole.")
        return Recovery(state="untouched", message=f"{name} is as it was.")
    point = _point_made(found.member, plan, context)
    return _from_point(found, point, f"{name} is {'half-made' if found.there else 'not there'}")


def _from_point(found: InterruptedMerge, point: RestorePoint | None, said: str) -> Recovery:
    """The member comes back from its restore point only, once what is half-made in its place has gone."""
    name = _name(found.member)
    remove, bring_back = RemoveRequest(prefixes=(found.member,)), RestoreRequest(id=point.id if point else "")
    return Recovery(
        state="half",
        message=said + (f"; restore point {point.id} has it as it was." if point else "."),
        way_out=remove if found.there else bring_back if point else None,
        way_out_title=f"Remove the half-made {name}" if found.there else f"Bring {name} back",
    )


def _point_made(member: str, plan: Plan, context: JobContext) -> RestorePoint | None:
    """The restore point of a member that its merge has made."""
    points = all_points(directory_of_points(context.settings, context.locations))
    made = (each for each in points if each.id not in plan.restore_points and is_of(member, each.prefix))
    return next((each for each in made if each.occasion.change == "merge"), None)


def _is_whole(path: str, point: RestorePoint, context: JobContext) -> bool:
    """Whether a member that is set aside lacks nothing of what its restore point says, by sizes and times."""
    return compare_prefix(path, point, directory_of_points(context.settings, context.locations)).is_whole


def _beside(plan: Plan, request: MergeRequest, stage: str, context: JobContext) -> Recovery:
    """The merged environment has a path of its own: it is made whole before the member is touched."""
    target, member = target_of(request), _name(request.member)
    if os.path.lexists(target) and (is_marked_incomplete(target) or is_empty(target)):
        return Recovery(
            state="half",
            message=f"{_name(target)} is half-made; {member} is as it was.",
            way_out=RemoveRequest(prefixes=(target,)),
            way_out_title=f"Remove the half-made {_name(target)}",
        )
    if not os.path.lexists(target) and stage not in _REMOVING:
        return Recovery(state="untouched", message=f"Nothing was made; {member} is as it was.")
    removal = inspect_removal(plan, remove_request(request), stage if stage in _REMOVING else "", context)
    if removal.state == "done":
        return Recovery(state="done", message=f"{_name(target)} is whole, and {member} is gone, as it should be.")
    return Recovery(
        state="half",
        message=f"{_name(target)} is merged and whole. {removal.message}",
        way_out=removal.way_out or remove_request(request),
        way_out_title=removal.way_out_title or f"Remove {member}",
    )


def _put_back(request: MergeRequest, plan: Plan, context: JobContext) -> Recovery:
    found = find_interrupted(request.member)
    name = _name(found.member)
    if found.there and not found.half_made and not found.aside:
        return _taken_back(found) if found.made else Recovery(state="done", message=f"{name} is back as it was.")
    if not found.aside:
        return Recovery(state="untouched", message=f"{name} is not set aside.")
    return _set_aside(found, request, plan, context)
