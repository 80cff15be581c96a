"""Finds how much of an environment is back after an interrupted restore."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Literal

from condatui_core.actions.half_made import came_into, used_since
from condatui_core.actions.incomplete_marker import is_empty, is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.restore.plan import points_directory
from condatui_core.errors import CondatuiError
from condatui_core.fs.tree import read_tree
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.restore_points.store import read_paths_of, read_point
from condatui_core.restore_points.verify import differences, has_its_files
from condatui_core.text import sanitize

GRAVE = ("missing", "content", "kind", "target")


async def recover(plan: Plan, request: RestoreRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    """Find out whether the environment is back, still gone, or half back."""
    return await asyncio.to_thread(_inspect, request, stage, context)


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
            return f", and {used_since(came)}"
    return ""
