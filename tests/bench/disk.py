"""What everything occupies: condatui's exact walk against du, and what a toggled row waits for."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import aclosing
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from bench.measure import Line, median, run, seconds
from bench.tree import Tree
from condatui_core.disk.measure import Measurement, measure
from condatui_core.disk.usage import DiskUsage, ManagedSizes
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace, DiskUse
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.prefix import PrefixContents

_RUNS = 5
_RESIDENT = """
import asyncio, pathlib, resource, sys
from bench.disk import places_of, walk
asyncio.run(walk(places_of(pathlib.Path(sys.argv[1])), None))
print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""


def places_of(envs: Path) -> tuple[DiskPlace, ...]:
    """The environments of a directory and the package cache beside it."""
    prefixes = (DiskPlace(path=str(path)) for path in sorted(envs.iterdir()) if (path / "conda-meta").is_dir())
    return (*prefixes, DiskPlace(path=str(envs.parent / "pkgs"), cache=True))


async def walk(places: tuple[DiskPlace, ...], kept: Path | None) -> Measurement:
    """Walk to the end."""
    last = Measurement(places=(), sizes={})
    async with aclosing(measure(places, kept=kept, environ=os.environ, now=datetime.now(timezone.utc))) as steps:
        async for step in steps:
            last = step
    return last


def disk(tree: Tree, scratch: Path) -> Iterator[Line]:
    """Compare a walk of everything, and a second one, with `du -s` of the same tree; all with warm caches."""
    places = places_of(tree.envs)
    kept = scratch / "disk"
    du = ["du", "-s", str(tree.envs), str(tree.envs.parent / "pkgs")]

    def walked() -> Measurement:
        return asyncio.run(walk(places, kept))

    run(du, os.environ)
    by_du, first, second = [], [], []
    for _ in range(_RUNS):
        shutil.rmtree(kept, ignore_errors=True)
        by_du.append(seconds(lambda: run(du, os.environ)))
        first.append(seconds(walked))
        second.append(seconds(walked))
    usual = median(by_du)
    yield Line(f"du -s of {len(places) - 1} environments and their package cache", f"{usual:.2f} s")
    yield Line("condatui measures the same", f"{median(first):.2f} s = {median(first) / usual:.2f}", "at most 1.2")
    yield Line("  the second time", f"{median(second):.2f} s = {median(second) / usual:.2f}", "at most 0.2")
    yield _toggle(walked())
    yield _memory(tree)


def managed(tree: Tree) -> Iterator[Line]:
    """Compare the managed sizes of all environments with what tells them in an older conda: `conda list` in a loop."""
    conda = str(tree.sandbox.conda)
    environments = [Environment(name=path.name, prefix=str(path), contents=_contents(path)) for path in tree.prefixes]
    machine = Inventory(environments=tuple(environments))

    def loop() -> None:
        for each in environments:
            run([conda, "list", "-p", each.prefix, "--json"], tree.sandbox.environ)

    def sizes() -> None:
        known = ManagedSizes(machine)
        for each in environments:
            known.use_of(each.prefix)

    by_conda, ours = seconds(loop), seconds(sizes)
    yield Line(
        "managed sizes once loaded", f"{ours * 1000:.0f} ms = 1/{by_conda / ours:.0f} of conda list in a loop", "1/50"
    )


def _toggle(measurement: Measurement) -> Line:
    graph = measurement.graph
    assert graph
    prefixes = [place.path for place in measurement.places if not place.cache]
    known = DiskUsage(ManagedSizes(Inventory()), complete=True, graph=graph, uses=_uses(measurement))
    waits = [seconds(partial(known.freed_by, prefixes[:count])) for count in range(1, len(prefixes))]
    return Line("  what a set frees and why not more, a row toggled", f"{max(waits) * 1000:.2f} ms", "under 20 ms")


def _uses(measurement: Measurement) -> dict[str, DiskUse]:
    found = {place.path: measurement.use_of(place.path) for place in measurement.places}
    return {path: use for path, use in found.items() if use}


def _memory(tree: Tree) -> Line:
    asked = [sys.executable, "-c", _RESIDENT, str(tree.envs)]
    own, walker = (int(each) / 1000 for each in run(asked, os.environ).split())
    return Line("  resident memory of who asks, of who walks", f"{own:.0f} MB, {walker:.0f} MB", "under 300 MB")


def _contents(prefix: Path) -> PrefixContents:
    return read_prefix(str(prefix), site_packages_candidates(str(prefix)))
