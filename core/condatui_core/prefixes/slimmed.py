"""The note in conda-meta that says what a slimmed copy lacks, so that what is gone does not look lost."""

from __future__ import annotations

import os
from datetime import datetime

import msgspec
from msgspec import Struct

from condatui_core.fs.documents import decode, encode_versioned, format_of
from condatui_core.fs.safe_read import read_bounded

NOTE = "conda-meta/condatui-slimmed"
"""Where it lies in a prefix. Its name has no ending: conda would take a `.json` for the record of a package."""
FORMAT = 1
"""Of its content; raised when an older condatui would misread it."""
_LARGEST = 1 << 20


class SlimmedNote(Struct, frozen=True, kw_only=True):
    """What a slimmed copy is made from, and what it lacks."""

    made_by: str = "condatui"
    source: str
    """The prefix that was copied."""
    classes: tuple[str, ...]
    """The labels of the classes of files that it lacks, for people."""
    packages: tuple[str, ...] = ()
    """The packages that it lacks as a whole, conda's and pip's."""
    at: datetime


_NOTE = msgspec.json.Decoder(SlimmedNote)


def encode_note(note: SlimmedNote) -> bytes:
    """The text of the file."""
    return encode_versioned(note, FORMAT)


def read_note(prefix: str) -> SlimmedNote | None:
    """What the note says; None if there is none that can be read, or a newer condatui has made it."""
    try:
        data = read_bounded(os.path.join(prefix, NOTE), _LARGEST)
        return decode(data, _NOTE, own=True) if format_of(data) <= FORMAT else None
    except OSError:
        return None


def left_out_of(prefix: str) -> tuple[str, ...] | None:
    """The labels of the classes, and the packages, that a slimmed copy lacks; None for any other environment.

    A note that cannot be read does not make a slimmed copy whole: what it lacks is unknown then.
    """
    note = read_note(prefix)
    if note is None:
        return () if is_slimmed(prefix) else None
    return (*note.classes, *note.packages)


def is_slimmed(prefix: str) -> bool:
    """Whether there is such a note."""
    return os.path.lexists(os.path.join(prefix, NOTE))
