"""Deletes a directory tree and nothing else: by file descriptors, following no link and crossing no mount."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from condatui_core.fs.safe_read import reason

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_MOUNTED = "another file system is mounted here"
_NOT_MEANT = "it was not there before, or has changed since"

Goes: TypeAlias = Callable[[str, os.stat_result], bool]
"""Whether something goes: by its path relative to the tree, `.` for the tree itself, and by what lstat says of it."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that could not be deleted."""

    path: str
    """Absolute."""
    reason: str
    number: int = errno.EBUSY
    """The errno."""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def delete_tree(path: str) -> tuple[Leftover, ...]:
    """Delete a path and everything below it, at any depth; returns what could not be deleted, and why.

    A link is deleted, never its target; a directory on which another file system is mounted is not touched.
    """
    try:
        above = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        return (_leftover(path, error),) if os.path.lexists(path) else ()
    return _delete(above, os.path.abspath(path), None, "")


def delete_what_goes(directory: int, path: str, goes: Goes | None, *, last: str = "") -> tuple[Leftover, ...]:
    """Delete of a path only what `goes`, and what is called `last` right in it after the rest; returns what stays.

    All of it goes without a test of what `goes`.
    `directory` is the descriptor of the directory in which it lies; the path above its last part is only for messages.
    """
    return _delete(os.dup(directory), path, goes, last)


def _delete(above: int, path: str, goes: Goes | None, last: str) -> tuple[Leftover, ...]:
    """Delete a path in a directory that is open, and close that."""
    parent, name = os.path.split(path)
    deletion = _Deletion(above, _Level("", parent, _identity(above), [name]), _device(above, name), goes, last)
    try:
        deletion.run()
    finally:
        deletion.close()
    return tuple(deletion.left)


def delete_whole(path: str) -> None:
    """Delete a path and everything below it, as `delete_tree` does. Raises OSError for the first path that stays."""
    for left in delete_tree(path):
        raise OSError(left.number, left.reason, left.path)


def _leftover(path: str, error: OSError) -> Leftover:
    return Leftover(path, reason(error), error.errno or errno.EIO)


@dataclass(slots=True)
class _Level:
    """A directory that is being emptied."""

    name: str
    path: str
    identity: tuple[int, int]
    names: list[str]
    """The names that are still to be deleted."""
    whole: bool = True
    """Whether everything below it was deleted so far."""


class _Deletion:
    """Walks down and up with one directory open at a time, so that the depth of a tree has no limit."""

    def __init__(self, descriptor: int, top: _Level, device: int, goes: Goes | None, last: str) -> None:
        self.left: list[Leftover] = []
        self._here = descriptor
        self._levels = [top]
        self._device = device
        self._goes = goes
        self._last = last
        self._mount: bytes | None = None
        """The mount of the tree; None before its first directory is open."""

    def run(self) -> None:
        """Delete all names of the top level."""
        while self._levels:
            level = self._levels[-1]
            if level.names:
                self._delete(level.names.pop())
            else:
                self._levels.pop()
                if self._levels:
                    self._leave(level)

    def close(self) -> None:
        """Close the directory that is open."""
        os.close(self._here)

    def _delete(self, name: str) -> None:
        path = os.path.join(self._levels[-1].path, name)
        try:
            status = os.lstat(name, dir_fd=self._here)
            if self._goes and not self._goes(self._relative(name), status):
                self._stays(Leftover(path, _NOT_MEANT))
            elif not stat.S_ISDIR(status.st_mode):
                os.unlink(name, dir_fd=self._here)
            elif status.st_dev != self._device:
                self._stays(Leftover(path, _MOUNTED))
            else:
                self._enter(name, path, (status.st_dev, status.st_ino))
        except FileNotFoundError:  # another process has deleted it
            return
        except OSError as error:
            self._stays(_leftover(path, error))

    def _relative(self, name: str) -> str:
        """The path of something in the directory that is open, as seen from the tree."""
        return "/".join((*(each.name for each in self._levels[2:]), name)) if len(self._levels) > 1 else "."

    def _enter(self, name: str, path: str, identity: tuple[int, int]) -> None:
        descriptor = _open(self._here, name)
        try:
            if _identity(descriptor) != identity:
                raise OSError(errno.ESTALE, "it was replaced meanwhile")
            mount = _mount(descriptor)
            if self._mount is None:
                self._mount = mount
            elif mount != self._mount:
                raise OSError(errno.EBUSY, _MOUNTED)
            level = _Level(name, path, identity, self._in_order(os.listdir(descriptor)))
        except OSError:
            os.close(descriptor)
            raise
        os.close(self._here)
        self._here = descriptor
        self._levels.append(level)

    def _in_order(self, names: list[str]) -> list[str]:
        """Put what goes last in the tree at the beginning: names are taken from the end."""
        if len(self._levels) == 1 and self._last in names:
            names.remove(self._last)
            names.insert(0, self._last)
        return names

    def _leave(self, done: _Level) -> None:
        try:
            self._go_up()
        except OSError as error:  # the way up is lost: nothing more is deleted
            del self._levels[:-1]
            self._levels[-1].names.clear()
            self._stays(_leftover(done.path, error))
            return
        if not done.whole:
            self._levels[-1].whole = False
            return
        try:
            os.rmdir(done.name, dir_fd=self._here)
        except FileNotFoundError:
            return
        except OSError as error:
            self._stays(_leftover(done.path, error))

    def _go_up(self) -> None:
        """Open the directory above. Raises OSError, also if another process has moved this one meanwhile."""
        descriptor = os.open("..", _DIRECTORY, dir_fd=self._here)
        os.close(self._here)
        self._here = descriptor
        if _identity(descriptor) != self._levels[-1].identity:
            raise OSError(errno.ESTALE, "it was moved meanwhile")

    def _stays(self, left: Leftover) -> None:
        self.left.append(left)
        self._levels[-1].whole = False


def _open(above: int, name: str) -> int:
    """Open a directory; if it is this user's own and its mode forbids that, the mode is changed first."""
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    except PermissionError:
        _unlock(above, name)
        descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.fchmod(descriptor, status.st_mode | stat.S_IRWXU)
    return descriptor


def _unlock(above: int, name: str) -> None:
    """Give its owner all rights to a directory, following no link that has taken its place. Raises OSError."""
    if sys.platform != "linux":
        os.chmod(name, stat.S_IRWXU, dir_fd=above, follow_symlinks=False)
        return
    descriptor = os.open(name, os.O_PATH | _DIRECTORY, dir_fd=above)  # opens what may not be read
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", stat.S_IRWXU)
    finally:
        os.close(descriptor)


def _mount(descriptor: int) -> bytes:
    """The number of the mount that a directory is on; empty where the system does not state it.

    The device is not enough: a directory that `mount --bind` mounts a second time is on the same device.
    """
    if sys.platform != "linux":
        return b""
    try:
        info = os.open(f"/proc/self/fdinfo/{descriptor}", os.O_RDONLY)
    except OSError:
        return b""
    try:
        lines = os.read(info, 4096).splitlines()
    finally:
        os.close(info)
    return next((line for line in lines if line.startswith(b"mnt_id:")), b"")


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _device(above: int, name: str) -> int:
    try:
        return os.lstat(name, dir_fd=above).st_dev
    except OSError:
        return -1
