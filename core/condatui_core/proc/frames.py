"""Messages on a pipe, each with its length before it; without asyncio, which a process that is told things need not
import.
"""

from __future__ import annotations

from typing import BinaryIO

LENGTH = 4
"""Bytes before each message, which say how many follow."""


def frame(message: bytes) -> bytes:
    """Put the length before a message."""
    return len(message).to_bytes(LENGTH, "big") + message


def read_frame(stream: BinaryIO) -> bytes:
    """Read a message, as far as there is one."""
    return stream.read(int.from_bytes(stream.read(LENGTH), "big"))
