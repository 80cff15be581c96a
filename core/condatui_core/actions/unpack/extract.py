"""Writes what is in an archive into a new environment, held by its descriptor: no link on the way is followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from condatui_core.actions.archive_members import Member, member_fault
from condatui_core.actions.packed_archive import ArchiveReader, open_archive
from condatui_core.errors import CondatuiError
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.job import PlannedUnpack
from condatui_core.text import sanitize

_LOOK_EVERY = 64
"""Members after which progress is told."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How the extraction tells how far it is, and asks whether to go on."""

    progress: Callable[[int, int], None]
    """Gets the bytes written, and those of all files."""
    cancelled: Callable[[], bool]


def extract(path: str, tree: HeldTree, planned: PlannedUnpack, telling: Telling) -> None:
    """Write every member of an archive into a tree, and compare the archive's checksum with the planned one.

    Ends early if it is cancelled. Raises CondatuiError if it is damaged or another archive than the planned one, and
    OSError if the tree cannot be written. What was written until then stays.
    """
    with open_archive(path) as archive:
        extraction = _Extraction(tree, planned, telling, archive)
        for member, stream in archive.members():
            if telling.cancelled():
                return
            extraction.take(member, stream)
        extraction.finish()
        if archive.sha256() != planned.sha256:
            raise _another(path)


def links_leading_out(prefix: str) -> tuple[str, ...]:
    """The links of an unpacked environment that lead out of it, be it by way of other links."""
    inside = os.path.join(os.path.realpath(prefix), "")
    links = (each.path for each in read_tree(prefix).entries if each.kind == "symlink")
    return tuple(each for each in links if not _real(prefix, each).startswith(inside))


def _real(prefix: str, path: str) -> str:
    """Where a link leads; nowhere if more others lie on its way than the system follows."""
    link = os.path.join(prefix, path)
    try:
        os.stat(link)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return ""
    return os.path.join(os.path.realpath(link), "")


class _Extraction:
    def __init__(self, tree: HeldTree, planned: PlannedUnpack, telling: Telling, archive: ArchiveReader) -> None:
        self._tree = tree
        self._planned = planned
        self._telling = telling
        self._archive = archive
        self._members = 0
        self._bytes = 0
        self._links: set[str] = set()
        self._made: set[str] = {""}
        self._directories: list[Member] = []
        marker = tree.status(HALF_MADE)
        assert marker is not None  # the directory was marked before
        self._may = _permissions(marker)

    def take(self, member: Member, stream: IO[bytes] | None) -> None:
        """Write one member."""
        self._members += 1
        if self._members % _LOOK_EVERY == 0:
            self._telling.progress(self._bytes, self._planned.bytes)
        if self._members > self._planned.files or member_fault(member, self._links):
            raise CondatuiError("The archive is not the one that was planned to be unpacked.", sanitize(member.path))
        self._make_directories(member.path if member.kind == "directory" else os.path.dirname(member.path))
        if member.kind == "directory":
            self._directories.append(member)
        elif member.kind == "symlink":
            self._links.add(member.path)
            self._tree.make_symlink(member.path, member.target)
        elif member.kind == "hardlink":
            self._tree.link(member.path, member.target)
        else:
            assert stream is not None
            self._write(member, stream)

    def finish(self) -> None:
        """Give the directories their times, once nothing is written into them any more."""
        for each in reversed(self._directories):
            self._tree.set_times(each.path, (each.mtime_ns, each.mtime_ns))

    def _make_directories(self, path: str) -> None:
        if path in self._made:
            return
        self._make_directories(os.path.dirname(path))
        there = self._tree.status(path)
        if there is None:
            self._tree.make_directory(path)
        elif not stat.S_ISDIR(there.st_mode):
            raise CondatuiError("The archive has a directory where it has a file.", sanitize(path))
        self._made.add(path)

    def _write(self, member: Member, stream: IO[bytes]) -> None:
        with self._tree.write(member.path) as file:
            for chunk in self._archive.content(stream):
                self._bytes += len(chunk)
                if self._bytes > self._planned.bytes:
                    raise CondatuiError("The archive holds more than it says: nothing more was written.")
                file.write(chunk)
            # Before it has its name: a file that a kill leaves there is the archive's, with its time.
            file.flush()
            os.fchmod(file.fileno(), (member.mode | stat.S_IRUSR | stat.S_IWUSR) & self._may)
            os.utime(file.fileno(), ns=(member.mtime_ns, member.mtime_ns))


def _permissions(new_file: os.stat_result) -> int:
    """What files of this user may be allowed, by a file that was just made: whoever may read may also run."""
    read_and_write = stat.S_IMODE(new_file.st_mode) & 0o666
    return read_and_write | (read_and_write & 0o444) >> 2


def _another(path: str) -> CondatuiError:
    title = f"{sanitize(path)} is another archive than the one that was planned to be unpacked."
    return CondatuiError(title, "It was replaced meanwhile.", "Plan it again.")
