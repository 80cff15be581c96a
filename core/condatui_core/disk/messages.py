"""What the walk's process is asked and what it answers; paths are bytes, places are called by their index."""

from __future__ import annotations

from typing import BinaryIO

import msgspec
from msgspec import Struct

from condatui_core.disk.tree import ScanProblem
from condatui_core.proc.frames import frame, read_frame
from condatui_core.records.disk import LinkTable


class PlaceRequest(Struct, frozen=True, array_like=True):
    """A place to walk."""

    path: bytes
    cache: bool
    skip: tuple[bytes, ...]
    """Places inside it, relative to it: `./envs/a`."""


class WalkRequest(Struct, frozen=True, array_like=True):
    """A walk."""

    places: tuple[PlaceRequest, ...]
    directory: bytes
    """Where trees are kept from one walk to the next; empty to keep none."""
    anew: bool
    """Whether to read everything, whatever was kept."""
    workers: int
    now: int
    """Nanoseconds since 1970."""


class WalkSizes(Struct, frozen=True, array_like=True):
    """A place that has been walked."""

    place: int
    total: int
    exclusive: int
    apparent: int


class WalkProgress(Struct, frozen=True, array_like=True, tag="progress"):
    """What came since the last message."""

    entries: int
    """How many were looked at so far."""
    measured: tuple[WalkSizes, ...]


class WalkResult(Struct, frozen=True, array_like=True, tag="result"):
    """The last message: who holds what."""

    entries: int
    table: LinkTable
    problems: tuple[tuple[int, tuple[ScanProblem, ...]], ...]
    """By place."""


def pack(message: Struct) -> bytes:
    """Encode a message with its length before it."""
    return frame(msgspec.msgpack.encode(message))


def read_request(stream: BinaryIO) -> WalkRequest:
    """Read a request; raises msgspec.DecodeError if it is none."""
    return msgspec.msgpack.decode(read_frame(stream), type=WalkRequest)


REPLY: msgspec.msgpack.Decoder[WalkProgress | WalkResult] = msgspec.msgpack.Decoder(WalkProgress | WalkResult)
