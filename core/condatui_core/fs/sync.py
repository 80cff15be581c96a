"""Waits until what other programs and condatui have written is on the disk, so that a power cut cannot take it back."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator

from condatui_core.fs.atomic_write import sync_path
from condatui_core.fs.tree import PrefixTree, read_tree

_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""How a kernel or a file system says that it cannot sync as a whole."""


def sync_tree(root: str) -> None:
    """Wait until everything in a directory is on the disk, whoever wrote it.

    Where the system can sync a whole file system at once this waits for all that is waiting to be written there, which
    is far quicker than one file after the other. Raises OSError if the disk could not take it.
    """
    if not sync_file_system(root):
        for path in _each(read_tree(root)):
            sync_path(path)
        _flush_drive(root)


def sync_file_system(path: str) -> bool:
    """Sync the whole file system that a path lies on; returns False if the system cannot. Raises OSError."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if syncfs(ctypes.c_int(descriptor)) == 0:
            return True
        number = ctypes.get_errno()
    finally:
        os.close(descriptor)
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), path)


def _each(tree: PrefixTree) -> Iterator[str]:
    """The files and directories of a tree, a directory after what it holds."""
    for entry in reversed(tree.entries):
        if entry.kind in ("file", "directory"):
            yield os.path.normpath(os.path.join(tree.root, entry.path))


def _flush_drive(path: str) -> None:
    """On macOS fsync leaves the data in the drive's own memory; this is what writes that out."""
    import fcntl  # noqa: PLC0415 - not there on every platform

    if flush := getattr(fcntl, "F_FULLFSYNC", None):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.fcntl(descriptor, flush)
        finally:
            os.close(descriptor)
