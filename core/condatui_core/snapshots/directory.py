"""A directory of snapshots, read bit by bit: the newest of each machine counts, and what cannot be used is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.environments import in_order
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.safe_read import reason
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.records.host_snapshot import HeldBytes, HostSnapshot, ToldVerdict
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.other_machine import OtherMachine, OtherMachines, RefusedSnapshot
from condatui_core.snapshots.document import ENDINGS, SnapshotError, read_with_size
from condatui_core.snapshots.machine import (
    SharedPackages,
    channel_configs_of,
    environments_of,
    installations_of,
    problems_of,
    told_of,
    unread_of,
    verdicts_of,
)
from condatui_core.text import sanitize, some_of

_MOST_FILES = 5_000
_MOST_PACKAGES = 3_000_000
"""Different packages of all machines together; thousands of machines have some ten thousands."""
_MOST_TOLD = 512 << 20
"""Bytes of text beside the tables of packages; a machine of fifty environments has a tenth of a megabyte."""
_OLD = timedelta(days=7)
"""From then on much may be otherwise by now."""
_AHEAD = timedelta(days=1)
"""A snapshot that claims to be made later than this is no newer one: a clock is wrong, or somebody wants it to win."""


class _Machine(Struct, frozen=True):
    """What the newest snapshot of a machine has told."""

    rank: tuple[bool, datetime, str]
    machine: OtherMachine
    environments: tuple[Environment, ...]
    installations: tuple[Installation, ...]
    channel_configs: tuple[tuple[str, ChannelConfig], ...]
    problems: tuple[Finding, ...]
    disk: tuple[tuple[str, HeldBytes], ...]
    gpu: tuple[tuple[str, ToldVerdict], ...]


class SnapshotDirectory:
    """Reads the snapshots of a directory, or a single one; call its methods in one thread after the other."""

    def __init__(self, place: str, clock: Callable[[], datetime]) -> None:
        """`place` is an absolute path. Raises UsageError if it is neither a file nor a directory with a snapshot."""
        self._clock = clock
        self._pending = _files(place)
        self._shared = SharedPackages()
        self._machines: dict[str, _Machine] = {}
        self._older: dict[str, list[str]] = {}
        self._refused: list[RefusedSnapshot] = []
        self._told_bytes = 0

    def read_some(self, seconds: float) -> bool:
        """Read snapshots for about this time; returns whether there are more to read."""
        deadline = time.monotonic() + seconds
        while self._pending:
            self._read(self._pending.pop(0))
            if time.monotonic() > deadline:
                break
        return bool(self._pending)

    def machines(self) -> OtherMachines:
        """What the snapshots that were read so far tell."""
        known = [self._machines[host] for host in sorted(self._machines)]
        refused = tuple(sorted(self._refused, key=lambda each: each.file))
        return OtherMachines(
            inventory=Inventory(
                environments=in_order(environment for each in known for environment in each.environments),
                installations=tuple(installation for each in known for installation in each.installations),
                channel_configs=tuple(config for each in known for config in each.channel_configs),
                problems=(
                    *map(_told_as_refused, refused),
                    *_told_as_old([each.machine for each in known], self._clock()),
                    *_told_as_lacking(environment for each in known for environment in each.environments),
                    *(problem for each in known for problem in each.problems),
                ),
                pending=len(self._pending),
            ),
            machines=tuple(each.machine for each in known),
            refused=refused,
            disk=dict(told for each in known for told in each.disk),
            gpu=dict(told for each in known for told in each.gpu),
            pending=len(self._pending),
        )

    def _read(self, file: str) -> None:
        try:
            snapshot, told = read_with_size(file)
            if len(self._shared) + len(snapshot.table) > _MOST_PACKAGES:
                raise SnapshotError(f"With it there would be more than {_MOST_PACKAGES:,} different packages.")
            if self._told_bytes + told > _MOST_TOLD:
                raise SnapshotError(f"With it there would be more than {_MOST_TOLD >> 20} MB beside the packages.")
            self._told_bytes += told
            self._take(file, snapshot)
        except CondatuiError as error:
            self._refused.append(RefusedSnapshot(file=file, reason=error.title))

    def _take(self, file: str, snapshot: HostSnapshot) -> None:
        """Take a snapshot in, unless a newer one of the same machine has been."""
        host, rank = snapshot.host, (snapshot.at <= self._clock() + _AHEAD, snapshot.at, file)
        former = self._machines.get(host)
        older = self._older.setdefault(host, [])
        if former and former.rank > rank:
            older.append(file)
            self._machines[host] = _with_older(former, older)
            return
        told = self._told(file, snapshot, rank)
        if former:
            older.append(former.machine.file)
        self._machines[host] = _with_older(told, older)

    def _told(self, file: str, snapshot: HostSnapshot, rank: tuple[bool, datetime, str]) -> _Machine:
        environments = environments_of(snapshot, self._shared, file)
        held = (each.contents for each in environments if each.contents)
        machine = OtherMachine(
            host=snapshot.host,
            file=file,
            at=snapshot.at,
            platform=snapshot.platform,
            collector=snapshot.collector,
            condatui=snapshot.condatui,
            environments=len(environments),
            packages=sum(len(each.packages) + len(each.distributions) for each in held),
            unread=unread_of(snapshot),
        )
        return _Machine(
            rank,
            machine,
            environments,
            installations_of(snapshot),
            tuple(channel_configs_of(snapshot, self._shared)),
            problems_of(snapshot),
            tuple(told_of(snapshot, snapshot.disk)),
            tuple(verdicts_of(snapshot)),
        )


def _with_older(known: _Machine, older: list[str]) -> _Machine:
    return replace(known, machine=replace(known.machine, older=tuple(sorted(older))))


def _files(place: str) -> list[str]:
    """The snapshots in a directory, by name; a file is taken for one whatever its name is."""
    if os.path.isfile(place):
        return [place]
    if os.path.exists(place) and not os.path.isdir(place):  # a pipe or a device: nothing of it is read
        raise UsageError("The snapshots cannot be read.", f"{sanitize(place)}: neither a directory nor a file")
    try:
        with os.scandir(place) as entries:
            found = sorted(each.path for each in entries if _is_named_so(each.name) and not os.path.isdir(each))
    except OSError as error:
        raise UsageError("The snapshots cannot be read.", f"{sanitize(place)}: {reason(error)}") from error
    if not found:
        hint = f"`condatui snapshot -o {sanitize(place)}` on a machine puts one there."
        raise UsageError(
            "There are no snapshots.", f"{sanitize(place)} has no *{ENDINGS[0]} and no *{ENDINGS[1]}", hint
        )
    if len(found) > _MOST_FILES:
        raise UsageError(f"More than {_MOST_FILES:,} files are too many.", sanitize(place), "Name a smaller directory.")
    return found


def _is_named_so(name: str) -> bool:
    return name.endswith(ENDINGS) and not name.startswith(".")


def _told_as_refused(refused: RefusedSnapshot) -> Finding:
    return Finding(
        id="snapshot-unusable",
        severity="warning",
        message=f"{sanitize(os.path.basename(refused.file))} is left out. {refused.reason}",
        evidence=(refused.file,),
        source="machine",
    )


def _told_as_old(machines: Sequence[OtherMachine], now: datetime) -> Iterator[Finding]:
    old = [each for each in machines if each.at < now - _OLD]
    if old:
        yield Finding(
            id="snapshot-old",
            severity="note",
            message=f"More than a week old: the snapshots of {some_of([each.host for each in old])}.",
            evidence=tuple(f"{each.host}: {each.at:%Y-%m-%d %H:%M}" for each in old),
            source="machine",
        )


def _told_as_lacking(environments: Iterable[Environment]) -> Iterator[Finding]:
    lacking = [each.full_name for each in environments if each.contents is None and each.state == "ok"]
    if lacking:
        yield Finding(
            id="snapshot-lacking",
            severity="note",
            message=f"The snapshots do not tell the packages of {some_of(lacking)}.",
            evidence=tuple(lacking),
            source="machine",
        )
