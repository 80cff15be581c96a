"""Break the size of a prefix down by package, with a walk over its files by name."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator

from msgspec import Struct

from condatui_core.fs.tree import allocated
from condatui_core.prefixes.ownership import Owners, read_owners
from condatui_core.records.disk import Breakdown, PackageUse, UntrackedDirectory
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

_RECORDS = "conda-meta"
_BOOKKEEPING = -1
_UNTRACKED = -2


class _PackageTally(Struct):
    bytes: int = 0
    exclusive: int = 0
    files: int = 0

    def add(self, size: int, *, exclusive: bool, files: int = 1) -> None:
        self.bytes += size
        self.exclusive += size if exclusive else 0
        self.files += files


class _CountedInode(Struct):
    """An inode with several links, charged to the first package that has a link to it."""

    count: int
    size: int
    directory: str
    owner: int
    found: int = 0


def break_down(prefix: str, contents: PrefixContents, *, nested: Collection[str] = ()) -> Breakdown:
    """Compute the bytes of each package of a prefix, and where its untracked files are.

    `nested` are places inside it, relative to it, that are skipped. What cannot be read is left out.
    """
    owners = read_owners(prefix, contents)
    walk = _BreakdownWalk(prefix, owners, frozenset(nested))
    walk.run()
    return _described(prefix, owners, walk)


class _BreakdownWalk:
    """A walk separate from `fs.tree`'s: it charges each file at once and keeps no entries of a large prefix."""

    def __init__(self, prefix: str, owners: Owners, nested: frozenset[str]) -> None:
        self._prefix = prefix
        self._owners = owners
        self._nested = nested
        self._inodes: dict[tuple[int, int], _CountedInode] = {}
        self._tracked = _directories_of(owners)
        self.uses: dict[int, _PackageTally] = {}
        self.untracked: dict[str, _PackageTally] = {}
        """Untracked files by the directory under which they are shown."""

    def run(self) -> None:
        """Visit every entry."""
        waiting = [""]
        while waiting:
            waiting += self._directory(waiting.pop())
        for inode in self._inodes.values():
            self._charge(inode.directory, inode.owner, inode.size, exclusive=inode.found >= inode.count)

    def _directory(self, directory: str) -> Iterator[str]:
        path = os.path.join(self._prefix, directory)
        try:
            own = os.lstat(path)
            owner = _BOOKKEEPING if self._is_tracked(directory) else _UNTRACKED
            self._charge(directory, owner, allocated(own), files=0)
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return
        for entry in found:
            below = f"{directory}/{entry.name}" if directory else entry.name
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if not stat.S_ISDIR(status.st_mode):
                self._file(directory, below, status)
            elif below not in self._nested:
                yield below

    def _file(self, directory: str, path: str, status: os.stat_result) -> None:
        size = allocated(status)
        owner = self._owner(path)
        if status.st_nlink == 1:
            self._charge(directory, owner, size)
            return
        inode = self._inodes.setdefault(
            (status.st_dev, status.st_ino), _CountedInode(status.st_nlink, size, directory, owner)
        )
        inode.found += 1
        if inode.owner == _UNTRACKED:
            inode.owner, inode.directory = owner, directory

    def _owner(self, path: str) -> int:
        owner = self._owners.owner(path)
        if owner is None:
            return _BOOKKEEPING if path.startswith(_RECORDS + "/") else _UNTRACKED
        return owner

    def _is_tracked(self, directory: str) -> bool:
        """Whether a directory contains, at any depth, a file of a package or its bytecode."""
        above, _, name = directory.rpartition("/")
        return directory in self._tracked or (name == "__pycache__" and above in self._tracked)

    def _charge(self, directory: str, owner: int, size: int, *, exclusive: bool = True, files: int = 1) -> None:
        self.uses.setdefault(owner, _PackageTally()).add(size, exclusive=exclusive, files=files)
        if owner == _UNTRACKED:
            self.untracked.setdefault(self._shown_at(directory), _PackageTally()).add(
                size, exclusive=exclusive, files=files
            )

    def _shown_at(self, directory: str) -> str:
        """The highest directory that contains only untracked files; their own directory if it has other files."""
        while not self._is_tracked(directory) and not self._is_tracked(above := os.path.dirname(directory)):
            directory = above
        return directory


def _directories_of(owners: Owners) -> frozenset[str]:
    """All directories with a package's file below them, and the prefix itself and conda-meta."""
    found = {"", _RECORDS}
    for path in owners.by_path:
        directory = os.path.dirname(path)
        while directory not in found:
            found.add(directory)
            directory = os.path.dirname(directory)
    return frozenset(found)


def _described(prefix: str, owners: Owners, walk: _BreakdownWalk) -> Breakdown:
    packages = [_package_use(owners.packages[index], use) for index, use in walk.uses.items() if index >= 0]
    directories = [
        UntrackedDirectory(path=path, bytes=use.bytes, exclusive=use.exclusive, files=use.files)
        for path, use in walk.untracked.items()
    ]
    none = _PackageTally()
    return Breakdown(
        prefix=prefix,
        packages=tuple(sorted(packages, key=lambda each: (-each.bytes, each.name))),
        pip=sum(each.bytes for each in packages if each.source == "pypi"),
        untracked=walk.uses.get(_UNTRACKED, none).bytes,
        bookkeeping=walk.uses.get(_BOOKKEEPING, none).bytes,
        directories=tuple(sorted(directories, key=lambda each: (-each.bytes, each.path))),
    )


def _package_use(package: PackageRecord | Distribution, use: _PackageTally) -> PackageUse:
    return PackageUse(
        name=package.name,
        version=package.version,
        source="conda" if isinstance(package, PackageRecord) else "pypi",
        bytes=use.bytes,
        exclusive=use.exclusive,
        files=use.files,
    )
