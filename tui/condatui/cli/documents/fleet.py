"""Convert what became of a fleet to the JSON document of `condatui fleet`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from condatui_core.records.fleet import HostOutcome, HostState
from condatui_core.records.host_snapshot import Collector


class HostDocument(Struct, frozen=True, kw_only=True):
    """What became of one host."""

    host: str
    """Its name, as the node set has it."""
    ok: bool
    """Whether there is a new snapshot of it."""
    state: HostState
    """Why not: there is no connection, it does not let this user in, it took too long, it has neither a condatui nor
    a Python, the command there failed, what it said is no snapshot, or that could not be written here.
    """
    reason: str | None
    """The same in words, mostly those of ssh or of the command there."""
    seconds: float
    """From the start of the connection."""
    collector: Collector | None
    """What has made the snapshot there: `standalone` is the piped script, which examines nothing."""
    environments: int | None
    """Their number; None without a new snapshot."""
    unread: int
    """How many things could not be read or measured there; the snapshot names them."""
    file: str | None
    """The snapshot, new or former; None if there is none."""
    former: datetime | None
    """When a snapshot that stays, because there is no new one, was stored."""


class FleetDocument(Struct, frozen=True, kw_only=True):
    """What became of a fleet."""

    directory: str
    """Where the snapshots lie."""
    ok: bool
    """Whether there is a new one of each host."""
    hosts: tuple[HostDocument, ...]
    """Those that the node sets stand for, by name."""


def describe_fleet(directory: str, outcomes: Sequence[HostOutcome]) -> FleetDocument:
    """Describe what became of each host."""
    return FleetDocument(
        directory=directory, ok=all(each.ok for each in outcomes), hosts=tuple(map(_described, outcomes))
    )


def _described(outcome: HostOutcome) -> HostDocument:
    return HostDocument(
        host=outcome.host,
        ok=outcome.ok,
        state=outcome.state,
        reason=outcome.reason or None,
        seconds=round(outcome.seconds, 3),
        collector=outcome.collector,
        environments=outcome.environments,
        unread=outcome.unread,
        file=outcome.file or None,
        former=outcome.former,
    )
