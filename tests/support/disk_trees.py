"""Trees to measure, what du says of them, and walks in this very process."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.measure import mount_points, place_request
from condatui_core.disk.messages import WalkRequest, WalkResult
from condatui_core.disk.walk import walk
from condatui_core.fs.mounts import mounts
from condatui_core.records.disk import DiskPlace

LATER = 3_600_000_000_000
"""What was made a moment ago is not believed to stay as it is; an hour later (in nanoseconds) it is."""


def du(*paths: Path) -> int:
    """The allocated bytes of some trees together."""
    if not paths:
        return 0
    done = subprocess.run(["du", "-sc", "--block-size=1", *paths], capture_output=True, check=True, cwd="/")
    return int(done.stdout.splitlines()[-1].split()[0])


def du_apparent(path: Path) -> int:
    """The apparent bytes of a tree."""
    done = subprocess.run(["du", "-s", "--apparent-size", "--block-size=1", path], capture_output=True, check=True)
    return int(done.stdout.split()[0])


def du_inodes(*paths: Path) -> int:
    """The files and directories of some trees together, each inode once."""
    if not paths:
        return 0
    done = subprocess.run(["du", "-sc", "--inodes", *paths], capture_output=True, check=True, cwd="/")
    return int(done.stdout.splitlines()[-1].split()[0])


def prefixes(paths: Iterable[Path]) -> list[DiskPlace]:
    """Places that are prefixes."""
    return [DiskPlace(path=str(path)) for path in paths]


def cache(path: Path, *, writable: bool = True) -> DiskPlace:
    """A place that is a package cache."""
    return DiskPlace(path=str(path), cache=True, writable=writable)


def walked(
    places: Sequence[DiskPlace], kept: Path | None = None, *, anew: bool = False, later: int = 0, workers: int = 2
) -> WalkResult:
    """Walk these places, with no process between but the workers, some nanoseconds `later` than in other walks."""
    result = told(places, kept, anew=anew, later=later, workers=workers)[-1]
    assert isinstance(result, WalkResult)
    return result


def told(
    places: Sequence[DiskPlace], kept: Path | None = None, *, anew: bool = False, later: int = 0, workers: int = 2
) -> list[object]:
    """Walk these places, as `walked` does; returns all that the walk says meanwhile."""
    requests = tuple(place_request(place, places) for place in places)
    messages: list[object] = []
    now = time.time_ns() + LATER + later
    directory = os.fsencode(kept) if kept else b""
    walk(WalkRequest(requests, directory, anew, workers, now, mount_points(mounts())), messages.append)
    return messages


def graph_of(places: Sequence[DiskPlace], kept: Path | None = None, *, anew: bool = False, later: int = 0) -> LinkGraph:
    """Walk these places, as `walked` does, and say who holds what."""
    return LinkGraph(places, walked(places, kept, anew=anew, later=later).table)


def write(path: Path, size: int = 5000) -> Path:
    """Write a file of some size, with the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def link(source: Path, target: Path) -> Path:
    """Make another link, with the directories above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)
    return target
