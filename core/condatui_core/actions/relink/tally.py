"""Counts what a relink has joined, and what it has left alone and why."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from condatui_core.fs.places import HeldPlaces, Place
from condatui_core.records.relinking import SkippedFiles, SkipReason, StoredFile, StoredInode

_REASONS: dict[int, SkipReason] = {
    errno.EAGAIN: "in-use",
    errno.ETXTBSY: "in-use",
    errno.ENOENT: "changed",
    errno.ENOTDIR: "changed",
    errno.ELOOP: "changed",
    errno.ESTALE: "changed",
    errno.EINVAL: "changed",
    errno.EACCES: "unreadable",
    errno.EPERM: "file-system",
    errno.EXDEV: "file-system",
    errno.ENOTSUP: "file-system",
    errno.EOPNOTSUPP: "file-system",
    errno.ENOSYS: "file-system",
    errno.EMLINK: "link-limit",
}


def why_left(error: OSError) -> SkipReason:
    """The reason for which a file is left alone, by what the system has said. Raises the error if it concerns all."""
    found = _REASONS.get(error.errno or 0)
    if found is None:  # a full disk, one that fails, one that may only be read
        raise error
    return found


class LeftAloneError(Exception):
    """A file is not joined, for this reason."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason)
        self.reason: SkipReason = reason


def place_of(file: StoredFile, places: HeldPlaces) -> Place:
    """The place of a path, by the directories below its holder. Raises OSError where a link is on the way."""
    return places.place(file.holder, os.path.relpath(file.path, file.holder))


def first_place(inode: StoredInode, places: HeldPlaces) -> Place:
    """The first of the paths of a file that still leads to it. Raises LeftAloneError if none does, OSError."""
    for file in inode.paths:
        place = place_of(file, places)
        if place.inode() == inode.number:
            return place
    raise LeftAloneError("changed")


@dataclass(slots=True)
class Tally:
    """What has become of the files until now; `on_bytes` is told how many bytes are done."""

    on_bytes: Callable[[int], None]
    files: int = 0
    """Paths that lead to another file now, or to one that shares its blocks."""
    freed: int = 0
    """Bytes."""
    done: int = 0
    """Bytes that were joined or left alone."""
    _skipped: dict[SkipReason, tuple[int, int]] = field(default_factory=dict)

    def join(self, files: int, freed: int) -> None:
        """So many paths were joined, which has freed so many bytes."""
        self.files += files
        self.freed += freed
        self._go_on(freed)

    def leave(self, inode: StoredInode, why: SkipReason) -> None:
        """A file is left alone."""
        self.leave_paths(len(inode.paths), inode.bytes, why)

    def leave_paths(self, files: int, size: int, why: SkipReason) -> None:
        """So many paths of a file are left alone, which would have freed so many bytes."""
        before = self._skipped.get(why, (0, 0))
        self._skipped[why] = (before[0] + files, before[1] + size)
        self._go_on(size)

    @property
    def skipped(self) -> tuple[SkippedFiles, ...]:
        """What was left alone, by reason, what would free most first."""
        found = (SkippedFiles(reason=why, files=files, bytes=size) for why, (files, size) in self._skipped.items())
        return tuple(sorted(found, key=lambda each: (-each.bytes, each.reason)))

    def _go_on(self, size: int) -> None:
        self.done += size
        self.on_bytes(self.done)
