"""Whether a clone is what its source is, by what lies on the disk."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from condatui_core.bounded_read import open_regular, reason
from condatui_core.jobs.cloning.mirror import surplus
from condatui_core.jobs.cloning.prefix_change import PrefixChange, is_binary
from condatui_core.jobs.cloning.sameness import LARGEST_TEXT, same
from condatui_core.jobs.cloning.source import Source
from condatui_core.jobs.restoring.tree import Entry, Tree, read_tree
from condatui_core.prefixes.look import HALF_MADE
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found."""

    contents: PrefixContents
    """Of the clone."""
    missing_packages: tuple[str, ...]
    other_packages: tuple[str, ...]
    distributions: tuple[str, ...]
    """Those of pip that only one of the two has, or in another version."""
    differing: tuple[str, ...]
    """Paths that one has and the other has not, or that differ in more than the prefix."""
    naming_source: tuple[str, ...]
    """Text files of the clone that still name its source."""
    bytes_used: int
    """What `df` has lost by it."""


def wanted_packages(records: Iterable[PackageRecord], target: str) -> tuple[PrefixContents, tuple[str, ...]]:
    """Read what a target holds, and name the packages that it should and does not."""
    contents = read_prefix(target)
    there = Counter(map(_identity, contents.packages))
    return contents, tuple(sorted(map(_spelled, Counter(map(_identity, records)) - there)))


def verify(source: Source, change: PrefixChange, *, untold: Collection[str], apart: int = 0) -> Verified:
    """Compare a clone with its source, changing nothing; `untold` are paths that are known to differ,
    `apart` bytes of the clone that will not stay.

    Raises OSError if the clone has gone.
    """
    contents, missing = wanted_packages(source.records, change.target)
    others = Counter(map(_identity, contents.packages)) - Counter(map(_identity, source.records))
    tree = read_tree(change.target)
    differing = tuple(_differing(source, tree, change, frozenset(untold)))
    left_out = {each.name for each in source.left_out}
    expected = [each for each in source.contents.distributions if each.owner not in left_out]
    return Verified(
        contents=contents,
        missing_packages=missing,
        other_packages=tuple(sorted(map(_spelled, others))),
        distributions=tuple(sorted(_distributions(expected) ^ _distributions(contents.distributions))),
        differing=differing,
        naming_source=tuple(_naming(source, tree, change)),
        bytes_used=tree.exclusive_bytes - apart,
    )


def _identity(record: PackageRecord) -> tuple[str, str, str, str]:
    return record.name, record.version, record.build, record.base_url or ""


def _spelled(identity: tuple[str, str, str, str]) -> str:
    return "-".join(identity[:3])


def _distributions(found: Iterable[Distribution]) -> set[str]:
    return {f"{each.name} {each.version}" for each in found if each.owner is None}


def _differing(source: Source, tree: Tree, change: PrefixChange, untold: frozenset[str]) -> Iterator[str]:
    there = {each.path: each for each in tree.entries if each.path.partition("/")[0] != "conda-meta"}
    for entry in source.tree.entries:
        if entry.path in untold or entry.kind not in ("file", "directory", "symlink"):
            continue
        found = there.get(entry.path)
        try:
            if found is None or not same(entry, found, change):
                yield entry.path
        except OSError as error:
            yield f"{entry.path}: {reason(error)}"
    yield from (each.path for each in surplus(source, there))


def _naming(source: Source, tree: Tree, change: PrefixChange) -> Iterator[str]:
    """Look through the text files that are the clone's own, be they conda's or copied."""
    inodes = {each.inode for each in source.tree.entries if each.kind == "file"}
    for entry in tree.entries:
        if _may_name(entry) and entry.inode not in inodes:
            with open_regular(os.path.join(change.target, entry.path)) as stream:
                data = stream.read()
            if not is_binary(data) and change.carried_by(data):
                yield entry.path


def _may_name(entry: Entry) -> bool:
    return (
        entry.kind == "file"
        and entry.status.st_nlink == 1
        and entry.status.st_size <= LARGEST_TEXT
        and entry.path != HALF_MADE
        and not entry.path.startswith("conda-meta/")
        and not entry.path.endswith(".pyc")
    )
