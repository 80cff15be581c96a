"""Plans the cleaning of package caches."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import aclosing, suppress

from condatui_core.actions.clean.items import Cache, freed_by, items_of, only
from condatui_core.actions.guards import conda_busy, observe_prefix
from condatui_core.actions.protocol import JobContext
from condatui_core.conda.commands import clean
from condatui_core.conda.roots import package_caches
from condatui_core.disk.measure import Measurement
from condatui_core.disk.usage import Disk
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan, PlannedCleaning, Step
from condatui_core.records.request import Cleanable, CleanRequest
from condatui_core.restore_points.store import directory_of_points, newer_points, point_ids, read_point
from condatui_core.text import counted, format_bytes, sanitize

_OPTIONS: dict[Cleanable, str] = {
    "tarballs": "tarballs",
    "packages": "packages",
    "index": "index-cache",
    "logs": "logfiles",
}
WORDS: dict[Cleanable, tuple[str, str]] = {
    "tarballs": ("archive", "archives"),
    "packages": ("package that no environment uses", "packages that no environment uses"),
    "index": ("channel index", "channel indexes"),
    "logs": ("log", "logs"),
}
"""The words for one item of each kind, and for several."""


def cleaning_plan(
    caches: Sequence[Cache],
    request: CleanRequest,
    *,
    executable: str,
    needed: Sequence[str],
    unread: Sequence[str],
    blockers: Sequence[Finding],
    newer: Sequence[str] = (),
) -> Plan:
    """Plan what is deleted and what is spared.

    `needed` are packages of restore points that no cache would have afterwards, as `name-version-build`; `unread` are
    environments that could not be read; `newer` are restore points of a newer condatui, whose needs are unknown.
    """
    items = [item for cache in caches for item in cache.items]
    return Plan(
        request=request,
        title=f"Clean {_cache_names(request.pkgs_dirs)}",
        steps=tuple(_steps(caches, request, executable)),
        bytes_freed=freed_by(items),
        bytes_needed=0,
        packages=sum(item.what == "packages" for item in items),
        facts=tuple(_facts(caches, request)),
        warnings=tuple(_warnings(caches, needed, unread, newer)),
        blockers=tuple(blockers),
        cleaning=PlannedCleaning(paths=tuple(item.path for item in items), needed=tuple(needed)),
    )


def _steps(caches: Sequence[Cache], request: CleanRequest, executable: str) -> Iterator[Step]:
    """The steps, with the command of conda where that deletes the same: it spares no copies and no symlinks."""
    for what in request.what:
        count = sum(item.what == what for cache in caches for item in cache.items)
        if not count:
            continue
        spares = what == "packages" and any(cache.copied or cache.soft_linked for cache in caches)
        argv = clean(executable, (_OPTIONS[what],)) if executable and not spares else ()
        yield Step(title=f"Delete {_counted(count, what)}", argv=argv)


def _facts(caches: Sequence[Cache], request: CleanRequest) -> Iterator[tuple[str, str]]:
    for cache in caches:
        for what in request.what:
            chosen = [item for item in cache.items if item.what == what]
            text = f"{_counted(len(chosen), what)}, {format_bytes(freed_by(chosen))}"
            yield sanitize(cache.path) if len(caches) > 1 else what, text
    copied = [unit for cache in caches for unit in cache.copied]
    if copied and "packages" in request.what:
        size = format_bytes(sum(unit.bytes for unit in copied))
        yield "spared", f"{counted(len(copied), 'package')} of which environments hold copies, {size}"


def _warnings(
    caches: Sequence[Cache], needed: Sequence[str], unread: Sequence[str], newer: Sequence[str]
) -> Iterator[Finding]:
    linked = [unit for cache in caches for unit in cache.soft_linked]
    if linked:
        stay = counted(
            len(linked), "package stays, for symlinks lead into it", "packages stay, for symlinks lead into them"
        )
        message = f"{stay}; `conda clean` would break those."
        lines = (f"{unit.name}: {', '.join(unit.soft_linked_by)}" for unit in linked)
        yield finding("soft-links", "note", message, evidence=lines)
    if needed:
        count = counted(len(needed), "package is", "packages are")
        they = "it" if len(needed) == 1 else "they"
        message = f"{count} needed to bring back removed environments: {they} would be downloaded."
        remedy = "Bring those back first, if they are to come back at all."
        yield finding("restore-points", "warning", message, remedy, needed)
    if newer:
        count = counted(len(newer), "restore point is", "restore points are")
        message = f"{count} a newer condatui's: which packages are needed for that is not known."
        yield finding("newer-restore-points", "warning", message, "Clean with the newer condatui.", newer)
    if unread:
        message = f"{sanitize(unread[0])} cannot be read: it may need packages that seem unused."
        yield finding("unreadable", "warning", message, evidence=unread)


def _counted(count: int, what: Cleanable) -> str:
    return counted(count, *WORDS[what])


def _cache_names(pkgs_dirs: Sequence[str]) -> str:
    return sanitize(pkgs_dirs[0]) if len(pkgs_dirs) == 1 else counted(len(pkgs_dirs), "package cache")


async def plan(request: CleanRequest, context: JobContext) -> Plan:
    """Walk the disk, and find out what can be deleted and what that frees, to the byte."""
    blockers = await blockers_to_clean(request, context)
    caches = await caches_to_clean(request, context)
    return cleaning_plan(
        caches,
        request,
        executable=next((each.executable for each in context.inventory.installations if not each.error), ""),
        needed=tuple(await asyncio.to_thread(needed_by_points, caches, context)),
        unread=_unread(context.inventory),
        newer=await asyncio.to_thread(newer_points, directory_of_points(context.settings, context.locations)),
        blockers=blockers,
    )


async def caches_to_clean(request: CleanRequest, context: JobContext) -> tuple[Cache, ...]:
    """Walk the disk, and find what can be deleted from the caches. Raises CondatuiError if the walk fails."""
    disk = Disk(context.locations, environ=context.caller.environ, clock=context.clock)
    measured = Measurement(places=(), sizes={})
    async with aclosing(disk.measure(context.inventory)) as measurements:
        async for measurement in measurements:
            measured = measurement
    return await asyncio.to_thread(_items_by_cache, measured, request, context)


def _items_by_cache(measured: Measurement, request: CleanRequest, context: JobContext) -> tuple[Cache, ...]:
    wanted = {os.path.realpath(each) for each in request.pkgs_dirs}
    uses = measured.cache_uses(context.inventory.environments)
    return tuple(items_of(each, request.what) for each in uses if each.path in wanted)


async def blockers_to_clean(request: CleanRequest, context: JobContext) -> tuple[Finding, ...]:
    """What stands against cleaning these caches now."""
    known = await asyncio.to_thread(_known_caches, context)
    found: list[Finding] = []
    for pkgs_dir in request.pkgs_dirs:
        observed = await observe_prefix(pkgs_dir, context, installation=known.get(pkgs_dir))
        found += conda_busy(observed)
        if observed.real not in known or not observed.directory:
            found.append(blocker("not-a-cache", f"{sanitize(pkgs_dir)} is no package cache of a conda."))
        elif not observed.writable:
            found.append(blocker("not-writable", f"This user may not delete anything in {sanitize(pkgs_dir)}."))
    return tuple(found)


def _known_caches(context: JobContext) -> dict[str, Installation]:
    """The package caches of all installations, by their real paths, each with the first one that uses it."""
    known: dict[str, Installation] = {}
    for each in context.inventory.installations:
        facts = context.conda_facts.get(each.root_prefix)
        for path in package_caches(each.root_prefix, facts.pkgs_dirs if facts else ()):
            known.setdefault(path, each)
    return known


def needed_by_points(caches: Sequence[Cache], context: JobContext) -> dict[str, frozenset[str]]:
    """The packages of restore points that no cache would have afterwards, neither extracted nor as an archive; blocks.

    By `name-version-build`, the paths that go and hold it.
    """
    going = {item.path for cache in caches for item in cache.items}
    known = tuple(_known_caches(context))
    directory = directory_of_points(context.settings, context.locations)
    needed: dict[str, frozenset[str]] = {}
    for point_id in point_ids(directory):
        with suppress(CondatuiError):
            for each in read_point(directory, point_id).needed:
                names = (each.dist_name, *([each.file_name] if each.file_name else ()))
                there = {os.path.join(pkgs_dir, name) for pkgs_dir in known for name in names}
                if there & going and not any(map(os.path.lexists, there - going)):
                    needed[each.dist_name] = frozenset(there & going)
    return needed


def planned_of(plan: Plan, caches: Sequence[Cache]) -> tuple[Cache, ...]:
    """The caches with only what the plan has named."""
    named = frozenset(plan.cleaning.paths) if plan.cleaning else frozenset()
    return only(caches, named.__contains__)


def _unread(inventory: Inventory) -> tuple[str, ...]:
    return tuple(each.prefix for each in inventory.environments if each.state in ("unreadable", "broken"))
