"""Disk usage at one moment: what the records claim, what was measured, and what follows from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from msgspec.structs import replace as replace_fields
from packaging.utils import canonicalize_name

from condatui_core.analyses.channels import same_package
from condatui_core.analyses.cleanup.way_back import cached_names
from condatui_core.disk.breakdown import break_down
from condatui_core.disk.browse import PrefixBrowser
from condatui_core.disk.findings import holders_of_packages, irreplaceable_packages
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.measure import Measurement, disk_places, left_out, measure, nested_in
from condatui_core.disk.merged_size import MergedSizes
from condatui_core.prefixes.leftovers import measured_kernels, measured_leftovers
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.disk import (
    BlockDoubt,
    Breakdown,
    CacheUse,
    Cost,
    DiskPlace,
    DiskUse,
    Freed,
    ManagedUse,
    Occupied,
)
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import merged
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.kernel import Kernel
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.request import Cleanable
from condatui_core.records.slimming import SlimmedFiles
from condatui_core.settings import Locations, Settings

# Claims of the records, shown until the disk is measured


_Package = tuple[str, str, str, int]
"""Name, version, build, and which of several packages that have these in common."""


class ManagedSizes:
    """Managed bytes of all environments, and what they seem to share: equal packages count as the same files."""

    def __init__(self, inventory: Inventory) -> None:
        environments, alike = inventory.environments, _Alike()
        self._packages = {each.prefix: _packages(each, alike, inventory.channel_config(each)) for each in environments}
        self._pip = {each.prefix: _bytes_of_pip(each) for each in environments}
        self.gone = frozenset(each.prefix for each in environments if each.state == "missing")
        """The prefixes that are registered and not there: they hold nothing, and removing them frees nothing."""
        self._holders: dict[_Package, set[str]] = {}
        for prefix, packages in self._packages.items():
            for package in packages:
                self._holders.setdefault(package, set()).add(prefix)

    def __contains__(self, prefix: object) -> bool:
        return prefix in self._packages

    def use_of(self, prefix: str) -> ManagedUse:
        """What the records of one environment claim. Raises KeyError if it is not among them."""
        packages = self._packages[prefix]
        total = sum(packages.values()) + self._pip[prefix]
        return ManagedUse(prefix=prefix, total=total, exclusive=self.frees((prefix,)))

    def frees(self, selection: Collection[str]) -> int:
        """The claimed bytes that removing these would free if no package cache held their packages too."""
        gone = set(selection)
        mine = dict(chain.from_iterable(self._packages[prefix].items() for prefix in gone))
        pip = sum(self._pip[prefix] for prefix in gone)
        return pip + sum(size for package, size in mine.items() if self._holders[package] <= gone)


def _bytes_of_pip(environment: Environment) -> int:
    found = environment.contents.pip_distributions if environment.contents else ()
    return sum({canonicalize_name(each.name): each.installed_bytes for each in found}.values())


def _packages(environment: Environment, alike: _Alike, channels: ChannelConfig) -> dict[_Package, int]:
    records = environment.contents.packages if environment.contents else ()
    return {alike.key_of(record, channels): record.installed_bytes for record in records}


class _Alike:
    """Gives all records of one package the same key."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], list[PackageRecord]] = {}

    def key_of(self, record: PackageRecord, channels: ChannelConfig) -> _Package:
        build = record.name, record.version, record.build
        known = self._known.setdefault(build, [])
        for number, other in enumerate(known):
            if same_package(record, other, channels):
                return (*build, number)
        known.append(record)
        return (*build, len(known) - 1)


_BATCH_SECONDS = 0.3
"""Seconds between two reports of what was measured meanwhile."""


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """What is known about the disk at one moment; a later usage replaces it completely."""

    managed: ManagedSizes
    costs: Mapping[str, Cost] = field(default_factory=dict)
    """By prefix: measured once it is walked, until then as last measured or as the records claim."""
    entries: int = 0
    """The number of directory entries that this walk has visited."""
    complete: bool = False
    """Whether this walk is complete; the fields below are of the last complete walk."""
    anew: bool = False
    """Whether the last complete walk read everything; otherwise only directories that had changed."""
    graph: LinkGraph | None = None
    """The graph of who holds what."""
    uses: Mapping[str, DiskUse] = field(default_factory=dict)
    """By prefix."""
    caches: tuple[CacheUse, ...] = ()
    upper_bounds: Mapping[str, BlockDoubt] = field(default_factory=dict)
    """By prefix or package cache that may occupy less than is said, why."""
    copied_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Prefixes with a record of each package, by its name in a package cache."""
    irreplaceable: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Names in a package cache of the packages of each prefix that no channel has any more."""
    total: int = 0
    """The bytes of all environments and package caches together."""
    inodes: int = 0
    """The inodes of all these, each once."""
    leftovers: Mapping[str, int] = field(default_factory=dict)
    """By prefix, the bytes of site-packages that its python no longer reads, as pip's records claim until they are
    measured; by path, those of kernels whose environment is gone."""
    left_out: frozenset[str] = frozenset()
    """The prefixes and package caches that the user does not want to be walked."""
    merged_sizes: MergedSizes | None = None
    """What merged environments take; None before the first walk is complete."""
    same_files: RelinkSurvey = field(default_factory=RelinkSurvey)
    """What is stored twice; nothing as long as nobody has looked for it."""
    reclaimable: int = 0
    """The part of `total` that is archives and packages that no environment needs."""

    @property
    def places(self) -> tuple[DiskPlace, ...]:
        """All measured places."""
        return self.graph.places if self.graph else ()

    def knowing_kernels(self, kernels: Iterable[Kernel]) -> DiskUsage:
        """The usage with the kernels whose environment is gone, which may be read after the walk has begun; blocks."""
        more = measured_kernels(kernels, known=self.leftovers)
        return replace(self, leftovers={**self.leftovers, **more}) if more else self

    def freed_by(self, prefixes: Collection[str]) -> Freed:
        """What removing these would free; as the records claim it if one of them is not measured yet."""
        graph, prefixes = self.graph, [each for each in prefixes if each not in self.managed.gone]
        if graph is None or not self.has_measured(prefixes):
            known = [prefix for prefix in prefixes if prefix in self.managed]
            claimed = sum(self.managed.use_of(prefix).total for prefix in known)
            frees = self.managed.frees(known)
            return Freed(frees=frees, with_cache_clean=frees, one_by_one=claimed, together=claimed, measured=False)
        nested = graph.nested_in(prefixes)
        return Freed(
            frees=graph.frees(prefixes),
            inodes=graph.freed_inodes(prefixes),
            with_cache_clean=graph.frees_with_cache_clean(prefixes),
            one_by_one=sum(self._total(path) for path in (*prefixes, *nested)),
            together=graph.total(prefixes),
            kept_by=graph.kept_by(prefixes),
            outside=graph.held_outside(prefixes),
            nested=len(nested),
            at_least=any(self.costs[prefix].at_least for prefix in prefixes if prefix in self.costs),
        )

    def together(self, prefixes: Sequence[str]) -> Occupied | None:
        """What environments occupy together, each inode once; None if one of them was not measured."""
        prefixes = [each for each in prefixes if each not in self.managed.gone]
        if self.graph is None or not self.has_measured(prefixes):
            return None
        return Occupied(bytes=self.graph.total(prefixes), inodes=self.graph.inodes(prefixes))

    def has_measured(self, prefixes: Iterable[str]) -> bool:
        """Whether all of these were there when the disk was measured."""
        return all(each in self.uses for each in prefixes)

    def frees_with_choice(self, choice: CleanupChoice) -> int:
        """The bytes that `df` gains if the choice is deleted, the environments first; 0 if nothing was measured.

        With merges it is the least that it can be; one of what came after the measurement counts as freeing nothing.
        The first look at each merge reads its records, so it blocks.
        """
        if self.graph is None:
            return 0
        if choice == CleanupChoice(prefixes=choice.prefixes[:1]) and (use := self._use_of_one(choice.prefixes)):
            return use.exclusive
        merges = self._measured_merges(choice)
        members = [member for member, _ in merges]
        gone = (*choice.prefixes, *members)
        frees = self.graph.frees_with_cleaning(
            gone,
            dict(choice.cleaned),
            copied_by=self.copied_by,
            irreplaceable=self.irreplaceable,
            merged=members,
        )
        pieces = (*choice.kernels, *(prefix for prefix in choice.leftovers if prefix not in gone))
        left = sum(self.leftovers.get(each, 0) for each in pieces)
        return frees + left - sum(self._merged(*each) for each in merges)

    def _use_of_one(self, prefixes: Sequence[str]) -> DiskUse | None:
        """The use of a single environment with no other place inside it: what it frees is known already."""
        use = self.uses.get(prefixes[0]) if prefixes else None
        return use if use and not use.nested else None

    def lost_without_one(self, choice: CleanupChoice) -> Mapping[str, int]:
        """By prefix, how much less the choice frees if that one stays, as far as one pass over all files can tell."""
        if self.graph is None:
            return {}
        merged = {member: self._merged(member, keeper) for member, keeper in self._measured_merges(choice)}
        gone = (*choice.prefixes, *merged)
        lost = self.graph.lost_without_one(
            gone,
            dict(choice.cleaned),
            copied_by=self.copied_by,
            irreplaceable=self.irreplaceable,
            merged=merged,
        )
        return {prefix: size - merged.get(prefix, 0) for prefix, size in lost.items()}

    def _measured_merges(self, choice: CleanupChoice) -> list[tuple[str, str]]:
        """The merges of a choice between environments that were there when the disk was measured."""
        return [each for each in choice.merges if self.has_measured(each)]

    def _merged(self, member: str, keeper: str) -> int:
        """The most that a merged environment occupies: what a clone of the keeper cannot link, and what it gets."""
        assert self.graph is not None and self.merged_sizes is not None  # nothing frees anything before
        measured = keeper in self.uses
        beside = self.graph.beside_caches(keeper) if measured else self.managed.use_of(keeper).total
        return beside + self.merged_sizes.most_beside(member, keeper)

    def added_to(self, inventory: Inventory) -> Inventory:
        """The inventory with the findings of the measurement added to its environments."""
        return replace_fields(inventory, environments=tuple(map(self._judged, inventory.environments)))

    def _judged(self, environment: Environment) -> Environment:
        measured = self.uses[environment.prefix].findings if environment.prefix in self.uses else ()
        findings = merged(environment.findings, measured, source="disk")
        return environment if findings == environment.findings else replace_fields(environment, findings=findings)

    def _total(self, path: str) -> int:
        if path in self.uses:
            return self.uses[path].total
        return next((cache.total for cache in self.caches if cache.path == path), 0)


async def survey(
    measurements: AsyncGenerator[Measurement, None],
    inventory: Inventory,
    *,
    anew: bool = False,
    former: DiskUsage | None = None,
) -> AsyncGenerator[DiskUsage, None]:
    """Measure, and yield the usage a few times a second; the last is complete.

    The results of a `former` walk are used until this one replaces them. Closing this generator ends the walk.
    """
    known = await asyncio.to_thread(_begun, inventory, former)
    yield known
    last_yield = time.monotonic()
    async with aclosing(measurements) as steps:
        async for measurement in steps:
            if measurement.complete:
                known = await asyncio.to_thread(_measured, known, measurement, inventory, anew)
            elif time.monotonic() - last_yield > _BATCH_SECONDS:
                known = replace(known, costs={**known.costs, **_walked(measurement)}, entries=measurement.entries)
            else:
                continue
            last_yield = time.monotonic()
            yield known


def _begun(inventory: Inventory, former: DiskUsage | None) -> DiskUsage:
    """The usage before anything is measured: the claims of the records, and the figures of the former walk."""
    managed = ManagedSizes(inventory)
    costs = {each.prefix: _claimed(managed, each.prefix) for each in inventory.environments if each.managed_bytes}
    leftovers = {each.prefix: size for each in inventory.environments if (size := _left_behind(each))}
    if former is None:
        return DiskUsage(managed, costs, leftovers=leftovers)
    last = {prefix: cost for prefix, cost in former.costs.items() if cost.measured and prefix in managed}
    return replace(former, managed=managed, costs={**costs, **last}, entries=0, complete=False, leftovers=leftovers)


def _left_behind(environment: Environment) -> int:
    contents = environment.contents
    return sum(each.bytes for each in contents.stale_site_packages) if contents else 0


def _claimed(managed: ManagedSizes, prefix: str) -> Cost:
    use = managed.use_of(prefix)
    return Cost(total=use.total, frees=use.exclusive, measured=False)


def _claims(managed: ManagedSizes, prefixes: Iterable[str]) -> Mapping[str, Cost]:
    """What the records claim of environments that are not walked; what they would free is not known."""
    totals = ((prefix, managed.use_of(prefix).total) for prefix in prefixes if prefix in managed)
    return {prefix: Cost(total=total, frees=None, measured=False) for prefix, total in totals if total}


def _walked(measurement: Measurement) -> Mapping[str, Cost]:
    """The costs that are exact already, before it is known who shares the rest."""
    caches = {place.path for place in measurement.places if place.cache}
    sizes = (each for path, each in measurement.sizes.items() if path not in caches)
    return {each.path: Cost(total=each.total, frees=each.exclusive, inodes=each.inodes) for each in sizes}


def _measured(known: DiskUsage, measurement: Measurement, inventory: Inventory, anew: bool) -> DiskUsage:
    graph = measurement.graph
    assert graph is not None
    uses = {place.path: use for place in measurement.places if (use := measurement.use_of(place.path))}
    copied_by = holders_of_packages(inventory.environments)
    paths = [place.path for place in measurement.places if place.cache]
    parts: tuple[Cleanable, ...] = ("tarballs", "packages")
    caches = tuple(
        graph.cache_use(path, copied_by=copied_by, findings=measurement.findings.get(path, ())) for path in paths
    )
    cached = cached_names(caches)
    return replace(
        known,
        costs={**_claims(known.managed, measurement.left_out), **{prefix: use.cost for prefix, use in uses.items()}},
        left_out=measurement.left_out,
        entries=measurement.entries,
        complete=True,
        anew=anew,
        graph=graph,
        uses=uses,
        caches=caches,
        upper_bounds={each.path: each.reason for each in measurement.upper_bounds},
        copied_by=copied_by,
        irreplaceable=irreplaceable_packages(inventory.environments),
        total=graph.total(place.path for place in measurement.places),
        inodes=graph.inodes(place.path for place in measurement.places),
        leftovers={**known.leftovers, **measured_leftovers(inventory)},
        merged_sizes=MergedSizes.of(inventory.environments, lambda record: record.dist_name in cached),
        reclaimable=graph.frees_with_cleaning((), dict.fromkeys(paths, parts), copied_by=copied_by),
    )


_DEFAULTS = Settings()


class Disk:
    """Measures the environments of an inventory and the package caches."""

    def __init__(
        self,
        locations: Locations,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        settings: Settings = _DEFAULTS,
    ) -> None:
        """`settings` say how many processes walk, and where nothing is walked."""
        self._kept = locations.disk_cache
        self._home = locations.home
        self._environ = environ
        self._clock = clock
        self._settings = settings
        self._apart: tuple[DiskPlace, ...] = ()
        """The places that the last measurement has left out: nobody looks into them as a part of another."""

    async def measure(
        self, inventory: Inventory, *, anew: bool = False, interim: bool = True
    ) -> AsyncGenerator[Measurement, None]:
        """Yield measurements of the disk, each more complete; for `anew` and `interim` see `measure`.

        Closing the generator ends the walk.
        """
        places = await asyncio.to_thread(self.places, inventory)
        apart = await asyncio.to_thread(left_out, places, self._settings.unmeasured, self._home)
        self._apart = tuple(place for place in places if place.path in apart)
        walk = measure(
            places,
            kept=self._kept,
            environ=self._environ,
            now=self._clock(),
            anew=anew,
            interim=interim,
            most_processes=self._settings.walk_processes,
            apart=apart,
        )
        async with aclosing(walk) as measurements:
            async for measurement in measurements:
                yield measurement

    async def measure_whole(self, inventory: Inventory, *, anew: bool = False) -> Measurement:
        """Measure the disk to the end. Raises CondatuiError if the walk fails."""
        measured = Measurement(places=(), sizes={})
        async with aclosing(self.measure(inventory, anew=anew, interim=False)) as measurements:
            async for measurement in measurements:
                measured = measurement
        return measured

    def survey(
        self, inventory: Inventory, *, anew: bool = False, former: DiskUsage | None = None, interim: bool = True
    ) -> AsyncGenerator[DiskUsage, None]:
        """Yield the disk usage a few times a second; see `survey`, and for `interim` see `measure`."""
        return survey(self.measure(inventory, anew=anew, interim=interim), inventory, anew=anew, former=former)

    async def break_down(self, environment: Environment, places: Iterable[DiskPlace]) -> Breakdown:
        """Break down an environment by package, in a thread; one that was not read has no packages."""
        contents = environment.contents or PrefixContents()
        nested = nested_in(environment.prefix, (*places, *self._apart))
        return await asyncio.to_thread(break_down, environment.prefix, contents, nested=nested)

    async def slim(self, environment: Environment, inventory: Inventory) -> SlimmedFiles:
        """Find what a service would not need of an environment, in a thread, without other places inside it.

        Raises UsageError if nothing can be said of it, CondatuiError if it cannot be read.
        """
        return await asyncio.to_thread(self._slim, environment, inventory)

    def _slim(self, environment: Environment, inventory: Inventory) -> SlimmedFiles:
        from condatui_core.disk.slimming import may_slim, slim_files  # noqa: PLC0415 - not before somebody looks

        may_slim(environment)
        return slim_files(environment.prefix, nested_in(environment.prefix, self.places(inventory)))

    def browser(self, environment: Environment, places: Iterable[DiskPlace]) -> PrefixBrowser:
        """Browse the files of an environment by size; other places inside it are not looked into."""
        nested = nested_in(environment.prefix, (*places, *self._apart))
        return PrefixBrowser(environment.prefix, environment.contents or PrefixContents(), nested=nested)

    def places(self, inventory: Inventory) -> tuple[DiskPlace, ...]:
        """The places that a measurement of an inventory would be about."""
        return disk_places(inventory, environ=self._environ, home=self._home)


class SharedMeasurement:
    """A measurement of the disk for all that is planned together: only the first that asks for it walks."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._known: dict[tuple[str, ...], Measurement] = {}

    async def of(self, inventory: Inventory) -> Measurement:
        """What was measured with just these environments. Raises CondatuiError if the walk fails."""
        prefixes = tuple(each.prefix for each in inventory.environments)
        if prefixes not in self._known:
            self._known[prefixes] = await self._disk.measure_whole(inventory)
        return self._known[prefixes]
