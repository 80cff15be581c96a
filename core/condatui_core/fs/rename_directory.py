"""Rename a directory inside the one it lies in, so that nothing that has the new name already is replaced."""

from __future__ import annotations

import ctypes
import errno
import os

_NO_REPLACE = 1
"""What renameat2(2) calls RENAME_NOREPLACE."""
_NOT_KNOWN = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""How a kernel or a file system says that it cannot rename so."""


def rename_directory_if_free(source: str, target: str, directory: int) -> None:
    """Give a directory another name; both are names in `directory`, a descriptor.

    Raises FileExistsError if the name is taken, be it by an empty directory, which a plain rename would replace.
    Raises OSError for other reasons.
    """
    number = _rename(source, target, directory)
    if number == 0:
        return
    if number not in _NOT_KNOWN:
        raise OSError(number, os.strerror(number), target)
    try:
        os.lstat(target, dir_fd=directory)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)


def _rename(source: str, target: str, directory: int) -> int:
    """Rename where the C library knows how to; the number of the error, 0 if it was done."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return errno.ENOSYS
    renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    if renameat2(directory, os.fsencode(source), directory, os.fsencode(target), _NO_REPLACE) == 0:
        return 0
    return ctypes.get_errno()
