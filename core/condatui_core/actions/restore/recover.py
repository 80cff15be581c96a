"""Finds how much of an environment is back after an interrupted restore."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from condatui_core.actions.half_made import came_into, used_since
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.restore.plan import points_directory
from condatui_core.actions.restore.present import before_restoring, is_as_kept
from condatui_core.actions.set_aside import set_aside_of
from condatui_core.errors import CondatuiError
from condatui_core.fs.tree import read_tree
from condatui_core.records.job import Plan, PlannedRestore, Recovery
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import all_points, read_paths_of, read_point
from condatui_core.restore_points.verify import differences, has_its_files
from condatui_core.text import sanitize

GRAVE = ("missing", "content", "kind", "target")


async def recover(plan: Plan, request: RestoreRequest, stage: str, context: JobContext) -> Recovery:
    """Find out whether the environment is back, still gone, or half back, and where what was there before is."""
    planned = plan.restoration or PlannedRestore()
    if planned.put_back:
        return await asyncio.to_thread(_inspect_putting_back, request, planned.put_back, context)
    if planned.replaces:
        return await asyncio.to_thread(_inspect_replacement, plan, request, stage, context)
    return await asyncio.to_thread(_inspect, request, stage, context)


def _inspect_putting_back(request: RestoreRequest, aside: str, context: JobContext) -> Recovery:
    point = read_point(points_directory(context), request.id)
    name = sanitize(point.name)
    if not os.path.lexists(aside):
        return Recovery(state="done", message=f"{name} is at its path again, as it was.")
    if is_as_kept(aside, point, points_directory(context)):
        return _to_put_back(point, aside, "")
    half_made = is_marked_incomplete(point.prefix) or is_empty(point.prefix)
    return Recovery(
        state="half",
        message=f"{name} as it was is in {sanitize(aside)}, not whole any more; restore point {point.id} has it whole.",
        way_out=RemoveRequest(prefixes=(point.prefix,)) if half_made else RestoreRequest(id=point.id),
        way_out_title=f"Remove the half of {name}" if half_made else f"Bring {name} back to how it was",
    )


def _to_put_back(point: RestorePoint, aside: str, said: str) -> Recovery:
    name = sanitize(point.name)
    return Recovery(
        state="half",
        message=f"{said}{name} as it was is whole, set aside in {sanitize(aside)}.",
        way_out=RestoreRequest(id=point.id),
        way_out_title=f"Put {name} back as it was",
    )


def _inspect_replacement(plan: Plan, request: RestoreRequest, stage: str, context: JobContext) -> Recovery:
    """What is there of an environment that was to be brought back to how it was, and of how it was until then."""
    directory = points_directory(context)
    target = plan.prefixes[0]
    name, there = sanitize(os.path.basename(target)), os.path.lexists(target)
    kept = _point_of_present(directory, target, request)
    aside = set_aside_of(target) if stage not in ("", "look", "keep") else ()
    whole = next((each for each in aside if kept and is_as_kept(each, kept, directory)), "")
    if _is_back(target, request, directory) and stage in ("compare", "delete"):
        return _brought_back(name, aside, kept)
    if kept and whole:
        said = f"{name} is brought back in part only{_use_since(target, context)}. " if there else ""
        return _to_put_back(kept, whole, said)
    if not aside and there and not is_marked_incomplete(target):
        return Recovery(state="untouched", message=f"Nothing was brought back: {name} is as it was.")
    saved = f" Restore point {kept.id} has it as it was." if kept else ""
    where = f" What was set aside is in {', '.join(map(sanitize, aside))}." if aside else ""
    return Recovery(state="half", message=f"{name} is brought back in part only.{saved}{where}")


def _brought_back(name: str, aside: Sequence[str], kept: RestorePoint | None) -> Recovery:
    """It is as it was to become; what was set aside may still be there, whole or in part."""
    if not aside:
        return Recovery(state="done", message=f"{name} is back to how it was.")
    saved = f" Restore point {kept.id} has all of it." if kept else ""
    return Recovery(
        state="half",
        message=f"{name} is back to how it was; what was set aside is still in {sanitize(aside[0])}.{saved}",
        way_out=RemoveRequest(prefixes=tuple(aside)),
        way_out_title="Delete what was set aside",
    )


def _point_of_present(directory: Path, target: str, request: RestoreRequest) -> RestorePoint | None:
    """The restore point that the job has made of what was there."""
    wanted = before_restoring(request.id)
    points = (each for each in all_points(directory) if each.prefix == target and each.occasion == wanted)
    return next(points, None)


def _is_back(target: str, request: RestoreRequest, directory: Path) -> bool:
    """Whether all paths are what the restore point says, but for owners, modes and times."""
    if is_marked_incomplete(target):
        return False
    try:
        paths = read_paths_of(directory, read_point(directory, request.id))
        found = differences(read_tree(target), paths, thorough=False)
    except (OSError, CondatuiError):
        return False
    return not any(each.what in (*GRAVE, "extra") for each in found)


def _inspect(request: RestoreRequest, stage: str, context: JobContext) -> Recovery:
    directory = points_directory(context)
    point = read_point(directory, request.id)
    name = sanitize(point.name)
    if stage in ("", "look") or not os.path.lexists(point.prefix):
        message = f"Nothing was brought back: {name} is still only in restore point {point.id}."
        return Recovery(state="untouched", message=message)
    paths = read_paths_of(directory, point)
    found = differences(read_tree(point.prefix), paths, thorough=False)
    if not any(each.what in (*GRAVE, "extra") for each in found):
        return Recovery(state="done", message=f"{name} is back.")
    if not is_marked_incomplete(point.prefix) and not (stage == "link" and is_empty(point.prefix)):
        state: Literal["half", "untouched"] = "half" if stage == "compare" else "untouched"
        kept = "that one is whole" if has_its_files(directory / point.id, paths) else "that one is damaged"
        message = f"What is at {sanitize(point.prefix)} is not what restore point {point.id} has; {kept}."
        return Recovery(state=state, message=message)
    whole = f"restore point {point.id} still has it whole"
    if not has_its_files(directory / point.id, paths):
        message = (
            f"{name} is back in part only, and restore point {point.id} is damaged: it cannot bring back the rest."
        )
        return Recovery(state="half", message=message)
    return Recovery(
        state="half",
        message=f"{name} is back in part only{_use_since(point.prefix, context)}; {whole}.",
        way_out=RemoveRequest(prefixes=(point.prefix,)),
        way_out_title=f"Remove the half of {name}; then it can be brought back again",
    )


def _use_since(prefix: str, context: JobContext) -> str:
    with suppress(OSError, CondatuiError):
        if came := came_into(prefix, context):
            return f", and {used_since(came, prefix)}"
    return ""
