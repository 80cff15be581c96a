"""The flags that chattr sets."""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path

import pytest

_LONG = struct.calcsize("l")
_SETFLAGS = 0x40006602 | _LONG << 16
_NODUMP = 0x40


def set_nodump(file: Path) -> None:
    """Do as `chattr +d` does; skips the test where the file system has no such flag."""
    with file.open("rb") as stream:
        try:
            fcntl.ioctl(stream, _SETFLAGS, struct.pack("l", _NODUMP))
        except OSError as error:
            pytest.skip(f"no flags here: {error}")
