"""Extended attributes of files and directories: access lists, capabilities, and what users have set."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, TypeAlias

from condatui_core.fs.safe_read import open_descriptor

Attributes: TypeAlias = tuple[tuple[str, bytes], ...]
"""Names and values, sorted by name."""

_OF_THE_SYSTEM = ("security.selinux", "security.ima", "security.evm", "trusted.")
"""Attributes that the system sets on every new file."""


def attributes_of(path: str | int) -> Attributes:
    """The extended attributes that somebody has set on a file or directory, by path or descriptor.

    Empty where the system has none or does not tell; Python knows them on Linux alone.
    """
    if sys.platform != "linux":
        return ()
    follow = isinstance(path, int)  # a descriptor cannot be asked otherwise
    try:
        names = os.listxattr(path, follow_symlinks=follow)
        wanted = sorted(name for name in names if not name.startswith(_OF_THE_SYSTEM))
        return tuple((name, os.getxattr(path, name, follow_symlinks=follow)) for name in wanted)
    except OSError:
        return ()


_SEAL = "security.evm"
"""The attribute that the kernel computes anew for each inode, from its number among others."""
_LENGTH_OF_FLAGS = struct.calcsize("l")
_GETFLAGS = 0x80006601 | _LENGTH_OF_FLAGS << 16
"""The number of FS_IOC_GETFLAGS, see ioctl_iflags(2)."""
_OF_THE_LAYOUT = 0x100 | 0x200 | 0x1000 | 0x40000 | 0x80000 | 0x200000 | 0x400000 | 0x10000000
"""Flags by which a file system says how it has stored a file: compressed blocks, extents, data in the inode."""


def marks_of(path: str | int) -> Attributes:
    """All that is said of a regular file beside its owner, mode and times, by path or descriptor: to be compared.

    These are all extended attributes that this user may read, those of the system among them, and the flags of chattr.
    Empty where the system has none or does not tell.
    """
    if sys.platform != "linux":
        return ()
    if isinstance(path, int):
        return _marks(path)
    try:
        descriptor = open_descriptor(path)
    except OSError:  # one that this user may not read
        return _marks(path)
    try:
        return _marks(descriptor)
    finally:
        os.close(descriptor)


def _marks(path: str | int) -> Attributes:
    marks: dict[str, bytes] = {}
    follow = isinstance(path, int)
    with suppress(OSError):
        for name in os.listxattr(path, follow_symlinks=follow):
            with suppress(OSError):
                marks[name] = b""  # it is there, even if it may not be read
                marks[name] = os.getxattr(path, name, follow_symlinks=follow)
    marks.pop(_SEAL, None)
    with suppress(OSError):
        if isinstance(path, int) and (flags := _flags_of(path) & ~_OF_THE_LAYOUT):
            marks["flags"] = flags.to_bytes(4, "big")
    return tuple(sorted(marks.items()))


def _flags_of(descriptor: int) -> int:
    """The flags of a regular file, as chattr sets them. Raises OSError where there are none."""
    told = bytearray(_LENGTH_OF_FLAGS)
    fcntl.ioctl(descriptor, _GETFLAGS, told)
    return int.from_bytes(told[:4], sys.byteorder)


def try_attributes(descriptor: int, wanted: Attributes) -> None:
    """Let a file or directory have these extended attributes and no others, as far as this user may set them."""
    there = attributes_of(descriptor)
    if sys.platform != "linux" or there == wanted:
        return
    for name in {name for name, _ in there} - {name for name, _ in wanted}:
        _try(partial(os.removexattr, descriptor, name))
    for name, value in wanted:
        _try(partial(os.setxattr, descriptor, name, value))


def copy_attributes(source: IO[bytes], target: IO[bytes]) -> None:
    """Give a file that was written the times, permissions and extended attributes of the one that was read for it."""
    target.flush()
    old, new = source.fileno(), target.fileno()
    status = os.fstat(old)
    try_attributes(new, attributes_of(old))
    os.fchmod(new, stat.S_IMODE(status.st_mode))
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))


def _try(change: Callable[[], None]) -> None:
    """Make a change that this user, or the file system, may not allow."""
    with suppress(OSError):
        change()
