"""Convert a disk measurement to the JSON document of `condatui disk`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from condatui.cli.remedies import findings_in_words
from condatui_core.disk.measure import Measurement
from condatui_core.records.disk import Breakdown, CacheUse, DiskUse, PackageUse, UntrackedDirectory, UpperBound
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
    """The name, as in `list`."""
    prefix: str
    """Its real path."""
    base: bool
    """Whether it is the base of an installation, which conda itself is in."""
    total: int
    """Its size by `du -s`, without environments and package caches inside it; blocks that its own files share count
    once."""
    exclusive: int
    """What `df` gains if only this environment is removed."""
    shared_with_cache: int
    """Bytes of inodes that only this environment and package caches hold."""
    shared_with_environments: int
    """Bytes of inodes that another environment holds as well."""
    outside: int
    """Bytes held by links, or shared as blocks with files, that condatui does not see; with the three above it adds up
    to the total."""
    untracked: int
    """Bytes of files that belong to no package."""
    pip: int
    """Bytes of packages that pip installed; part of `packages`."""
    bookkeeping: int
    """conda-meta and directories that packages share; with `packages` and `untracked` it adds up to the total."""
    apparent: int
    """The sizes of its files, as `du --apparent-size` adds them up."""
    inodes: int
    """Its files and directories by `du --inodes -s`, each inode once."""
    exclusive_inodes: int
    """What `df -i` gains if only this environment is removed."""
    nested: tuple[str, ...]
    """Environments and package caches inside it, which are not counted here and are removed with it."""
    packages: tuple[PackageUse, ...]
    """conda's and pip's packages, the largest first."""
    untracked_directories: tuple[UntrackedDirectory, ...]
    """The files that belong to no package by directory, the largest first."""
    findings: tuple[Finding, ...]
    """What could not be measured; then the figures are lower bounds."""


class DiskDocument(Struct, frozen=True, kw_only=True):
    """What some environments cost."""

    environments: tuple[CostsDocument, ...]
    """The chosen environments, or all."""
    frees: int
    """What removing exactly these would free, bases left out unless nothing else is chosen."""
    frees_with_cache_clean: int
    """The same, with what `conda clean --tarballs --packages` deletes afterwards."""
    frees_inodes: int
    """The inodes that `df -i` would gain by removing exactly these."""
    caches: tuple[CacheUse, ...]
    """All package caches of the machine."""
    upper_bounds: tuple[UpperBound, ...] = ()
    """The environments and caches that may occupy and free less than is said, because nobody tells which blocks their
    files share with others."""


def describe_disk(costs: Sequence[Costs], caches: tuple[CacheUse, ...], measurement: Measurement) -> DiskDocument:
    """Describe what these environments cost and what removing them would free."""
    others = [each.environment.prefix for each in costs if not each.environment.base]
    prefixes = others or [each.environment.prefix for each in costs]
    graph = measurement.graph
    return DiskDocument(
        environments=tuple(map(_costs, costs)),
        frees=graph.frees(prefixes) if graph else 0,
        frees_with_cache_clean=graph.frees_with_cache_clean(prefixes) if graph else 0,
        frees_inodes=graph.freed_inodes(prefixes) if graph else 0,
        caches=caches,
        upper_bounds=measurement.upper_bounds,
    )


def _costs(costs: Costs) -> CostsDocument:
    use, breakdown = costs.use, costs.breakdown
    return CostsDocument(
        name=costs.environment.name,
        prefix=use.prefix,
        base=costs.environment.base,
        total=use.total,
        exclusive=use.exclusive,
        shared_with_cache=use.shared_with_cache,
        shared_with_environments=use.shared_with_environments,
        outside=use.outside,
        untracked=breakdown.untracked,
        pip=breakdown.pip,
        bookkeeping=breakdown.bookkeeping,
        apparent=use.apparent,
        inodes=use.inodes,
        exclusive_inodes=use.exclusive_inodes,
        nested=use.nested,
        packages=breakdown.packages,
        untracked_directories=breakdown.directories,
        findings=findings_in_words(use.findings),
    )
