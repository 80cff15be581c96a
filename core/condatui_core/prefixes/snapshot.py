"""Read a prefix once for an action: its records with the paths they state, and its tree."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from condatui_core.fs.mounts import mounts
from condatui_core.fs.safe_read import reason
from condatui_core.fs.tree import PrefixTree, TreeEntry, mounts_inside, read_tree
from condatui_core.prefixes.ownership import Owners, owners_of
from condatui_core.prefixes.prefix import contents_of, without_records
from condatui_core.prefixes.recorded_paths import RecordedPackage, read_recorded_packages
from condatui_core.records.prefix import PrefixContents

_RACY = 2_000_000_000
"""Nanoseconds; some file systems keep times in steps of two seconds."""


@dataclass(frozen=True, slots=True)
class PrefixRecords:
    """The contents of a prefix, with the files of each conda package."""

    prefix: str
    contents: PrefixContents
    packages: tuple[RecordedPackage, ...]
    """The conda packages of the contents, in the same order."""

    @property
    def stated(self) -> frozenset[str]:
        """The paths of all conda packages."""
        return frozenset(path.path for package in self.packages for path in package.paths)

    @property
    def has_all_files(self) -> bool:
        """Whether each file that the records state exists, apart from those that pip has replaced; stats each file."""
        replaced = {each.package for each in self.contents.replaced}
        wanted = (each for each in self.packages if each.record.name not in replaced)
        return (
            self.contents.has_history
            and bool(self.packages)
            and all(os.path.lexists(os.path.join(self.prefix, path.path)) for each in wanted for path in each.paths)
        )


@dataclass(frozen=True, slots=True)
class PrefixSnapshot(PrefixRecords):
    """A prefix as it was at one moment. An action takes one when it is planned and one when it is performed."""

    tree: PrefixTree
    taken_ns: int
    """When the reading began, in nanoseconds since 1970."""

    @property
    def symlinked_directories(self) -> Mapping[str, str]:
        """The recorded directories that a symlink leads to, with their real paths.

        conda deletes by path: it would delete files in the link's target, even outside the prefix where no restore
        point covers them, and crash.
        """
        plain = {each.path for each in self.tree.entries if each.kind == "directory"}
        found = {}
        for directory in sorted({os.path.dirname(path) or "." for path in self.stated} - plain):
            real = os.path.realpath(os.path.join(self.tree.root, directory))
            if os.path.isdir(real):
                found[directory] = real
        return found

    @property
    def symlinked_outside(self) -> tuple[str, ...]:
        """The symlinked directories whose real path is outside the prefix."""
        inside = os.path.join(os.path.realpath(self.tree.root), "")
        behind = self.symlinked_directories.items()
        return tuple(path for path, real in behind if not os.path.join(real, "").startswith(inside))

    def owners(self) -> Owners:
        """Determine which package each path belongs to; reads pip's lists of files."""
        return owners_of(self.prefix, self.contents, (each.paths for each in self.packages))

    def first_change(self, moved_to: str = "") -> str:
        """Find the first path that has changed since the snapshot; empty if there is none; `moved_to`: where it is now.

        It parses nothing and lists few directories, since files that come or go change the time of their directory.
        """
        root = moved_to or self.tree.root
        for entry in self.tree.entries:
            try:
                status = os.lstat(_at(root, entry.path))
            except OSError as error:
                return entry.path if entry.path != "." else f"{root}: {reason(error)}"
            renamed = bool(moved_to) and entry.path == "."
            if not _is_unchanged(entry, status, renamed=renamed):
                return entry.path
        come = mounts_inside(root, _mount_points()) - (set() if moved_to else set(self.tree.mounts))
        return min(come, default="") or next(self._other_names(root), "")

    def sees_unchanged(self) -> Callable[[str, os.stat_result], bool]:
        """Give a test whether a path is what it was, by lstat; of a directory only that it is the same one.

        It may be asked while the paths are deleted one by one: that changes a file with several names here, which has
        as many links as before again where others were made since.
        """
        entries = {each.path: each for each in self.tree.entries}
        found: set[tuple[int, int]] = set()
        """The files that were as before when they were asked about by another name."""

        def unchanged(path: str, status: os.stat_result) -> bool:
            entry, inode = entries.get(path), (status.st_dev, status.st_ino)
            if entry is None or entry.kind == "directory":
                return entry is not None and entry.inode == inode
            same = _is_unchanged(entry, status) or (inode in found and _stamp(status) == _stamp(entry.status))
            if same and entry.status.st_nlink > 1:
                found.add(inode)
            return same

        return unchanged

    def _other_names(self, root: str) -> Iterator[str]:
        """The names in directories that changed so shortly before that another change may leave the same time."""
        fresh = self.taken_ns - _RACY
        names = {
            entry.path: set[str]()
            for entry in self.tree.entries
            if entry.kind == "directory" and entry.status.st_mtime_ns > fresh
        }
        if not names:
            return
        known = (*(each.path for each in self.tree.entries[1:]), *self._mounted())
        for path in known:
            directory = os.path.dirname(path) or "."
            if directory in names:
                names[directory].add(os.path.basename(path))
        for directory, before in names.items():
            try:
                different = before ^ set(os.listdir(_at(root, directory)))
            except OSError:
                different = {""}
            yield from (os.path.normpath(os.path.join(directory, name)) for name in sorted(different))

    def _mounted(self) -> Iterator[str]:
        return (os.path.relpath(each, self.tree.root) for each in self.tree.mounts)


def read_records(prefix: str) -> PrefixRecords:
    """Read the contents of a prefix, each record once. Never raises: what cannot be read is among the problems."""
    try:
        packages, problems = read_recorded_packages(prefix)
    except OSError as error:
        return PrefixRecords(prefix, without_records(prefix, error), ())
    return PrefixRecords(prefix, contents_of(prefix, packages, problems), tuple(packages))


def read_snapshot(prefix: str, *, clock: Callable[[], int] = time.time_ns) -> PrefixSnapshot:
    """Walk a prefix once and parse each of its records once.

    Raises OSError if it does not exist or is not a directory.
    """
    now = clock()
    # The tree comes first, so that a record changed before it is parsed differs from its entry in the tree.
    tree = read_tree(prefix, _mount_points())
    records = read_records(prefix)
    return PrefixSnapshot(prefix, records.contents, records.packages, tree, now)


def _at(root: str, path: str) -> str:
    return root if path == "." else os.path.join(root, path)


def _mount_points() -> frozenset[str]:
    return frozenset(each.point for each in mounts())


def _is_unchanged(entry: TreeEntry, now: os.stat_result, *, renamed: bool = False) -> bool:
    """Whether a path is as it was, by lstat: its change time reveals a modification time that was set back.

    A new name changes the time of a directory (`renamed`), and a link that is made or deleted elsewhere that of a file.
    """
    before = entry.status
    linked = entry.kind != "directory" and now.st_nlink != before.st_nlink
    same_time = renamed or linked or now.st_ctime_ns == before.st_ctime_ns
    return same_time and _stamp(now) == _stamp(before)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mode, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
