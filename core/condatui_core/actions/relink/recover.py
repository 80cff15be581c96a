"""Finds out what an interrupted relink has left: every path has its content, but temporary names may be there."""

from __future__ import annotations

import asyncio

from condatui_core.actions.exchanges import noted_files
from condatui_core.actions.joined_files import temporary_names
from condatui_core.actions.protocol import JobContext
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import RelinkRequest
from condatui_core.text import counted


async def recover(plan: Plan, request: RelinkRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out how many temporary names are there, and offer to go on."""
    if stage in ("", "tidy", "look"):
        return Recovery(state="untouched", message="Nothing was joined.")
    directory = context.locations.relinked
    left = await asyncio.to_thread(temporary_names, directory)
    names = f" {counted(left, 'temporary name')} of files will be deleted." if left else ""
    noted = await asyncio.to_thread(noted_files, directory)
    return Recovery(
        state="half" if noted else "done",  # the next relink settles what is noted, so that nothing is left to repair
        message=f"Every path has its content; some files are joined, others are not.{names}",
        way_out=request,
        way_out_title="Join the rest",
    )
