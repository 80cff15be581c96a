"""Set a directory aside: rename it beside its place, hold it by device and inode, and put back what is left of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.atomic_write import sync_directory
from condatui_core.fs.delete_tree import Goes, Leftover, delete_what_goes
from condatui_core.fs.rename_directory import rename_directory_if_free
from condatui_core.fs.safe_read import reason
from condatui_core.fs.sync import sync_file_system
from condatui_core.prefixes.probe import HALF_MADE, set_aside_from, set_aside_name
from condatui_core.records.prefix import SetAsideBy
from condatui_core.text import sanitize, shell_words

_META = "conda-meta"
_LONGEST = 200
"""Bytes of a directory's name that go into the name under which it is set aside, which may not be longer than 255."""


def origin_of(path: str) -> str:
    """Where what is set aside at a path came from; the path itself if it is not one of condatui's."""
    return set_aside_from(path) or path


def is_set_aside(path: str) -> bool:
    """Whether a path is one under which condatui sets directories aside."""
    return origin_of(path) != path


def is_of(path: str, prefix: str) -> bool:
    """Whether a path is the prefix itself, or where it was set aside."""
    same_place = os.path.dirname(path) == os.path.dirname(prefix)
    return path == prefix or (is_set_aside(path) and same_place and _stem(path) == _stem(prefix))


def set_aside_of(prefix: str) -> tuple[str, ...]:
    """What was set aside of a prefix and is still there, by jobs that did not come to their end."""
    directory = os.path.dirname(prefix)
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return ()
    there = (os.path.join(directory, name) for name in names)
    return tuple(path for path in there if path != prefix and is_of(path, prefix))


def how_to_put_back(path: str) -> str:
    """The command that gives what was set aside its name again."""
    return shell_words(("mv", "--", path, origin_of(path)))


@dataclass(slots=True)
class SetAside:
    """A directory that has another name for now, so that nothing that comes up at its path is taken for it."""

    directory: int
    """The descriptor of the directory in which it lies."""
    prefix: str
    """Where it was."""
    path: str
    """Where it is."""
    inode: tuple[int, int]

    def close(self) -> None:
        """Let go of the directory in which it lies."""
        os.close(self.directory)

    def begin(self) -> None:
        """Rename it. Raises RefusedError if another one has its place, CondatuiError if it cannot be renamed."""
        self._check(self.prefix)
        try:
            rename_directory_if_free(os.path.basename(self.prefix), os.path.basename(self.path), self.directory)
        except OSError as error:
            raise _not_renamed(self.prefix, error) from error
        try:
            self._check(self.path)
        except RefusedError:  # it was replaced after the first look
            self._rename_back()
            raise

    def sync(self) -> None:
        """Wait until renames and deletions are on the disk; they have happened, whatever the disk says."""
        with suppress(OSError):
            if not sync_file_system(os.path.dirname(self.prefix)):
                sync_directory(self.directory)

    def delete(self, goes: Goes | None = None) -> tuple[Leftover, ...]:
        """Delete what `goes`, all of it by default, first what makes it an environment; returns what stays.

        What tells what the rest is goes last: the mark of what is half-made, otherwise the records.
        """

        def of_this(path: str, status: os.stat_result) -> bool:
            is_this = path != "." or (status.st_dev, status.st_ino) == self.inode
            return is_this and (goes is None or goes(path, status))

        def history(path: str, status: os.stat_result) -> bool:
            return path in (".", _META, f"{_META}/history") and of_this(path, status)

        delete_what_goes(self.directory, self.path, history)
        last = HALF_MADE if os.path.lexists(os.path.join(self.path, HALF_MADE)) else _META
        return delete_what_goes(self.directory, self.path, of_this, last=last)

    def put_back(self) -> str:
        """Give what is left of it its name again; returns where that is now, empty if nothing is left."""
        if not self._is(self.path):
            return ""
        return self.prefix if self._rename_back() else self.path

    def _rename_back(self) -> bool:
        try:
            rename_directory_if_free(os.path.basename(self.path), os.path.basename(self.prefix), self.directory)
        except OSError:
            return False
        return True

    def _check(self, path: str) -> None:
        if not self._is(path):
            title = f"Something else is at {sanitize(self.prefix)} now: nothing was changed."
            raise RefusedError(title, "It was replaced meanwhile.", "Look what is there.")

    def _is(self, path: str) -> bool:
        try:
            status = os.lstat(os.path.basename(path), dir_fd=self.directory)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.inode


@contextmanager
def set_aside(prefix: str, inode: tuple[int, int]) -> Iterator[SetAside]:
    """Rename a directory, and if an error comes up put it back; what is left without one is for the caller to put back.

    Raises as `begin_to_set_aside`. An error of the caller that leaves it where it was set aside says so.
    """
    aside = begin_to_set_aside(prefix, inode)
    try:
        yield aside
    except CondatuiError as error:
        if aside.put_back() == aside.path:
            raise stays_aside(error, aside) from error
        raise
    except BaseException:
        aside.put_back()
        raise
    finally:
        aside.close()


def begin_to_set_aside(prefix: str, inode: tuple[int, int], by: SetAsideBy = "removing") -> SetAside:
    """Rename a directory, and hold the one in which it lies until `close`; the new name says `by` what.

    Raises RefusedError if the prefix is not the directory with that device and inode, CondatuiError if it cannot be
    renamed.
    """
    try:
        directory = os.open(os.path.dirname(prefix), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _not_renamed(prefix, error) from error
    name = set_aside_name(_stem(prefix), by, secrets.token_hex(8))
    aside = SetAside(directory, prefix, os.path.join(os.path.dirname(prefix), name), inode)
    try:
        aside.begin()
    except BaseException:
        aside.close()
        raise
    return aside


def _stem(path: str) -> str:
    """What the names of all that is set aside of a path begin with, after the dot."""
    return os.fsdecode(os.fsencode(os.path.basename(origin_of(path)))[:_LONGEST])


def _not_renamed(prefix: str, error: OSError) -> CondatuiError:
    return CondatuiError(
        f"{sanitize(prefix)} could not be set aside: nothing was changed.",
        f"{sanitize(os.path.dirname(prefix))}: {reason(error)}",
        "What goes is renamed first; ask whose the directory above it is.",
    )


def hold_set_aside(path: str) -> SetAside:
    """Hold what was set aside before, as `begin_to_set_aside` holds it. Raises OSError if it is not there any more."""
    status = os.lstat(path)
    directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return SetAside(directory, origin_of(path), path, (status.st_dev, status.st_ino))


def stays_aside(error: CondatuiError, aside: SetAside) -> CondatuiError:
    """The error, with where what was set aside is now and how to put it back."""
    where = f"It is at {aside.path}, since something else has come up at {aside.prefix}."
    detail = f"{error.detail}\n{sanitize(where)}".strip()
    return CondatuiError(error.title, detail, f"Once that path is free: {sanitize(how_to_put_back(aside.path))}")
