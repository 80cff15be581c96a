"""Finds what is still to be deleted after an interrupted clean."""

from __future__ import annotations

import asyncio

from condatui_core.actions.clean.facts import caches_to_clean, planned_of
from condatui_core.actions.clean.items import freed_by
from condatui_core.actions.clean.needs import removed_meanwhile
from condatui_core.actions.protocol import JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import CleanRequest
from condatui_core.text import format_bytes


async def recover(plan: Plan, request: CleanRequest, stage: str, context: JobContext) -> Recovery:
    """Find out whether something is still to be deleted; the caches are usable in either case."""
    if stage in ("", "look"):
        return Recovery(state="untouched", message="Nothing was deleted.")
    removed = await asyncio.to_thread(removed_meanwhile, request.removed_before)
    caches = planned_of(plan, await caches_to_clean(request, context, removed))
    rest = freed_by(item for cache in caches for item in cache.items)
    if not rest:
        return Recovery(state="done", message="All that was to go is deleted.")
    return Recovery(
        state="half",
        message=f"{format_bytes(rest)} that no environment needs are still there; no package is half deleted.",
        way_out=request,
        way_out_title="Delete the rest",
    )
