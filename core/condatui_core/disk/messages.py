"""Messages to and from the walk's process; paths are bytes, and places are named by their index."""

from __future__ import annotations

from typing import BinaryIO

import msgspec
from msgspec import Struct

from condatui_core.disk.tree import ScanProblem
from condatui_core.proc.frames import frame, read_frame
from condatui_core.records.disk import CacheTool, LinkTable


class PlaceRequest(Struct, frozen=True, array_like=True):
    """A place to walk."""

    path: bytes
    cache: bool
    skip: tuple[bytes, ...]
    """Places inside it that are skipped, relative to it: `./envs/a`."""
    tool: CacheTool = ""
    """The tool that a cache belongs to, as in DiskPlace."""
    named: bytes = b""
    """The path as the tool spells it, as in DiskPlace."""


class MountPoint(Struct, frozen=True, array_like=True):
    """A mounted file system, as in Mount."""

    point: bytes
    kind: str
    source: bytes


class WalkRequest(Struct, frozen=True, array_like=True):
    """A walk."""

    places: tuple[PlaceRequest, ...]
    directory: bytes
    """The directory where trees are kept from one walk to the next; empty to keep none."""
    anew: bool
    """Whether to read everything and ignore kept trees."""
    workers: int
    """How many processes walk where they compute and do not wait for the disk."""
    now: int
    """Nanoseconds since 1970."""
    mounts: tuple[MountPoint, ...] = ()
    """All that are mounted if there is one on which files share blocks; else none, since nobody need look for any."""
    interim: bool = True
    """Whether to tell the sizes of each place as soon as it is walked, which takes a fifth of the processor time."""
    most_workers: int = 0
    """How many processes walk where each call waits for the disk; 0 if there are as many as elsewhere."""


class WalkSizes(Struct, frozen=True, array_like=True):
    """The sizes of a place that has been walked."""

    place: int
    total: int
    exclusive: int
    apparent: int
    inodes: int


class WalkProgress(Struct, frozen=True, array_like=True, tag="progress"):
    """The results since the previous message."""

    entries: int
    """The number of directory entries visited so far."""
    measured: tuple[WalkSizes, ...]


class WalkResult(Struct, frozen=True, array_like=True, tag="result"):
    """The last message, with the table of links."""

    entries: int
    table: LinkTable
    problems: tuple[tuple[int, tuple[ScanProblem, ...]], ...]
    """By place."""


def pack(message: Struct) -> bytes:
    """Encode a message, preceded by its length."""
    return frame(msgspec.msgpack.encode(message))


def read_request(stream: BinaryIO) -> WalkRequest:
    """Read a request; raises msgspec.DecodeError if it is invalid."""
    return msgspec.msgpack.decode(read_frame(stream), type=WalkRequest)


REPLY: msgspec.msgpack.Decoder[WalkProgress | WalkResult] = msgspec.msgpack.Decoder(WalkProgress | WalkResult)
