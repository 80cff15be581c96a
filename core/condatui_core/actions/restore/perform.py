"""Brings an environment back: conda links its packages, condatui unpacks the rest and compares all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from condatui_core.actions.guards import refuse
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.restore.kernels import put_back_kernels, with_kernels
from condatui_core.actions.restore.over import Replacing, put_back
from condatui_core.actions.restore.plan import Restorable, blockers_of, check_plan, read_restorable
from condatui_core.actions.restore.rebuild import Rebuilding, checked_paths
from condatui_core.actions.restore.recover import GRAVE
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.verify import Differing
from condatui_core.text import counted, format_bytes, sanitize

_MOST_LINES = 20


async def perform(plan: Plan, request: RestoreRequest, context: JobContext, work: Work) -> Outcome:
    """Bring the environment back and compare every path; differences are among the findings.

    An environment that is there is kept in a restore point and set aside first, and deleted last.
    """
    await work.stage("look", "Looking at what is there")
    found = await read_restorable(request, context)
    refuse(await work.in_thread(partial(blockers_of, found, context)))
    check_plan(plan, found)
    if found.put_back:
        return await put_back(found, context, work)
    paths = await work.in_thread(partial(checked_paths, found, context))
    rebuilding = Rebuilding(found, paths, context, work)
    if found.present is None:
        outcome = _outcome(found, *await rebuilding.carry_out())
        return with_kernels(outcome, await work.in_thread(partial(put_back_kernels, found.kernels)))
    limited = not (plan.restoration and plan.restoration.over_limit)
    replaced = await Replacing(rebuilding, found.present, limited=limited).carry_out()
    return replaced.added_to(_outcome(found, replaced.differing, replaced.used))


def _outcome(found: Restorable, differing: Sequence[Differing], used: int) -> Outcome:
    point = found.point
    exactly = (
        "exactly as it was"
        if not differing
        else f"but {counted(len(differing), 'path is not as it was', 'paths are not as they were')}"
    )
    packages = counted(point.all_packages, "package")
    return Outcome(
        message=f"{sanitize(point.name)} is back: {packages}, {exactly}, {format_bytes(used)}.",
        findings=tuple(_findings(point, differing)),
        bytes_used=used,
        says_bytes=True,
        files=(found.target,),
    )


_WORDS = {
    "missing": ("path is missing", "paths are missing"),
    "extra": ("path was not there before", "paths were not there before"),
    "kind": ("path is something else", "paths are something else"),
    "target": ("path leads elsewhere", "paths lead elsewhere"),
    "content": ("path has another content", "paths have another content"),
    "mode": ("path has other permissions", "paths have other permissions"),
    "links": ("path is a hard link to others than before", "paths are hard links to others than before"),
    "attributes": ("path has other extended attributes", "paths have other extended attributes"),
    "owner": ("path belongs to another user", "paths belong to another user"),
    "time": ("path has another time", "paths have another time"),
}
"""The words for one path and for several."""


def _findings(point: RestorePoint, differing: Sequence[Differing]) -> Iterator[Finding]:
    for what, count in Counter(each.what for each in differing).items():
        lines = [each.path for each in differing if each.what == what]
        yield finding(
            f"restored-{what}",
            "error" if what in GRAVE else "warning",
            f"{counted(count, *_WORDS[what])}: {_path_words(lines[0])}.",
            evidence=map(sanitize, lines[:_MOST_LINES]),
        )
    if point.lost:
        message = f"{counted(len(point.lost), 'thing')} could not be kept."
        yield finding("not-kept", "warning", message, evidence=point.lost)


def _path_words(path: str) -> str:
    return "the directory of the environment" if path == "." else sanitize(path)
