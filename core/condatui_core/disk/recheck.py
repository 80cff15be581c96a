"""A tree that was found before, brought up to date: only directories that have changed are read again."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection

from msgspec import Struct, field

from condatui_core.disk.scan import Scanner, in_place, stamp_of
from condatui_core.disk.tree import Inodes, Tree

MakeScanner = Callable[[Collection[bytes]], Scanner]
"""Makes a scanner of the same place that passes over some paths."""


class Rechecked(Struct):
    """A tree as it is now, and what became of its links."""

    tree: Tree
    fresh_from: int = 0
    """The first row that was read just now; those before it are as they were."""
    inodes: dict[int, Inodes] = field(default_factory=dict)
    """By device, what was found out about inodes with several links."""
    lost: dict[int, set[int]] = field(default_factory=dict)
    """By device, the inodes with links in rows that went or were read again: they may have fewer links than before."""


def changed_rows(place: bytes, tree: Tree) -> list[int]:
    """Find the rows that have changed since, by an lstat each. Raises OSError if the place cannot be entered."""
    os.chdir(place)
    try:
        now = list(map(stamp_of, map(os.lstat, tree.paths)))
    except OSError:  # something has gone
        now = [_stamp(path) for path in tree.paths]
    was = tree.stamps.tolist()
    if now == was and 0 not in was:
        return []
    return [row for row, (one, other) in enumerate(zip(now, was, strict=True)) if one != other or not other]


def read_again(
    place: bytes, tree: Tree, rows: Collection[int], make_scanner: MakeScanner, *, also_gone: Collection[bytes] = ()
) -> Rechecked:
    """Read some rows again, and what is new below them; drop what is gone (or `also_gone`) with all that was below."""
    paths = tree.paths
    changed = {paths[row] for row in rows}
    # A directory that became a symlink is gone: what was below may still be reached through it.
    gone = {path for path in changed if not _is_directory(in_place(place, path))}.union(also_gone)
    keep = [path not in changed and not _within(path, gone) for path in paths]
    known = {path for path, kept in zip(paths, keep, strict=True) if kept}
    still = [path for path in paths if path in changed and not _within(path, gone)]
    scanner = make_scanner(known.union(still))
    scanner.scan(still)
    lost_rows = {row for row, kept in enumerate(keep) if not kept}
    lost = {device: set(links.in_rows(lost_rows)) for device, links in tree.links.items()}
    brought = tree.chosen(keep)
    fresh_from = len(brought.paths)
    brought.extend(scanner.tree)
    return Rechecked(brought, fresh_from, scanner.inodes, lost)


def _stamp(path: bytes) -> int:
    try:
        return stamp_of(os.lstat(path))
    except OSError:
        return 0


def _is_directory(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _within(path: bytes, roots: set[bytes]) -> bool:
    """Whether a path is one of the roots or lies below one."""
    while roots and path:
        if path in roots:
            return True
        path = path.rpartition(b"/")[0]
    return False
