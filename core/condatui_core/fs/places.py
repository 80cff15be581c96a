"""Names in directories that are held by their descriptors, and how another file takes the place of one of them."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import BinaryIO

from condatui_core.fs.atomic_write import sync_directory
from condatui_core.fs.held import Held
from condatui_core.fs.renaming import exchange_names

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Place:
    """A name in a directory that is held; every method raises OSError."""

    path: str
    """Absolute, for messages."""
    directory: int
    name: str

    def inode(self, name: str = "") -> int | None:
        """The inode number of what has the name, or another one in the same directory; None if nothing has it."""
        status = self.status(name)
        return status.st_ino if status else None

    def status(self, name: str = "") -> os.stat_result | None:
        """What `lstat` shows of what has the name, or another one in the same directory; None if nothing has it."""
        try:
            return os.lstat(name or self.name, dir_fd=self.directory)
        except FileNotFoundError:
            return None

    def beside(self, name: str) -> Place:
        """The place of another name in the same directory."""
        return Place(os.path.join(os.path.dirname(self.path), name), self.directory, name)

    def link(self, name: str, source: Place) -> None:
        """Give what is at another place a further name, beside this one."""
        os.link(source.name, name, src_dir_fd=source.directory, dst_dir_fd=self.directory, follow_symlinks=False)

    def create(self, name: str) -> BinaryIO:
        """Make a file beside this place, which only its user may read."""
        return open(os.open(name, _NEW, 0o600, dir_fd=self.directory), "wb")

    def unlink(self, name: str) -> None:
        """Delete a name beside this one, if it is there."""
        try:
            os.unlink(name, dir_fd=self.directory)
        except FileNotFoundError:
            return

    def exchange(self, name: str, expected: int) -> None:
        """Let what is called `name` take this place, and give that name to what was here: the inode that is expected.

        That one has to be open or have another name, so that no other file can get its number. Raises OSError with
        ESTALE if something else was here. That has its place again then, unless somebody has put yet another thing
        there in this very moment: what has lost its place by that keeps the other name.
        """
        put = self.inode(name)
        if self.inode() in (None, expected):
            exchange_names(name, self.name, self.directory)
            got = self.inode(name)
            if got == expected:
                return
            while self.inode() == put:  # otherwise somebody has decided what is here
                exchange_names(name, self.name, self.directory)
                taken = self.inode(name)
                if taken == put:
                    break
                put, got = got, taken  # it had come there since, and is given back as well
        raise OSError(errno.ESTALE, "something else has come there", self.path)


class HeldPlaces(Held):
    """Opens directories below others one part of the path after the other, follows no link, and holds them."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], int] = {}
        """By root and path below it."""

    def close(self) -> None:
        """Let go of all of them."""
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()

    def place(self, root: str, path: str) -> Place:
        """The place of a path, which is relative to a directory.

        Raises OSError where a link is on the way, or a part of it is empty or leads back: then it may lead out.
        """
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise OSError(errno.EINVAL, "the path does not lead straight there", os.path.join(root, path))
        above, _, name = path.rpartition("/")
        return Place(os.path.join(root, path), self._directory(root, above), name)

    def sync(self) -> None:
        """Wait until the names in all directories that are held are on the disk. Raises OSError."""
        for descriptor in self._held.values():
            sync_directory(descriptor)

    def _directory(self, root: str, path: str) -> int:
        held = self._held.get((root, path))
        if held is None:
            above, _, name = path.rpartition("/")
            within = self._directory(root, above) if path else None
            try:
                held = os.open(name or root, _DIRECTORY, dir_fd=within)
            except OSError as error:
                raise OSError(error.errno, error.strerror, os.path.join(root, path)) from error
            self._held[root, path] = held
        return held
