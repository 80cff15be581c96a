"""Finds what an interrupted update has left of each environment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from condatui_core.actions.checkpoint import has_its_paths, point_made
from condatui_core.actions.from_file import drift_from, lacking
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.requested_specs import HISTORY, requests_as_before
from condatui_core.actions.update.facts import occasion_of
from condatui_core.environment_files.pip_requirements import pip_lines
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Plan, PlannedUpdate, Recovery
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import RestoreRequest, UpdateRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import directory_of_points, read_paths_of
from condatui_core.text import sanitize

_State = Literal["as it was", "updated", "asks for builds", "half"]
"""`asks for builds` is updated, with a history that still requests what conda was asked for, not what its user did."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One environment as it is after an interruption."""

    prefix: str
    name: str
    state: _State
    point: RestorePoint | None
    """The restore point that the job has made of it; None if it had not come so far."""


async def recover(plan: Plan, request: UpdateRequest, stage: str, context: JobContext) -> Recovery:
    """Find out which environments are updated, which are as they were, and which one is neither."""
    return await asyncio.to_thread(_inspect, plan, request, stage, context)


def _inspect(plan: Plan, request: UpdateRequest, stage: str, context: JobContext) -> Recovery:
    seen = [_look(update, request, plan, context) for update in plan.updates]
    half = next((each for each in seen if each.state in ("half", "asks for builds")), None)
    updated = [each for each in seen if each.state == "updated"]
    if half:
        return _half(half, updated)
    if not updated:
        return Recovery(state="untouched", message=f"Nothing was updated: {_names(seen)} as it was.")
    waiting = tuple(each for each in seen if each.state == "as it was")
    said = (
        f"{_names(updated)} updated, and not verified."
        if stage in ("conda", "verify")
        else f"{_names(updated)} updated."
    )
    if not waiting:
        return Recovery(state="done", message=f"{said}{_saved(updated[-1])}")
    return Recovery(
        state="half",
        message=f"{said} {_names(waiting)} as it was.{_saved(updated[-1])}",
        way_out=replace(request, prefixes=tuple(each.prefix for each in waiting)),
        way_out_title=f"Update the rest: {', '.join(sanitize(each.name) for each in waiting)}",
    )


def _look(update: PlannedUpdate, request: UpdateRequest, plan: Plan, context: JobContext) -> _Seen:
    point = point_made(update.prefix, occasion_of(request), plan, context)
    directory = directory_of_points(context.settings, context.locations)
    return _Seen(update.prefix, os.path.basename(update.prefix), _state(update, request, point, directory), point)


def _state(update: PlannedUpdate, request: UpdateRequest, point: RestorePoint | None, directory: Path) -> _State:
    """How far conda has come with an environment, by its records and whether their files are there."""
    if not update.changes or point is None:
        return "as it was"
    records = read_records(update.prefix)
    there = {each.dist_name for each in records.contents.packages}
    before = {each.dist_name for each in point.packages}
    if not records.has_all_files or records.contents.unreadable:
        return "half"
    if there == before and not _moved_by_pip(records.contents, update, point):
        return "as it was" if has_its_paths(update.prefix, point, directory) else "half"
    if there != (before - set(update.removed)) | set(update.added):
        return "half"
    if request.file:
        return "updated" if _follows(update, request) else "half"
    return _requests_as_before(update, records.contents, point, directory)


def _requests_as_before(
    update: PlannedUpdate, contents: PrefixContents, point: RestorePoint, directory: Path
) -> _State:
    came = (each for each in contents.packages if each.dist_name in update.added)
    asks = any(map(_asks_for_build, came)) or not _history_as_before(update.prefix, point, directory)
    return "asks for builds" if asks else "updated"


def _moved_by_pip(contents: PrefixContents, update: PlannedUpdate, point: RestorePoint) -> bool:
    """Whether pip has done anything, by what it has installed."""
    by_pip = update.by_pip or update.pruned_by_pip
    return bool(by_pip) and pip_lines(contents.pip_distributions) != point.distributions


def _follows(update: PlannedUpdate, request: UpdateRequest) -> bool:
    """Whether an environment has what the file asks for; not if the file cannot be read any more."""
    try:
        return not lacking(drift_from(update.prefix, request.file, ChannelConfig()))
    except CondatuiError:
        return False


def _asks_for_build(record: PackageRecord) -> bool:
    """Whether a record states that exactly its build was requested, as conda was asked for."""
    return any(each.endswith(f"={record.version}={record.build}") for each in record.requested_specs)


def _history_as_before(prefix: str, point: RestorePoint, directory: Path) -> bool:
    """Whether its history states the user's own requests; not if that cannot be found out."""
    try:
        begin = next((each.size for each in read_paths_of(directory, point) if each.path == HISTORY), 0)
        return requests_as_before(prefix, begin, {each.name for each in point.packages})
    except (OSError, CondatuiError):
        return False


def _half(half: _Seen, updated: list[_Seen]) -> Recovery:
    assert half.point
    name = sanitize(half.name)
    others = f" {_names(updated)} updated." if updated else ""
    how = (
        "updated in part only"
        if half.state == "half"
        else "updated, but its history requests exact builds in place of what its user requested"
    )
    return Recovery(
        state="half",
        message=f"{name} is {how}.{others} Restore point {half.point.id} has how it was.",
        way_out=RestoreRequest(id=half.point.id),
        way_out_title=f"Bring {name} back to how it was",
    )


def _saved(seen: _Seen) -> str:
    return f" Restore point {seen.point.id} has how it was." if seen.point else ""


def _names(seen: Sequence[_Seen]) -> str:
    names = ", ".join(sanitize(each.name) for each in seen)
    return f"{names} {'is' if len(seen) == 1 else 'are'}"
