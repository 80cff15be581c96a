"""Locks between processes: the kernel releases a lock when its process ends, even by a crash."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from pathlib import Path

_NOT_SUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class FileLock:
    """An exclusive lock on a file, which is made if it is not there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None
        self.supported = True
        """Whether the file system has locks, as far as was tried; where it has none, every attempt succeeds."""

    def try_take(self) -> bool:
        """Take the lock if it is free. Raises OSError if the file is a link or cannot be opened for writing."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                os.close(descriptor)
                raise
            self.supported = False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Release the lock; may be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def locks_work(directory: Path) -> bool:
    """Whether locks work in a directory, tried on a temporary file.

    Raises OSError if no file can be made there.
    """
    with tempfile.NamedTemporaryFile(dir=directory, prefix=".lock-") as file:
        lock = FileLock(Path(file.name))
        lock.try_take()
        lock.release()
        return lock.supported
