"""What was learnt of installations, on disk: small files that may vanish at any time and are never trusted."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from condatui_core.whole_files import put_in_cache

_Kept = TypeVar("_Kept", bound=Struct)

Stamp: TypeAlias = tuple[int, int, int] | None
"""Modification time in nanoseconds, size and inode of a file; None if it is not there."""


def stamp(path: str | Path) -> Stamp:
    """Look at a file or directory: if the stamp is another later on, it was changed."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def cache_file(cache: Path, subject: str, kind: str) -> Path:
    """The file that keeps what is known of a root prefix or an executable."""
    return cache / f"{hashlib.blake2b(os.fsencode(subject), digest_size=12).hexdigest()}.{kind}"


def recall(file: Path, shape: type[_Kept]) -> _Kept | None:
    """Read what was kept; None if there is nothing, or nothing that makes sense."""
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=shape)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def keep(file: Path, value: Struct) -> None:
    """Write a file whole or not at all, readable by its owner alone; if it cannot be written, that is no harm."""
    with suppress(OSError, UnicodeEncodeError):  # a full disk, a home that is not ours, a path that is no UTF-8
        put_in_cache(file, msgspec.msgpack.encode(value))
