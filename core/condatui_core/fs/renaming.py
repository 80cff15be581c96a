"""Renames that decide by themselves: one that replaces nothing, and one that exchanges two names at one moment."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache

_NO_REPLACE, _EXCHANGE = 1, 2
"""What renameat2(2) of Linux calls RENAME_NOREPLACE and RENAME_EXCHANGE."""
_SWAP = 2
"""What renameatx_np(2) of macOS calls RENAME_SWAP."""
NOT_KNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""How a kernel or a file system says that it cannot rename so."""


def rename_without_replacing(source: str, target: str, directory: int) -> None:
    """Give something another name in the same directory, which is open. Raises OSError, FileExistsError if it is taken.

    One of `NOT_KNOWN` says that the system cannot do this.
    """
    _rename("renameat2", source, target, directory, _NO_REPLACE)


def exchange_names(first: str, second: str, directory: int) -> None:
    """Let two names in a directory, which is open, change what they stand for: at no moment is one of them missing.

    Raises OSError; one of `NOT_KNOWN` says that the system cannot do this.
    """
    try:
        _rename("renameat2", first, second, directory, _EXCHANGE)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        _rename("renameatx_np", first, second, directory, _SWAP)


def _rename(function: str, source: str, target: str, directory: int, flags: int) -> None:
    """Rename where the C library knows how to."""
    rename, number = _found(function), errno.ENOSYS
    if rename is not None:
        if rename(directory, os.fsencode(source), directory, os.fsencode(target), flags) == 0:
            return
        number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), target)


@cache
def _found(function: str) -> Callable[..., int] | None:
    """A function of the C library; found once, so that little time passes between a look and a rename."""
    found = getattr(ctypes.CDLL(None, use_errno=True), function, None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return found
