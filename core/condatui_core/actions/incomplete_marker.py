"""The directory of a clone: made by us or not at all, and marked as long as it is not whole."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.errors import RefusedError
from condatui_core.fs.atomic_write import sync_path, write_new
from condatui_core.prefixes.probe import HALF_MADE


class _Marker(Struct):
    """What is written into it, for people: to condatui it only matters whether it is there."""

    format: int
    made_by: str
    job: str
    source: str
    at: datetime


def mark_incomplete(target: str, *, source: str, job: str, now: datetime) -> None:
    """Make the directory, with the empty history by which conda knows an environment, and mark it.

    Raises RefusedError if somebody has made it in the meantime, OSError if it cannot be made.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.mkdir(target)  # the only step that decides whose it is: it fails whatever is there
    except FileExistsError:
        hint = "Choose another name."
        raise RefusedError(f"{target} has come up in the meantime: nothing is ever replaced.", hint=hint) from None
    mark = _Marker(format=1, made_by="condatui", job=job, source=os.fsencode(source).decode("utf-8", "replace"), at=now)
    write_new(Path(target, HALF_MADE), msgspec.json.encode(mark))
    sync_path(target)
    os.mkdir(os.path.join(target, "conda-meta"))
    write_new(Path(target, "conda-meta", "history"), b"")


def is_marked_incomplete(target: str) -> bool:
    """Whether it is one that is being made, or was."""
    return os.path.lexists(os.path.join(target, HALF_MADE))


def is_empty(target: str) -> bool:
    """Whether it is a directory with nothing in it, as for a moment before it is marked."""
    try:
        return not os.listdir(target)
    except OSError:
        return False


def mark_bytes(target: str) -> int:
    """What the mark itself takes on the disk."""
    try:
        return os.lstat(os.path.join(target, HALF_MADE)).st_blocks * 512
    except OSError:
        return 0


def mark_complete(target: str) -> None:
    """Take the mark away. Raises OSError."""
    os.unlink(os.path.join(target, HALF_MADE))


def give_up(target: str) -> bool:
    """Remove the directory again if nothing but what `mark_incomplete` made is in it; whether it is gone.

    No tree is deleted: each step fails if a file came meanwhile.
    """
    with suppress(OSError):
        if _is_untouched(target):
            os.unlink(os.path.join(target, "conda-meta", "history"))
            os.rmdir(os.path.join(target, "conda-meta"))
            os.unlink(os.path.join(target, HALF_MADE))
            os.rmdir(target)
    return not os.path.lexists(target)


def _is_untouched(target: str) -> bool:
    meta = os.path.join(target, "conda-meta")
    if not is_marked_incomplete(target) or not set(os.listdir(target)) <= {HALF_MADE, "conda-meta"}:
        return False
    return os.listdir(meta) == ["history"] and os.stat(os.path.join(meta, "history")).st_size == 0
