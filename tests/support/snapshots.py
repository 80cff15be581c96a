"""Snapshots of machines that are made up: what each has, as its own condatui would tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from condatui.cli.documents.environments import describe_inventory
from condatui_core.fs.documents import encode_versioned
from condatui_core.records.disk import DiskUse
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.gpu import GpuResult
from condatui_core.records.other_machine import OtherMachines
from condatui_core.snapshots.directory import SnapshotDirectory
from condatui_core.snapshots.document import encode_snapshot, file_name_of
from condatui_core.snapshots.making import snapshot_of
from support.inventories import NOW, inventory


def snapshot_bytes(
    host: str,
    machine: Inventory,
    *,
    at: datetime = NOW,
    uses: Mapping[str, DiskUse] | None = None,
    verdicts: Mapping[str, GpuResult] | None = None,
    compressed: bool = True,
) -> bytes:
    """The snapshot of a machine with this inventory."""
    made = snapshot_of(machine, host=host, at=at, uses=uses or {}, verdicts=verdicts or {})
    listing = encode_versioned(describe_inventory(machine, packages=False, uses={}), 1)
    return encode_snapshot(made, listing, compressed=compressed)


def snapshot_document(host: str, *environments: Environment, **fields: object) -> dict[str, Any]:
    """The document of such a snapshot, with some fields on top as a test has them."""
    document = json.loads(snapshot_bytes(host, inventory(*environments), compressed=False))
    return {**document, **fields}


def put_snapshot(directory: Path, host: str, *environments: Environment, at: datetime = NOW) -> Path:
    """Put the snapshot of a machine with these environments where its own condatui would."""
    file = directory / file_name_of(host)
    file.write_bytes(snapshot_bytes(host, inventory(*environments), at=at))
    return file


def read_all(directory: Path) -> OtherMachines:
    """What the snapshots of a directory tell."""
    snapshots = SnapshotDirectory(str(directory), lambda: NOW)
    while snapshots.read_some(60):
        pass
    return snapshots.machines()
