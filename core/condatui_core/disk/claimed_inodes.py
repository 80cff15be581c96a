"""The files of some prefixes and caches: what their records claim, and which inodes they are."""

from __future__ import annotations

import os
import re
import stat
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import compress

from msgspec import Struct, field

from condatui_core.fs.attributes import marks_of
from condatui_core.fs.extents import shared_extents
from condatui_core.fs.safe_read import sha256_of
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.file_claims import (
    ClaimedFiles,
    claims_of_cache,
    claims_of_prefix,
    is_edited,
    packages_in_cache,
)
from condatui_core.prefixes.last_used import files_of_last_use
from condatui_core.records.relinking import SeenFile, SeenInode, SkipReason

Inode = tuple[int, int]
"""Device and number."""


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


class DigestColumns(Struct, array_like=True):
    """The files of one device; the columns are parallel."""

    keys: array[int] = field(default_factory=lambda: array("Q"))
    """Numbers that stand for the digests; 0 for none."""
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    """Inodes; 0 for what is no regular file."""


class SmallColumns(DigestColumns, array_like=True):
    """The files of one device that are too small to be joined; nothing but their names was looked at."""

    sizes: array[int] = field(default_factory=lambda: array("q"))
    """The bytes that their records state."""
    asked: array[int] = field(default_factory=lambda: array("B"))
    """1 if they belong to an environment that was asked for, otherwise 0."""


class UndigestedFile(Struct, frozen=True, array_like=True):
    """A file of which no record states a digest."""

    device: int
    number: int
    size: int
    mode: int
    user: int
    modified: int
    changed: int
    """Its ctime in nanoseconds."""

    @property
    def inode(self) -> Inode:
        """Device and number."""
        return self.device, self.number


class Summary(Struct, array_like=True):
    """What the first look at some holders has found."""

    columns: dict[int, DigestColumns] = field(default_factory=dict)
    """By device."""
    small: dict[int, SmallColumns] = field(default_factory=dict)
    """By device."""
    sizes: set[int] = field(default_factory=set)
    """The stated sizes of the files with digests."""
    undigested: list[UndigestedFile] = field(default_factory=list)


_DIGEST = re.compile("[0-9a-f]{64}")
_META = "conda-meta"


class DigestKeys(dict[str, int]):
    """Digest → a number of 64 bits, enough to tell which files are worth a look; 0 for what is no digest."""

    def __missing__(self, sha256: str) -> int:
        self[sha256] = key = int(sha256[:16], 16) if _DIGEST.fullmatch(sha256) else 0
        return key


class _HeldFiles(Struct):
    """The files of one holder; the columns are parallel."""

    holder: Holder
    device: int
    claims: ClaimedFiles
    keys: array[int]
    numbers: array[int]
    """Inodes; 0 for what is no regular file."""

    def undigested(self) -> Iterator[tuple[int, int]]:
        """The rows and inodes of the files of which no record states a digest."""
        if 0 in self.keys:
            yield from ((row, self.numbers[row]) for row, key in enumerate(self.keys) if not key and self.numbers[row])


class ClaimedInodes:
    """The files of some holders, looked up in steps, so that only what is worth it costs more than its name."""

    def __init__(self) -> None:
        self._all: list[_HeldFiles] = []
        self._keys, self._small_keys = DigestKeys(), DigestKeys()
        self._paths: dict[str, str] = {}
        """Equal paths are kept once: environments have most of theirs in common."""

    def look(self, holders: Iterable[Holder], smallest: int, asked: Collection[str] = ()) -> Summary:
        """Read the records of some holders and list their directories; no file is looked at that has a digest.

        `asked` are the prefixes whose files may be joined; empty for all.
        """
        found = Summary()
        self._asked = frozenset(asked)
        for each in holders:
            with suppress(OSError):
                self._look_into(each, smallest, found)
        return found

    def _look_into(self, holder: Holder, smallest: int, found: Summary) -> None:
        device = os.lstat(holder.path).st_dev
        claims = _claims_of(holder)
        numbers = _numbers(holder.path, claims.paths)
        small = [0 <= size < smallest for size in claims.sizes]
        is_asked = not holder.cache and (not self._asked or holder.path in self._asked)
        small_files = found.small.setdefault(device, SmallColumns())
        self._add_small(claims.chosen(small), compress(numbers, small), small_files, asked=is_asked)
        large = [not each for each in small]
        claims, numbers = claims.chosen(large), array("Q", compress(numbers, large))
        claims.paths = list(map(self._paths.setdefault, claims.paths, claims.paths))
        keys = array("Q", map(self._keys.__getitem__, claims.digests))
        claims.digests = []
        held = _HeldFiles(holder, device, claims, keys, numbers)
        self._all.append(held)
        columns = found.columns.setdefault(device, DigestColumns())
        columns.keys.extend(held.keys)
        columns.numbers.extend(held.numbers)
        found.sizes.update(claims.sizes)
        for row, _ in held.undigested():
            status = _status(holder.path, claims.paths[row])
            if status and status.st_size >= smallest:
                found.undigested.append(_undigested(status))

    def _add_small(self, claims: ClaimedFiles, numbers: Iterable[int], small: SmallColumns, *, asked: bool) -> None:
        small.keys.extend(map(self._small_keys.__getitem__, claims.digests))
        small.numbers.extend(numbers)
        small.sizes.extend(claims.sizes)
        small.asked.extend([asked] * len(claims.sizes))

    def read(self, wanted: Collection[Inode]) -> dict[Inode, str]:
        """Compute the digests of some files of which no record states one; one that cannot be read is left out."""
        found: dict[Inode, str] = {}
        for held in self._all:
            for row, number in held.undigested():
                inode = held.device, number
                if inode in wanted and inode not in found:
                    with suppress(OSError):
                        found[inode] = sha256_of(os.path.join(held.holder.path, held.claims.paths[row]))
        return found

    def learn(self, digests: Mapping[Inode, str]) -> None:
        """Take the digests of files of which no record states one."""
        for held in self._all if digests else ():
            for row, number in held.undigested():
                held.keys[row] = self._keys[digests.get((held.device, number), "")]

    def seen(self, wanted: Mapping[int, Collection[int]], sharing: Collection[int] = ()) -> list[SeenInode]:
        """Look at all files with these digests, by device and key; on `sharing` devices also at what they share."""
        looking = _Looking({key: sha256 for sha256, key in self._keys.items() if _is_among(key, wanted)})
        for held in self._all:
            looking.look(held, wanted.get(held.device, ()))
        return [_seen_inode(status, path, files, sharing) for status, path, files in looking.inodes.values()]

    def cached_links(self, wanted: Collection[Inode]) -> list[tuple[Inode, SeenFile]]:
        """Find the links to these inodes in the caches, whatever their records say."""
        caches = (held.holder.path for held in self._all if held.holder.cache)
        return [found for cache in caches for found in _links_in(cache, wanted)]


class _Looking:
    """A look at the files of several holders, each inode once."""

    def __init__(self, digests: Mapping[int, str]) -> None:
        self._digests = digests
        self._real: dict[str, str] = {}
        """Of the holder at hand: directory → its path; empty if a symlink or another environment is on the way."""
        self._of_last_use = frozenset[str]()
        """The files whose access times tell when the holder at hand was last used."""
        self.inodes: dict[Inode, tuple[os.stat_result, str, list[SeenFile]]] = {}

    def look(self, held: _HeldFiles, keys: Collection[int]) -> None:
        holder = held.holder
        self._real = {"": holder.path}
        self._of_last_use = frozenset() if holder.cache or not keys else files_of_last_use(holder.path)
        rows = compress(range(len(held.keys)), map(keys.__contains__, held.keys))
        for row in rows if keys else ():
            if held.numbers[row]:
                self._look_at(held, row)

    def _look_at(self, held: _HeldFiles, row: int) -> None:
        holder, claims = held.holder, held.claims
        directory, _, name = claims.paths[row].rpartition("/")
        real = self._real_directory(directory)
        path = f"{real}/{name}"
        known = self.inodes.get((held.device, held.numbers[row]))
        status = known[0] if known else _status("", path)
        if status is None or not real:
            return
        file = SeenFile(
            path,
            holder.path,
            claims.packages[claims.owners[row]],
            self._digests[held.keys[row]],
            claims.sizes[row],
            self._why_alone(held, row, path),
            cached=holder.cache,
        )
        self.inodes.setdefault((status.st_dev, status.st_ino), (status, path, []))[2].append(file)

    def _why_alone(self, held: _HeldFiles, row: int, path: str) -> SkipReason | None:
        if row in held.claims.with_prefix:
            return "prefix-inside"
        if not held.holder.cache and is_edited(held.claims.paths[row]):
            return "editable"
        return "last-use" if path in self._of_last_use else None

    def _real_directory(self, directory: str) -> str:
        if directory not in self._real:
            above, _, name = directory.rpartition("/")
            real = self._real_directory(above)
            path = f"{real}/{name}"
            leads_on = real and not os.path.islink(path) and not os.path.lexists(f"{path}/{_META}")
            self._real[directory] = path if leads_on else ""
        return self._real[directory]


def _claims_of(holder: Holder) -> ClaimedFiles:
    if not holder.cache:
        return claims_of_prefix(holder.path, holder.records, holder.distributions)
    found = packages_in_cache(holder.path) if holder.packages else ()
    return claims_of_cache(holder.path, sorted(each for each in found if os.path.basename(each) in holder.packages))


def _is_among(key: int, wanted: Mapping[int, Collection[int]]) -> bool:
    return any(key in keys for keys in wanted.values())


def _numbers(root: str, paths: Iterable[str]) -> array[int]:
    """The inode numbers of some files, by listing their directories; 0 for what is no regular file."""
    listed: dict[str, dict[str, int]] = {}
    numbers = array("Q")
    for path in paths:
        directory, _, name = path.rpartition("/")
        if directory not in listed:
            listed[directory] = _files_in(os.path.join(root, directory))
        numbers.append(listed[directory].get(name, 0))
    return numbers


def _files_in(directory: str) -> dict[str, int]:
    try:
        with os.scandir(directory) as entries:
            return {each.name: each.inode() for each in entries if each.is_file(follow_symlinks=False)}
    except OSError:
        return {}


def _status(root: str, path: str) -> os.stat_result | None:
    with suppress(OSError):
        status = os.lstat(os.path.join(root, path))
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
