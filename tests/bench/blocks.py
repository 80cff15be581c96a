"""What it costs to ask which blocks files share, on file systems that know: against the walk that does not ask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bench.measure import Line, median, run, seconds
from condatui_core.records.disk import DiskPlace
from support import disk_trees
from support.sharing_disks import blob, sharing_disk, sync

_DIRECTORIES, _FILES, _ENVIRONMENTS = 200, 50, 4
_RUNS = 3


def blocks(scratch: Path) -> Iterator[Line]:
    """Measure four environments of 10,000 files that are reflinks of each other, on a btrfs and on an XFS."""
    for kind in ("btrfs", "xfs"):
        yield from _on(kind, scratch)


def _on(kind: str, scratch: Path) -> Iterator[Line]:
    try:
        with sharing_disk(scratch, kind, megabytes=1024) as disk:
            yield from _walks(disk, scratch / f"kept-{kind}")
    except pytest.skip.Exception as reason:
        yield Line(f"shared blocks on {kind}", str(reason))


def _walks(disk: Path, kept: Path) -> Iterator[Line]:
    places = [DiskPlace(path=str(disk / str(number))) for number in range(_ENVIRONMENTS)]
    first, *others = places
    for number in range(_DIRECTORIES * _FILES):
        blob(Path(first.path) / str(number % _DIRECTORIES) / str(number), 6000)
    for each in others:
        run(["cp", "-r", "--reflink=always", first.path, each.path], os.environ)
    sync(disk)
    asked = [seconds(partial(disk_trees.walked, places)) for _ in range(_RUNS)]
    again = [seconds(partial(disk_trees.walked, places, kept, later=number << 40)) for number in range(_RUNS + 1)][1:]
    told = [seconds(partial(disk_trees.walked, places, kept, later=_RUNS << 40)) for _ in range(_RUNS)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk_trees, "mounts", lambda: ())
        plain = median([seconds(partial(disk_trees.walked, places)) for _ in range(_RUNS)])
    du = median([seconds(partial(run, ["du", "-s", str(disk)], os.environ)) for _ in range(_RUNS)])
    files = _ENVIRONMENTS * _DIRECTORIES * _FILES
    yield Line(f"du -s of {files} reflinked files on {disk.name}", f"{du:.2f} s")
    yield Line("  a walk that does not ask what they share", f"{plain:.2f} s")
    yield Line("  one that does", f"{median(asked):.2f} s = {median(asked) / plain:.1f}")
    yield Line("  the second time, after ten minutes", f"{median(again):.2f} s = {median(again) / plain:.1f}")
    yield Line("  the second time, before", f"{median(told):.2f} s = {median(told) / plain:.1f}")
