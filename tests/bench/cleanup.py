"""What could go, and what reaches a goal: condatui's answers against asking du, and against trying every row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from bench.measure import Line, median, seconds
from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.analyses.cleanup.goal import reach
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.usage import DiskUsage, ManagedSizes
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.disk import Cost, DiskPlace, LinkTable, ShareClass, Unit
from condatui_core.records.environment import Inventory
from support.inventories import NOW, finding, inventory, loaded, package

_RUNS = 3
_CANDIDATES, _CLASSES = 500, 8000
_ENVIRONMENTS, _PACKAGES = 1000, 100


def cleanup() -> Iterator[Line]:
    """Measure a goal over many candidates, and the candidates of many environments."""
    machine = _machine(_ENVIRONMENTS, _PACKAGES)
    costs = {each.prefix: Cost(total=10**9, frees=10**8) for each in machine.environments}
    listing = median([seconds(partial(candidates, machine, costs=costs, now=NOW)) for _ in range(_RUNS)])
    yield Line(f"what could go of {_ENVIRONMENTS} × {_PACKAGES}", f"{listing:.2f} s", "under 1 s")
    known = _usage(machine, _CANDIDATES)
    rows = candidates(machine, costs=costs, now=NOW)[:_CANDIDATES]
    frees = known.frees_with_choice
    wanted = frees(choice_of(rows)) * 3 // 4
    goal = partial(reach, rows, wanted, frees=frees, losses=known.lost_without_one, counts_points=False)
    took = median([seconds(goal) for _ in range(_RUNS)])
    yield Line(f"a goal over {len(rows)} candidates", f"{took:.2f} s", "under 2 s")
    naive = seconds(partial(_one_by_one, rows, wanted, known))
    yield Line("  trying each row by itself", f"{naive / took:.0f} times that")


def _one_by_one(rows: tuple[CleanupCandidate, ...], wanted: int, known: DiskUsage) -> list[CleanupCandidate]:
    """The same choice, each row added until it is enough, then each left out if it still is."""
    chosen: list[CleanupCandidate] = []
    for each in rows:
        if known.frees_with_choice(choice_of(chosen)) < wanted:
            chosen.append(each)
    for each in reversed(tuple(chosen)):
        rest = [other for other in chosen if other is not each]
        if known.frees_with_choice(choice_of(rest)) >= wanted:
            chosen = rest
    return chosen


def _machine(environments: int, packages: int) -> Inventory:
    """Environments that have all become stale."""
    stale = finding("stale", "note", "not used for 400 days", cleanup="unused")
    records = [package(f"package-{number:04}", "1.0") for number in range(packages)]
    return inventory(*(loaded(f"env-{number:04}", records, findings=(stale,)) for number in range(environments)))


def _usage(machine: Inventory, environments: int) -> DiskUsage:
    """What a walk finds of the first environments, which share files and a package cache at random."""
    chance = random.Random(environments)
    prefixes = [each.prefix for each in machine.environments[:environments]]
    places = [*(DiskPlace(path=each) for each in prefixes), DiskPlace(path="/conda/pkgs", cache=True)]
    units = tuple(Unit(environments, f"package-{n:04}-1.0-0".encode(), "package", False, ()) for n in range(300))
    classes = [ShareClass((number,), -1, False, 10**6, 10**6) for number in range(environments)]
    for number in range(_CLASSES):
        holders = chance.sample(range(environments), chance.randint(1, 12))
        unit = number if number < len(units) else -1
        classes.append(
            ShareClass(tuple(sorted({*holders, *([environments] if unit >= 0 else [])})), unit, False, 4096, 4000)
        )
    graph = LinkGraph(places, LinkTable(classes=tuple(classes), units=units))
    return DiskUsage(ManagedSizes(Inventory()), complete=True, graph=graph)
