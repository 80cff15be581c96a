"""Room on a full disk: a file that gives way to the journal of the next job, so that something can be freed at all.

The file is deleted when a journal finds no room, and made again once a job has ended, or the workbench starts, with
plenty of room. Nothing reads it: whoever is killed while it is made or deleted leaves it short, or none, which is made
good the next time.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 512 * 1024
"""More than a journal takes: its plan, and at most 256 KB of output."""
_PLENTY = 128 * RESERVE_BYTES
"""The free bytes from which on it is made."""
FULL = frozenset((errno.ENOSPC, errno.EDQUOT))
"""How a system says that there is no room: the disk is full, or what this user may have of it."""


def give_up(reserve: Path) -> bool:
    """Delete the reserve; returns whether that has made room."""
    try:
        size = _size(reserve)
        os.unlink(reserve)
    except OSError:
        return False
    return size > 0


def make_again(reserve: Path) -> None:
    """Make the reserve if it is not there, or not whole, and there is plenty of room; never raises."""
    with suppress(OSError):
        if _size(reserve) >= RESERVE_BYTES or shutil.disk_usage(reserve.parent).free < _PLENTY:
            return
        with suppress(FileNotFoundError):
            os.unlink(reserve)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(reserve, flags, 0o600), "wb") as stream:
            stream.write(os.urandom(RESERVE_BYTES))  # which no file system stores in less


def _size(reserve: Path) -> int:
    try:
        return os.lstat(reserve).st_size
    except FileNotFoundError:
        return 0
