"""The files of one prefix or package cache: those that its packages claim, by listing its directories."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Sequence
from itertools import groupby, repeat
from operator import itemgetter

from msgspec import Struct, field

from condatui_core.prefixes.file_claims import ClaimedFiles, ClaimReader, PackageClaims, packages_in_cache

_META = "conda-meta"


class Holder(Struct, frozen=True, array_like=True):
    """A prefix or cache to look into."""

    path: str
    cache: bool = False
    records: tuple[str, ...] = ()
    """The names of the files in its conda-meta."""
    distributions: tuple[tuple[str, str], ...] = ()
    """The dist-infos of pip with name and version."""
    packages: frozenset[str] = frozenset()
    """The extracted packages of a cache that environments have records of, by their names in it."""


def claims_of(holder: Holder, reader: ClaimReader) -> Iterable[PackageClaims]:
    """Read what the packages of a holder claim."""
    if not holder.cache:
        return reader.of_prefix(holder.path, holder.records, holder.distributions)
    found = packages_in_cache(holder.path) if holder.packages else ()
    wanted = sorted(each for each in found if os.path.basename(each) in holder.packages)
    return reader.of_cache(holder.path, wanted)


class FileGroup(Struct, eq=False):
    """Some files of a package, made ready once for all holders that have it; the columns are parallel."""

    package: str
    """Its name and version."""
    claimed: ClaimedFiles
    keys: array[int]
    """Numbers that stand for the digests; 0 for none."""
    directories: list[tuple[str, list[str]]]
    """The same files, in the same order: consecutive ones of one directory by their names in it."""
    undigested: list[int]
    """The rows of the files of which no record states a digest."""
    told: set[tuple[int, bool, bytes]] = field(default_factory=set)
    """What a holder of them has told already: most have hard links to the very same inodes."""


class HeldFiles(Struct, eq=False):
    """Some files of a package in one holder; the columns are parallel to those of the group."""

    group: FileGroup
    numbers: array[int]
    """Inodes; 0 for what is no regular file, or has become another package's."""
    keys: array[int]
    """Those of the group, or this holder's own, where digests had to be computed."""

    def is_new(self, device: int, *, asked: bool = False) -> bool:
        """Whether no other holder, asked for or not, has hard links to all of these inodes."""
        said = device, asked, self.numbers.tobytes()
        is_new = said not in self.group.told
        self.group.told.add(said)
        return is_new


_DIGEST = re.compile("[0-9a-f]{64}")


def key_of(sha256: str) -> int:
    """A number of 64 bits, enough to tell which files are worth a look; 0 for what is no digest."""
    return int(sha256[:16], 16) if _DIGEST.fullmatch(sha256) else 0


def group_of(package: str, files: ClaimedFiles) -> FileGroup:
    """Make some files of a package ready to be looked up."""
    keys = array("Q", map(key_of, files.digests))
    split = (path.rpartition("/")[::2] for path in files.paths)
    return FileGroup(
        package=package,
        claimed=files,
        keys=keys,
        directories=[(each, [name for _, name in found]) for each, found in groupby(split, itemgetter(0))],
        undigested=[row for row, key in enumerate(keys) if not key] if 0 in keys else [],
    )


class Directories:
    """Looks up files by listing directories of a holder, each one once."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._listed: dict[str, dict[str, int]] = {}
        self._straight = {"": True}

    def numbers(self, group: FileGroup) -> array[int]:
        """The inode numbers of some files; 0 for what is no regular file."""
        numbers = array("Q")
        for directory, names in group.directories:
            listed = self._listed.get(directory)
            if listed is None:
                listed = self._listed[directory] = _entries(f"{self._root}/{directory}")
            numbers.extend(map(listed.get, names, repeat(0)))
        return numbers

    def leads_straight(self, directory: str) -> bool:
        """Whether a directory is reached without a symlink, and no environment on the way has it."""
        known = self._straight.get(directory)
        if known is None:
            path = f"{self._root}/{directory}"
            known = self._straight[directory] = (
                self.leads_straight(directory.rpartition("/")[0])
                and not os.path.islink(path)
                and not self._is_environment(directory, path)
            )
        return known

    def _is_environment(self, directory: str, path: str) -> bool:
        listed = self._listed.get(directory)
        return os.path.lexists(f"{path}/{_META}") if listed is None else _META in listed


def without_overwritten(groups: Sequence[HeldFiles]) -> None:
    """Of several claims of one path only the last counts: conda and pip write over what was there."""
    later: set[str] = set()
    for each in reversed(groups):
        paths = each.group.claimed.paths
        if not later.isdisjoint(paths):
            for row, path in enumerate(paths):
                if path in later:
                    each.numbers[row] = 0
        later.update(paths)


def _entries(directory: str) -> dict[str, int]:
    """The names in a directory with their inode numbers; 0 for what is no regular file."""
    try:
        with os.scandir(directory) as entries:
            return {each.name: each.inode() if each.is_file(follow_symlinks=False) else 0 for each in entries}
    except OSError:
        return {}
