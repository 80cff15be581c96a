"""The scanned tree of one place, in columns, since a million objects would not fit into memory."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Literal, NamedTuple

from msgspec import Struct, field

ProblemKind = Literal["unreadable", "changed", "mounted"]


class ScanProblem(NamedTuple):
    """A directory that could not be measured completely."""

    path: bytes
    """Relative to the place."""
    kind: ProblemKind
    reason: str = ""


def _unsigned() -> array[int]:
    return array("Q")


def _small() -> array[int]:
    return array("I")


class Files(Struct):
    """The files of one device and their directories; the columns are parallel."""

    rows: array[int] = field(default_factory=_small)
    """The row of each file's directory."""
    inodes: array[int] = field(default_factory=_unsigned)

    def extend(self, other: Files, first_row: int) -> None:
        """Append other files, whose rows begin at `first_row`."""
        self.rows.extend(map(first_row.__add__, other.rows) if first_row else other.rows)
        self.inodes.extend(other.inodes)

    def chosen(self, new_rows: Sequence[int | None]) -> Files:
        """The files in rows that have a new number, with these numbers."""
        numbers = [new_rows[row] for row in self.rows]
        inodes = compress(self.inodes, (number is not None for number in numbers))
        return Files(array("I", (number for number in numbers if number is not None)), array("Q", inodes))

    def in_rows(self, rows: set[int]) -> Iterable[int]:
        """The inodes in some rows."""
        return compress(self.inodes, map(rows.__contains__, self.rows))

    def rows_with(self, inodes: set[int]) -> Iterable[int]:
        """The rows that contain some inodes."""
        return compress(self.rows, map(inodes.__contains__, self.inodes))


class InodeTable(Struct):
    """What lstat reports about inodes with several links, on one device; the columns are parallel."""

    inodes: array[int] = field(default_factory=_unsigned)
    counts: array[int] = field(default_factory=_small)
    """The number of all links to each inode, also outside the place."""
    blocks: array[int] = field(default_factory=_unsigned)
    """Allocated blocks of 512 bytes."""
    sizes: array[int] = field(default_factory=_unsigned)
    """Apparent bytes."""

    def columns(self) -> tuple[array[int], ...]:
        """All columns, in the order in which they are stored."""
        return self.inodes, self.counts, self.blocks, self.sizes

    def add(self, files: Sequence[os.stat_result]) -> None:
        """Add what lstat says of some files."""
        self.inodes.fromlist([each.st_ino for each in files])
        self.counts.fromlist([each.st_nlink for each in files])
        self.blocks.fromlist([each.st_blocks for each in files])
        self.sizes.fromlist([each.st_size for each in files])

    def chosen(self, keep: Sequence[bool]) -> InodeTable:
        """The table of the inodes to keep."""
        return InodeTable(*(array(column.typecode, compress(column, keep)) for column in self.columns()))

    def extend(self, other: InodeTable) -> None:
        """Add others."""
        for column, added in zip(self.columns(), other.columns(), strict=True):
            column.extend(added)


def _by_device() -> dict[int, Files]:
    return defaultdict(Files)


class InodeTree(Struct):
    """A scanned place; each row is a directory, or in a package cache a file that may be cleaned alone."""

    paths: list[bytes] = field(default_factory=list)
    """Relative to the place: `.`, `./lib` …"""
    stamps: array[int] = field(default_factory=lambda: array("q"))
    """A number that changes when the row does; 0 if it must be read again."""
    blocks: array[int] = field(default_factory=_unsigned)
    """Blocks of 512 bytes of the directory itself and of the files in it that have one link."""
    sizes: array[int] = field(default_factory=_unsigned)
    """Apparent bytes of the directory and of these files."""
    inodes: array[int] = field(default_factory=_small)
    """The number of these: the directory itself and the files in it that have one link."""
    links: dict[int, Files] = field(default_factory=_by_device)
    """By device: links to inodes that have several links."""
    singles: dict[int, Files] = field(default_factory=_by_device)
    """By device: files with one link, which may get a second one without a change of their directory."""
    targets: list[tuple[int, bytes]] = field(default_factory=list)
    """(row, target) of symlinks with an absolute target."""
    problems: list[ScanProblem] = field(default_factory=list)
    entries: int = 0
    """The number of directory entries visited."""

    def extend(self, other: InodeTree) -> None:
        """Append the rows of another part of the same place."""
        first = len(self.paths)
        self.paths += other.paths
        self.stamps += other.stamps
        self.blocks += other.blocks
        self.sizes += other.sizes
        self.inodes += other.inodes
        for device, links in other.links.items():
            self.links[device].extend(links, first)
        for device, singles in other.singles.items():
            self.singles[device].extend(singles, first)
        self.targets += ((row + first, target) for row, target in other.targets)
        self.problems += other.problems
        self.entries += other.entries

    def forget_columns(self) -> None:
        """Forget the rows and the files; where symlinks lead, the problems and the number of entries stay."""
        self.paths, self.stamps, self.inodes = [], array("q"), _small()
        self.blocks, self.sizes = _unsigned(), _unsigned()
        self.links, self.singles = _by_device(), _by_device()

    def chosen(self, keep: Sequence[bool]) -> InodeTree:
        """The tree of the rows to keep."""
        numbers = iter(range(len(keep)))
        new_rows = [next(numbers) if kept else None for kept in keep]
        paths = list(compress(self.paths, keep))
        known = set(paths)
        return InodeTree(
            paths=paths,
            stamps=array("q", compress(self.stamps, keep)),
            blocks=array("Q", compress(self.blocks, keep)),
            sizes=array("Q", compress(self.sizes, keep)),
            inodes=array("I", compress(self.inodes, keep)),
            links=_by_device() | {device: links.chosen(new_rows) for device, links in self.links.items()},
            singles=_by_device() | {device: singles.chosen(new_rows) for device, singles in self.singles.items()},
            targets=[(number, target) for row, target in self.targets if (number := new_rows[row]) is not None],
            problems=[each for each in self.problems if each.path in known],
        )
