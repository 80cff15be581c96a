"""Blocks that several files share, as inodes of their own: what holds one of the files holds the blocks."""

from __future__ import annotations

import heapq
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import TypeAlias

from msgspec import Struct, field

from condatui_core.disk.tree import Files, InodeTable, InodeTree
from condatui_core.fs.extents import SharedExtents
from condatui_core.fs.tree import BLOCK

FileKey: TypeAlias = tuple[int, int]
"""Device and inode number."""
_Counts: TypeAlias = dict[int, dict[int, int]]
"""By device and inode, blocks of 512 bytes."""


class Blocks(Struct):
    """All blocks of a walk that files share, in groups: each group is shared by the same files."""

    groups: dict[int, dict[int, list[int]]] = field(default_factory=dict)
    """By device and inode, the groups that the file has."""
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    """By group, its blocks of 512 bytes."""
    files: list[tuple[FileKey, ...]] = field(default_factory=list)
    """By group, the files that share it."""
    unseen: _Counts = field(default_factory=dict)
    """The blocks of files that something shares which the walk has not found."""
    less: _Counts = field(default_factory=dict)
    """The blocks that are not a file's alone, as often as it has them."""

    def links(self, files: Mapping[int, Files]) -> Files:
        """The links of a tree to files that have groups, as links to these groups."""
        found = Files()
        for device, groups in self.groups.items():
            for row, inode in _among(files, device, groups):
                found.rows.extend([row] * len(groups[inode]))
                found.inodes.extend(groups[inode])
        return found

    def table(self, counts: Mapping[FileKey, int]) -> InodeTable:
        """The groups as a table of inodes; `counts` are the link counts of files with several links.

        A group has as many links as its files have together.
        """
        links = (sum(counts.get(file, 1) for file in files) for files in self.files)
        return _table(range(len(self.sizes)), links, self.sizes)

    def unseen_table(self, device: int) -> InodeTable:
        """What something unseen shares, as a table of inodes that have more links than anybody finds."""
        unseen = self.unseen.get(device, {})
        return _table(unseen, [_ENDLESS] * len(unseen), unseen.values())


_ENDLESS = (1 << 32) - 1


def _table(numbers: Iterable[int], counts: Iterable[int], sizes: Iterable[int]) -> InodeTable:
    table = InodeTable(array("Q", numbers), array("I", counts), array("Q", sizes))
    table.sizes.frombytes(bytes(table.blocks.itemsize * len(table.blocks)))
    return table


def _among(files: Mapping[int, Files], device: int, wanted: Mapping[int, object]) -> Iterator[tuple[int, int]]:
    """The rows and inodes of those of some files on a device that are wanted."""
    if device not in files:
        return iter(())
    there = files[device]
    return compress(zip(there.rows, there.inodes, strict=True), map(wanted.__contains__, there.inodes))


def grouped(extents: Mapping[str, Mapping[int, SharedExtents]]) -> Blocks:
    """Group what files share; `extents` are by file system and device."""
    blocks = Blocks()
    for of_devices in extents.values():
        sums = _Sums()
        _add_plain(sums, _Extents.of(of_devices))
        _add_encoded(sums, of_devices)
        for files, size in sums.shared.items():
            _add_group(blocks, files, size // BLOCK)
        for (device, inode), size in sums.unseen.items():
            blocks.unseen.setdefault(device, {})[inode] = size // BLOCK
        for device, found in of_devices.items():
            less = blocks.less.setdefault(device, {})
            for inode, length in zip(found.inodes, found.lengths, strict=True):
                less[inode] = less.get(inode, 0) + length // BLOCK
    return blocks


def _add_group(blocks: Blocks, files: tuple[FileKey, ...], size: int) -> None:
    group = len(blocks.files)
    blocks.files.append(files)
    blocks.sizes.append(size)
    for device, inode in files:
        blocks.groups.setdefault(device, {}).setdefault(inode, []).append(group)


class _Sums:
    """The bytes that the same files share, and the bytes of a file of which the others were not found."""

    def __init__(self) -> None:
        self.shared: dict[tuple[FileKey, ...], int] = defaultdict(int)
        self.unseen: dict[FileKey, int] = defaultdict(int)

    def add(self, size: int, files: Sequence[FileKey]) -> None:
        """Add bytes and the files that have them; a file that is named twice has them twice."""
        if len(files) == 1:
            self.unseen[files[0]] += size
        else:
            self.shared[tuple(sorted(set(files)))] += size


class _Extents(Struct):
    """The extents of one file system that are not compressed, in the order of the disk; the columns are parallel."""

    starts: array[int]
    ends: array[int]
    files: list[FileKey]

    @staticmethod
    def of(devices: Mapping[int, SharedExtents]) -> _Extents:
        """Sort the extents."""
        starts, ends, files = array("Q"), array("Q"), list[FileKey]()
        for device, found in devices.items():
            for start, length, inode, encoded in found.rows():
                if not encoded:
                    starts.append(start)
                    ends.append(start + length)
                    files.append((device, inode))
        order = sorted(range(len(starts)), key=starts.__getitem__)
        return _Extents(
            array("Q", map(starts.__getitem__, order)),
            array("Q", map(ends.__getitem__, order)),
            list(map(files.__getitem__, order)),
        )


def _add_plain(sums: _Sums, extents: _Extents) -> None:
    """Add the extents, cut into pieces where the files that have them change: nearly always, they are the same."""
    starts, ends, files = extents.starts, extents.ends, extents.files
    first, count = 0, len(starts)
    while first < count:
        start = starts[first]
        end = until = ends[first]
        alike, after = True, first + 1
        while after < count and starts[after] < until:
            if ends[after] != end or starts[after] != start:
                alike, until = False, max(until, ends[after])
            after += 1
        if alike:
            sums.add(end - start, files[first:after])
        else:
            _add_cut(sums, zip(starts[first:after], ends[first:after], files[first:after], strict=True))
        first = after


def _add_cut(sums: _Sums, overlapping: Iterable[tuple[int, int, FileKey]]) -> None:
    """Add extents that overlap, cut into pieces that the same files have."""
    having: list[tuple[int, FileKey]] = []
    """The end of each extent that the place on the disk lies in, and its file; the nearest end first."""
    at = 0

    def go_to(place: int) -> None:
        nonlocal at
        while having and at < place:
            until = min(having[0][0], place)
            if until > at:
                sums.add(until - at, [file for _, file in having])
            at = until
            while having and having[0][0] <= at:
                heapq.heappop(having)
        at = place

    for start, end, file in overlapping:
        go_to(start)
        heapq.heappush(having, (end, file))
    go_to(max((end for end, _ in having), default=0))


def _add_encoded(sums: _Sums, devices: Mapping[int, SharedExtents]) -> None:
    """Add the compressed extents: each is one piece, known by its beginning, since nobody tells its end.

    Files that have other parts of one compressed extent share it too: it goes when the last of them does.
    """
    having: dict[int, set[FileKey]] = defaultdict(set)
    longest: dict[int, int] = {}
    for device, found in devices.items():
        for start, length, inode, encoded in found.rows():
            if encoded:
                having[start].add((device, inode))
                longest[start] = max(longest.get(start, 0), length)
    for start, files in having.items():
        sums.add(longest[start], tuple(files))


def singles_less(blocks: Blocks, tree: InodeTree) -> Iterator[tuple[int, int, int]]:
    """For each file with one link that shares blocks: the row of its directory, the blocks that are not its own, and
    those of them that something unseen shares.
    """
    for device, less in blocks.less.items():
        unseen = blocks.unseen.get(device, {})
        for row, inode in _among(tree.singles, device, less):
            yield row, less[inode], unseen.get(inode, 0)


def unseen_links(blocks: Blocks, tree: InodeTree) -> Iterator[tuple[int, Files]]:
    """By device, the links of a tree to files with several links of which something unseen shares blocks."""
    for device, unseen in blocks.unseen.items():
        pairs = list(_among(tree.links, device, unseen))
        yield device, Files(array("I", (row for row, _ in pairs)), array("Q", (inode for _, inode in pairs)))


def link_counts(blocks: Blocks, tables: Iterable[Mapping[int, InodeTable]]) -> dict[FileKey, int]:
    """The link counts of the files that share blocks and have several links; the first table that has one is right."""
    counts: dict[FileKey, int] = {}
    for table in tables:
        for device, groups in blocks.groups.items():
            if inodes := table.get(device):
                having = map(groups.__contains__, inodes.inodes)
                for inode, count in compress(zip(inodes.inodes, inodes.counts, strict=True), having):
                    counts.setdefault((device, inode), count)
    return counts
