"""Leases on open files: as long as one holds, nobody has begun to write to the file, and whoever wants to waits."""

from __future__ import annotations

import errno
import fcntl
import signal
import sys
from contextlib import suppress

_NO_LEASES = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""How a kernel or a file system says that it has no leases."""


def take_read_lease(descriptor: int) -> bool:
    """Take a lease on a file of this user that is open for reading; returns False where there are no leases.

    Whoever opens the file for writing from now on, or truncates it, waits until the lease is given up; after 45 seconds
    (as most kernels have it) the kernel takes it away. Raises BlockingIOError if somebody has the file open for writing
    already, OSError for other reasons.
    """
    if sys.platform != "linux":
        return False
    try:
        # The kernel tells by a signal that somebody waits. Most signals would end the process; this one is ignored
        # unless somebody asks for it, and `lease_holds` is asked instead.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno in _NO_LEASES:
            return False
        raise
    return True


def lease_holds(descriptor: int) -> bool:
    """Whether nobody has wanted to write to the file since its lease was taken."""
    return sys.platform == "linux" and fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK


def give_up_lease(descriptor: int) -> None:
    """Let those write who wait for it; does nothing without a lease, or if the kernel has taken it away."""
    if sys.platform == "linux":
        with suppress(BlockingIOError):
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
