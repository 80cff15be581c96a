"""What snapshots tell of other machines: their environments in one inventory, and which files were refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from condatui_core.records.disk import Cost
from condatui_core.records.environment import Inventory
from condatui_core.records.host_snapshot import Collector, HeldBytes, ToldVerdict


class OtherMachine(Struct, frozen=True, kw_only=True):
    """A machine that a snapshot describes."""

    host: str
    file: str
    """The file of the snapshot, as it was found."""
    at: datetime
    """When the snapshot was made, by the machine's clock."""
    platform: str = ""
    collector: Collector = "condatui"
    condatui: str = ""
    """The version of what has made the snapshot."""
    environments: int = 0
    packages: int = 0
    """The number of packages in all its environments."""
    unread: tuple[tuple[str, str], ...] = ()
    """(path, reason) pairs of what could not be read or measured there."""
    older: tuple[str, ...] = ()
    """Other snapshots of the same machine, which do not count."""

    @property
    def examined(self) -> bool:
        """Whether condatui itself has looked, so that an environment without findings is one with nothing to find."""
        return self.collector == "condatui"


class RefusedSnapshot(Struct, frozen=True, kw_only=True):
    """A file that is no usable snapshot."""

    file: str
    reason: str
    """One line."""


class OtherMachines(Struct, frozen=True, kw_only=True):
    """All that the snapshots of a directory tell."""

    inventory: Inventory = Inventory()
    """Their environments, each with its host; the refused files are among its problems."""
    machines: tuple[OtherMachine, ...] = ()
    """By name."""
    refused: tuple[RefusedSnapshot, ...] = ()
    """By file."""
    disk: Mapping[str, HeldBytes] = MappingProxyType({})
    """An environment's prefix, with its host → what it occupies."""
    gpu: Mapping[str, ToldVerdict] = MappingProxyType({})
    """An environment's prefix, with its host → what the last GPU check has found."""
    pending: int = 0
    """The number of files that have not been read yet."""

    @property
    def costs(self) -> Mapping[str, Cost]:
        """The figures of a row for each environment that was measured; what it frees may not be known."""
        return {
            prefix: Cost(total=told.bytes, frees=told.exclusive, inodes=told.inodes or 0)
            for prefix, told in self.disk.items()
        }

    @property
    def unexamined(self) -> frozenset[str]:
        """The machines whose snapshots tell no findings, and not when environments were used."""
        return frozenset(each.host for each in self.machines if not each.examined)
