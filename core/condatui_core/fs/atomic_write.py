"""Files of condatui's own: written whole or not at all, new ones made exclusively, and synced before they count."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.condatui")
_SECONDS_TO_WRITE = 3600.0
"""Whoever has begun a cache file longer ago than this is gone."""
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
"""How a file system says that it syncs no directories; EBADF is the answer for a descriptor that may not be read."""
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def temporary_name() -> str:
    """A new name for a file that is not complete yet."""
    return f".{os.urandom(8).hex()}.condatui"


def is_temporary(name: str) -> bool:
    """Whether condatui gives such a name to a file until it is complete."""
    return _TEMPORARY.fullmatch(name) is not None


def write_whole(file: Path, data: bytes, *, replace: bool, durable: bool = True, private: bool = False) -> None:
    """Write a file so that no reader ever sees half of it; a symlink stays, and the file that it points to is replaced.

    A file that is replaced keeps its mode, and its owner as far as this user may give files away; a new one that is
    `private` is for this user alone. The file and its name are on the disk when this returns, unless `durable` is
    False. Raises FileExistsError if the file exists and may not be replaced, OSError for other failures.
    """
    if not replace and os.path.lexists(file):
        raise FileExistsError(errno.EEXIST, "it exists already", str(file))
    parent, name = os.path.split(os.path.realpath(file) if replace else os.path.abspath(file))
    temporary = temporary_name()
    with _held(parent) as directory:
        old = _replaced(name, directory) if replace else None
        descriptor = os.open(temporary, _NEW, 0o600 if old or private else 0o666, dir_fd=directory)
        try:
            with open(descriptor, "wb") as stream:
                if old:
                    _dress_as(stream.fileno(), old)
                stream.write(data)
                if durable:
                    sync_stream(stream)
            if replace:
                os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            else:
                rename_if_free(temporary, name, directory)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=directory)
            raise
        if durable:
            sync_directory(directory)


def write_new(file: Path, data: bytes) -> None:
    """Write a file that does not exist yet, and wait until its content is on the disk; `sync_path` syncs its name.

    For files in a directory that no reader knows yet: after a failure a partial file stays behind. Raises OSError.
    """
    with new_file(file) as stream:
        stream.write(data)
        sync_stream(stream)


def new_file(file: str | Path) -> BinaryIO:
    """Open a new file for writing. Raises FileExistsError if the path exists, even as a broken symlink."""
    return open(os.open(file, _NEW, 0o666), "wb")


def begun_beside(file: Path) -> tuple[Path, ...]:
    """Temporary files beside a file that killed processes have left before they could rename them.

    Files that are being written at this moment are among them. Empty if the directory cannot be read.
    """
    directory = os.path.dirname(os.path.realpath(file))
    try:
        return tuple(Path(directory, each) for each in sorted(os.listdir(directory)) if is_temporary(each))
    except OSError:
        return ()


def put_in_cache(file: Path, *data: bytes) -> None:
    """Write a cache file: whole, readable by this user alone, without waiting for the disk, since it may be lost.

    Makes its directory. Two processes may write at once: the last one wins. Raises OSError.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(file.parent)
    temporary = file.with_name(temporary_name())
    descriptor = os.open(temporary, _NEW, 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.writelines(data)
        os.replace(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@cache
def _sweep(directory: Path) -> None:
    """Delete what killed processes have begun in a cache long ago; once a process, since the directory is listed."""
    long_ago = time.time() - _SECONDS_TO_WRITE
    with suppress(OSError):
        for each in directory.iterdir():
            if is_temporary(each.name) and each.lstat().st_mtime < long_ago:
                each.unlink()


def rename_if_free(source: str | Path, target: str | Path, directory: int | None = None) -> None:
    """Give a finished file its name; both paths are relative to the descriptor `directory`, if that is given.

    Raises FileExistsError if the name is taken, OSError for other reasons.
    """
    try:
        # A link fails if the name was taken in the meantime; a rename would replace the file that has it.
        os.link(source, target, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if _is_taken(target, directory):
            raise FileExistsError(errno.EEXIST, "it exists already", str(target)) from None
        os.rename(source, target, src_dir_fd=directory, dst_dir_fd=directory)
        return
    os.unlink(source, dir_fd=directory)


def sync_stream(stream: IO[bytes]) -> None:
    """Wait until the data written to a file is on the disk. Raises OSError."""
    stream.flush()
    os.fsync(stream.fileno())


def sync_path(path: str | Path) -> None:
    """Wait until the content of a file, or the names in a directory, are on the disk. Raises OSError.

    A directory that this user may write to but not list cannot be synced, and is skipped.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        if os.path.isdir(path):
            return
        raise
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            sync_directory(descriptor)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _held(directory: str) -> Iterator[int]:
    """The descriptor of a directory, so that making a file and renaming it happen in the same directory."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # it may be entered and written to, but not listed
        descriptor = os.open(directory, getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _replaced(name: str, directory: int) -> os.stat_result | None:
    """The status of the file that is replaced; None if there is none. Raises OSError if it is no regular file."""
    try:
        status = os.stat(name, dir_fd=directory)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a directory, not a file", name)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", name)
    return status


def _dress_as(descriptor: int, old: os.stat_result) -> None:
    new = os.fstat(descriptor)
    with suppress(OSError):
        if new.st_uid != old.st_uid:
            os.fchown(descriptor, old.st_uid, -1)
    with suppress(OSError):
        if new.st_gid != old.st_gid:
            os.fchown(descriptor, -1, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o777)


def _is_taken(name: str | Path, directory: int | None) -> bool:
    try:
        os.lstat(name, dir_fd=directory)
    except FileNotFoundError:
        return False
    return True


def sync_directory(descriptor: int) -> None:
    """Wait until the names in a directory are on the disk, where its file system can. Raises OSError."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
