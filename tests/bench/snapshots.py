"""Two hundred machines of 50 environments of 200 packages: opened from their snapshots, and compared as nodes.

Each figure is measured in a process of its own, with the most memory that it ever had.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from bench.measure import Line, seconds
from condatui_core.analyses.nodes import node_groups
from condatui_core.analyses.suitability import suitable_environments
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.records.comparison import Column, Listing
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.snapshots.directory import SnapshotDirectory
from support.inventories import NOW, inventory, loaded, package
from support.snapshots import snapshot_bytes

HOSTS, ENVIRONMENTS, PACKAGES = 200, 50, 200
_NAMES, _VERSIONS = 2_000, 10
"""Every environment picks packages of so many names in so many versions, alike only by chance: the worst for a reader
that hands out one object for equal ones."""
_DRIFTING = 10
"""On as many machines each environment is another one than on the others, where machines should be the same."""


def snapshots(scratch: Path) -> Iterator[Line]:
    """Measure machines that have nothing to do with each other, and nodes of which some have drifted."""
    size = f"{HOSTS} machines × {ENVIRONMENTS} × {PACKAGES}"
    for kind, directory in (("each its own", scratch / "own"), ("nodes", scratch / "nodes")):
        directory.mkdir()
        _write(directory, alike=kind == "nodes")
        told = _measured(directory)
        yield Line(f"snapshots of {size}, {kind}: opened", f"{told['open']:.1f} s", "10 s")
        yield Line("  in processor time", f"{told['processor']:.1f} s")
        yield Line("  the most memory until then", f"{told['megabytes']:.0f} MB", "1 GB")
        yield Line("  find two packages", f"{told['find']:.1f} s")
        yield Line("  who differs, of all names", f"{told['nodes']:.1f} s")


def _write(directory: Path, *, alike: bool) -> None:
    made = random.Random(1)
    common = _machine(made)
    for number in range(HOSTS):
        machine = common if alike and number >= _DRIFTING else _machine(made)
        (directory / f"gpu{number:03}.json.gz").write_bytes(snapshot_bytes(f"gpu{number:03}", inventory(*machine)))


def _machine(made: random.Random) -> list[Environment]:
    return [
        loaded(
            f"env-{number:03}",
            [_POOL[name][made.randrange(_VERSIONS)] for name in sorted(made.sample(range(_NAMES), PACKAGES))],
            python="3.11.9",
            channels=(("conda-forge", PACKAGES),),
            created=NOW,
        )
        for number in range(ENVIRONMENTS)
    ]


_POOL: Sequence[Sequence[PackageRecord]] = [
    [
        package(
            f"package-{name:04}",
            f"1.{version}.0",
            build=f"py311h{name:04x}{version:03x}_0",
            md5=f"{name * _VERSIONS + version:032x}",
            sha256=f"{name * _VERSIONS + version:064x}",
            subdir="linux-64",
            license="BSD-3-Clause",
            file_count=20,
        )
        for version in range(_VERSIONS)
    ]
    for name in range(_NAMES)
]


def _measured(directory: Path) -> Mapping[str, float]:
    """What a process of its own measures and prints."""
    argv = [sys.executable, "-m", "bench.snapshots", str(directory)]
    lines = subprocess.run(argv, capture_output=True, check=True, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def _measure(directory: str) -> None:
    began = time.process_time()
    snapshots = SnapshotDirectory(directory, lambda: datetime.now(timezone.utc))
    print("open", seconds(lambda: [None for _ in iter(lambda: snapshots.read_some(0.3), False)]))
    told = snapshots.machines()
    print("processor", time.process_time() - began)
    assert sum(each.packages for each in told.machines) == HOSTS * ENVIRONMENTS * PACKAGES
    print("megabytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10))
    entries = tuple(filter(None, (conda_entry(f"package-{n:04}>=1.5", ChannelConfig()) for n in (1, 2))))
    wanted = Listing(column=Column(label="specs", kind="spec list"), entries=entries)
    print("find", seconds(lambda: suitable_environments(told.inventory, lambda _python: wanted)))
    print("nodes", seconds(lambda: node_groups(told.inventory, [each.host for each in told.machines])))


if __name__ == "__main__":
    _measure(sys.argv[1])
