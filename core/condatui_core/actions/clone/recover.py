"""Finds what an interrupted clone has left on the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress

from condatui_core.actions.half_made import came_into, used_since
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.specs import meets
from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.conda_meta import read_conda_meta
from condatui_core.prefixes.history import spec_name
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.package import PackageRecord
from condatui_core.records.request import CloneRequest, RemoveRequest


def inspect_clone(request: CloneRequest, stage: str, context: JobContext) -> Recovery:
    """Find out how much of the clone exists, changing nothing; blocks."""
    target = os.path.normpath(request.target)
    if not os.path.lexists(target):
        return Recovery(state="untouched", message=f"Nothing was made at {target}.")
    if is_marked_incomplete(target) or (stage == "link" and is_empty(target)):
        return _half(target, _half_made(target, context), "half-made")
    if stage not in ("verify", "add"):
        return Recovery(state="untouched", message=f"What is at {target} was not made by this job.")
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
            return _half(target, message, "damaged")
    if missing := _not_among(there.contents.packages, request.add):
        message = f"{target} was made and has all of its source; {' '.join(missing)} was not added to it."
        return Recovery(state="half", message=message)
    return Recovery(state="done", message=f"{target} was made and is whole.")


def not_there(prefix: str, specs: tuple[str, ...]) -> tuple[str, ...]:
    """The specs that no package of an environment matches. Raises OSError if it cannot be read."""
    packages, _ = read_conda_meta(prefix)
    return _not_among([each.record for each in packages], specs)


def _not_among(records: Sequence[PackageRecord], specs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in specs if not any(_meets(record, each) for record in records))


def _meets(record: PackageRecord, spec: str) -> bool:
    wanted = parse_match_spec(spec)
    if wanted is None:  # a spec that only conda understands
        return record.name == spec_name(spec)
    return meets(record, wanted) is not False


def _read(prefix: str) -> PrefixRecords:
    os.scandir(os.path.join(prefix, "conda-meta")).close()  # raises OSError if it cannot be read
    return read_records(prefix)


def _names(records: PrefixRecords) -> set[str]:
    return {each.name for each in records.contents.packages}


def _half_made(target: str, context: JobContext) -> str:
    half = f"{target} is half-made: it still has the mark of what is not whole"
    with suppress(OSError, CondatuiError):
        if came := came_into(target, context):
            return f"{half}, and {used_since(came)}."
    return f"{half}."


def _half(target: str, message: str, how: str) -> Recovery:
    """The removal finds out by itself whether there is anything to keep: the clone may be used before it is taken."""
    way_out = RemoveRequest(prefixes=(target,))
    return Recovery(state="half", message=message, way_out=way_out, way_out_title=f"Remove the {how} {target}")


async def recover(plan: Plan, request: CloneRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001 - as all actions
    """Find out how much of an interrupted clone exists, changing nothing."""
    return await asyncio.to_thread(inspect_clone, request, stage, context)
