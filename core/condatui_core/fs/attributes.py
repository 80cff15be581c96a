"""Extended attributes of files and directories: access lists, capabilities, and what users have set."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, TypeAlias

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
