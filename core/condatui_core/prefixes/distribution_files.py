"""Find the files of single distributions that pip has installed in a prefix, by pip's own lists."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.ownership import owners_of
from condatui_core.prefixes.snapshot import PrefixRecords
from condatui_core.records.package import Distribution


@dataclass(frozen=True, slots=True)
class DistributionFiles:
    """The files of some distributions."""

    files: tuple[str, ...] = ()
    """Those that are there, relative to the prefix."""
    unknown: tuple[str, ...] = ()
    """The names of the distributions whose files nothing states, or that lie outside the prefix."""


def files_of_distributions(records: PrefixRecords, distributions: Sequence[Distribution]) -> DistributionFiles:
    """Find the files of distributions of pip by their lists of files; blocks."""
    if not distributions:
        return DistributionFiles()
    owners = owners_of(records.prefix, records.contents, (each.paths for each in records.packages))
    wanted = {each.path: each.name for each in distributions}
    numbers = {
        number: wanted[owner.path]
        for number, owner in enumerate(owners.packages)
        if isinstance(owner, Distribution) and owner.path in wanted
    }
    stated = [(path, numbers[number]) for path, number in owners.by_path.items() if number in numbers]
    outside = {name for path, name in stated if _is_outside(path)}
    unknown = (set(wanted.values()) - {name for _, name in stated}) | outside
    files = {path for path, name in stated if name not in unknown}
    metadata = (path for path, number in owners.metadata.items() if numbers.get(number, "") not in ("", *unknown))
    files |= {path for directory in metadata for path in _files_in(records.prefix, directory)}
    there = (path for path in files if os.path.lexists(os.path.join(records.prefix, path)))
    return DistributionFiles(tuple(sorted(there)), tuple(sorted(unknown)))


def _is_outside(path: str) -> bool:
    return os.path.isabs(path) or path.split(os.sep, maxsplit=1)[0] == os.pardir


def _files_in(prefix: str, directory: str) -> Iterator[str]:
    """The files in the directory of metadata, which not every list names."""
    top = os.path.join(prefix, directory)
    if os.path.isdir(top):
        found = (each for each in read_tree(top).entries if each.kind != "directory")
        yield from (os.path.join(directory, each.path) for each in found)
