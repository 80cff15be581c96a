"""What condatui and the process that runs ClusterShell tell each other."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

Ended = Literal["exited", "timed-out", "too-much", "aborted"]
"""How the command of a host came to its end."""


class FleetRequest(Struct, frozen=True, kw_only=True):
    """What to run where."""

    hosts: tuple[str, ...]
    """Node sets, as ClusterShell spells them."""
    command: str
    script: str = ""
    """What the command gets on its stdin."""
    worker: str = ""
    """The name of a worker of ClusterShell; empty for its own default, which is ssh."""
    ssh_options: str = ""
    fanout: int = 0
    """The most hosts at once; 0 for ClusterShell's own default."""
    timeout: float
    """Seconds for a host, from the start of its connection."""
    connect_timeout: float
    """Seconds; 0 for ClusterShell's own."""
    most_bytes: int
    """The most that one host may say."""
    most_hosts: int


class NamedHosts(Struct, frozen=True, tag="named"):
    """The hosts that the node sets stand for."""

    names: tuple[str, ...]


class BadRequest(Struct, frozen=True, tag="bad"):
    """Why nothing was run."""

    title: str
    detail: str = ""
    hint: str = ""


class HostAnswer(Struct, frozen=True, kw_only=True, tag="answer"):
    """What one host has said."""

    host: str
    ended: Ended
    exit_code: int | None
    """None if it was ended before it had one."""
    said: bytes
    """Its stdout; nothing if it did not exit by itself."""
    complained: str
    """The end of its stderr."""
    seconds: float


FromRunner: TypeAlias = NamedHosts | BadRequest | HostAnswer

DECODER: msgspec.msgpack.Decoder[FromRunner] = msgspec.msgpack.Decoder(FromRunner)
