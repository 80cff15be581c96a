"""Finds what an interrupted clone has left on the disk."""

from __future__ import annotations

import asyncio
import os

from condatui_core.actions.half_made import half_done, unfinished
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.requested_specs import not_among
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import CloneRequest


def inspect_clone(request: CloneRequest, stage: str, context: JobContext) -> Recovery:
    """Find out how much of the clone exists, changing nothing; blocks."""
    target = os.path.normpath(request.target)
    if left := unfinished(target, stage, context, begins="link", whole=("verify", "add")):
        return left
    try:
        return _look_at_whole(target, request, stage)
    except OSError as error:
        return Recovery(state="half", message=f"{target} was made, and cannot be read: {reason(error)}.")


def _look_at_whole(target: str, request: CloneRequest, stage: str) -> Recovery:
    """Inspect a clone that was complete: conda may have been interrupted while it added specs."""
    there = _read(target)
    if stage == "add":
        source = _read(request.source)
        specs, lost = " ".join(request.add), sorted(_names(source) - _names(there))
        if lost or (source.has_all_files and not there.has_all_files):
            what = f": {', '.join(lost[:3])} is gone" if lost else ""
            message = f"{target} was made, and damaged while {specs} was being added{what}."
            return half_done(target, message, "damaged")
    if missing := not_among(there.contents.packages, request.add):
        message = f"{target} was made and has all of its source; {' '.join(missing)} was not added to it."
        return Recovery(state="half", message=message)
    return Recovery(state="done", message=f"{target} was made and is whole.")


def _read(prefix: str) -> PrefixRecords:
    os.scandir(os.path.join(prefix, "conda-meta")).close()  # raises OSError if it cannot be read
    return read_records(prefix)


def _names(records: PrefixRecords) -> set[str]:
    return {each.name for each in records.contents.packages}


async def recover(plan: Plan, request: CloneRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001 - as all actions
    """Find out how much of an interrupted clone exists, changing nothing."""
    return await asyncio.to_thread(inspect_clone, request, stage, context)
