"""The directory that a ship writes: what this job has written into it goes again if it cannot be finished."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from condatui_core.actions.pack.place import leftovers
from condatui_core.actions.written_files import make_directory, write_file
from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import is_temporary
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import read_bounded
from condatui_core.reports.dockerfile import ARCHIVE

_LARGEST = 64 << 20
"""Of a file that an earlier ship has written, archives excepted."""


def begun_in(directory: str) -> tuple[str, ...]:
    """The names in a directory of what a killed ship has begun there: files under other names, and its archive."""
    packing = {each.name for each in leftovers(os.path.join(directory, ARCHIVE))}
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return ()
    return tuple(each for each in names if each in packing or is_temporary(each))


class OutputDirectory:
    """A directory that is new, empty, or written by an earlier ship. Its methods block."""

    def __init__(self, directory: str, *, replaces: bool) -> None:
        """With `replaces`, files that an earlier ship has written are replaced."""
        self.directory = directory
        """Its path."""
        self._replaces = replaces
        self._is_new = False
        self._written: dict[str, Identity] = {}
        """By name, the device and inode of the files that this job has made."""
        self._before: dict[str, bytes] = {}
        """By name, the contents of the files that this job has replaced."""

    def make(self) -> None:
        """Make the directory, unless it is there, and delete what a killed ship has begun. Raises CondatuiError."""
        self._is_new = make_directory(self.directory) or self._is_new
        with suppress(OSError), HeldTree(self.directory) as tree:
            for name in begun_in(self.directory):
                if is_temporary(name):  # the rest goes with the next archive
                    tree.unlink(name)

    def there(self, names: Iterable[str]) -> frozenset[str]:
        """Those of these names that are taken."""
        return frozenset(each for each in names if os.path.lexists(self._path(each)))

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all. RefusedError if it may not be replaced, CondatuiError if that fails."""
        before = self._content(name)
        write_file(self._path(name), data, replace=self._replaces)
        if before is not None:
            self._before[name] = before
        else:
            self.claim((name,))

    def claim(self, names: Iterable[str]) -> None:
        """Note that these files, where they are there, are of this job, which has not written them by `write`."""
        for name in names:
            with suppress(OSError):
                status = os.lstat(self._path(name))
                self._written[name] = status.st_dev, status.st_ino

    def take_back(self) -> tuple[str, ...]:
        """Delete the files that this job has made, and write those again that it has replaced.

        Returns the names of which that failed. What was put in the place of a file meanwhile stays.
        """
        left = tuple(each for each in (*self._written, *self._before) if not self._take_back(each))
        if self._is_new:
            parent, name = os.path.split(os.path.normpath(self.directory))
            with suppress(OSError), HeldTree(parent) as tree:
                tree.remove_directory(name)
        return left

    def _take_back(self, name: str) -> bool:
        try:
            if name in self._before:
                write_file(self._path(name), self._before[name], replace=True)
                return True
            with HeldTree(self.directory) as tree:
                status = tree.status(name)
                if status and (status.st_dev, status.st_ino) == self._written[name]:
                    tree.unlink(name)
        except (OSError, CondatuiError):
            return False
        return True

    def _content(self, name: str) -> bytes | None:
        """What a file of an earlier ship holds; None if there is none that can be read."""
        try:
            return read_bounded(self._path(name), _LARGEST)
        except OSError:
            return None

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)
