"""Reads files of unknown origin safely: regular files only, up to a size, and never one that makes a reader wait."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO

_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_NO_TRACE = getattr(os, "O_NOATIME", 0)


def read_bounded(path: str, limit: int, *, regular: bool = False) -> bytes:
    """Read a whole regular file of at most `limit` bytes; symlinks are followed.

    `regular` says that a directory listing has just called it a regular file, which saves a stat before it is opened.
    Raises OSError: the file system's own errors, EFBIG if the file is larger, EINVAL if it is a pipe, a socket or a
    device, which is not even opened.
    """
    if not regular:
        _check(os.stat(path), path, limit)
    # Between the two calls another process may put a pipe in its place: open must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | _NO_WAITING)
    try:
        return read_opened(descriptor, path, limit)
    finally:
        os.close(descriptor)


def read_opened(descriptor: int, path: str, limit: int) -> bytes:
    """Read an open file as `read_bounded` does; `path` names it in errors. Raises OSError."""
    status = os.fstat(descriptor)
    _check(status, path, limit)
    return _read_all(descriptor, status.st_size)


def open_regular(path: str, *, buffering: int = -1, follow: bool = False, directory: int | None = None) -> IO[bytes]:
    """Open a file that was a regular one a moment ago, without waiting or changing its access time.

    A link is followed only with `follow`.
    Access times show when an environment was last used, so reading a file to keep, compare or copy it must not change
    them; Linux allows that for the user's own files. A path may be relative to the descriptor `directory`.

    Raises OSError; EINVAL if it is no regular file any more.
    """
    return open(open_descriptor(path, follow=follow, directory=directory), "rb", buffering=buffering)


def open_descriptor(path: str, *, follow: bool = False, directory: int | None = None) -> int:
    """Open a file as `open_regular` does, for those who need no stream of it. Raises OSError."""
    flags = os.O_RDONLY | _NO_WAITING | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags | _NO_TRACE, dir_fd=directory)
    except PermissionError:  # another user's file
        descriptor = os.open(path, flags, dir_fd=directory)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file any more", path)
    return descriptor


def sha256_of(path: str) -> str:
    """The SHA-256 of a regular file, which is opened as by `open_regular`. Raises OSError."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, and most readers want no digest

    digest = hashlib.sha256()
    with open_regular(path, buffering=0) as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:  # one byte more was asked for: this is the end
        return data
    chunks = [data]  # the file has grown or shrunk meanwhile
    while chunks[-1] and sum(map(len, chunks)) <= 2 * size:
        chunks.append(os.read(descriptor, size + 1))
    return b"".join(chunks)


def reason(error: OSError) -> str:
    """A few words that say why a file could not be read."""
    return error.strerror or str(error)


def _check(status: os.stat_result, path: str, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a directory, not a file", path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"larger than {limit >> 20} MB", path)
