"""Finds what an interrupted deletion of leftovers has left of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Literal

from condatui_core.actions.checkpoint import point_made
from condatui_core.actions.leftovers.facts import BEFORE_DELETING
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import CondatuiError
from condatui_core.fs.tree import read_tree
from condatui_core.records.job import Plan, PlannedLeftovers, Recovery
from condatui_core.records.request import LeftoversRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import directory_of_points, read_paths_of
from condatui_core.text import sanitize

_State = Literal["there", "gone", "half"]


async def recover(plan: Plan, request: LeftoversRequest, stage: str, context: JobContext) -> Recovery:
    """Find out which leftovers are gone, untouched, or gone in part."""
    return await asyncio.to_thread(_inspect, plan, request, stage, context)


def _inspect(plan: Plan, request: LeftoversRequest, stage: str, context: JobContext) -> Recovery:  # noqa: ARG001
    directory = directory_of_points(context.settings, context.locations)
    states: dict[str, _State] = {}
    saved: list[str] = []
    for planned in plan.leftovers:
        point = point_made(planned.prefix, BEFORE_DELETING, plan, context)
        states[planned.prefix] = _state(planned, point, directory)
        if point:
            saved.append(f"Restore point {point.id} has {_name(planned.prefix)} as it was.")
    return _recovery(states, saved)


def _recovery(states: dict[str, _State], saved: list[str]) -> Recovery:
    if set(states.values()) <= {"there"}:
        return Recovery(state="untouched", message=f"Nothing was deleted: {_names(states, 'there')} as it was.")
    if set(states.values()) == {"gone"}:
        return Recovery(state="done", message=" ".join((f"The leftovers in {_names(states, 'gone')} gone.", *saved)))
    rest = tuple(prefix for prefix, state in states.items() if state != "gone")
    message = f"The leftovers in {', '.join(map(_name, rest))} are not all gone."
    return Recovery(
        state="half",
        message=" ".join((message, *saved)),
        way_out=LeftoversRequest(prefixes=rest),
        way_out_title="Delete the rest of the leftovers",
    )


def _state(planned: PlannedLeftovers, point: RestorePoint | None, directory: Path) -> _State:
    """How much of them is there, by the paths that the restore point has."""
    if point is None:
        return "there"
    if not any(os.path.lexists(os.path.join(planned.prefix, each)) for each in planned.paths):
        return "gone"
    try:
        there = {each.path for each in read_tree(planned.prefix).entries}
        kept = {each.path for each in read_paths_of(directory, point)}
    except (OSError, CondatuiError):
        return "half"
    return "there" if kept <= there else "half"


def _names(states: dict[str, _State], state: _State) -> str:
    found = [_name(prefix) for prefix, each in states.items() if each == state]
    return f"{', '.join(found)} {'is' if len(found) == 1 else 'are'}"


def _name(prefix: str) -> str:
    return sanitize(os.path.basename(prefix))
