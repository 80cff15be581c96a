"""What everything occupies: condatui's exact walk against du, and what a toggled row waits for."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from bench.measure import Line, Spent, median, run, seconds, spent
from bench.tree import Tree
from condatui_core.disk.measure import Measurement, measure
from condatui_core.disk.usage import DiskUsage, ManagedSizes
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace, DiskUse
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import Locations

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
    now = datetime.now(timezone.utc)
    async with aclosing(measure(places, kept=kept, environ=os.environ, now=now, interim=False)) as steps:
        async for step in steps:
            last = step
    return last


def disk(tree: Tree, scratch: Path) -> Iterator[Line]:
    """Compare a walk of everything, and a second one, with `du -s` of the same tree; all with warm caches.

    On a machine with other work only processor time tells anything, so that of both is printed too.
    """
    places = places_of(tree.envs)
    kept = scratch / "disk"
    du = ["du", "-s", str(tree.envs), str(tree.envs.parent / "pkgs")]
    listed = [str(Path(sys.executable).with_name("condatui")), "list", "--sizes", "--json"]
    environ = tree.environ(scratch / "sizes")

    def walked() -> Measurement:
        return asyncio.run(walk(places, kept))

    run(du, os.environ)
    run(listed, environ)  # so that the environments are read already
    rival, first, second, command, again = [list[Spent]() for _ in range(5)]
    for _ in range(_RUNS):
        shutil.rmtree(kept, ignore_errors=True)
        shutil.rmtree(Locations.of_user(environ, Path()).disk_cache, ignore_errors=True)
        rival.append(spent(lambda: run(du, os.environ)))
        first.append(spent(walked))
        second.append(spent(walked))
        command.append(spent(lambda: run(listed, environ)))
        again.append(spent(lambda: run(listed, environ)))
    yield Line(f"du -s of {len(places) - 1} environments and their package cache", _figure(rival))
    yield Line("condatui measures the same", _figure(first, rival), "at most 0.9")
    yield Line("  the second time", _figure(second, rival), "at most 0.08")
    yield Line("condatui list --sizes of the same, once it is read", _figure(command, rival), "at most 1.1")
    yield Line("  the second time", _figure(again, rival), "at most 0.15")
    yield _toggle(walked())
    yield _memory(tree)


def _figure(ours: Sequence[Spent], rival: Sequence[Spent] = ()) -> str:
    """The seconds, wall and processor; beside a rival's, how many times as many each run took as that before it."""
    wall, cpu = (median([part[of] for part in ours]) for of in (0, 1))
    if not rival:
        return f"{wall:.2f} s, cpu {cpu:.2f} s"
    walls, cpus = (median([one[of] / other[of] for one, other in zip(ours, rival, strict=True)]) for of in (0, 1))
    return f"{wall:.2f} s = {walls:.2f}, cpu {cpus:.2f}"


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
