"""What restore points need from package caches: those that exist, and those that the same job makes before."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from condatui_core.actions.clean.items import Cache, LinkCounts
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.conda.roots import package_caches
from condatui_core.disk.findings import is_replaceable
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.installation import Installation
from condatui_core.records.restore_point import KeptPackage
from condatui_core.restore_points.create import estimate
from condatui_core.restore_points.store import directory_of_points, point_ids, read_point


@dataclass(frozen=True, slots=True)
class RemovedBefore:
    """What goes before caches are cleaned: environments that the same job removes."""

    prefixes: frozenset[str] = frozenset()
    """Real paths."""
    links: LinkCounts = field(default_factory=dict)
    """How many links each file in them has there."""
    packages: tuple[KeptPackage, ...] = ()
    """What their restore points will need from package caches."""


@dataclass(frozen=True, slots=True)
class Need:
    """A package that restore points need, and that no cache would have afterwards."""

    paths: frozenset[str]
    """The paths that go and hold it."""
    replaceable: bool
    """Whether it can be got from its channel again."""


def look_at_removed(prefixes: Iterable[str], context: JobContext) -> RemovedBefore:
    """Read environments that will be removed; blocks. A link to one is passed over: only the link is removed.

    One that cannot be read counts as one that stays.
    """
    links: Counter[tuple[int, int]] = Counter()
    packages: list[KeptPackage] = []
    gone: set[str] = set()
    for prefix in prefixes:
        if os.path.islink(prefix):
            continue
        real = os.path.realpath(prefix)
        with suppress(OSError, CondatuiError):
            snapshot = read_snapshot(real)
            found = estimate(snapshot, caches_of(context.installation(context.environment(real)), context))
            coming = {each.package for each in found.classified.values() if each.package}
            packages += (each for each in found.recorded.packages if each.dist_name in coming)
            links.update(each.inode for each in snapshot.tree.entries if each.kind != "directory")
            gone.add(real)
    return RemovedBefore(frozenset(gone), links, tuple(packages))


def with_merged(removed: RemovedBefore, members: Iterable[str]) -> RemovedBefore:
    """The same, if these are merged before as well: of files of no package, their links go; blocks.

    The merged environments may link the files of packages again.
    """
    links = Counter(removed.links)
    for member in members:
        with suppress(OSError):
            snapshot = read_snapshot(member)
            stated = {path.path for package in snapshot.packages for path in package.paths}
            links.update(
                each.inode for each in snapshot.tree.entries if each.kind != "directory" and each.path not in stated
            )
    return replace(removed, links=links)


def removed_meanwhile(prefixes: Iterable[str]) -> RemovedBefore:
    """The same when they have been removed: those that are not there any more. Their links and needs speak then."""
    return RemovedBefore(frozenset(os.path.realpath(each) for each in prefixes if not os.path.lexists(each)))


def known_caches(context: JobContext) -> dict[str, Installation]:
    """The package caches of all installations, by their real paths, each with the first one that uses it."""
    known: dict[str, Installation] = {}
    for each in context.inventory.installations:
        facts = context.conda_facts.get(each.root_prefix)
        for path in package_caches(each.root_prefix, facts.pkgs_dirs if facts else ()):
            known.setdefault(path, each)
    return known


def needs_of_points(
    caches: Sequence[Cache], context: JobContext, coming: Sequence[KeptPackage] = ()
) -> dict[str, Need]:
    """The packages of restore points that no cache would have afterwards, neither extracted nor as an archive; blocks.

    By `name-version-build`. `coming` are those of restore points that will be made before.
    """
    going = {item.path for cache in caches for item in cache.items}
    known = tuple(known_caches(context))
    needs: dict[str, Need] = {}
    for each in (*_needed_now(context), *coming):
        names = (each.dist_name, *([each.file_name] if each.file_name else ()))
        there = {os.path.join(pkgs_dir, name) for pkgs_dir in known for name in names}
        if there & going and not any(map(os.path.lexists, there - going)):
            replaceable = is_replaceable(each.url) and (
                each.dist_name not in needs or needs[each.dist_name].replaceable
            )
            needs[each.dist_name] = Need(frozenset(there & going), replaceable)
    return needs


def _needed_now(context: JobContext) -> Iterator[KeptPackage]:
    directory = directory_of_points(context.settings, context.locations)
    for point_id in point_ids(directory):
        with suppress(CondatuiError):
            yield from read_point(directory, point_id).needed
