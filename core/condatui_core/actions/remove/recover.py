"""What is left on the disk of a removal that did not come to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove.earlier_points import PointComparison, compare_prefix
from condatui_core.actions.remove.kernels import left_of
from condatui_core.actions.set_aside import how_to_put_back, is_of, origin_of, set_aside_of
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.job import Plan, Recovery
from condatui_core.records.request import KernelsRequest, RemoveRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import all_points, directory_of_points
from condatui_core.text import counted, sanitize

_There = Literal["gone", "whole", "half"]
_BEFORE = ("", "look", "keep")
"""Stages in which nothing is removed yet."""


def inspect_removal(plan: Plan, request: RemoveRequest, stage: str, context: JobContext) -> Recovery:
    """Say what is there of each environment; changes nothing."""
    directory = directory_of_points(context.settings, context.locations)
    seen = _Seen()
    if stage in ("leftovers", "kernels") and len(request.prefixes) > 1:
        stage = "remove"  # the environment that it had reached is unknown: the files that conda states decide
    made = [each for each in all_points(directory) if each.id not in plan.restore_points]
    for prefix in request.prefixes:
        point = next((each for each in made if request.restore_point and is_of(prefix, each.prefix)), None)
        set_aside = set_aside_of(prefix)
        for path in (prefix, *set_aside):
            if point:
                seen.points[path] = point
                seen.compared[path] = compare_prefix(path, point, directory)
        seen.aside += [
            _Aside(path, whole=_condition(path, seen.compared.get(path), "remove") == "whole") for path in set_aside
        ]
        if os.path.lexists(prefix) or not set_aside:
            seen.there[_condition(prefix, seen.compared.get(prefix), stage)].append(prefix)
    if request.with_kernels and plan.removal:
        seen.kernels = left_of(plan.removal.kernels)
    return _recovery(seen, request, stage)


@dataclass(frozen=True, slots=True)
class _Aside:
    """What a job had set aside when it ended."""

    path: str
    whole: bool
    """Whether nothing of it was deleted yet."""

    def __str__(self) -> str:
        name, path = _names([origin_of(self.path)]), sanitize(self.path)
        if not self.whole:
            return f"{name} is removed in part: what is left is set aside in {path}."
        when = ", once its path is free" if os.path.lexists(origin_of(self.path)) else ""
        return f"{name} is whole, set aside in {path}; to put it back{when}: {sanitize(how_to_put_back(self.path))}."


@dataclass(slots=True)
class _Seen:
    """What is there of the environments of a job."""

    there: dict[_There, list[str]] = field(default_factory=lambda: {"gone": [], "whole": [], "half": []})
    aside: list[_Aside] = field(default_factory=list)
    points: dict[str, RestorePoint] = field(default_factory=dict)
    compared: dict[str, PointComparison] = field(default_factory=dict)
    """By path, as the points."""
    kernels: tuple[str, ...] = ()
    """The directories of Jupyter kernels that were to go along with what is gone, and are there."""


def _recovery(seen: _Seen, request: RemoveRequest, stage: str) -> Recovery:
    there = seen.there
    if seen.aside:
        return _set_aside(seen)
    if there["gone"] and stage in _BEFORE and len(request.prefixes) == 1:
        message = f"{_names(there['gone'])} is not there, and this job had not begun to remove it."
        return Recovery(state="untouched", message=message)
    if not there["half"] and not there["gone"]:
        return Recovery(state="untouched", message=f"Nothing was removed: {_as_before(there['whole'])}")
    if not there["half"] and not there["whole"] and seen.kernels:
        return _kernels_left(seen)
    if not there["half"] and not there["whole"]:
        return Recovery(
            state="done", message=_told(there["gone"], "is gone, as it should be.", "are gone, as they should be.")
        )
    return _half(seen, request)


def _kernels_left(seen: _Seen) -> Recovery:
    count = counted(len(seen.kernels), "Jupyter kernel that started it is", "Jupyter kernels that started it are")
    return Recovery(
        state="half",
        message=f"{_told(seen.there['gone'], 'is gone', 'are gone')}; {count} still there.",
        way_out=KernelsRequest(paths=seen.kernels),
        way_out_title=f"Delete {counted(len(seen.kernels), 'Jupyter kernel')}",
    )


def _set_aside(seen: _Seen) -> Recovery:
    """The way out deletes what was set aside, and nothing that is at a path now; putting back is left to the user."""
    paths = tuple(each.path for each in seen.aside)
    return Recovery(
        state="half",
        message=" ".join((*map(str, seen.aside), *_parts(seen, paths))),
        way_out=RemoveRequest(prefixes=paths),
        way_out_title=f"Finish the removal of {_names([origin_of(each) for each in paths])}",
    )


def _half(seen: _Seen, request: RemoveRequest) -> Recovery:
    half = seen.there["half"]
    rest = half or seen.there["whole"]
    way_out = RemoveRequest(prefixes=tuple(rest), with_kernels=request.with_kernels)
    return Recovery(
        state="half",
        message=" ".join(_parts(seen, half)),
        way_out=way_out,
        way_out_title=f"Remove the rest: {_names(rest)}",
    )


def _parts(seen: _Seen, begun: Iterable[str]) -> Iterator[str]:
    """What is there of each, the restore points of those that were `begun` among it."""
    there = seen.there
    if there["half"]:
        yield _told(there["half"], "is removed in part.", "are removed in part.")
    for each in begun:
        if each in seen.points and seen.compared[each].damaged:
            yield f"Restore point {seen.points[each].id} of {_names([origin_of(each)])} is damaged."
        elif each in seen.points:
            yield f"Restore point {seen.points[each].id} has {_names([origin_of(each)])} whole."
    if there["gone"]:
        yield _told(there["gone"], "is gone.", "are gone.")
    if there["whole"]:
        yield _as_before(there["whole"])


def _condition(prefix: str, compared: PointComparison | None, stage: str) -> _There:
    if not os.path.lexists(prefix):
        return "gone"
    if os.path.islink(prefix):
        return "whole"
    if compared and compared.is_known:
        return "whole" if compared.is_whole else "half"
    if stage in _BEFORE:
        return "whole"
    return "whole" if stage == "remove" and read_records(prefix).has_all_files else "half"


def _as_before(prefixes: Sequence[str]) -> str:
    return _told(prefixes, "is as it was.", "are as they were.")


def _told(prefixes: Sequence[str], of_one: str, of_more: str) -> str:
    return f"{_names(prefixes)} {of_one if len(prefixes) == 1 else of_more}"


def _names(prefixes: Sequence[str]) -> str:
    shown = [sanitize(os.path.basename(each) or each) for each in prefixes[:3]]
    more = f" and {len(prefixes) - 3} more" if len(prefixes) > 3 else ""
    return ", ".join(shown) + more


async def recover(plan: Plan, request: RemoveRequest, stage: str, context: JobContext) -> Recovery:
    """Look which of them are gone, untouched, or half gone."""
    return await asyncio.to_thread(inspect_removal, plan, request, stage, context)
