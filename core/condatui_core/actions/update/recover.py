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
from condatui_core.actions.from_file import VARIABLES, asked_of, drift_of_asked, lacking, python_version
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.requested_specs import HISTORY, requests_as_before
from condatui_core.actions.update.another_channel import not_come
from condatui_core.actions.update.facts import occasion_of
from condatui_core.actions.update.prune import unneeded
from condatui_core.actions.verified_change import expected_packages, way_back
from condatui_core.environment_files.asked import Asked
from condatui_core.environment_files.pip_requirements import pip_lines
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Plan, PlannedUpdate, Recovery
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import RestoreRequest, UpdateRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.classify import file_sha256
from condatui_core.restore_points.store import directory_of_points, read_paths_of
from condatui_core.text import sanitize

_State = Literal["as it was", "updated", "asks for builds", "half"]
"""`asks for builds` is updated, with a history that still requests what conda was asked for, not what its user did."""
_UNVERIFIED = ("conda", "pip", "prune", "verify")
"""The stages after which nothing has been verified yet."""


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
    half = [each for each in seen if each.state in ("half", "asks for builds")]
    updated = [each for each in seen if each.state == "updated"]
    if half:
        return _half(half, updated)
    if not updated:
        return Recovery(state="untouched", message=f"Nothing was updated: {_as_before(seen)}.")
    waiting = tuple(each for each in seen if each.state == "as it was")
    unverified = ", and not verified" if stage in _UNVERIFIED else ""
    said = f"{_names(updated)} updated{unverified}."
    if not waiting:
        return Recovery(state="done", message=f"{said}{_saved(updated[-1])}")
    return Recovery(
        state="half",
        message=f"{said} {_as_before(waiting)}.{_saved(updated[-1])}",
        way_out=replace(request, prefixes=tuple(each.prefix for each in waiting)),
        way_out_title=f"Update the rest: {', '.join(sanitize(each.name) for each in waiting)}",
    )


def _look(update: PlannedUpdate, request: UpdateRequest, plan: Plan, context: JobContext) -> _Seen:
    point = point_made(update.prefix, occasion_of(request), plan, context)
    directory = directory_of_points(context.settings, context.locations)
    return _Seen(update.prefix, os.path.basename(update.prefix), _state(update, request, point, directory), point)


def _state(update: PlannedUpdate, request: UpdateRequest, point: RestorePoint | None, directory: Path) -> _State:
    """How far an environment has come, by its records, whether their files are there, and what pip and a file add."""
    if not update.changes or point is None:
        return "as it was"
    records = read_records(update.prefix)
    if not records.has_all_files or records.contents.unreadable:
        return "half"
    there = {each.dist_name for each in records.contents.packages}
    before = {each.dist_name for each in point.packages}
    lacking_swaps = not_come(records.contents, update.from_another_channel)
    swapped = len(lacking_swaps) < len(update.from_another_channel)
    beyond = _moved_by_pip(records.contents, update, point) or _set_otherwise(update, point, directory)
    if there == before and not beyond and not swapped:
        return "as it was" if has_its_paths(update.prefix, point, directory) else "half"
    expected = expected_packages(before, update.removed, update.added)
    unexpected = there - expected - set(update.pruned)  # what came may need what was to be pruned
    if expected - there or unexpected or lacking_swaps:
        return "half"
    return _beyond_conda(update, request, records.contents, point, directory)


def _beyond_conda(
    update: PlannedUpdate, request: UpdateRequest, contents: PrefixContents, point: RestorePoint, directory: Path
) -> _State:
    """How far one has come that has all packages: with what a file wants besides, and with the requests noted."""
    asked = _asked_still(update, request, contents)
    if asked is None or not _follows(update, contents, asked):
        return "half"
    if request.like or asked.lists_everything:
        return _requests_as_before(update, contents, point, directory)
    return "updated"


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


def _set_otherwise(update: PlannedUpdate, point: RestorePoint, directory: Path) -> bool:
    """Whether its activation sets variables otherwise than before; so too if that cannot be found out."""
    if not update.variables:
        return False
    try:
        before = next((each.sha256 for each in read_paths_of(directory, point) if each.path == VARIABLES), "")
        file = os.path.join(update.prefix, VARIABLES)
        return (file_sha256(file) if os.path.lexists(file) else "") != before
    except (OSError, CondatuiError):
        return True


def _asked_still(update: PlannedUpdate, request: UpdateRequest, contents: PrefixContents) -> Asked | None:
    """What the file asks for; None if it cannot be read any more, or is another one by now."""
    try:
        asked = asked_of(request.file, ChannelConfig(), python=python_version(contents))
    except CondatuiError:
        return None
    return asked if asked.digest == update.digest else None


def _follows(update: PlannedUpdate, contents: PrefixContents, asked: Asked) -> bool:
    """Whether an environment has what a file asks for, its variables, and nothing that was to be pruned."""
    found = unneeded(contents, asked)
    pruned = {each.name for each in contents.packages if each.dist_name in update.pruned}
    left = (pruned & found.packages) | (set(update.pruned_by_pip) & found.distributions)
    set_now, wanted = dict(contents.variables), dict(asked.variables)
    unset = any(set_now.get(name) != wanted.get(name) for name in update.variables)
    return not left and not unset and not lacking(drift_of_asked(contents, asked, ChannelConfig()))


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


def _half(half: Sequence[_Seen], updated: Sequence[_Seen]) -> Recovery:
    """The way out of the first; the others are named with their restore points."""
    first = half[0]
    assert first.point
    name = sanitize(first.name)
    others = f" {_names(updated)} updated." if updated else ""
    return Recovery(
        state="half",
        message=f"{' '.join(map(_half_words, half))}{others}",
        way_out=RestoreRequest(id=first.point.id),
        way_out_title=f"Bring {name} back to how it was",
    )


def _half_words(seen: _Seen) -> str:
    how = (
        "updated in part only"
        if seen.state == "half"
        else "updated, but its history requests exact builds in place of what its user requested"
    )
    return f"{sanitize(seen.name)} is {how}.{_saved(seen)}"


def _saved(seen: _Seen) -> str:
    return f" {way_back(seen.point.id)}" if seen.point else ""


def _as_before(seen: Sequence[_Seen]) -> str:
    return f"{_names(seen)} {'as it was' if len(seen) == 1 else 'as they were'}"


def _names(seen: Sequence[_Seen]) -> str:
    names = ", ".join(sanitize(each.name) for each in seen)
    return f"{names} {'is' if len(seen) == 1 else 'are'}"
