"""The marker in the directory of a new environment, which is there until the environment is complete."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.errors import RefusedError
from condatui_core.fs.atomic_write import decode, encode, sync_path, write_new
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.probe import HALF_MADE


class IncompleteMarker(Struct, frozen=True, kw_only=True):
    """The content of the marker. An environment is half-made as long as the file exists, whatever it contains."""

    format: int = 1
    made_by: str = "condatui"
    job: str
    source: str = ""
    """The prefix that is cloned; empty if nothing is."""
    restore_point: str = ""
    """The id of the restore point that is brought back; empty if none is."""
    at: datetime


_LARGEST = 1 << 16
_MARKER = msgspec.json.Decoder(IncompleteMarker)


def mark_incomplete(target: str, *, job: str, now: datetime, source: str = "", restore_point: str = "") -> None:
    """Make the directory, the marker, and the empty history by which conda recognizes an environment.

    `source` and `restore_point` say what it is made from, as in `IncompleteMarker`.
    Raises RefusedError if the path has been taken in the meantime, OSError if the directory cannot be made.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.mkdir(target)  # fails if anything is there, so the directory is certainly this job's
    except FileExistsError:
        hint = "Choose another name."
        raise RefusedError(f"{target} has appeared in the meantime: nothing is ever replaced.", hint=hint) from None
    mark = IncompleteMarker(job=job, source=source, restore_point=restore_point, at=now)
    write_new(Path(target, HALF_MADE), encode(mark))
    sync_path(target)
    os.mkdir(os.path.join(target, "conda-meta"))
    write_new(Path(target, "conda-meta", "history"), b"")


def is_marked_incomplete(target: str) -> bool:
    """Whether the directory has the marker: its environment is being made, or was never completed."""
    return os.path.lexists(os.path.join(target, HALF_MADE))


def read_marker(target: str) -> IncompleteMarker | None:
    """What the marker says; None if there is none that can be read."""
    try:
        return decode(read_bounded(os.path.join(target, HALF_MADE), _LARGEST), _MARKER)
    except OSError:
        return None


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
