"""Rename a directory inside the one it lies in, so that nothing that has the new name already is replaced."""

from __future__ import annotations

import errno
import os

from condatui_core.fs.renaming import NOT_KNOWN, rename_without_replacing


def rename_directory_if_free(source: str, target: str, directory: int) -> None:
    """Give a directory another name; both are names in `directory`, a descriptor.

    Raises FileExistsError if the name is taken, be it by an empty directory, which a plain rename would replace.
    Raises OSError for other reasons.
    """
    try:
        rename_without_replacing(source, target, directory)
    except OSError as error:
        if error.errno not in NOT_KNOWN:
            raise
    else:
        return
    try:
        os.lstat(target, dir_fd=directory)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
