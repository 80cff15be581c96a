"""Records of a collection of snapshots over many hosts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.records.host_snapshot import Collector

HostState = Literal["ok", "unreachable", "denied", "timed-out", "nothing-to-run", "failed", "no-snapshot", "not-stored"]
"""What became of a host: its snapshot is stored; there is no connection; it does not let this user in; it took too
long; it has neither a condatui nor a Python; the command there failed; what it said is no snapshot; its snapshot could
not be written here."""


class HostOutcome(Struct, frozen=True, kw_only=True):
    """What became of one host."""

    host: str
    """Its name as it was asked for."""
    state: HostState
    reason: str = ""
    """Why there is no new snapshot, in a line; foreign text in it is sanitized."""
    seconds: float
    """From the start of the connection."""
    collector: Collector | None = None
    """What has made the snapshot there."""
    environments: int | None = None
    unread: int = 0
    """How many things could not be read or measured there; the snapshot names them."""
    file: str = ""
    """The file of its snapshot, be it new or a former one; empty if there is none."""
    former: datetime | None = None
    """When a snapshot that stays because there is no new one was stored."""

    @property
    def ok(self) -> bool:
        """Whether its snapshot is new."""
        return self.state == "ok"
