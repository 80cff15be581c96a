"""What the processes of a pack tell each other: the order, the answer, and what was found out before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.json_lines import decode, encode
from condatui_core.fs.safe_read import read_bounded

# What is found out about an environment that is to be packed.


class Differences(Struct, frozen=True, kw_only=True):
    """What was looked at, and what is not as it was installed."""

    linked: int = 0
    """Files that are the cache's own, by hard link."""
    alike: int = 0
    """Files of the same size and time as the cache's."""
    compared: int = 0
    """Files whose content was compared."""
    changed: tuple[str, ...] = ()
    """Paths, relative to the prefix, of files with another content than the cache's or the record's."""


class PackSurvey(Struct, frozen=True, kw_only=True):
    """What conda-pack would find in an environment."""

    files: int = 0
    bytes: int = 0
    """Of all files together, before they are packed."""
    python: bool = False
    """Whether a python is among them."""
    differences: Differences = Differences()
    special: tuple[str, ...] = ()
    """Pipes, sockets and devices."""
    unreadable: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Lines that name packages and those of their files that are gone."""
    uncached: tuple[str, ...] = ()
    """Packages that are not in the package cache any more."""
    outside: tuple[str, ...] = ()
    """Lines that name what is imported from outside the prefix."""
    problem: str = ""
    """Why it cannot be packed at all, in conda-pack's words."""


# What the process that packs is told, and what it answers: files in the directory that it works in.


ARCHIVE = "archive"
"""What is packed is called so until it is moved to its place."""

_ORDER, _ANSWER = "order.json", "answer.json"
_LARGEST = 256 << 20
_Record = TypeVar("_Record", bound=Struct)


class PackOrder(Struct, frozen=True, kw_only=True):
    """What is to be packed, and how."""

    prefix: str
    form: str
    level: int
    threads: int
    dest_prefix: str = ""
    excludes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """Paths, relative to the prefix, of files that are taken from there and not from the package cache."""
    parent: int
    """The process that waits for the answer; when it is gone, nobody does."""


class PackAnswer(Struct, frozen=True, kw_only=True):
    """What came of it."""

    files: int = 0
    """How many were packed, or were found in the archive."""
    bytes: int = 0
    """What the archive, or the directory, occupies."""
    error: str = ""
    """Why it could not be done."""


def write_order(directory: Path, order: PackOrder) -> None:
    """Write down what is to be done."""
    write_whole(directory / _ORDER, encode(order), replace=True, durable=False)


def read_order(directory: str) -> PackOrder:
    """Read what is to be done."""
    return _read(directory, _ORDER, msgspec.json.Decoder(PackOrder))


def write_answer(directory: str, answer: PackAnswer) -> None:
    """Write down what came of it; the answer before is gone."""
    write_whole(Path(directory, _ANSWER), encode(answer), replace=True, durable=False)


def read_answer(directory: str) -> PackAnswer | None:
    """Read what came of it; None if there is no whole answer."""
    try:
        return _read(directory, _ANSWER, msgspec.json.Decoder(PackAnswer))
    except OSError:
        return None


def _read(directory: str, name: str, decoder: msgspec.json.Decoder[_Record]) -> _Record:
    return decode(read_bounded(os.path.join(directory, name), _LARGEST), decoder)
