"""What the disk holds → the JSON document of `condatui disk`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from condatui.cli.remedies import findings_in_words
from condatui_core.disk.measure import Measurement
from condatui_core.records.disk import Breakdown, CacheUse, DiskUse, PackageUse, UntrackedDirectory
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding


class Costs(Struct, frozen=True):
    """What one environment costs."""

    environment: Environment
    use: DiskUse
    breakdown: Breakdown


class CostsDocument(Struct, frozen=True, kw_only=True):
    """What one environment occupies, in allocated bytes unless they are called apparent."""

    name: str
    """As in `list`."""
    prefix: str
    """Its real path."""
    total: int
    """What `du -s` says of it, environments and package caches inside it left out."""
    exclusive: int
    """What `df` gains when it alone goes."""
    shared_with_cache: int
    """Of inodes that besides this environment only package caches hold."""
    shared_with_environments: int
    """Of inodes that another environment holds as well."""
    outside: int
    """Held by links that condatui does not see; with the three above it makes up the total."""
    untracked: int
    """Of files that no package brought."""
    pip: int
    """Of what pip installed; part of `packages`."""
    bookkeeping: int
    """conda-meta and directories that packages share; with the packages and what is untracked it makes up the total."""
    apparent: int
    """The sizes of its files, as `du --apparent-size` adds them up."""
    nested: tuple[str, ...]
    """Environments and package caches inside it, which are not counted here and go with it."""
    packages: tuple[PackageUse, ...]
    """conda's and pip's, largest first."""
    untracked_directories: tuple[UntrackedDirectory, ...]
    """Where the files lie that no package brought, largest first."""
    findings: tuple[Finding, ...]
    """What could not be measured; then figures are lower bounds."""


class DiskDocument(Struct, frozen=True, kw_only=True):
    """What some environments cost."""

    environments: tuple[CostsDocument, ...]
    """Those that were named, or all."""
    frees: int
    """What removing exactly these would free."""
    frees_with_cache_clean: int
    """The same with what `conda clean --tarballs --packages` takes then."""
    caches: tuple[CacheUse, ...]
    """All package caches of the machine."""


def describe_disk(costs: Sequence[Costs], caches: tuple[CacheUse, ...], measurement: Measurement) -> DiskDocument:
    """Describe what these environments cost and what removing them would free."""
    prefixes = [each.environment.prefix for each in costs]
    graph = measurement.graph
    return DiskDocument(
        environments=tuple(map(_costs, costs)),
        frees=graph.frees(prefixes) if graph else 0,
        frees_with_cache_clean=graph.frees_with_cache_clean(prefixes) if graph else 0,
        caches=caches,
    )


def _costs(costs: Costs) -> CostsDocument:
    use, breakdown = costs.use, costs.breakdown
    return CostsDocument(
        name=costs.environment.name,
        prefix=use.prefix,
        total=use.total,
        exclusive=use.exclusive,
        shared_with_cache=use.shared_with_cache,
        shared_with_environments=use.shared_with_environments,
        outside=use.outside,
        untracked=breakdown.untracked,
        pip=breakdown.pip,
        bookkeeping=breakdown.bookkeeping,
        apparent=use.apparent,
        nested=use.nested,
        packages=breakdown.packages,
        untracked_directories=breakdown.directories,
        findings=findings_in_words(use.findings),
    )
