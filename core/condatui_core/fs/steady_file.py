"""A file that is held open, and of which it is known at any moment whether it is still as it was found."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from condatui_core.fs.attributes import marks_of
from condatui_core.fs.held import Held
from condatui_core.fs.leases import give_up_lease, lease_holds, take_read_lease
from condatui_core.fs.places import Place
from condatui_core.fs.safe_read import open_regular

_CHUNK = 1 << 20


class SteadyFile(Held):
    """A regular file that is open for reading, with a lease where the system has them.

    By the lease nobody who writes to it is overlooked, whatever times are set afterwards.
    """

    def __init__(self, place: Place) -> None:
        """Open it. Raises OSError: BlockingIOError if somebody has it open for writing, ENOTSUP if nobody can tell."""
        self._stack = ExitStack()
        self.place = place
        """Where it was found."""
        stream = self._stack.enter_context(open_regular(place.name, buffering=0, directory=place.directory))
        self.descriptor = stream.fileno()
        try:
            self._leased = take_read_lease(self.descriptor)
            if self._leased:
                self._stack.callback(partial(give_up_lease, self.descriptor))
            elif sys.platform == "linux":
                raise OSError(errno.ENOTSUP, "the file system cannot tell who writes to a file", place.path)
            self.status = os.fstat(self.descriptor)
            """As it was when it was opened."""
            self.marks = marks_of(self.descriptor)
            """Its extended attributes and flags then."""
            self._touched = self.status.st_ctime_ns
        except BaseException:
            self._stack.close()
            raise

    def close(self) -> None:
        """Let go of it, and of those who wait to write to it."""
        self._stack.close()

    def sync_contents(self) -> None:
        """Wait until its contents are on the disk, whoever wrote them. Raises OSError."""
        getattr(os, "fdatasync", os.fsync)(self.descriptor)

    @property
    def unwritten(self) -> bool:
        """Whether nobody has wanted to write to it since it was opened; True where that is not known."""
        return not self._leased or lease_holds(self.descriptor)

    @property
    def unchanged(self) -> bool:
        """Whether nobody has written to it, and its size, time, owner, mode and attributes are as they were."""
        same = _state(os.fstat(self.descriptor)) == _state(self.status)
        return same and marks_of(self.descriptor) == self.marks and self.unwritten

    @property
    def untouched(self) -> bool:
        """Whether not even a name of it has come, gone or changed since it was opened, or since `touch` was called."""
        return os.fstat(self.descriptor).st_ctime_ns == self._touched

    def touch(self) -> None:
        """Note that one of its names was changed on purpose."""
        self._touched = os.fstat(self.descriptor).st_ctime_ns

    @property
    def links(self) -> int:
        """How many names it has now."""
        return os.fstat(self.descriptor).st_nlink


def same_contents(one: SteadyFile, other: SteadyFile, stopped: Callable[[], bool] = lambda: False) -> bool:
    """Whether two files have the same contents, byte for byte, which nobody has wanted to change meanwhile.

    Returns False as soon as somebody waits to write to one of them, or `stopped` says so. Raises OSError.
    """
    if one.status.st_size != other.status.st_size:
        return False
    offset = 0
    while one.unwritten and other.unwritten and not stopped():
        chunk = os.pread(one.descriptor, _CHUNK, offset)
        if chunk != os.pread(other.descriptor, _CHUNK, offset):
            return False
        if not chunk:
            return offset == one.status.st_size
        offset += len(chunk)
    return False


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_mode, status.st_uid, status.st_gid
