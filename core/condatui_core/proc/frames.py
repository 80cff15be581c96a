"""Messages on a pipe, each after its length; without asyncio, whose import a short process would wait for."""

from __future__ import annotations

from typing import BinaryIO

LENGTH = 4
"""Bytes of the length before each message."""


def frame(message: bytes) -> bytes:
    """Put the length before a message."""
    return len(message).to_bytes(LENGTH, "big") + message


def read_frame(stream: BinaryIO) -> bytes:
    """Read the next message; empty or cut off if the stream ends first."""
    return stream.read(int.from_bytes(stream.read(LENGTH), "big"))
