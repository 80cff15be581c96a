"""The files of some prefixes and caches, by what their records claim: looked up by name first, then closely."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import compress

from msgspec import Struct

from condatui_core.disk.first_look import DigestColumns, Inode, SmallColumns, Summary, UndigestedFile
from condatui_core.disk.held_files import (
    Directories,
    FileGroup,
    HeldFiles,
    Holder,
    claims_of,
    group_of,
    key_of,
    without_overwritten,
)
from condatui_core.fs.attributes import marks_of
from condatui_core.fs.extents import shared_extents
from condatui_core.fs.safe_read import sha256_of
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.file_claims import ClaimReader, PackageClaims, is_edited
from condatui_core.prefixes.last_used import files_of_last_use
from condatui_core.records.relinking import SeenFile, SeenInode, SkipReason


class _Held(Struct):
    """What was looked up of a holder."""

    holder: Holder
    device: int
    directories: Directories
    files: list[HeldFiles]

    def undigested(self) -> Iterator[tuple[HeldFiles, int, Inode]]:
        """The files of which no record states a digest."""
        for held in self.files:
            yield from ((held, row, (self.device, held.numbers[row])) for row in held.group.undigested)

    def path(self, held: HeldFiles, row: int) -> str:
        """Where one of its files is."""
        return f"{self.holder.path}/{held.group.claimed.paths[row]}"


class ClaimedInodes:
    """The files of some holders, looked up in steps, so that only what is worth it costs more than its name."""

    def __init__(self) -> None:
        self._all: list[_Held] = []
        self._reader = ClaimReader()
        self._groups: dict[PackageClaims, tuple[FileGroup, FileGroup]] = {}
        """Of each package, what is large enough to be joined, and what is not."""
        self._computed: Mapping[Inode, str] = {}

    def look(self, holders: Iterable[Holder], smallest: int, asked: Collection[str] = ()) -> Summary:
        """Read the records of some holders and list their directories; no file is looked at that has a digest.

        `asked` are the prefixes whose files may be joined; empty for all.
        """
        found = Summary()
        for each in holders:
            with suppress(OSError):
                self._look_into(each, smallest, found, asked=not each.cache and (not asked or each.path in asked))
        return found

    def _look_into(self, holder: Holder, smallest: int, found: Summary, *, asked: bool) -> None:
        device = os.lstat(holder.path).st_dev
        directories = Directories(holder.path)
        pairs: list[tuple[HeldFiles, HeldFiles]] = []
        for claims in claims_of(holder, self._reader):
            large, small = self._groups_of(claims, smallest, found)
            pairs.append((_held(large, directories), _held(small, directories)))
        without_overwritten([each for pair in pairs for each in pair])
        columns = found.columns.setdefault(device, DigestColumns())
        small_columns = found.small.setdefault(device, SmallColumns())
        for large_files, small_files in pairs:
            columns.add(large_files, device)
            small_columns.add_small(small_files, device, asked=asked)
        held = _Held(holder, device, directories, [large for large, _ in pairs if large.numbers])
        self._all.append(held)
        for files, row, _ in held.undigested():
            status = _status(held.path(files, row)) if files.numbers[row] else None
            if status and status.st_size >= smallest:
                found.undigested.append(_undigested(status))

    def _groups_of(self, claims: PackageClaims, smallest: int, found: Summary) -> tuple[FileGroup, FileGroup]:
        known = self._groups.get(claims)
        if known is None:
            small = [0 <= size < smallest for size in claims.files.sizes]
            large = claims.files.chosen([not each for each in small])
            found.sizes.update(large.sizes)
            known = group_of(claims.package, large), group_of(claims.package, claims.files.chosen(small))
            self._groups[claims] = known
        return known

    def read(self, wanted: Collection[Inode]) -> dict[Inode, str]:
        """Compute the digests of some files of which no record states one; one that cannot be read is left out."""
        found: dict[Inode, str] = {}
        for each in self._all:
            for held, row, inode in each.undigested():
                if inode in wanted and inode not in found:
                    with suppress(OSError):
                        found[inode] = sha256_of(each.path(held, row))
        return found

    def learn(self, digests: Mapping[Inode, str]) -> None:
        """Take the digests of files of which no record states one."""
        self._computed = digests
        for each in self._all if digests else ():
            for held, row, inode in each.undigested():
                if inode in digests:
                    held.keys = held.keys[:] if held.keys is held.group.keys else held.keys
                    held.keys[row] = key_of(digests[inode])

    def seen(self, wanted: Mapping[int, Collection[int]], sharing: Collection[int] = ()) -> list[SeenInode]:
        """Look at all files with these digests, by device and key; on `sharing` devices also at what they share."""
        looking = _Looking(self._computed)
        for held in self._all:
            looking.look(held, wanted.get(held.device, ()))
        return [_seen_inode(status, path, files, sharing) for status, path, files in looking.inodes.values()]

    def cached_links(self, wanted: Collection[Inode]) -> list[tuple[Inode, SeenFile]]:
        """Find the links to these inodes in the caches, whatever their records say."""
        caches = (held.holder.path for held in self._all if held.holder.cache)
        return [found for cache in caches for found in _links_in(cache, wanted)]


class _Looking:
    """A look at the files of several holders, each inode once."""

    def __init__(self, computed: Mapping[Inode, str]) -> None:
        self._computed = computed
        self.inodes: dict[Inode, tuple[os.stat_result, str, list[SeenFile]]] = {}

    def look(self, found: _Held, keys: Collection[int]) -> None:
        if not keys:
            return
        of_last_use = frozenset() if found.holder.cache else files_of_last_use(found.holder.path)
        for held in found.files:
            for row in compress(range(len(held.keys)), map(keys.__contains__, held.keys)):
                if held.numbers[row]:
                    self._look_at(found, held, row, of_last_use)

    def _look_at(self, found: _Held, held: HeldFiles, row: int, of_last_use: Collection[str]) -> None:
        holder, claimed = found.holder, held.group.claimed
        inode = found.device, held.numbers[row]
        path = found.path(held, row)
        if not found.directories.leads_straight(claimed.paths[row].rpartition("/")[0]):
            return
        known = self.inodes.get(inode)
        if known is None:
            status = _status(path)
            if status is None:
                return
            known = self.inodes.setdefault((status.st_dev, status.st_ino), (status, path, []))
        alone: SkipReason | None = None
        if row in claimed.with_prefix:
            alone = "prefix-inside"
        elif not holder.cache and is_edited(claimed.paths[row]):
            alone = "editable"
        elif path in of_last_use:
            alone = "last-use"
        sha256 = claimed.digests[row] if held.group.keys[row] else self._computed[inode]
        size = claimed.sizes[row]
        known[2].append(SeenFile(path, holder.path, held.group.package, sha256, size, alone, cached=holder.cache))


def _held(group: FileGroup, directories: Directories) -> HeldFiles:
    return HeldFiles(group, directories.numbers(group), group.keys)


def _status(path: str) -> os.stat_result | None:
    with suppress(OSError):
        status = os.lstat(path)
        return status if stat.S_ISREG(status.st_mode) else None
    return None


def _undigested(status: os.stat_result) -> UndigestedFile:
    return UndigestedFile(
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mode,
        status.st_uid,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _seen_inode(status: os.stat_result, path: str, files: list[SeenFile], sharing: Collection[int]) -> SeenInode:
    return SeenInode(
        status.st_dev,
        status.st_ino,
        status.st_nlink,
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_size,
        allocated(status),
        status.st_mtime_ns,
        () if status.st_dev in sharing else marks_of(path),  # files that share blocks keep their own
        tuple(files),
        shared_extents(os.fsencode(path), status.st_ino) if status.st_dev in sharing else (),
    )


def _links_in(cache: str, wanted: Collection[Inode]) -> Iterator[tuple[Inode, SeenFile]]:
    numbers: defaultdict[int, set[int]] = defaultdict(set)
    for device, number in wanted:
        numbers[device].add(number)
    waiting = [cache]
    while waiting:
        directory = waiting.pop()
        with suppress(OSError), os.scandir(directory) as entries:
            device = os.lstat(directory).st_dev
            for each in entries:
                if each.is_dir(follow_symlinks=False):
                    waiting.append(each.path)
                elif each.inode() in numbers[device] and each.is_file(follow_symlinks=False):
                    yield (device, each.inode()), SeenFile(each.path, cache, "", cached=True)
