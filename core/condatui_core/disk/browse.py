"""Browse the files of a prefix by size: a walk for the sizes of directories, and a look at each that is opened."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from condatui_core.errors import CondatuiError
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import allocated, path_kind
from condatui_core.prefixes.ownership import Owners, read_owners
from condatui_core.records.disk import BrowsedEntry
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents


class _Sums(Struct):
    """The sums over everything in a directory; each inode counts once, however many links to it are in there."""

    bytes: int = 0
    frees: int = 0
    entries: int = 0

    def add(self, size: int, *, goes: bool) -> None:
        self.bytes += size
        self.frees += size if goes else 0

    def add_all_of(self, other: _Sums) -> None:
        self.bytes += other.bytes
        self.frees += other.frees
        self.entries += other.entries


class _LinkedInode(Struct):
    """An inode with several links."""

    size: int
    count: int
    """All its links, also outside the prefix."""
    directories: list[str]
    """For each link that was found, its directory."""


class PrefixBrowser:
    """The tree of one prefix. To be used in threads: a walk takes seconds, a large directory a part of one."""

    def __init__(self, prefix: str, contents: PrefixContents, *, nested: Collection[str] = ()) -> None:
        """`nested` are places inside it, relative to it, that are not looked into."""
        self.prefix = prefix
        self.entries = 0
        """How many entries the walk has counted so far."""
        self.cancelled = False
        """Set by another thread, it ends the walk."""
        self._contents = contents
        self._nested = frozenset(nested)
        self._sums: dict[str, _Sums] = {}
        """By directory relative to the prefix, each after the one above it."""
        self._linked: dict[tuple[int, int], _LinkedInode] = {}
        self._owners: Owners | None = None

    def walk(self) -> None:
        """Add up the sizes of all directories, and read which package owns which file. Raises CondatuiError."""
        self._owners = read_owners(self.prefix, self._contents)
        try:
            self._sums[""] = _Sums(*(allocated(os.lstat(self.prefix)),) * 2)
        except OSError as error:
            raise CondatuiError(f"{self.prefix} cannot be read: {reason(error)}") from error
        waiting = [""]
        while waiting and not self.cancelled:
            waiting += self._read(waiting.pop())
        scattered = [each for each in self._linked.values() if not self._lies_in_one_directory(each)]
        for directory in reversed([*self._sums][1:]):
            self._sums[directory.rpartition("/")[0]].add_all_of(self._sums[directory])
        for inode in scattered:
            self._add_scattered(inode)
        self._linked.clear()

    def sizes(self, directory: str) -> BrowsedEntry:
        """The sums over a directory, relative to the prefix; the empty path is the prefix itself."""
        return self._directory(directory)

    def list(self, directory: str) -> Sequence[BrowsedEntry]:
        """The entries of a directory, the largest first. CondatuiError if it cannot be listed."""
        path = self._path(directory)
        try:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise NotADirectoryError(0, "it is no directory any more", path)
            with os.scandir(path) as found:
                entries = [self._entry(directory, each) for each in found]
        except OSError as error:
            raise CondatuiError(f"{path} cannot be listed: {reason(error)}") from error
        return sorted(filter(None, entries), key=lambda entry: (-entry.bytes, entry.name))

    def owner(self, path: str) -> PackageRecord | Distribution | None:
        """The package that has recorded a file; None if none has."""
        index = self._owners.owner(path) if self._owners else None
        return self._owners.packages[index] if self._owners and index is not None else None

    def _path(self, directory: str) -> str:
        return os.path.join(self.prefix, directory) if directory else self.prefix

    def _entry(self, directory: str, found: os.DirEntry[str]) -> BrowsedEntry | None:
        path = _below(directory, found.name)
        try:
            status = found.stat(follow_symlinks=False)
        except OSError:  # it has just gone
            return None
        if stat.S_ISDIR(status.st_mode):
            return self._directory(path)
        size = allocated(status)
        return BrowsedEntry(found.name, path_kind(status), size, frees=size if status.st_nlink == 1 else 0)

    def _directory(self, path: str) -> BrowsedEntry:
        sums, nested = self._sums.get(path, _Sums()), path in self._nested
        name = path.rpartition("/")[2]
        return BrowsedEntry(name, "directory", sums.bytes, frees=sums.frees, entries=sums.entries, nested=nested)

    def _read(self, directory: str) -> Iterator[str]:
        """Count the entries of a directory, and yield the directories among them."""
        try:
            with os.scandir(self._path(directory)) as found:
                entries = [(each.name, each.stat(follow_symlinks=False)) for each in found]
        except OSError:
            return
        sums = self._sums[directory]
        sums.entries += len(entries)
        self.entries += len(entries)
        for name, status in entries:
            path, size = _below(directory, name), allocated(status)
            if stat.S_ISDIR(status.st_mode):
                if path not in self._nested:
                    self._sums[path] = _Sums(size, size)
                    yield path
            elif status.st_nlink == 1:
                sums.add(size, goes=True)
            else:
                inode = _LinkedInode(size, status.st_nlink, [])
                self._linked.setdefault((status.st_dev, status.st_ino), inode).directories.append(directory)

    def _lies_in_one_directory(self, inode: _LinkedInode) -> bool:
        """Add an inode whose links that were found are all in one directory; False if they are not."""
        first = inode.directories[0]
        if any(each != first for each in inode.directories):
            return False
        self._sums[first].add(inode.size, goes=len(inode.directories) >= inode.count)
        return True

    def _add_scattered(self, inode: _LinkedInode) -> None:
        """Add an inode once to each directory with links to it; only one that has all its links would free it."""
        links = Counter(above for directory in inode.directories for above in _with_above(directory))
        for directory, count in links.items():
            self._sums[directory].add(inode.size, goes=count >= inode.count)


def _below(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _with_above(directory: str) -> Iterator[str]:
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]
    yield ""
