"""Which environments are alike: condatui's search against a comparison of every two."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

from bench.measure import Line, median, seconds
from bench.tree import MANY_ENVIRONMENTS, MANY_PACKAGES
from condatui_core.analyses.alike import alike_groups
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.package import PackageRecord
from support.comparisons import compared
from support.inventories import inventory, loaded, package

_RUNS = 3
_SAMPLE = 50
_SIZES = ((MANY_ENVIRONMENTS, MANY_PACKAGES, "under 1 s"), (1000, 100, "under 3 s"))


def alike() -> Iterator[Line]:
    """Measure the search, and what comparing every two takes: as sets, and side by side."""
    for environments, packages, promised in _SIZES:
        machine = made_machine(environments, packages)
        took = median([seconds(lambda machine=machine: alike_groups(machine)) for _ in range(_RUNS)])  # type: ignore[misc]
        label = f"{environments} × {packages}"
        yield Line(f"alike environments of {label}", f"{took:.2f} s", promised)
        by_sets = seconds(lambda machine=machine: _by_sets(machine))  # type: ignore[misc]
        yield Line("  as sets of names, versions and channels, two by two", f"{by_sets / took:.1f} times that")
        side_by_side = _side_by_side(machine)
        yield Line("  side by side, two by two (from a sample)", f"{side_by_side / took:.0f} times that")


def made_machine(environments: int, packages: int) -> Inventory:
    """Ten families, whose members have 2 to 8 % of their packages changed."""
    made = random.Random(environments)
    names = [f"package-{number:04}" for number in range(packages * 10)]
    families = [[(name, f"1.{made.randrange(30)}") for name in made.sample(names, packages)] for _ in range(10)]
    return inventory(
        *(loaded(f"env-{number:04}", [*_variant(families[number % 10], made)]) for number in range(environments))
    )


def _variant(family: list[tuple[str, str]], made: random.Random) -> Iterator[PackageRecord]:
    touched = set(made.sample(family, len(family) * made.randrange(2, 9) // 100))
    for name, version in family:
        yield package(name, f"{version}.{made.randrange(9)}" if (name, version) in touched else version)


def _by_sets(machine: Inventory) -> int:
    """How many pairs are alike if every two are intersected."""
    held = [{(each.name, each.version, each.base_url) for each in _packages(one)} for one in machine.environments]
    names = [{each.name for each in _packages(one)} for one in machine.environments]
    places = range(len(held))
    return sum(len(held[a] & held[b]) >= 0.9 * len(names[a] | names[b]) for a, b in combinations(places, 2))


def _packages(environment: Environment) -> tuple[PackageRecord, ...]:
    return environment.contents.packages if environment.contents else ()


def _side_by_side(machine: Inventory) -> float:
    """The seconds that comparing every two as in Compare would take, by a sample of pairs."""
    made, environments = random.Random(1), machine.environments
    pairs = [made.sample(environments, 2) for _ in range(_SAMPLE)]
    sample = seconds(lambda: [compared(*pair) for pair in pairs])
    return sample / _SAMPLE * len(environments) * (len(environments) - 1) / 2
