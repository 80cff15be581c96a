"""Finds what can be deleted from a cache, by the disk and to the byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from condatui_core.disk.tool_caches import TRASH, is_installer, own_entries
from condatui_core.fs.tree import allocated
from condatui_core.records.disk import CachedUnit, CacheTool, CacheUse
from condatui_core.records.request import Cleanable

LinkCounts: TypeAlias = Mapping[tuple[int, int], int]
"""Device and inode number → a number of links."""
NO_LINKS: LinkCounts = MappingProxyType({})

HIDDEN_FIRST: tuple[Cleanable, ...] = ("packages", "index")
"""What is moved out of conda's sight before its first file is deleted: half a package, or a database without its log,
would be taken for a whole one.
"""


@dataclass(frozen=True, slots=True)
class Inode:
    """A file with several links, of which it loses one when its item is deleted."""

    identity: tuple[int, int]
    links: int
    """How many links it has."""
    bytes: int


@dataclass(frozen=True, slots=True)
class Item:
    """One path of a cache that can be deleted as a whole."""

    path: str
    """The absolute path."""
    what: Cleanable
    own: int
    """The bytes of its directories, and of its files with one link."""
    linked: tuple[Inode, ...] = ()
    """Its files with several links, once for each that it has."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache, and what can be deleted from it."""

    path: str
    items: tuple[Item, ...] = ()
    copied: tuple[CachedUnit, ...] = ()
    """Packages that seem unused, but environments have copies or records of them."""
    soft_linked: tuple[CachedUnit, ...] = ()
    """What seems unused, but environments have symlinks into it."""
    tool: CacheTool = ""


def items_of(cache: CacheUse, what: Collection[Cleanable], gone: LinkCounts = NO_LINKS) -> Cache:
    """Find what can be deleted from a cache: a package only if none of its files has a second link at this moment.

    The links in `gone` do not count: they go before.
    """
    if is_installer(cache.tool):
        return _whole_cache(cache, what)
    packages = [each for each in cache.units if each.kind == "package"]
    unused = [each for each in packages if each.unused]
    copied = [each for each in unused if each.copied_by and not each.soft_linked_by]
    soft_linked = [each for each in unused if each.soft_linked_by]
    spared = {each.name for each in (*copied, *soft_linked)}
    items: list[Item] = []
    if "packages" in what:
        paths = (os.path.join(cache.path, each.name) for each in unused if each.name not in spared)
        items += (item for path in paths if (item := package_item(path, gone)))
    if "tarballs" in what:
        names = (each.name for each in cache.units if each.kind == "archive")
        items += _files("tarballs", (os.path.join(cache.path, name) for name in names))
    if "index" in what:
        items += _directories("index", (os.path.join(cache.path, "cache"),))  # as conda does; it makes it again
    if "logs" in what:
        items += _files("logs", _listed(os.path.join(cache.path, ".logs")))
    hidden: list[Cleanable] = [part for part in HIDDEN_FIRST if part in what]
    for part in hidden[:1]:  # once, with either of them
        items += _directories(part, filter(is_trash, _listed(cache.path, directories=True)))
    return Cache(cache.path, tuple(items), tuple(copied), tuple(soft_linked))


def only(caches: Iterable[Cache], goes: Callable[[str], bool]) -> tuple[Cache, ...]:
    """The caches with only those of their items whose path goes."""
    return tuple(replace(each, items=tuple(item for item in each.items if goes(item.path))) for each in caches)


def package_item(path: str, gone: LinkCounts = NO_LINKS) -> Item | None:
    """An extracted package; None if it is gone, cannot be read, or one of its files has a link besides those `gone`."""
    item = next(_directories("packages", (path,)), None)
    if item is None or any(each.links - gone.get(each.identity, 0) > 1 for each in item.linked):
        return None
    return item


def freed_by(items: Iterable[Item], gone: LinkCounts = NO_LINKS) -> int:
    """What `df` gains when all these items are deleted, once some links are gone already: allocated bytes of inodes
    that lose their last link.
    """
    lost: dict[tuple[int, int], int] = {}
    total = 0
    for item in items:
        total += item.own
        for inode in item.linked:
            lost[inode.identity] = lost.get(inode.identity, gone.get(inode.identity, 0)) + 1
            if lost[inode.identity] == inode.links:
                total += inode.bytes
    return total


def _whole_cache(cache: CacheUse, what: Collection[Cleanable]) -> Cache:
    """All that goes when the cache of pip or uv is emptied."""
    parts: tuple[Cleanable, ...] = tuple(each.part for each in cache.units if each.part in what and each.part)
    paths = own_entries(cache.tool, cache.path)
    items = (item for part in parts for found in (_directories, _files) for item in found(part, paths))
    soft_linked = tuple(each for each in cache.units if each.soft_linked_by)
    return Cache(cache.path, tuple(items), soft_linked=soft_linked, tool=cache.tool)


def is_trash(path: str) -> bool:
    """Whether something at the top of a cache is what an interrupted clean has left half deleted: nothing uses it."""
    return os.path.basename(path).startswith(TRASH)


def _directories(what: Cleanable, paths: Iterable[str]) -> Iterator[Item]:
    """Those that are directories, with their contents; no links, and none of which some cannot be read."""
    for path in paths:
        with suppress(OSError):
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                yield Item(path, what, *_added_up(path, status))


def _added_up(root: str, status: os.stat_result) -> tuple[int, tuple[Inode, ...]]:
    """The two sums of an item. Raises OSError if something cannot be read or lies on another file system.

    It holds no entry: a cache of uv may have millions.
    """
    own, linked, waiting = allocated(status), list[Inode](), [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    if found.st_dev != status.st_dev:
                        raise OSError("another file system is mounted here")
                    waiting.append(entry.path)
                if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                    own += allocated(found)
                else:
                    linked.append(_inode(found))
    return own, tuple(linked)


def _files(what: Cleanable, paths: Iterable[str]) -> Iterator[Item]:
    for path in paths:
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            single = status.st_nlink == 1
            yield Item(path, what, allocated(status) if single else 0, () if single else (_inode(status),))


def _listed(directory: str, *, directories: bool = False) -> Sequence[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(each.path for each in entries if each.is_dir(follow_symlinks=False) == directories)
    except OSError:
        return ()


def _inode(status: os.stat_result) -> Inode:
    return Inode((status.st_dev, status.st_ino), status.st_nlink, allocated(status))
