"""Delete a directory with all that lies in it, and nothing else: by file descriptors, over no link and no mount."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from condatui_core.bounded_read import reason

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Left:
    """Something that could not be deleted."""

    path: str
    """Absolute."""
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def delete_tree(path: str) -> tuple[Left, ...]:
    """Delete a path and everything below it; returns what could not be deleted, and why.

    A link is deleted, never what it leads to; where another file system is mounted nothing is touched.
    """
    left: list[Left] = []
    parent, name = os.path.split(os.path.abspath(path))
    try:
        above = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        return (Left(path, reason(error)),) if os.path.lexists(path) else ()
    try:
        _delete(above, name, os.path.join(parent, name), _device(above, name), left)
    finally:
        os.close(above)
    return tuple(left)


def _delete(above: int, name: str, path: str, device: int, left: list[Left]) -> None:
    try:
        status = os.lstat(name, dir_fd=above)
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(name, dir_fd=above)
        elif status.st_dev != device:
            left.append(Left(path, "another file system is mounted here"))
        else:
            before = len(left)
            _empty(above, name, path, device, left)
            if len(left) == before:
                os.rmdir(name, dir_fd=above)
    except FileNotFoundError:  # somebody else was faster
        return
    except OSError as error:
        left.append(Left(path, reason(error)))


def _empty(above: int, name: str, path: str, device: int, left: list[Left]) -> None:
    directory = _open(above, name)
    try:
        for each in os.listdir(directory):
            _delete(directory, each, os.path.join(path, each), device, left)
    finally:
        os.close(directory)


def _open(above: int, name: str) -> int:
    """Open a directory; one that its owner has locked for himself is unlocked first."""
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    except PermissionError:
        # It was a directory a moment ago; if it is a link now, the next line refuses it.
        os.chmod(name, stat.S_IRWXU, dir_fd=above)
        descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    status = os.fstat(descriptor)
    if status.st_uid == os.geteuid() and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.fchmod(descriptor, status.st_mode | stat.S_IRWXU)
    return descriptor


def _device(above: int, name: str) -> int:
    try:
        return os.lstat(name, dir_fd=above).st_dev
    except OSError:
        return -1
