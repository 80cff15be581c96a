"""What the process that packs is told, and what it answers: files in the directory that it works in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from condatui_core.bounded_read import read_bounded
from condatui_core.jobs.journals.lossless_json import decode, encode

ARCHIVE = "archive"
"""What is packed is called so until it is moved to its place."""

_ORDER, _ANSWER = "order.json", "answer.json"
_LARGEST = 256 << 20
_Record = TypeVar("_Record", bound=Struct)


class Order(Struct, frozen=True, kw_only=True):
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


class Answer(Struct, frozen=True, kw_only=True):
    """What came of it."""

    files: int = 0
    """How many were packed, or were found in the archive."""
    bytes: int = 0
    """What the archive, or the directory, occupies."""
    error: str = ""
    """Why it could not be done."""


def write_order(directory: Path, order: Order) -> None:
    """Write down what is to be done."""
    (directory / _ORDER).write_bytes(encode(order))


def read_order(directory: str) -> Order:
    """Read what is to be done."""
    return _read(directory, _ORDER, msgspec.json.Decoder(Order))


def write_answer(directory: str, answer: Answer) -> None:
    """Write down what came of it; the answer before is gone."""
    Path(directory, _ANSWER).write_bytes(encode(answer))


def read_answer(directory: str) -> Answer | None:
    """Read what came of it; None if there is no whole answer."""
    try:
        return _read(directory, _ANSWER, msgspec.json.Decoder(Answer))
    except OSError:
        return None


def _read(directory: str, name: str, decoder: msgspec.json.Decoder[_Record]) -> _Record:
    return decode(read_bounded(os.path.join(directory, name), _LARGEST), decoder)
