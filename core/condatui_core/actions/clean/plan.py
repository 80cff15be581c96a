"""Plans the cleaning of package caches."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.clean.installers import blockers_to_empty, chosen_installer_caches, soft_link_blockers
from condatui_core.actions.clean.items import Cache, Item, freed_by, is_trash, items_of, only
from condatui_core.actions.clean.needs import (
    RemovedBefore,
    known_caches,
    look_at_removed,
    needs_of_points,
    with_merged,
)
from condatui_core.actions.guards import conda_busy, observe_prefix
from condatui_core.actions.protocol import JobContext
from condatui_core.conda.commands import clean
from condatui_core.disk.measure import Measurement
from condatui_core.disk.tool_caches import INSTALLERS, holds_built_wheels, links_softly
from condatui_core.disk.usage import Disk
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan, PlannedCleaning, Step
from condatui_core.records.request import ARCHIVES, Cleanable, CleanRequest
from condatui_core.restore_points.store import directory_of_points, newer_points
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
    "pip": ("part of pip's cache", "parts of pip's cache"),
    "uv": ("part of uv's cache", "parts of uv's cache"),
}
"""The words for one item of each kind, and for several."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a request would delete at one moment, and what that means for restore points."""

    caches: tuple[Cache, ...]
    removed: RemovedBefore
    needed: tuple[str, ...] = ()
    """Packages of restore points that would have to be downloaded, as `name-version-build`."""
    spared: tuple[str, ...] = ()
    """Packages of restore points that stay, because nothing else has them."""
    built: tuple[Item, ...] = ()
    """Directories with wheels that pip and uv have built."""
    links_softly: bool = False
    """Whether uv is told to make symlinks into its cache."""

    @property
    def freed(self) -> int:
        """The bytes that `df` gains."""
        return freed_by((item for cache in self.caches for item in cache.items), self.removed.links)


def cleaning_plan(
    found: Found,
    request: CleanRequest,
    *,
    executable: str,
    unread: Sequence[str],
    blockers: Sequence[Finding],
    newer: Sequence[str] = (),
) -> Plan:
    """Plan what is deleted and what is spared.

    `unread` are environments that could not be read; `newer` are restore points of a newer condatui, whose needs are
    unknown.
    """
    items = [item for cache in found.caches for item in cache.items]
    return Plan(
        request=request,
        title=f"Clean {_cache_names(request.pkgs_dirs)}",
        steps=tuple(_steps(found, request, executable)),
        bytes_freed=found.freed,
        bytes_needed=0,
        packages=sum(item.what == "packages" for item in items),
        facts=tuple(_facts(found, request)),
        warnings=(*_bringing_back(found, request), *_warnings(found, unread, newer)),
        blockers=(*blockers, *soft_link_blockers(found.caches)),
        cleaning=PlannedCleaning(paths=tuple(item.path for item in items), needed=found.needed),
    )


def _steps(found: Found, request: CleanRequest, executable: str) -> Iterator[Step]:
    """The steps, with the command of the tool where that deletes the same: conda spares no copies and no symlinks."""
    for what in request.what:
        counts = {cache: sum(item.what == what for item in cache.items) for cache in found.caches}
        if what in INSTALLERS:
            for cache in filter(counts.__getitem__, counts):
                yield Step(title=f"Delete {_counted(counts[cache], what)}", argv=_emptying(cache))
        elif count := sum(counts.values()):
            spares = what == "packages" and any(cache.copied or cache.soft_linked for cache in found.caches)
            by_hand = executable and not spares and not found.spared and not request.removed_before
            argv = clean(executable, (_OPTIONS[what],)) if by_hand else ()
            yield Step(title=f"Delete {_counted(count, what)}", argv=argv)


def _emptying(cache: Cache) -> tuple[str, ...]:
    """The command with which a user empties a cache of pip or uv by hand."""
    verb = "purge" if cache.tool == "pip" else "clean"
    return (cache.tool, "cache", verb, "--cache-dir", cache.path)


def _facts(found: Found, request: CleanRequest) -> Iterator[tuple[str, str]]:
    caches, links = found.caches, found.removed.links
    for cache in caches:
        for what in request.what:
            chosen = [item for item in cache.items if item.what == what]
            if what == cache.tool or not (cache.tool or what in INSTALLERS):
                text = f"{_counted(len(chosen), what)}, {format_bytes(freed_by(chosen, links))}"
                yield sanitize(cache.path) if len(caches) > 1 else what, text
    copied = [unit for cache in caches for unit in cache.copied]
    if copied and "packages" in request.what:
        size = format_bytes(sum(unit.bytes for unit in copied))
        yield "spared", f"{counted(len(copied), 'package')} of which environments hold copies, {size}"


def _bringing_back(found: Found, request: CleanRequest) -> Iterator[Finding]:
    """The warning that archives stay from which conda extracts again what goes."""
    if "tarballs" in request.what:
        return
    packages = [item.path for cache in found.caches for item in cache.items if item.what == "packages"]
    again = [path for path in packages if any(os.path.lexists(f"{path}{suffix}") for suffix in ARCHIVES)]
    if again:
        count = counted(len(again), "package", "packages")
        message = f"conda extracts {count} again from the archives, as soon as it looks into the cache."
        yield finding("archives-stay", "warning", message, "Clean `tarballs` as well.", map(sanitize, again))


def _warnings(found: Found, unread: Sequence[str], newer: Sequence[str]) -> Iterator[Finding]:
    yield from _installer_warnings(found)
    needed = found.needed
    linked = [unit for cache in found.caches for unit in cache.soft_linked if not cache.tool]
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
    if found.spared:
        stays = counted(len(found.spared), "package stays", "packages stay")
        message = f"{stays}: restore points need them, and nothing else has them any more."
        yield finding("only-here", "note", message, evidence=found.spared)
    if newer:
        count = counted(len(newer), "restore point is", "restore points are")
        message = f"{count} a newer condatui's: which packages are needed for that is not known."
        yield finding("newer-restore-points", "warning", message, "Clean with the newer condatui.", newer)
    if unread:
        message = f"{sanitize(unread[0])} cannot be read: it may need packages that seem unused."
        yield finding("unreadable", "warning", message, evidence=unread)


def _installer_warnings(found: Found) -> Iterator[Finding]:
    if found.built:
        size = format_bytes(freed_by(found.built, found.removed.links))
        message = f"{size} may be wheels that were built on this machine: they are not downloaded but built again."
        evidence = (sanitize(item.path) for item in found.built)
        yield finding("built-wheels", "note", message, "What they were built with has to be there then.", evidence)
    if found.links_softly and any(cache.tool == "uv" and cache.items for cache in found.caches):
        message = "uv makes symlinks into its cache: environments that condatui does not know would break."
        yield finding("soft-links", "warning", message, "Make sure that there are none.")


def _counted(count: int, what: Cleanable) -> str:
    return counted(count, *WORDS[what])


def _cache_names(pkgs_dirs: Sequence[str]) -> str:
    return sanitize(pkgs_dirs[0]) if len(pkgs_dirs) == 1 else counted(len(pkgs_dirs), "cache")


async def plan(request: CleanRequest, context: JobContext) -> Plan:
    """Walk the disk, and find out what can be deleted and what that frees, to the byte."""
    blockers = await blockers_to_clean(request, context)
    removed = await asyncio.to_thread(look_at_removed, request.removed_before, context)
    removed = await asyncio.to_thread(with_merged, removed, context.merged_before)
    caches = await caches_to_clean(request, context, removed)
    return cleaning_plan(
        await asyncio.to_thread(_found, caches, removed, context),
        request,
        executable=next((each.executable for each in context.inventory.installations if not each.error), ""),
        unread=_unread(context.inventory),
        newer=await asyncio.to_thread(newer_points, directory_of_points(context.settings, context.locations)),
        blockers=blockers,
    )


def _found(caches: tuple[Cache, ...], removed: RemovedBefore, context: JobContext) -> Found:
    """Leave out what only these caches can give to restore points, and note what would be downloaded; blocks."""
    needs = needs_of_points(caches, context, removed.packages)
    only_here = {name: need for name, need in needs.items() if not need.replaceable}
    stays = frozenset().union(*(need.paths for need in only_here.values()))
    softly = links_softly(context.caller.environ, context.locations.home)
    goes = tuple(name for name in needs if name not in only_here)
    built = [item for cache in caches for item in cache.items if holds_built_wheels(cache.tool, item.path)]
    return Found(only(caches, lambda path: path not in stays), removed, goes, tuple(only_here), tuple(built), softly)


async def caches_to_clean(request: CleanRequest, context: JobContext, removed: RemovedBefore) -> tuple[Cache, ...]:
    """Walk the disk, and find what can be deleted from the caches once some environments are gone.

    Raises CondatuiError if the walk fails.
    """
    there = [each for each in context.inventory.environments if not _has_gone(each.prefix, removed)]
    disk = Disk(context.locations, environ=context.caller.environ, clock=context.clock)
    measured = Measurement(places=(), sizes={})
    async with aclosing(disk.measure(replace(context.inventory, environments=tuple(there)))) as measurements:
        async for measurement in measurements:
            measured = measurement
    return await asyncio.to_thread(_items_by_cache, measured, there, request, removed)


def _has_gone(prefix: str, removed: RemovedBefore) -> bool:
    """Whether an environment of the inventory has been removed since it was loaded."""
    return prefix in removed.prefixes and not os.path.lexists(prefix)


def _items_by_cache(
    measured: Measurement, environments: Sequence[Environment], request: CleanRequest, removed: RemovedBefore
) -> tuple[Cache, ...]:
    wanted = {os.path.realpath(each) for each in request.pkgs_dirs}
    staying = [each for each in environments if each.prefix not in removed.prefixes]
    uses = measured.cache_uses(staying, gone=removed.prefixes)
    return tuple(items_of(each, request.what, removed.links) for each in uses if each.path in wanted)


async def blockers_to_clean(
    request: CleanRequest, context: JobContext, *, holding: bool = False
) -> tuple[Finding, ...]:
    """What stands against cleaning these caches now; `holding` is whether this job has locked those of uv."""
    known = await asyncio.to_thread(known_caches, context)
    installers = await asyncio.to_thread(chosen_installer_caches, request, context)
    prefixes = tuple(each.prefix for each in context.inventory.environments)
    found: list[Finding] = []
    for path, tool in installers.items():
        found += await asyncio.to_thread(partial(blockers_to_empty, tool, path, prefixes, holding=holding))
    for path in request.pkgs_dirs:
        if path not in installers:
            found += await _blockers_of_conda(path, known, context)
    return tuple(found)


async def _blockers_of_conda(
    pkgs_dir: str, known: Mapping[str, Installation], context: JobContext
) -> Sequence[Finding]:
    observed = await observe_prefix(pkgs_dir, context, installation=known.get(pkgs_dir))
    found = [*conda_busy(observed)]
    if observed.real not in known or not observed.directory:
        found.append(blocker("not-a-cache", f"{sanitize(pkgs_dir)} is no package cache of a conda, of pip or of uv."))
    elif not observed.writable:
        found.append(blocker("not-writable", f"This user may not delete anything in {sanitize(pkgs_dir)}."))
    return found


def planned_of(plan: Plan, caches: Sequence[Cache]) -> tuple[Cache, ...]:
    """The caches with only what the plan has named, and what an interrupted clean has begun to delete."""
    named = frozenset(plan.cleaning.paths) if plan.cleaning else frozenset()
    return only(caches, lambda path: path in named or is_trash(path))


def _unread(inventory: Inventory) -> tuple[str, ...]:
    return tuple(each.prefix for each in inventory.environments if each.state in ("unreadable", "broken"))
