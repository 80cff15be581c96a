"""Which blocks of files are shared with other files, as the file system tells (FIEMAP): no content is read."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from array import array
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from msgspec import Struct, field

_FIEMAP = 0xC020660B
_XFS_GEOMETRY = 0x80705864
_REQUEST = struct.Struct("=QQLLLL")
"""From where, how many bytes, flags, extents that were told, extents that there is room for, and nothing."""
_COUNT = struct.Struct("=L")
_TOLD = 20
"""Where the number of extents that were told is."""
_EXTENT = struct.Struct("=QQQ16xL12x")
"""Where in the file, where on the disk, how long, flags."""
_ROOM = 512
"""Extents that one call may tell: more cost another call, and none costs anything."""
_EVERYTHING = 2**64 - 1
_LAST, _ENCODED, _SHARED = 0x1, 0x8, 0x2000
_WITHOUT_A_PLACE = 0x2 | 0x4 | 0x200
"""Flags of an extent whose place on the disk is not known, not chosen yet, or among the metadata: nothing shares it."""
_XFS_FLAGS_AT, _XFS_REFLINK = 92, 1 << 20
_XFS_GEOMETRY_SIZE = 112
_ASIDE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def _unsigned() -> array[int]:
    return array("Q")


class SharedExtents(Struct):
    """Extents of files that more than one file has, or one file more than once; the columns are parallel."""

    inodes: array[int] = field(default_factory=_unsigned)
    """The file that has the extent."""
    starts: array[int] = field(default_factory=_unsigned)
    """Where it begins on the file system, in bytes."""
    lengths: array[int] = field(default_factory=_unsigned)
    """Its length in the file, in bytes."""
    encoded: array[int] = field(default_factory=lambda: array("B"))
    """1 if it is compressed: then it is shorter on the disk, by as much as nobody tells."""
    unread: int = 0
    """The number of files that this user may not open, of which nothing is known."""
    compressed: bool = False
    """Whether a file is compressed, with shared extents or without."""

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (start, length, inode, encoded) of each."""
        return zip(self.starts, self.lengths, self.inodes, self.encoded, strict=True)

    def extend(self, other: SharedExtents) -> None:
        """Add others."""
        self.inodes += other.inodes
        self.starts += other.starts
        self.lengths += other.lengths
        self.encoded += other.encoded
        self.unread += other.unread
        self.compressed |= other.compressed

    def add(self, inode: int, start: int, length: int, *, encoded: bool) -> None:
        """Add an extent; one that goes on where the last one ended only makes that longer."""
        goes_on = self.inodes and not encoded and not self.encoded[-1] and self.inodes[-1] == inode
        if goes_on and self.starts[-1] + self.lengths[-1] == start:
            self.lengths[-1] += length
            return
        self.inodes.append(inode)
        self.starts.append(start)
        self.lengths.append(length)
        self.encoded.append(encoded)


class ExtentReader:
    """Reads the shared extents of many files."""

    def __init__(self) -> None:
        self.found = SharedExtents()
        self._buffer = bytearray(_REQUEST.size + _ROOM * _EXTENT.size)

    def look_at(self, path: bytes, wanted: Collection[int]) -> None:
        """Read those of a file, or of the files in a directory, that have one of these inode numbers.

        A file that cannot be opened is counted; one that has gone, or a file system that tells nothing, is no error.
        """
        try:
            with os.scandir(path) as entries:
                files = [(each.name, each.inode()) for each in entries if each.is_file(follow_symlinks=False)]
            with _opened(path, getattr(os, "O_DIRECTORY", 0)) as directory:
                left = set(wanted)
                for name, inode in files:
                    if inode in left:
                        left.discard(inode)
                        self._file(name, inode, directory)
        except NotADirectoryError:
            for inode in wanted:
                self._file(path, inode, None)
        except OSError:  # gone since it was walked, or unreadable, which the walk has told
            return

    def _file(self, path: bytes, inode: int, directory: int | None) -> None:
        try:
            descriptor = os.open(path, _ASIDE, dir_fd=directory)
        except PermissionError:
            self.found.unread += 1
            return
        except OSError:
            return
        try:
            at, last = 0, False
            while not last:
                at, last = self._ask(descriptor, inode, at)
        except OSError:
            return
        finally:
            os.close(descriptor)

    def _ask(self, descriptor: int, inode: int, at: int) -> tuple[int, bool]:
        """Ask for extents from a place in the file on; returns where to go on, and whether it is told to the end.

        Raises OSError.
        """
        buffer, last = self._buffer, True
        _REQUEST.pack_into(buffer, 0, at, _EVERYTHING - at, 0, 0, _ROOM, 0)
        fcntl.ioctl(descriptor, _FIEMAP, buffer)
        for index in range(_COUNT.unpack_from(buffer, _TOLD)[0]):
            logical, start, length, flags = _EXTENT.unpack_from(buffer, _REQUEST.size + index * _EXTENT.size)
            at, last = logical + length, bool(flags & _LAST)
            if flags & _ENCODED:
                self.found.compressed = True
            if flags & _SHARED and not flags & _WITHOUT_A_PLACE:
                self.found.add(inode, start, length, encoded=bool(flags & _ENCODED))
        return at, last


def shared_extents(path: bytes, inode: int) -> tuple[tuple[int, int], ...]:
    """Where on the disk a file has what it shares with others, and how many bytes: the same for files that are one."""
    reader = ExtentReader()
    reader.look_at(path, (inode,))
    return tuple(zip(reader.found.starts, reader.found.lengths, strict=True))


def may_share(directory: bytes, kind: str) -> bool:
    """Whether files on a file system of this kind can share blocks, so far as that can be asked: XFS may lack it."""
    if sys.platform != "linux" or kind != "xfs":
        return sys.platform == "linux"
    geometry = bytearray(_XFS_GEOMETRY_SIZE)
    try:
        with _opened(directory, getattr(os, "O_DIRECTORY", 0)) as descriptor:
            fcntl.ioctl(descriptor, _XFS_GEOMETRY, geometry)
    except OSError:
        return True
    (flags,) = struct.unpack_from("=L", geometry, _XFS_FLAGS_AT)
    return bool(flags & _XFS_REFLINK)


@contextmanager
def _opened(path: bytes, kind: int = 0, *, directory: int | None = None) -> Iterator[int]:
    """Open a file or directory aside: without following a link, and without waiting for anybody."""
    descriptor = os.open(path, _ASIDE | kind, dir_fd=directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
