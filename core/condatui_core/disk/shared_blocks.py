"""Blocks that several files share, as inodes of their own: what holds one of the files holds the blocks."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, compress

from msgspec import Struct, field

from condatui_core.disk.tree import Files, InodeTable, InodeTree
from condatui_core.fs.extents import SharedExtents
from condatui_core.fs.tree import BLOCK

FileKey = tuple[int, int]
"""Device and inode number."""
_NEVER = 1 << 64


class Blocks(Struct):
    """All blocks of a walk that files share, in groups: each group is shared by the same files."""

    groups: dict[int, dict[int, list[int]]] = field(default_factory=dict)
    """By device and inode, the groups that the file has."""
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    """By group, its blocks of 512 bytes."""
    files: list[tuple[FileKey, ...]] = field(default_factory=list)
    """By group, the files that share it."""
    unseen: set[int] = field(default_factory=set)
    """Groups that something shares which the walk has not found."""
    less: dict[int, dict[int, int]] = field(default_factory=dict)
    """By device and inode, the blocks of 512 bytes that are not the file's alone, as often as it has them."""

    def links(self, files: Mapping[int, Files]) -> Files:
        """The links of a tree to files that have groups, as links to these groups."""
        found = Files()
        for device, groups in self.groups.items():
            if device not in files:
                continue
            having = map(groups.__contains__, files[device].inodes)
            for row, inode in compress(zip(files[device].rows, files[device].inodes, strict=True), having):
                found.rows.extend([row] * len(groups[inode]))
                found.inodes.extend(groups[inode])
        return found

    def table(self, counts: Mapping[FileKey, int]) -> InodeTable:
        """The groups as a table of inodes; `counts` are the link counts of files with several links.

        A group has as many links as its files have, and one more if something shares it that was not found.
        """
        links = (
            sum(counts.get(file, 1) for file in files) + (group in self.unseen)
            for group, files in enumerate(self.files)
        )
        none = array("Q", bytes(8 * len(self.sizes)))
        return InodeTable(array("Q", range(len(self.sizes))), array("I", links), self.sizes, none)


def grouped(extents: Mapping[str, Mapping[int, SharedExtents]]) -> Blocks:
    """Group what files share; `extents` are by file system and device."""
    blocks = Blocks()
    for of_devices in extents.values():
        sums: dict[tuple[tuple[FileKey, ...], bool], int] = defaultdict(int)
        for size, files, several in chain(_plain(of_devices), _encoded(of_devices)):
            sums[files, several] += size
        for (files, several), size in sums.items():
            _add_group(blocks, files, size // BLOCK, unseen=not several)
        for device, found in of_devices.items():
            _subtract(blocks.less.setdefault(device, {}), found)
    return blocks


def _add_group(blocks: Blocks, files: tuple[FileKey, ...], size: int, *, unseen: bool) -> None:
    group = len(blocks.files)
    blocks.files.append(files)
    blocks.sizes.append(size)
    if unseen:
        blocks.unseen.add(group)
    for device, inode in files:
        blocks.groups.setdefault(device, {}).setdefault(inode, []).append(group)


def _subtract(less: dict[int, int], found: SharedExtents) -> None:
    for inode, length in zip(found.inodes, found.lengths, strict=True):
        less[inode] = less.get(inode, 0) + length // BLOCK


_Range = tuple[int, int, FileKey]
"""Where it begins, where it ends, and the file that has it."""
_Piece = tuple[int, tuple[FileKey, ...], bool]
"""Bytes, the files that have them, and whether they have them more than once together."""


def _plain(devices: Mapping[int, SharedExtents]) -> Iterator[_Piece]:
    """Cut the extents into pieces that the same files have, in the order of the disk."""
    having: list[tuple[int, FileKey]] = []
    """The end of each extent that the place on the disk lies in, and its file; the nearest end first."""
    at = 0
    for start, end, file in chain(_ranges(devices), [(_NEVER, _NEVER, (0, 0))]):
        while having and at < start:
            until = min(having[0][0], start)
            if until > at:
                yield until - at, _files_of(each for _, each in having), len(having) > 1
            at = until
            while having and having[0][0] <= at:
                heapq.heappop(having)
        at = start
        heapq.heappush(having, (end, file))


def _ranges(devices: Mapping[int, SharedExtents]) -> Iterator[_Range]:
    """The extents that are not compressed, in the order of the disk."""
    of_each = (_ranges_of(device, found) for device, found in devices.items())
    return heapq.merge(*of_each)


def _ranges_of(device: int, found: SharedExtents) -> Iterator[_Range]:
    starts, lengths, encoded = found.starts, found.lengths, found.encoded
    for index in sorted(range(len(starts)), key=starts.__getitem__):
        if not encoded[index]:
            yield starts[index], starts[index] + lengths[index], (device, found.inodes[index])


def _encoded(devices: Mapping[int, SharedExtents]) -> Iterator[_Piece]:
    """The compressed extents: each is one piece, known by its beginning, since nobody tells its end.

    Files that have other parts of one compressed extent share it too: it goes when the last of them does.
    """
    having: dict[int, list[FileKey]] = defaultdict(list)
    longest: Counter[int] = Counter()
    for device, found in devices.items():
        for start, length, inode in compress(
            zip(found.starts, found.lengths, found.inodes, strict=True), found.encoded
        ):
            having[start].append((device, inode))
            longest[start] = max(longest[start], length)
    return ((longest[start], _files_of(files), len(set(files)) > 1) for start, files in having.items())


def _files_of(files: Iterable[FileKey]) -> tuple[FileKey, ...]:
    return tuple(sorted(set(files)))


def holders_of_singles(blocks: Blocks, tree: InodeTree) -> Iterator[tuple[int, int]]:
    """For each file with one link that shares blocks: the row of its directory, and the blocks that are not its own."""
    for device, less in blocks.less.items():
        if singles := tree.singles.get(device):
            having = map(less.__contains__, singles.inodes)
            for row, inode in compress(zip(singles.rows, singles.inodes, strict=True), having):
                yield row, less[inode]


def link_counts(blocks: Blocks, tables: Iterable[Mapping[int, InodeTable]]) -> dict[FileKey, int]:
    """The link counts of the files that share blocks and have several links; the first table that has one is right."""
    counts: dict[FileKey, int] = {}
    for table in tables:
        for device, groups in blocks.groups.items():
            if inodes := table.get(device):
                for inode, count in zip(inodes.inodes, inodes.counts, strict=True):
                    if inode in groups:
                        counts.setdefault((device, inode), count)
    return counts
