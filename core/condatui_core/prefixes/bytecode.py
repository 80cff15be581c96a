"""Whether byte code beside a source file holds, and what another mtime of the file would change in that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from condatui_core.fs.safe_read import open_regular

_HEADER = 16
"""Bytes: the magic number, flags, and for byte code by timestamp the mtime and the size of its source."""
_WORD = 0xFFFFFFFF
_SECOND = 1_000_000_000
_CACHE = "__pycache__"
_SUFFIXES = (".pyc", ".pyo")


def holds_otherwise(source: str, times: tuple[int, int], *, size: int) -> bool:
    """Whether byte code of a source holds with one of two mtimes, in nanoseconds, and not with the other.

    With the other one an import would run something else: what is in the source instead of the byte code, or byte code
    that is stale today. Byte code by hash holds whatever the mtime is.
    """
    first, second = (time // _SECOND for time in times)
    if first == second or not source.endswith(".py"):
        return False
    return any(_holds(header, first, size) or _holds(header, second, size) for header in _headers(source))


def holds_with(source: str, modified: int, *, size: int) -> bool:
    """Whether byte code of a source holds with an mtime, in nanoseconds."""
    seconds = modified // _SECOND
    return source.endswith(".py") and any(_holds(header, seconds, size) for header in _headers(source))


def _headers(source: str) -> Iterator[bytes]:
    """The headers of all byte code of a source: in its cache, and beside it as Python 2 has it."""
    directory, name = os.path.split(source)
    stem = name.rpartition(".")[0]
    cache = os.path.join(directory, _CACHE)
    with suppress(OSError):
        for each in os.listdir(cache):
            if each.startswith(f"{stem}.") and each.endswith(_SUFFIXES):
                yield _header(os.path.join(cache, each))
    for suffix in _SUFFIXES:
        # Only the mtime is stated: whatever the size, it is the size of any source.
        yield _header(os.path.join(directory, f"{stem}{suffix}"))[:8]


def _holds(header: bytes, seconds: int, size: int) -> bool:
    """Whether it is byte code of a source of this mtime and size, as any Python states it."""
    time, length = (each & _WORD for each in (seconds, size))
    stated = [time.to_bytes(4, "little"), length.to_bytes(4, "little")]
    since_3_7, since_3_3, before = bytes(4) + stated[0] + stated[1], stated[0] + stated[1], stated[0]
    if len(header) == 8:
        return header[4:] == before
    return header[4:] == since_3_7 or header[4:12] == since_3_3


def _header(path: str) -> bytes:
    with suppress(OSError), open_regular(path, buffering=0) as stream:
        return stream.read(_HEADER)
    return b""
