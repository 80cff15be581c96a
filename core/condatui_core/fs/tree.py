"""Lists everything in a prefix by lstat: it opens directories only, and follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from condatui_core.fs.safe_read import reason

PathKind = Literal["file", "directory", "symlink", "fifo", "socket", "device"]


BLOCK = 512
"""The bytes of one of the blocks that the system counts."""
_KINDS: tuple[tuple[int, PathKind], ...] = (
    (stat.S_IFREG, "file"),
    (stat.S_IFDIR, "directory"),
    (stat.S_IFLNK, "symlink"),
    (stat.S_IFIFO, "fifo"),
    (stat.S_IFSOCK, "socket"),
)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a tree."""

    path: str
    """Relative to the tree; `.` is the tree itself."""
    kind: PathKind
    status: os.stat_result
    target: str = ""
    """The target of a symlink."""

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode number, which all hard links to a file share."""
        return self.status.st_dev, self.status.st_ino


@dataclass(slots=True)
class PrefixTree:
    """All entries of a tree, each directory before its contents."""

    root: str
    entries: list[TreeEntry] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    """Directories that could not be listed, and why, a line each."""
    mounts: list[str] = field(default_factory=list)
    """Directories on which another file system is mounted, absolute; not looked into."""
    environments: list[str] = field(default_factory=list)
    """Other environments inside it, absolute."""

    @property
    def exclusive_bytes(self) -> int:
        """The bytes that `df` gains when the tree is deleted."""
        freed = InodeTally()
        freed.add(self)
        return freed.bytes


class InodeTally:
    """What `df` gains when several trees are deleted together: allocated bytes of inodes that lose their last link."""

    def __init__(self) -> None:
        self._own = 0
        self._links: dict[tuple[int, int], list[int]] = {}
        """By inode: links that were added, all links that it has, bytes."""

    @property
    def bytes(self) -> int:
        """The bytes that all added trees free together."""
        return self._own + sum(size for found, links, size in self._links.values() if found >= links)

    def add(self, tree: PrefixTree) -> None:
        """Count one more tree as deleted."""
        for each in tree.entries:
            status = each.status
            size = allocated(status)
            if each.kind == "directory" or status.st_nlink == 1:
                self._own += size
            else:
                self._links.setdefault(each.inode, [0, status.st_nlink, size])[0] += 1


def read_tree(root: str, mounted: Collection[str] = (), leaving_out: Collection[str] = ()) -> PrefixTree:
    """List everything below a directory, sorted. `mounted` are the mount points of this machine.

    Entries directly in `root` whose name is in `leaving_out` are skipped.

    Raises OSError if `root` does not exist or is no directory.
    """
    tree = PrefixTree(root)
    status = os.lstat(root)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(root)
    mounted = mounts_inside(root, mounted)
    waiting = [TreeEntry(".", "directory", status)]
    while waiting:
        entry = waiting.pop()
        tree.entries.append(entry)
        if entry.kind == "directory":
            below = [each for each in _below(tree, entry, mounted) if each.path not in leaving_out]
            waiting += reversed(below)
    return tree


def mounts_inside(root: str, mounted: Collection[str]) -> frozenset[str]:
    """The mount points inside a tree, as paths below `root`; the system names them with all links resolved."""
    inside = os.path.join(os.path.realpath(root), "")
    return frozenset(os.path.join(root, each[len(inside) :]) for each in mounted if each.startswith(inside))


def allocated(status: os.stat_result) -> int:
    """The bytes that a file takes on the disk: whole blocks, and none for its holes."""
    return status.st_blocks * BLOCK


def path_kind(status: os.stat_result) -> PathKind:
    """The kind of file that a status describes."""
    for number, kind in _KINDS:
        if stat.S_IFMT(status.st_mode) == number:
            return kind
    return "device"


def _below(tree: PrefixTree, directory: TreeEntry, mounted: frozenset[str]) -> Iterator[TreeEntry]:
    absolute = tree.root if directory.path == "." else os.path.join(tree.root, directory.path)
    if directory.path != "." and os.path.isfile(os.path.join(absolute, "conda-meta", "history")):
        tree.environments.append(absolute)
    try:
        with os.scandir(absolute) as found:
            names = sorted(found, key=lambda each: each.name)
        for each in names:
            entry = _entry(directory.path, each)
            if entry.kind == "directory" and (
                entry.status.st_dev != directory.status.st_dev or os.path.join(absolute, each.name) in mounted
            ):
                tree.mounts.append(os.path.join(absolute, each.name))
            else:
                yield entry
    except OSError as error:
        tree.unreadable.append(f"{error.filename or absolute}: {reason(error)}")


def _entry(directory: str, found: os.DirEntry[str]) -> TreeEntry:
    status = found.stat(follow_symlinks=False)
    path = found.name if directory == "." else f"{directory}/{found.name}"
    kind = path_kind(status)
    return TreeEntry(path, kind, status, os.readlink(found.path) if kind == "symlink" else "")
