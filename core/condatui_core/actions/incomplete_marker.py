"""The marker in the directory of a new environment, which is there until the environment is complete."""

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
    """The content of the marker, for people to read: condatui only checks whether the file exists."""

    format: int
    made_by: str
    job: str
    source: str
    at: datetime


def mark_incomplete(target: str, *, source: str, job: str, now: datetime) -> None:
    """Make the directory, the marker, and the empty history by which conda recognizes an environment.

    Raises RefusedError if the path has been taken in the meantime, OSError if the directory cannot be made.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.mkdir(target)  # fails if anything is there, so the directory is certainly this job's
    except FileExistsError:
        hint = "Choose another name."
        raise RefusedError(f"{target} has appeared in the meantime: nothing is ever replaced.", hint=hint) from None
    mark = _Marker(format=1, made_by="condatui", job=job, source=os.fsencode(source).decode("utf-8", "replace"), at=now)
    write_new(Path(target, HALF_MADE), msgspec.json.encode(mark))
    sync_path(target)
    os.mkdir(os.path.join(target, "conda-meta"))
    write_new(Path(target, "conda-meta", "history"), b"")


def is_marked_incomplete(target: str) -> bool:
    """Whether the directory has the marker: its environment is being made, or was never completed."""
    return os.path.lexists(os.path.join(target, HALF_MADE))


def is_empty(target: str) -> bool:
    """Whether it is an empty directory, as a new one is for a moment before it is marked."""
    try:
        return not os.listdir(target)
    except OSError:
        return False


def mark_bytes(target: str) -> int:
    """The bytes that the marker takes on the disk."""
    try:
        return os.lstat(os.path.join(target, HALF_MADE)).st_blocks * 512
    except OSError:
        return 0


def mark_complete(target: str) -> None:
    """Delete the marker. Raises OSError."""
    os.unlink(os.path.join(target, HALF_MADE))


def remove_if_untouched(target: str) -> bool:
    """Remove the directory again if it holds only what `mark_incomplete` made; returns whether it is gone.

    No tree is deleted: each step fails if another file has appeared meanwhile.
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
