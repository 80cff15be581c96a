"""Whether byte code beside a source file holds for as long as the file keeps its mtime."""

from __future__ import annotations

import os
from contextlib import suppress

from condatui_core.fs.safe_read import open_regular

_HEADER = 16
"""Bytes: the magic number, flags, and for byte code by timestamp the mtime and the size of its source."""
_WORD = 0xFFFFFFFF


def has_timed_bytecode(source: str, *, modified: int, size: int) -> bool:
    """Whether byte code of a source would no longer hold if the source had another mtime than this, in nanoseconds.

    Byte code by hash holds whatever the mtime is; such as does not hold today cannot become worse.
    """
    directory, name = os.path.split(source)
    stem = name.rpartition(".")[0] + "."
    wanted = (modified // 1_000_000_000 & _WORD).to_bytes(4, "little") + (size & _WORD).to_bytes(4, "little")
    try:
        names = os.listdir(os.path.join(directory, "__pycache__"))
    except OSError:
        return False
    files = (os.path.join(directory, "__pycache__", each) for each in names if each.startswith(stem))
    return any(_header(each)[4:] == bytes(4) + wanted for each in files if each.endswith(".pyc"))


def _header(path: str) -> bytes:
    with suppress(OSError), open_regular(path, buffering=0) as stream:
        return stream.read(_HEADER)
    return b""
