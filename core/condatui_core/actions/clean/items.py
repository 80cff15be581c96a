"""Finds what can be deleted from a package cache, by the disk and to the byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from condatui_core.disk.tool_caches import TRASH
from condatui_core.fs.tree import allocated, read_tree
from condatui_core.records.disk import CachedUnit, CacheUse
from condatui_core.records.request import Cleanable


@dataclass(frozen=True, slots=True)
class Inode:
    """A file or directory that loses a link when its item is deleted."""

    identity: tuple[int, int]
    links: int
    """How many links it has."""
    bytes: int
    directory: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One path of a package cache that can be deleted as a whole."""

    path: str
    """The absolute path."""
    what: Cleanable
    inodes: tuple[Inode, ...]


@dataclass(frozen=True, slots=True)
class Cache:
    """A package cache, and what can be deleted from it."""

    path: str
    items: tuple[Item, ...] = ()
    copied: tuple[CachedUnit, ...] = ()
    """Packages that seem unused, but environments have copies or records of them."""
    soft_linked: tuple[CachedUnit, ...] = ()
    """Packages that seem unused, but environments have symlinks into them."""


def items_of(cache: CacheUse, what: Collection[Cleanable]) -> Cache:
    """Find what can be deleted from a cache: a package only if none of its files has a second link at this moment."""
    packages = [each for each in cache.units if each.kind == "package"]
    unused = [each for each in packages if each.unused]
    copied = [each for each in unused if each.copied_by and not each.soft_linked_by]
    soft_linked = [each for each in unused if each.soft_linked_by]
    spared = {each.name for each in (*copied, *soft_linked)}
    items: list[Item] = []
    if "packages" in what:
        names = (each.name for each in unused if each.name not in spared)
        items += (item for name in names if (item := package_item(os.path.join(cache.path, name))))
        items += _trash(cache.path)
    if "tarballs" in what:
        names = (each.name for each in cache.units if each.kind == "archive")
        items += _files("tarballs", (os.path.join(cache.path, name) for name in names))
    if "index" in what:
        items += _whole("index", os.path.join(cache.path, "cache"))  # as conda does; it makes the directory again
    if "logs" in what:
        items += _files("logs", _listed(os.path.join(cache.path, ".logs")))
    return Cache(cache.path, tuple(items), tuple(copied), tuple(soft_linked))


def only(caches: Iterable[Cache], goes: Callable[[str], bool]) -> tuple[Cache, ...]:
    """The caches with only those of their items whose path goes."""
    return tuple(replace(each, items=tuple(item for item in each.items if goes(item.path))) for each in caches)


def package_item(path: str) -> Item | None:
    """An extracted package; None if it is gone, cannot be read, or one of its files has another link."""
    try:
        tree = read_tree(path)
    except OSError:
        return None
    if tree.unreadable or tree.mounts:
        return None
    if any(each.kind == "file" and each.status.st_nlink > 1 for each in tree.entries):
        return None
    return Item(path, "packages", tuple(_inode(each.status) for each in tree.entries))


def freed_by(items: Iterable[Item]) -> int:
    """What `df` gains when all these items are deleted: allocated bytes of inodes that lose their last link."""
    lost: dict[tuple[int, int], int] = {}
    total = 0
    for item in items:
        for inode in item.inodes:
            lost[inode.identity] = lost.get(inode.identity, 0) + 1
            if inode.directory or lost[inode.identity] == inode.links:
                total += inode.bytes
    return total


def _trash(pkgs_dir: str) -> Iterator[Item]:
    """What an interrupted clean has left half deleted; nothing uses it any more."""
    for path in _listed(pkgs_dir, directories=True):
        if os.path.basename(path).startswith(TRASH):
            tree = read_tree(path)
            yield Item(path, "packages", tuple(_inode(each.status) for each in tree.entries))


def _whole(what: Cleanable, path: str) -> Iterator[Item]:
    """A directory with its contents; nothing if it is a link, or if some of it cannot be read."""
    if os.path.isdir(path) and not os.path.islink(path):
        tree = read_tree(path)
        if not tree.unreadable and not tree.mounts:
            yield Item(path, what, tuple(_inode(each.status) for each in tree.entries))


def _files(what: Cleanable, paths: Iterable[str]) -> Iterator[Item]:
    for path in paths:
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield Item(path, what, (_inode(status),))


def _listed(directory: str, *, directories: bool = False) -> Sequence[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(each.path for each in entries if each.is_dir(follow_symlinks=False) == directories)
    except OSError:
        return ()


def _inode(status: os.stat_result) -> Inode:
    return Inode((status.st_dev, status.st_ino), status.st_nlink, allocated(status), stat.S_ISDIR(status.st_mode))
