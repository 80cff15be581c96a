"""Looks what can be deleted from caches now, what that means for restore points, and what stands against it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.clean.installers import blockers_to_empty, chosen_installer_caches
from condatui_core.actions.clean.items import Cache, Item, freed_by, is_trash, items_of, only
from condatui_core.actions.clean.needs import RemovedBefore, known_caches, needs_of_points
from condatui_core.actions.guards import conda_busy, observe_prefix
from condatui_core.actions.protocol import JobContext
from condatui_core.disk.measure import Measurement
from condatui_core.disk.tool_caches import holds_built_wheels, links_softly
from condatui_core.disk.usage import Disk, SharedMeasurement
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.installation import Installation
from condatui_core.records.job import Plan
from condatui_core.records.request import ARCHIVES, CleanRequest
from condatui_core.text import sanitize


@dataclass(frozen=True, slots=True)
class Found:
    """What a request would delete at one moment, and what that means for restore points."""

    caches: tuple[Cache, ...]
    removed: RemovedBefore
    needed: tuple[str, ...] = ()
    """Packages of restore points that would have to be downloaded, as `name-version-build`."""
    spared: tuple[str, ...] = ()
    """Packages of restore points that stay, because nothing else has them."""
    extracted_again: tuple[str, ...] = ()
    """The paths of packages that conda extracts again, because their archives stay."""
    built: tuple[Item, ...] = ()
    """Directories with wheels that pip and uv have built."""
    links_softly: bool = False
    """Whether uv is told to make symlinks into its cache."""

    @property
    def freed(self) -> int:
        """The bytes that `df` gains."""
        return freed_by((item for cache in self.caches for item in cache.items), self.removed.links)


def find(caches: tuple[Cache, ...], removed: RemovedBefore, request: CleanRequest, context: JobContext) -> Found:
    """Leave out what only these caches can give to restore points, and note what would be downloaded; blocks."""
    needs = needs_of_points(caches, context, removed.packages)
    only_here = {name: need for name, need in needs.items() if not need.replaceable}
    stays = frozenset().union(*(need.paths for need in only_here.values()))
    softly = links_softly(context.caller.environ, context.locations.home)
    goes = tuple(name for name in needs if name not in only_here)
    built = [item for cache in caches for item in cache.items if holds_built_wheels(cache.tool, item.path)]
    going = only(caches, lambda path: path not in stays)
    again = () if "tarballs" in request.what else tuple(_extracted_again(going))
    return Found(
        going,
        removed,
        needed=goes,
        spared=tuple(only_here),
        extracted_again=again,
        built=tuple(built),
        links_softly=softly,
    )


def _extracted_again(caches: Sequence[Cache]) -> Iterator[str]:
    """The packages that go while their archives stay."""
    packages = (item.path for cache in caches for item in cache.items if item.what == "packages")
    return (path for path in packages if any(os.path.lexists(f"{path}{suffix}") for suffix in ARCHIVES))


async def caches_to_clean(request: CleanRequest, context: JobContext, removed: RemovedBefore) -> tuple[Cache, ...]:
    """Walk the disk, and find what can be deleted from the caches once some environments are gone.

    Raises CondatuiError if the walk fails.
    """
    there = await asyncio.to_thread(_without_gone, context.inventory, removed)
    measured = await measurement_of(context).of(there)
    return await asyncio.to_thread(_items_by_cache, measured, there.environments, request, removed)


def measurement_of(context: JobContext) -> SharedMeasurement:
    """The measurement that is shared by what is planned together; a new one if this is planned alone."""
    # Whether a package is needed is only known once all environments are walked.
    settings = replace(context.settings, unmeasured=())
    disk = Disk(context.locations, environ=context.caller.environ, clock=context.clock, settings=settings)
    return context.measured or SharedMeasurement(disk)


def _without_gone(inventory: Inventory, removed: RemovedBefore) -> Inventory:
    """The inventory without the environments that have been removed since it was loaded."""
    gone = {prefix for prefix in removed.prefixes if not os.path.lexists(prefix)}
    return replace(inventory, environments=tuple(each for each in inventory.environments if each.prefix not in gone))


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
