"""Scan a place into a tree, or bring a kept tree up to date by reading only directories that have changed.

This walk is separate from `fs.tree`'s, which creates an entry for every path: here a million inodes are summed up.
"""

from __future__ import annotations

import os
import re
import stat
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter

from msgspec import Struct, field

from condatui_core.disk.tree import InodeTable, InodeTree, ScanProblem

# Scanning a directory tree by lstat only: no file is opened and no symlink followed


ROOT = b"."
OF_A_CACHE = frozenset({ROOT, b"./.logs"})
"""Directories of a package cache that have a row for each file: cleaning deletes their files but keeps them."""
SUBDIRS = rb"(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi)-[a-z0-9_]+)"
"""A pattern for the name of a platform. mamba's caches since 2.6 have packages and archives below a channel and its
platforms: `./conda-forge/linux-64/zlib-1.3-h1_0`."""
_OF_A_CHANNEL = re.compile(rb"\./.+/" + SUBDIRS)


def has_rows_of_files(path: bytes) -> bool:
    """Whether a directory of a package cache has a row for each file: there archives lie that are deleted one by one.

    A directory of that name in a package has them too, which only makes more rows.
    """
    return path in OF_A_CACHE or _OF_A_CHANNEL.fullmatch(path) is not None


_RACY = 2_000_000_000
"""Nanoseconds; some file systems keep times in steps of two seconds, which hide a second change."""
_DAY = 86_400_000_000_000
_identity = attrgetter("st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")


def in_place(place: bytes, path: bytes) -> bytes:
    """The absolute path of a place's path: `./lib` of `/a` is `/a/lib`."""
    return place + path[1:]


def stamp_of(status: os.stat_result) -> int:
    """A number that changes when entries of a directory come, go or are renamed.

    A file that grows in place does not change its directory, so it does not change this number.
    """
    return hash(_identity(status))


class SeenInodes(Struct):
    """The inodes with several links that were found on one device."""

    inodes: set[int] = field(default_factory=set)
    trusted: bool = True
    """Whether directory entries have the same inode numbers as lstat; on some layered file systems they differ."""


class Scanner:
    """Scans paths of a place into a tree.

    `seen` is by device and grows; all scanners of one walk in one process share it.
    """

    def __init__(
        self,
        place: bytes,
        seen: defaultdict[int, SeenInodes],
        *,
        now: int,
        rows_of_files: Callable[[bytes], bool] = lambda _: False,
        skip: Collection[bytes] = (),
    ) -> None:
        self.tree = InodeTree()
        self.inodes: dict[int, InodeTable] = defaultdict(InodeTable)
        """By device, the facts about inodes with several links that were found for the first time."""
        self._seen = seen
        self._place = place
        self._too_fresh = range(now - _RACY + 1, now + _DAY)
        """Times so recent that another change might leave the same; one further in the future was set by hand."""
        self._rows_of_files = rows_of_files
        """Whether each file in a directory has its own row, as at the top of a package cache."""
        self._skip = skip
        """Paths that are separate places, or known already."""

    def scan(self, paths: Iterable[bytes], *, seconds: float = float("inf")) -> list[bytes]:
        """Scan some paths with everything below them; returns the paths for which the time did not suffice."""
        deadline = time.monotonic() + seconds
        waiting = [(path, status) for path in paths if (status := self._look_at(path))]
        while waiting:
            path, status = waiting.pop()
            if stat.S_ISDIR(status.st_mode):
                self._directory(path, status, waiting)
            else:
                self._file_with_row(path, status)
            if time.monotonic() > deadline:
                break
        return [path for path, _ in waiting]

    def _look_at(self, path: bytes) -> os.stat_result | None:
        try:
            return os.lstat(in_place(self._place, path))
        except OSError as error:
            self._problem(path, error)
            return None

    def _directory(self, path: bytes, own: os.stat_result, below: list[tuple[bytes, os.stat_result]]) -> None:
        # One long loop: a walk spends its time here, and each call and lookup in it costs a hundredth of the whole.
        tree, device, row, settled = self.tree, own.st_dev, len(self.tree.paths), True
        blocks, sizes, inodes, others = own.st_blocks, own.st_size, 1, 0
        links, new = tree.links[device], list[os.stat_result]()
        links_before, add_link = len(links.inodes), links.inodes.append
        seen, files_are_rows = self._seen[device], self._rows_of_files(path)
        known = seen.inodes if seen.trusted and not files_are_rows else frozenset[int]()
        try:
            with os.scandir(in_place(self._place, path)) as found:
                for entry in found:
                    inode = entry.inode()
                    if inode in known:
                        add_link(inode)
                        continue
                    others += 1
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError as error:  # deleted since it was listed
                        settled = self._problem(path, error)
                        continue
                    same_device = status.st_dev == device
                    if status.st_ino != inode and same_device:
                        seen.trusted, known = False, frozenset()
                    mode = status.st_mode
                    if stat.S_ISDIR(mode) or files_are_rows:
                        self._below(path + b"/" + entry.name, status, device, below)
                    elif status.st_nlink > 1 and same_device:
                        others -= 1
                        add_link(status.st_ino)
                        new.append(status)
                    else:
                        self._file(row, status)
                        if status.st_nlink == 1:
                            blocks += status.st_blocks
                            sizes += status.st_size
                            inodes += 1
                            if stat.S_ISLNK(mode):
                                self._symlink(row, entry.path)
        except OSError as error:
            settled = self._problem(path, error)
        added = len(links.inodes) - links_before
        links.rows.extend(array("I", (row,)) * added)
        if new:
            self._meet(device, new)
        tree.entries += others + added
        self._row(path, own, blocks, sizes, inodes, settled=settled)

    def _below(
        self, path: bytes, status: os.stat_result, above: int, below: list[tuple[bytes, os.stat_result]]
    ) -> None:
        if path in self._skip:
            return
        below.append((path, status))
        if status.st_dev != above:
            self.tree.problems.append(ScanProblem(path, "mounted"))

    def _file(self, row: int, status: os.stat_result) -> None:
        device, single = status.st_dev, status.st_nlink == 1
        files = self.tree.singles if single else self.tree.links
        files[device].rows.append(row)
        files[device].inodes.append(status.st_ino)
        if not single:
            self._meet(device, [status])

    def _meet(self, device: int, files: list[os.stat_result]) -> None:
        """Keep what lstat says of files with several links, unless they were met before."""
        seen = self._seen[device].inodes
        new = [each for each in files if each.st_ino not in seen]
        self.inodes[device].add(new)
        seen.update([each.st_ino for each in new])

    def _file_with_row(self, path: bytes, status: os.stat_result) -> None:
        self._file(len(self.tree.paths), status)
        single = status.st_nlink == 1
        self._row(path, status, status.st_blocks if single else 0, status.st_size if single else 0, int(single))

    def _row(
        self, path: bytes, own: os.stat_result, blocks: int, sizes: int, inodes: int, *, settled: bool = True
    ) -> None:
        tree = self.tree
        tree.paths.append(path)
        tree.blocks.append(blocks)
        tree.sizes.append(sizes)
        tree.inodes.append(inodes)
        holds = settled and own.st_mtime_ns not in self._too_fresh and own.st_ctime_ns not in self._too_fresh
        tree.stamps.append(stamp_of(own) if holds else 0)

    def _symlink(self, row: int, path: bytes) -> None:
        try:
            target = os.readlink(path)
        except OSError:
            return
        if target.startswith(b"/"):
            self.tree.targets.append((row, target))

    def _problem(self, path: bytes, error: OSError) -> bool:
        """Record a problem; returns False, since a row with a problem is read again next time."""
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        reason = error.strerror or str(error)
        self.tree.problems.append(ScanProblem(path, "changed" if gone else "unreadable", reason))
        return False


MakeScanner = Callable[[Collection[bytes]], Scanner]
"""Creates a scanner of the same place that skips some paths."""


class Rechecked(Struct):
    """A tree brought up to date, and the changes of its links."""

    tree: InodeTree
    fresh_from: int = 0
    """The index of the first row that was read now; the rows before it are unchanged."""
    inodes: dict[int, InodeTable] = field(default_factory=dict)
    """By device, the facts found about inodes with several links."""
    lost: dict[int, set[int]] = field(default_factory=dict)
    """By device, the inodes linked in rows that were dropped or read again: they may have fewer links than before."""


def changed_rows(place: bytes, tree: InodeTree) -> list[int]:
    """Find the rows that have changed since, by one lstat each. Raises OSError if the place cannot be entered."""
    os.chdir(place)
    try:
        now = list(map(hash, map(_identity, map(os.lstat, tree.paths))))  # `stamp_of` each, without a call in Python
    except OSError:  # something was deleted
        now = [_stamp(path) for path in tree.paths]
    was = tree.stamps.tolist()
    if now == was and 0 not in was:
        return []
    return [row for row, (one, other) in enumerate(zip(now, was, strict=True)) if one != other or not other]


def read_again(
    place: bytes,
    tree: InodeTree,
    rows: Collection[int],
    make_scanner: MakeScanner,
    *,
    also_gone: Collection[bytes] = (),
) -> Rechecked:
    """Read some rows again with what is new below them; drop what is gone (or in `also_gone`) with everything below."""
    paths = tree.paths
    changed = {paths[row] for row in rows}
    # A directory replaced by a symlink counts as gone, though paths below it may still exist through the link.
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
    """Whether a path is one of the roots or is below one."""
    while roots and path:
        if path in roots:
            return True
        path = path.rpartition(b"/")[0]
    return False
