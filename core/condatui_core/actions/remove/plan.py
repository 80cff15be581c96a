"""What a removal will do, worked out from what was seen."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from condatui_core.actions.guards import blockers_to_change, warnings_to_change
from condatui_core.actions.half_made import used_since
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove.inspect import RemovalTarget, inspect_targets
from condatui_core.actions.remove.set_aside import how_to_put_back, is_of
from condatui_core.conda.commands import remove_all
from condatui_core.fs.tree import InodeTally
from condatui_core.records.finding import Finding, Severity, blocker, finding
from condatui_core.records.installation import can_freeze
from condatui_core.records.job import Plan, PlannedRemoval, Step
from condatui_core.records.request import RemoveRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.remedy import AcceptSize, Reload, WithoutRestorePoint
from condatui_core.restore_points.prune import Prunable, last_of_something_gone, prunable_points
from condatui_core.restore_points.store import all_points, directory_of_points
from condatui_core.text import counted, format_bytes, sanitize


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
    """Say what will be done, what one should know first, and what stands against it."""
    blockers = [found for each in targets for found in _blockers(each, request, context)]
    kept = sum(each.content.kept_bytes for each in targets) if request.restore_point else 0
    if points.free_bytes is not None and kept > points.free_bytes:
        blockers.append(_no_room(kept, points))
    return Plan(
        request=request,
        title=_title(targets),
        steps=(*(step for each in targets for step in _steps(each, request)), *_prune_steps(points)),
        prefixes=tuple(each.path for each in targets),
        bytes_needed=kept,
        bytes_freed=frees,
        packages=sum(each.content.packages for each in targets),
        facts=tuple(_facts(targets, points, request)),
        warnings=(
            *(found for each in targets for found in _warnings(each, request, context)),
            *_prune_warnings(points, context),
        ),
        blockers=tuple(blockers),
        restore_points=points.there,
        confirm=_confirm(targets, request, context),
        removal=PlannedRemoval(
            directories=tuple(each.path for each in targets if each.kind in ("environment", "remains")),
            used_since=tuple(each.path for each in targets if each.content.came),
            over_limit=tuple(each.path for each in targets if _is_over_limit(each, request, context)),
            prunes=tuple(each.point.id for each in points.pruned),
        ),
    )


def blockers_of(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> tuple[Finding, ...]:
    """What stands against removing this one."""
    return tuple(_blockers(target, request, context))


def _blockers(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    observed, name = target.observed, sanitize(target.name)
    if target.kind == "nothing":
        yield blocker("not-an-environment", f"There is nothing at {name}, and no conda knows of it.", Reload())
        return
    if target.kind == "link" and not observed.place_writable:
        yield blocker("not-writable", f"This user may not delete anything in {observed.place}.", "Ask its owner.")
    if target.kind in ("link", "missing"):
        return
    with_conda = target.kind == "environment"
    yield from blockers_to_change(
        observed, target.environment, context, with_conda=with_conda, though_frozen=request.override_frozen
    )
    if target.holds and not observed.root:
        message = f"{name} holds {target.holds[0]}."
        yield blocker("not-an-environment", message, "That is surely a mistake.", target.holds)
    if not observed.place_writable:
        yield blocker("not-writable", f"This user may not delete anything in {observed.place}.", "Ask its owner.")
    yield from _content_blockers(target, request)


def _content_blockers(target: RemovalTarget, request: RemoveRequest) -> Iterator[Finding]:
    content, name = target.content, sanitize(target.name)
    if content.environments:
        message = f"{name} holds other environments: {sanitize(content.environments[0])}."
        yield blocker("holds-environments", message, "Remove or move those first.", content.environments)
    if content.mounts:
        message = f"Another file system is mounted in {name}: {sanitize(content.mounts[0])}."
        yield blocker("holds-mount", message, "Unmount it first.", content.mounts)
    if request.restore_point and (content.unreadable or content.problem):
        lines = content.unreadable or (content.problem,)
        message = f"Something in {name} cannot be read, so that no restore point can be made: {sanitize(lines[0])}."
        yield blocker("not-readable", message, WithoutRestorePoint(), lines)


def _warnings(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    name = sanitize(target.name)
    yield from _unfinished(target)
    if target.kind == "link":
        message = f"{name} is a link: it goes, and {sanitize(target.observed.real)} stays as it is."
        yield finding("symlink", "note", message)
        return
    if target.kind == "missing":
        yield finding("missing", "note", f"{name} is not there: conda forgets it, and nothing else happens.")
        return
    yield from warnings_to_change(target.observed, target.environment, context)
    yield from _of_what_goes(target, request)
    yield from _outside(target)
    if not target.known:
        yield finding("not-an-environment", "warning", f"{name} was no environment, by all that is known of it.")
    yield from _of_the_way_back(target, request, context)


def _of_what_goes(target: RemovalTarget, request: RemoveRequest) -> Iterator[Finding]:
    """What is special about the directory that goes: links to it and in it, and that it is frozen."""
    name = sanitize(target.name)
    if aliases := target.environment.aliases if target.environment else ():
        message = f"{sanitize(aliases[0])} leads to {name}, and will lead nowhere."
        yield finding("symlink", "note", message, evidence=aliases)
    if target.observed.frozen is not None and request.override_frozen:
        yield finding("frozen", "warning", f"{name} is frozen: {sanitize(target.observed.frozen)}")
    if linked := tuple(map(sanitize, target.content.symlinked_directories)):
        message = f"{linked[0]} of {name} is behind a link: conda would delete what lies there."
        remedy = "condatui deletes the link, and what lies elsewhere stays as it is."
        yield finding("detour", "note", message, remedy, linked)


def _of_the_way_back(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    """What a restore point will not hold, or will hold beyond expectation; or why none is made."""
    content, name = target.content, sanitize(target.name)
    if target.unused:
        yield finding("half-made", "note", f"{name} was never finished: what it was made of is where it was.")
        return
    if not request.restore_point:
        yield finding("no-restore-point", "warning", f"{name} cannot be brought back: no restore point is made.")
        return
    if _is_over_limit(target, request, context):
        message = f"{name} holds {format_bytes(content.kept_bytes)} that conda could not put back."
        limit = AcceptSize(limit_bytes=context.settings.restore_point_bytes)
        yield finding("restore-point-large", "warning", message, limit)
    if content.gone:
        gone = counted(len(content.gone), f"package of {name} is", f"packages of {name} are")
        message = f"{gone} in no package cache any more: the files are kept too."
        yield finding("no-cache", "warning", message, evidence=content.gone)
    if content.lost:
        things = counted(len(content.lost), "thing cannot come back as it is", "things cannot come back as they are")
        message = f"Of {name}, {things}: {sanitize(content.lost[0])}."
        yield finding("not-kept", "warning", message, evidence=content.lost)


def _unfinished(target: RemovalTarget) -> Iterator[Finding]:
    name = sanitize(target.name)
    if target.set_aside:
        message = f"A removal of {name} did not come to its end: what it has set aside is still there."
        remedy = f"To put it back: {sanitize(how_to_put_back(target.set_aside[0]))}. To delete it, remove that path."
        yield finding("set-aside", "warning", message, remedy, map(sanitize, target.set_aside))
    if came := target.content.came:
        begun = "was never finished" if target.half_made else "is being removed"
        message = f"{name} {begun}, and {used_since(came)}."
        yield finding("used-since", "warning", message, evidence=map(sanitize, came))


def _outside(target: RemovalTarget) -> Iterator[Finding]:
    """What conda would do beside deleting, and condatui does not."""
    content, name = target.content, sanitize(target.name)
    if content.scripts:
        message = f"Packages of {name} have scripts that conda runs when it removes them: condatui does not run them."
        remedy = "Read them first: run them by hand if they undo something elsewhere."
        yield finding("unlink-scripts", "note", message, remedy, map(sanitize, content.scripts))
    if content.menus:
        message = f"Packages of {name} have made menu entries, which stay."
        remedy = "Delete these." if target.shortcuts else "Delete those that these files describe."
        lines = map(sanitize, target.shortcuts or content.menus)
        yield finding("menu", "note", message, remedy, lines)


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


def _facts(targets: Sequence[RemovalTarget], points: Points, request: RemoveRequest) -> Iterator[tuple[str, str]]:
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
    for each in targets:
        if each.kind in ("environment", "remains"):
            yield "by hand", sanitize(shlex.join(_by_hand(each, request)))


def _confirm(targets: Sequence[RemovalTarget], request: RemoveRequest, context: JobContext) -> str:
    at_risk = [each for each in targets if _is_at_risk(each, request, context)]
    if not at_risk:
        return ""
    return sanitize(at_risk[0].name) if len(targets) == 1 else f"remove {len(targets)}"


def _is_at_risk(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> bool:
    if target.kind not in ("environment", "remains") or target.covered:
        return False
    large = _is_over_limit(target, request, context)
    frozen = target.observed.frozen is not None
    unkept = not request.restore_point and not target.unused
    return unkept or large or frozen or not target.known


def _is_over_limit(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> bool:
    """Whether its restore point would be larger than the settings allow."""
    large = target.content.kept_bytes > context.settings.restore_point_bytes
    return large and request.restore_point and target.kind in ("environment", "remains")


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
    return removal_plan(targets, points, request, context, frees=freed.bytes)


def _points(targets: tuple[RemovalTarget, ...], request: RemoveRequest, context: JobContext) -> Points:
    directory = directory_of_points(context.settings, context.locations)
    going = [each for each in targets if each.kind in ("environment", "remains")]
    paths = {each.path for each in going}
    points = tuple(all_points(directory))
    there = tuple(point.id for point in points if point.prefix in paths)
    pruned = _pruned(directory, points, going, context) if going and request.restore_point else ()
    last = last_of_something_gone(directory, points, {each.point.id for each in pruned})
    return Points(str(directory), _free_bytes(directory), there, pruned, frozenset(each.id for each in last))


def _pruned(
    directory: Path, there: Sequence[RestorePoint], going: Sequence[RemovalTarget], context: JobContext
) -> tuple[Prunable, ...]:
    coming = sum(each.content.kept_bytes for each in going)
    spare = {point.id for each in going for point in there if is_of(each.path, point.prefix)}
    return prunable_points(directory, there, context.settings, context.clock(), spare=spare, coming=coming)


def _free_bytes(directory: Path) -> int | None:
    place = next((each for each in (directory, *directory.parents) if each.is_dir()), None)
    try:
        return shutil.disk_usage(place).free if place else None
    except OSError:
        return None
