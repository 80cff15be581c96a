"""What a removal will do, worked out from what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from condatui_core.actions.by_hand import BY_HAND
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove.findings import blockers_of, is_kept, is_over_limit, warnings_of
from condatui_core.actions.remove.inspect import RemovalTarget, inspect_targets
from condatui_core.actions.set_aside import is_of
from condatui_core.conda.commands import remove_all
from condatui_core.fs.tree import InodeTally
from condatui_core.records.finding import Finding, Severity, blocker, finding
from condatui_core.records.installation import can_freeze
from condatui_core.records.job import Plan, PlannedRemoval, Step
from condatui_core.records.request import RemoveRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.remedy import WithoutRestorePoint
from condatui_core.restore_points.prune import Prunable, last_of_something_gone, prunable_points
from condatui_core.restore_points.store import all_points, directory_of_points, free_bytes
from condatui_core.text import counted, format_bytes, sanitize, shell_words


@dataclass(frozen=True, slots=True)
class Points:
    """Where restore points go, and how much there is room for."""

    directory: str
    free_bytes: int | None
    there: tuple[str, ...] = ()
    """The ids of those that the prefixes have already."""
    pruned: tuple[Prunable, ...] = ()
    """Those that go afterwards, because the settings no longer allow them."""
    last: frozenset[str] = frozenset()
    """The ids of those of them that are the last of something that is gone."""


def removal_plan(
    targets: Sequence[RemovalTarget], points: Points, request: RemoveRequest, context: JobContext, *, frees: int
) -> Plan:
    """Say what will be done, what one should know first, and what stands against it; blocks."""
    blockers = [found for each in targets for found in blockers_of(each, request, context)]
    directories = [each for each in targets if each.kind in ("environment", "remains")]
    kept = sum(each.content.kept_bytes for each in targets) if request.restore_point else 0
    if points.free_bytes is not None and kept > points.free_bytes:
        blockers.append(_no_room(kept, points))
    return Plan(
        request=request,
        title=_title(targets),
        steps=(*(step for each in targets for step in _steps(each, request)), *_prune_steps(points)),
        prefixes=tuple(each.path for each in targets),
        bytes_needed=kept,
        kept_bytes=kept,
        bytes_freed=frees,
        packages=sum(each.content.packages for each in targets),
        facts=tuple(_facts(targets, points, request, context.locations.kernels)),
        warnings=(
            *(found for each in targets for found in warnings_of(each, request, context)),
            *_prune_warnings(points, context),
        ),
        blockers=tuple(blockers),
        restore_points=points.there,
        confirm=_confirm(targets, request, context),
        removal=PlannedRemoval(
            directories=tuple(each.path for each in directories),
            identities=tuple(each.observed.identity for each in directories),
            used_since=tuple(each.path for each in targets if each.content.came),
            over_limit=tuple(each.path for each in targets if is_over_limit(each, request, context)),
            prunes=tuple(each.point.id for each in points.pruned),
            kernels=tuple(kernel for each in targets for kernel in each.kernels),
        ),
    )


def _steps(target: RemovalTarget, request: RemoveRequest) -> Iterator[Step]:
    name = sanitize(target.name)
    if target.kind == "link":
        yield Step(title=f"Delete the link {name}", argv=("rm", "--", target.path))
        return
    if target.kind in ("environment", "remains") and request.restore_point and not target.point and not target.unused:
        yield Step(title=f"Make a restore point of {name}")
    if target.kind in ("environment", "remains"):
        yield Step(title=f"Set {name} aside, under a hidden name in the same directory")
        if request.restore_point:
            yield Step(title="Keep what has changed in it since")
        yield Step(title="Delete what was set aside")
    if request.with_kernels:
        for each in target.kernels:
            if not each.stays:
                yield Step(title=f"Keep a copy of the Jupyter kernel {sanitize(each.name)} and delete it")
    yield Step(title=f"Take {name} out of environments.txt")


def _prune_steps(points: Points) -> Iterator[Step]:
    for each in points.pruned:
        yield Step(title=f"Delete restore point {each.point.id}: {format_bytes(each.bytes)}")


def _prune_warnings(points: Points, context: JobContext) -> Iterator[Finding]:
    days, limit = context.settings.restore_days, format_bytes(context.settings.restore_bytes)
    for each in points.pruned:
        why = (
            f"older than {counted(days, 'day')} (`restore_days`)"
            if each.too_old
            else f"beyond {limit} (`restore_bytes`)"
        )
        last = f" Nothing else can bring back {sanitize(each.point.name)}." if each.point.id in points.last else ""
        severity: Severity = "warning" if last else "note"
        message = f"Restore point {each.point.id} goes as well, {format_bytes(each.bytes)}: {why}.{last}"
        yield finding("prunes", severity, message)


def _by_hand(target: RemovalTarget, request: RemoveRequest) -> tuple[str, ...]:
    """What a user would run without condatui: conda, unless it would delete something else or nothing."""
    if target.kind != "environment" or target.installation is None:
        return ("rm", "-r", "--", target.path)
    override = request.override_frozen and can_freeze(target.installation)
    return remove_all(target.installation.executable, target.path, override_frozen=override)


def _facts(
    targets: Sequence[RemovalTarget], points: Points, request: RemoveRequest, kernels: Path
) -> Iterator[tuple[str, str]]:
    files = sum(each.content.kept_files for each in targets)
    if request.restore_point and any(each.kind in ("environment", "remains") and not each.unused for each in targets):
        kept = sum(each.content.kept_bytes for each in targets)
        yield (
            "restore point",
            f"{counted(files, 'file')} that conda could not put back, {format_bytes(kept)} before compression",
        )
        yield "kept in", sanitize(points.directory)
    for each in targets:
        if each.point:
            yield "kept already", f"{sanitize(each.name)} was removed in part: restore point {each.point} has it whole"
    if request.with_kernels and any(not kernel.stays for each in targets for kernel in each.kernels):
        yield "kernels kept in", sanitize(str(kernels))
    for each in targets:
        if each.kind in ("environment", "remains"):
            yield BY_HAND, shell_words(_by_hand(each, request))


def _confirm(targets: Sequence[RemovalTarget], request: RemoveRequest, context: JobContext) -> str:
    at_risk = [each for each in targets if _is_at_risk(each, request, context)]
    if not at_risk:
        return ""
    return sanitize(at_risk[0].name) if len(targets) == 1 else f"remove {len(targets)}"


def _is_at_risk(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> bool:
    if target.kind not in ("environment", "remains") or target.covered:
        return False
    large = is_over_limit(target, request, context)
    protected = target.observed.frozen is not None or is_kept(target, context)
    lost = not request.restore_point and not target.unused
    return lost or large or protected or not target.known


def _title(targets: Sequence[RemovalTarget]) -> str:
    if len(targets) == 1:
        return f"Remove {sanitize(targets[0].name)}"
    return f"Remove {counted(len(targets), 'environment')}"


def _no_room(kept: int, points: Points) -> Finding:
    message = f"The restore points need {format_bytes(kept)}, {format_bytes(points.free_bytes or 0)} are free."
    return blocker("no-space", message, WithoutRestorePoint(elsewhere=True), (points.directory,))


async def plan(request: RemoveRequest, context: JobContext) -> Plan:
    """Find out what would go, what it frees, and what would have to be kept."""
    freed = InodeTally()
    targets = await inspect_targets(request.prefixes, context, freed=freed)
    points = await asyncio.to_thread(_points, targets, request, context)
    return await asyncio.to_thread(partial(removal_plan, targets, points, request, context, frees=freed.bytes))


def _points(targets: tuple[RemovalTarget, ...], request: RemoveRequest, context: JobContext) -> Points:
    directory = directory_of_points(context.settings, context.locations)
    going = [each for each in targets if each.kind in ("environment", "remains")]
    paths = {each.path for each in going}
    points = tuple(all_points(directory))
    there = tuple(point.id for point in points if point.prefix in paths)
    pruned = _pruned(directory, points, going, context) if going and request.restore_point else ()
    last = last_of_something_gone(directory, points, {each.point.id for each in pruned})
    free = free_bytes(directory)
    room = None if free is None else max(free + context.freed_before, 0)
    return Points(str(directory), room, there, pruned, frozenset(each.id for each in last))


def _pruned(
    directory: Path, there: Sequence[RestorePoint], going: Sequence[RemovalTarget], context: JobContext
) -> tuple[Prunable, ...]:
    coming = sum(each.content.kept_bytes for each in going)
    spare = {point.id for each in going for point in there if is_of(each.path, point.prefix)}
    return prunable_points(directory, there, context.settings, context.clock(), spare=spare, coming=coming)
