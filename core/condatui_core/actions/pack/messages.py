"""The messages between the processes of a pack: the survey, the order, and the answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.documents import decode, encode
from condatui_core.fs.safe_read import read_bounded

# The survey of an environment that is to be packed


class Differences(Struct, frozen=True, kw_only=True):
    """How the files were compared with the package cache, and which differ."""

    linked: int = 0
    """Number of files that are hard links to the cache's."""
    alike: int = 0
    """Number of files of the same size and time as the cache's."""
    compared: int = 0
    """Number of files whose content was compared."""
    changed: tuple[str, ...] = ()
    """Paths, relative to the prefix, of files whose content differs from the cache and from the record."""


class MissingFiles(Struct, frozen=True, kw_only=True):
    """Files of a conda package that are not in the environment any more."""

    package: str
    version: str
    files: tuple[str, ...]
    """Some of them, relative to the prefix, and how many more there are."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The package and its files, as lines of evidence."""
        return (f"{self.package} {self.version}", *(f"  {each}" for each in self.files))


class PackSurvey(Struct, frozen=True, kw_only=True):
    """What packing an environment would involve."""

    files: int = 0
    bytes: int = 0
    """The size of all files together, before they are packed."""
    python: bool = False
    """Whether a python is among them."""
    differences: Differences = Differences()
    special: tuple[str, ...] = ()
    """Pipes, sockets and devices; for a zip archive, which follows links, also the links to such."""
    unreadable: tuple[str, ...] = ()
    missing: tuple[MissingFiles, ...] = ()
    uncached: tuple[str, ...] = ()
    """Packages that are not in the package cache any more."""
    outside: tuple[str, ...] = ()
    """Lines that name paths outside the prefix from which its python imports."""
    problem: str = ""
    """Why it cannot be packed at all, in conda-pack's words."""


# The order and the answer: files in the directory that the child process works in


ARCHIVE = "archive"
"""The name of the archive, or of the directory, until it is moved to its place."""

_ORDER, _ANSWER = "order.json", "answer.json"
_LARGEST = 256 << 20
_Record = TypeVar("_Record", bound=Struct)


class PackOrder(Struct, frozen=True, kw_only=True):
    """The order to pack an environment, with all options."""

    prefix: str
    form: str
    level: int
    threads: int
    dest_prefix: str = ""
    excludes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Paths, relative to the prefix, that are left out, and that the records in the archive do not list."""
    own: tuple[str, ...] = ()
    """Paths, relative to the prefix, of files that are packed from the prefix and not from the package cache."""
    parent: int
    """The pid of the process that waits for the answer; when it is gone, the child ends."""


class PackAnswer(Struct, frozen=True, kw_only=True):
    """The answer to an order."""

    files: int = 0
    """The number of files packed, or found in the archive."""
    bytes: int = 0
    """The size of the archive, or of the directory."""
    error: str = ""
    """Why packing or reading failed; empty if it did not."""


def write_order(directory: Path, order: PackOrder) -> None:
    """Write the order into a directory."""
    write_whole(directory / _ORDER, encode(order), replace=True, durable=False)


def read_order(directory: str) -> PackOrder:
    """Read the order in a directory."""
    return _read(directory, _ORDER, msgspec.json.Decoder(PackOrder))


def write_answer(directory: str, answer: PackAnswer) -> None:
    """Write the answer into a directory, replacing an earlier one."""
    write_whole(Path(directory, _ANSWER), encode(answer), replace=True, durable=False)


def read_answer(directory: str) -> PackAnswer | None:
    """Read the answer in a directory; None if there is none, or it is not complete."""
    try:
        return _read(directory, _ANSWER, msgspec.json.Decoder(PackAnswer))
    except OSError:
        return None


def _read(directory: str, name: str, decoder: msgspec.json.Decoder[_Record]) -> _Record:
    return decode(read_bounded(os.path.join(directory, name), _LARGEST), decoder, own=True)


def words_of(error: BaseException) -> str:
    """What went wrong in one of these processes, in words."""
    if isinstance(error, MemoryError):
        return "more memory would be needed than one of condatui's processes may take"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).strip() or type(error).__name__
