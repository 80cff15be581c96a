"""Changes a tree below a directory that is held by its descriptor: no link is followed, and no file is written over.

Somebody else who may write into the tree can plant links in it at any moment. Each directory on the way to a path is
opened without following a link, and each file is made exclusively under a random name before it gets its own.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, BinaryIO, TypeAlias

from condatui_core.fs.atomic_write import sync_directory, temporary_name
from condatui_core.fs.attributes import Attributes, try_attributes
from condatui_core.fs.delete_tree import Goes, Leftover, delete_what_goes
from condatui_core.fs.held import Held
from condatui_core.fs.safe_read import open_regular, read_opened

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_WAITING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CANNOT_OWN = (errno.EPERM, errno.EACCES, errno.EINVAL)  # EINVAL: a container may not know the user id
_BLOCK = 4096

Identity: TypeAlias = tuple[int, int]
"""Device and inode of a directory."""


class HeldTree(Held):
    """A directory and everything below it; all paths are relative to it, and `.` is the directory itself.

    Every method raises OSError, ELOOP or ENOTDIR where a link has taken the place of a directory.
    """

    def __init__(self, root: str, identity: Identity | None = None) -> None:
        """Hold the directory. Raises OSError, ESTALE if it is not the one with that identity any more."""
        self._path = root
        self._root = os.open(root, _DIRECTORY)
        self._parent = ("", self._root)
        """The directory that was used last, and its descriptor."""
        self.identity = _identity(self._root)
        if identity not in (None, self.identity):
            self.close()
            raise OSError(errno.ESTALE, "it was replaced meanwhile", root)

    def close(self) -> None:
        """Let go of the directory."""
        self._let_go()
        os.close(self._root)

    def status(self, path: str) -> os.stat_result | None:
        """What is at a path, links not followed; None if there is nothing."""
        if path == ".":
            return os.fstat(self._root)
        try:
            directory, name = self._place(path)
            return os.lstat(name, dir_fd=directory)
        except FileNotFoundError:
            return None

    def names(self, path: str) -> list[str]:
        """The names in a directory."""
        descriptor = self._open(path)
        try:
            return os.listdir(descriptor)
        finally:
            os.close(descriptor)

    def read(self, path: str) -> IO[bytes]:
        """Open a regular file."""
        directory, name = self._place(path)
        return open_regular(name, directory=directory)

    def read_bounded(self, path: str, limit: int) -> bytes:
        """Read a whole regular file of at most `limit` bytes. Raises OSError with EFBIG if it is larger."""
        with self.read(path) as stream:
            return read_opened(stream.fileno(), path, limit)

    @contextmanager
    def write(self, path: str) -> Iterator[BinaryIO]:
        """Write a file beside its place, and put it there when it is whole, in place of any file or link there."""
        directory, name = self._place(path)
        temporary = temporary_name()
        with self._kept(directory) as held:
            try:
                with open(os.open(temporary, _NEW, 0o666, dir_fd=held), "wb") as stream:
                    yield stream
                os.replace(temporary, name, src_dir_fd=held, dst_dir_fd=held)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=held)
                raise

    def replace(self, path: str, data: bytes) -> None:
        """Write a file whole, with the owner and the permissions of the regular file that it replaces."""
        there = self.status(path)
        with self.write(path) as stream:
            stream.write(data)
        if there is not None and stat.S_ISREG(there.st_mode):
            self.try_to_own(path, there.st_uid, there.st_gid)
            self.set_mode(path, stat.S_IMODE(there.st_mode))

    def make_directory(self, path: str, mode: int = 0o777) -> None:
        """Make a directory, in one that exists."""
        directory, name = self._place(path)
        os.mkdir(name, mode, dir_fd=directory)

    def make_symlink(self, path: str, target: str) -> None:
        """Make a symlink."""
        directory, name = self._place(path)
        os.symlink(target, name, dir_fd=directory)

    def make_fifo(self, path: str) -> None:
        """Make a pipe; by path where the system knows no other way, as older macOS."""
        directory, name = self._place(path)
        if os.mkfifo in os.supports_dir_fd:
            os.mkfifo(name, dir_fd=directory)
        else:
            os.mkfifo(os.path.join(self._path, path))

    def link(self, path: str, same_as: str) -> None:
        """Make a path a hard link to another one of the tree, in place of what is there."""
        directory, name = self._place(same_as)
        with self._kept(directory) as source:
            directory, new = self._place(path)
            temporary = temporary_name()
            os.link(name, temporary, src_dir_fd=source, dst_dir_fd=directory, follow_symlinks=False)
            os.replace(temporary, new, src_dir_fd=directory, dst_dir_fd=directory)

    def delete(self, path: str) -> None:
        """Delete a path and everything below it. Raises OSError for the first path that stays."""
        directory, _ = self._place(path)
        self._let_go_of(path)
        for left in delete_what_goes(directory, path, None):
            raise OSError(left.number, left.reason, left.path)

    def delete_what_goes(self, path: str, goes: Goes) -> tuple[Leftover, ...]:
        """Delete of a path, and of everything below it, what `goes`; returns what stays, by paths of the tree.

        `goes` gets paths relative to that path, `.` for itself.
        """
        directory, _ = self._place(path)
        self._let_go_of(path)
        return delete_what_goes(directory, path, goes)

    def unlink(self, path: str) -> None:
        """Delete one file or link."""
        directory, name = self._place(path)
        os.unlink(name, dir_fd=directory)

    def remove_directory(self, path: str) -> None:
        """Delete an empty directory."""
        directory, name = self._place(path)
        self._let_go_of(path)
        os.rmdir(name, dir_fd=directory)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permissions of a path that is no link."""
        if path == ".":
            os.fchmod(self._root, mode)
        else:
            _change_mode(*self._place(path), mode)

    def try_attributes(self, path: str, wanted: Attributes) -> None:
        """Let a file or directory have these extended attributes and no others, as far as this user may set them."""
        directory, name = (self._root, ".") if path == "." else self._place(path)
        try:
            descriptor = os.open(name, _NO_WAITING, dir_fd=directory)
        except PermissionError:
            return
        try:
            try_attributes(descriptor, wanted)
        finally:
            os.close(descriptor)

    def set_times(self, path: str, times: tuple[int, int]) -> None:
        """Set the times of access and modification, in nanoseconds."""
        if path == ".":
            os.utime(self._root, ns=times)
        else:
            directory, name = self._place(path)
            os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)

    def try_to_own(self, path: str, uid: int, gid: int) -> None:
        """Set the owner, if this user may."""
        try:
            if path == ".":
                os.fchown(self._root, uid, gid)
            else:
                directory, name = self._place(path)
                os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _CANNOT_OWN:
                raise

    def sync(self) -> None:
        """Wait until the names in the directory itself are on the disk; `sync_tree` does so for all below it."""
        sync_directory(self._root)

    def _place(self, path: str) -> tuple[int, str]:
        """The directory of a path, held until another one is needed, and the name in it."""
        above, _, name = path.rpartition("/")
        if not above:
            return self._root, name
        if above != self._parent[0]:
            descriptor = self._open(above)
            self._let_go()
            self._parent = (above, descriptor)
        return self._parent[1], name

    def _open(self, path: str) -> int:
        """Open a directory of the tree, one part of its path after the other."""
        descriptor = os.dup(self._root)
        for part in path.split("/") if path not in ("", ".") else ():
            try:
                below = os.open(part, _DIRECTORY, dir_fd=descriptor)
            except OSError as error:
                raise OSError(error.errno, error.strerror, path) from error
            finally:
                os.close(descriptor)
            descriptor = below
        return descriptor

    def _let_go(self) -> None:
        path, descriptor = self._parent
        self._parent = ("", self._root)
        if path:
            os.close(descriptor)

    def _let_go_of(self, path: str) -> None:
        """Let go of a directory that is deleted, or lies in one that is."""
        if f"{self._parent[0]}/".startswith(f"{path}/"):
            self._let_go()

    @contextmanager
    def _kept(self, directory: int) -> Iterator[int]:
        """Hold a directory although another one is used meanwhile."""
        held = os.dup(directory)
        try:
            yield held
        finally:
            os.close(held)


def write_with_holes(stream: BinaryIO, data: bytes) -> None:
    """Write data at the end of a new file, and leave out each block that has only zeros: it becomes a hole."""
    hole = False
    for begin in range(0, len(data), _BLOCK):
        block = data[begin : begin + _BLOCK]
        hole = block.count(0) == len(block)
        if hole:
            stream.seek(len(block), os.SEEK_CUR)
        else:
            stream.write(block)
    if hole:
        stream.truncate()  # this may be the end


def _change_mode(directory: int, name: str, mode: int) -> None:
    """Change the permissions of what has a name in a directory, but not of what a link leads to."""
    if sys.platform != "linux":
        os.chmod(name, mode, dir_fd=directory, follow_symlinks=False)
        return
    try:
        descriptor = os.open(name, _NO_WAITING, dir_fd=directory)
    except PermissionError:
        descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            if not stat.S_ISLNK(os.fstat(descriptor).st_mode):
                os.chmod(f"/proc/self/fd/{descriptor}", mode)  # which works without the right to read it
        finally:
            os.close(descriptor)
        return
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _identity(descriptor: int) -> Identity:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
