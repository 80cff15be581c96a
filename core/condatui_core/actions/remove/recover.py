"""Finds what an interrupted removal has left on the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Literal

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove.earlier_points import Comparison, compare_prefix
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import RemoveRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import all_points, directory_of_points
from condatui_core.text import sanitize

_There = Literal["gone", "whole", "half"]
_BEFORE = ("", "look", "keep")
"""The stages before anything is removed."""


def inspect_removal(plan: Plan, request: RemoveRequest, stage: str, context: JobContext) -> Recovery:
    """Find out how much is left of each environment; changes nothing."""
    directory = directory_of_points(context.settings, context.locations)
    there: dict[_There, list[str]] = {"gone": [], "whole": [], "half": []}
    points: dict[str, RestorePoint] = {}
    compared: dict[str, Comparison] = {}
    if stage == "leftovers" and len(request.prefixes) > 1:
        stage = "remove"  # the environment that it had reached is unknown: conda's records decide
    made = {each.prefix: each for each in all_points(directory) if each.id not in plan.restore_points}
    for prefix in request.prefixes:
        point = made.get(prefix) if request.restore_point else None
        if point:
            points[prefix] = point
            compared[prefix] = compare_prefix(prefix, point, directory)
        there[_condition(prefix, compared.get(prefix), stage)].append(prefix)
    if there["gone"] and stage in _BEFORE and len(request.prefixes) == 1:
        message = f"{_names(there['gone'])} is not there, and this job had not begun to remove it."
        return Recovery(state="untouched", message=message)
    if not there["half"] and not there["gone"]:
        return Recovery(state="untouched", message=f"Nothing was removed: {_names(there['whole'])} is as it was.")
    if not there["half"] and not there["whole"]:
        return Recovery(state="done", message=f"{_names(there['gone'])} is gone, as it should be.")
    saved = all(each in compared and compared[each].is_covered for each in there["half"])
    return _half(there, points, saved=saved)


def _half(there: dict[_There, list[str]], points: dict[str, RestorePoint], *, saved: bool) -> Recovery:
    half = there["half"]
    parts = [f"{_names(half)} is removed in part."] if half else []
    parts += [f"Restore point {points[each].id} has {_names([each])} whole." for each in half if each in points]
    parts += [f"{_names(there['gone'])} is gone."] if there["gone"] else []
    parts += [f"{_names(there['whole'])} is as it was."] if there["whole"] else []
    rest = half or there["whole"]
    way_out = RemoveRequest(prefixes=tuple(rest), restore_point=not (half and saved))
    return Recovery(
        state="half",
        message=" ".join(parts),
        way_out=way_out,
        way_out_title=f"Remove the rest: {_names(rest)}",
    )


def _condition(prefix: str, compared: Comparison | None, stage: str) -> _There:
    if not os.path.lexists(prefix):
        return "gone"
    if os.path.islink(prefix):
        return "whole"
    if compared:
        return "whole" if compared.is_whole else "half"
    if stage in _BEFORE:
        return "whole"
    return "whole" if stage == "remove" and read_records(prefix).has_all_files else "half"


def _names(prefixes: Sequence[str]) -> str:
    shown = [sanitize(os.path.basename(each) or each) for each in prefixes[:3]]
    more = f" and {len(prefixes) - 3} more" if len(prefixes) > 3 else ""
    return ", ".join(shown) + more


async def recover(plan: Plan, request: RemoveRequest, stage: str, context: JobContext) -> Recovery:
    """Find out which of the environments are gone, untouched, or half gone."""
    return await asyncio.to_thread(inspect_removal, plan, request, stage, context)
