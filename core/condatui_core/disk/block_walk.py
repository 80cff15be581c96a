"""Read which blocks the files of a walk share, where the file system knows: a second look at the directories."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from condatui_core.disk.inode_index import FoundPlace
from condatui_core.disk.scan import in_place
from condatui_core.disk.shared_blocks import Blocks, grouped
from condatui_core.disk.tree import Files, InodeTree
from condatui_core.disk.workers import Pipe, deal
from condatui_core.fs.extents import ExtentReader, SharedExtents, may_share
from condatui_core.fs.mounts import Mount, mount_of
from condatui_core.records.disk import BlockDoubt

_FILES_AT_ONCE = 2000
"""About as many files are one piece of work."""


class FileChunk(Struct, frozen=True):
    """Files to ask for their extents: in one place and on one device."""

    place: int
    file_system: str
    device: int
    paths: list[bytes] = field(default_factory=list)
    """Directories; or files, where these have rows of their own."""
    inodes: list[array[int]] = field(default_factory=list)
    """For each path, the files in it that are wanted."""


class ReadChunk(Struct, frozen=True):
    """What became of a chunk of files."""

    place: int
    file_system: str
    device: int
    found: SharedExtents


class FoundBlocks(Struct, frozen=True):
    """What files share, and where that is not known for certain."""

    blocks: Blocks
    doubts: tuple[tuple[int, BlockDoubt], ...] = ()


class BlockWalk:
    """The second look at places on file systems that share blocks between files."""

    def __init__(self, places: Sequence[FoundPlace], mounts: Sequence[Mount]) -> None:
        self._places = places
        self._mounts = mounts
        self._asked: dict[str, bool] = {}
        """By file system, whether its files can share blocks at all."""

    def lies_there(self, number: int) -> bool:
        """Whether a place lies on such a file system."""
        return bool(self._file_system(self._places[number].task.place.path))

    @property
    def needed(self) -> bool:
        """Whether any place does."""
        return any(map(self.lies_there, range(len(self._places))))

    def read(self, workers: int) -> FoundBlocks:
        """Ask all files once, by one of their names. The calling process must have no threads."""
        extents: dict[str, dict[int, SharedExtents]] = defaultdict(lambda: defaultdict(SharedExtents))
        doubts: set[tuple[int, BlockDoubt]] = set()
        for each in deal(self._chunks(), workers, _serve):
            extents[each.file_system][each.device].extend(each.found)
            if each.found.unread:
                doubts.add((each.place, "unreadable"))
            if each.found.compressed:
                doubts.add((each.place, "compressed"))
        return FoundBlocks(grouped(extents), tuple(sorted(doubts)))

    def _chunks(self) -> Iterator[FileChunk]:
        seen: dict[int, set[int]] = defaultdict(set)
        # Package caches first: each of their directories has files that many environments link to.
        for number in sorted(range(len(self._places)), key=lambda each: not self._places[each].task.place.cache):
            tree, place = self._places[number].tree, self._places[number].task.place.path
            for device in {**tree.links, **tree.singles}:
                if source := self._file_system(in_place(place, _first_path(tree, device))):
                    wanted = _wanted(tree, device, seen[device])
                    yield from _cut(FileChunk(number, source, device), place, tree.paths, wanted)

    def _file_system(self, path: bytes) -> str:
        """The file system that a path lies on, if its files can share blocks; else empty."""
        mount = mount_of(os.fsdecode(path), self._mounts)
        if mount is None or mount.shared_blocks != "told":
            return ""
        if mount.source not in self._asked:
            self._asked[mount.source] = may_share(os.fsencode(mount.point), mount.kind)
        return mount.source if self._asked[mount.source] else ""


def _first_path(tree: InodeTree, device: int) -> bytes:
    """A directory, or a file with a row of its own, that has files of a device."""
    for files in (tree.links.get(device), tree.singles.get(device)):
        if files and files.rows:
            return tree.paths[files.rows[0]]
    return tree.paths[0] if tree.paths else b"."


def _wanted(tree: InodeTree, device: int, seen: set[int]) -> dict[int, array[int]]:
    """The files of a tree on one device that nobody was asked for yet, by row."""
    wanted: dict[int, array[int]] = defaultdict(lambda: array("Q"))
    singles, links = tree.singles.get(device, Files()), tree.links.get(device, Files())
    for row, inode in zip(singles.rows, singles.inodes, strict=True):
        wanted[row].append(inode)
    for row, inode in zip(links.rows, links.inodes, strict=True):
        if inode not in seen:
            seen.add(inode)
            wanted[row].append(inode)
    return wanted


def _cut(empty: FileChunk, place: bytes, paths: Sequence[bytes], wanted: dict[int, array[int]]) -> Iterator[FileChunk]:
    """Cut what is wanted into chunks."""
    chunk, files = _like(empty), 0
    for row, inodes in wanted.items():
        chunk.paths.append(in_place(place, paths[row]))
        chunk.inodes.append(inodes)
        files += len(inodes)
        if files >= _FILES_AT_ONCE:
            yield chunk
            chunk, files = _like(empty), 0
    if chunk.paths:
        yield chunk


def _like(chunk: FileChunk) -> FileChunk:
    return FileChunk(chunk.place, chunk.file_system, chunk.device)


def _serve(dealer: Pipe[ReadChunk, FileChunk]) -> None:
    """Read chunks of files until the parent process has ended."""
    try:
        while True:
            chunk = dealer.receive()
            reader = ExtentReader()
            for path, inodes in zip(chunk.paths, chunk.inodes, strict=True):
                reader.look_at(path, inodes)
            dealer.send(ReadChunk(chunk.place, chunk.file_system, chunk.device, reader.found))
    except (EOFError, BrokenPipeError):
        return
