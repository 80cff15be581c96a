"""Finds what an interrupted rollback has left of its environment."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.checkpoint import has_its_paths, point_made
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.rollback.facts import occasion_of
from condatui_core.actions.verified_change import expected_packages, way_back
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import RestoreRequest, RollbackRequest
from condatui_core.restore_points.store import directory_of_points
from condatui_core.text import sanitize, strip_credentials


async def recover(plan: Plan, request: RollbackRequest, stage: str, context: JobContext) -> Recovery:
    """Find out whether the environment is as it was, back at its revision, or neither."""
    return await asyncio.to_thread(_inspect, plan, request, stage, context)


def _inspect(plan: Plan, request: RollbackRequest, stage: str, context: JobContext) -> Recovery:
    planned = plan.rollback
    assert planned
    name = sanitize(os.path.basename(planned.prefix))
    point = point_made(planned.prefix, occasion_of(request), plan, context)
    if point is None:
        return Recovery(state="untouched", message=f"Nothing was changed: {name} is as it was.")
    saved = way_back(point.id)
    records = read_records(planned.prefix)
    there = {each.dist_name for each in records.contents.packages}
    before = {each.dist_name for each in point.packages}
    whole = records.has_all_files and not records.contents.unreadable
    urls = {strip_credentials(each.url or "") for each in records.contents.packages}
    directory = directory_of_points(context.settings, context.locations)
    is_before = there == before and urls == {each.url for each in point.packages}
    if whole and is_before and has_its_paths(planned.prefix, point, directory):
        return Recovery(state="untouched", message=f"Nothing was changed: {name} is as it was.")
    has_come = {each.partition("#")[0] for each in planned.archives} <= urls
    has_all = whole and has_come and there == expected_packages(before, planned.removed, planned.added)
    how = "in part only"
    if has_all and tuple(sorted(records.contents.history.requested)) == planned.requested:
        unverified = ", and not verified" if stage in ("conda", "verify") else ""
        message = f"{name} is back at revision {request.revision}{unverified}. {saved}"
        return Recovery(state="done", message=message)
    if has_all:
        how = "with all its packages, but its history does not request what its user requested by then"
    return Recovery(
        state="half",
        message=f"{name} went back to revision {request.revision} {how}. {saved}",
        way_out=RestoreRequest(id=point.id),
        way_out_title=f"Bring {name} back to how it was",
    )
