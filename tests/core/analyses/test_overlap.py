"""What environments have in common is counted as in a comparison of the two side by side."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from itertools import combinations

import pytest
from msgspec.structs import replace

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.analyses.overlap import similar_pairs
from condatui_core.analyses.package_sets import package_sets
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.inventories import CONDA_FORGE, PYTORCH, environment, inventory, loaded, package, pip_package
from support.tiers import thorough

_VERSIONS = ("1.0", "1.0.0", "1.1", "2.0rc1")
_ANY = 1e-6
"""A threshold that all environments reach which have anything in common."""
_MIRROR = "https://mirrors.example.edu/anaconda/cloud/conda-forge"
_UNKNOWN_MIRROR = "https://packages.example.com/everything"


def similarities(machine: Inventory, threshold: float = _ANY) -> dict[tuple[str, str], float]:
    """The similarity of every two environments that have something in common, by their names in order."""
    sets = package_sets(machine)
    names = [each.environment.name for each in sets]
    found: dict[tuple[str, str], float] = {}
    for one, other, similarity in similar_pairs(sets, threshold):
        first, second = sorted((names[one], names[other]))
        found[first, second] = similarity
    return found


def side_by_side(one: Environment, other: Environment, machine: Inventory) -> float:
    """The similarity that a comparison of two states."""
    listings = [
        environment_listing(each.prefix, each.name, each.contents or PrefixContents(), machine.channel_config(each))
        for each in (one, other)
    ]
    return compare(listings).similarity[0][1]


def by_comparison(machine: Inventory) -> dict[tuple[str, str], float]:
    """As `similarities`, from a comparison of every two."""
    read = sorted((each for each in machine.environments if each.contents), key=lambda each: each.name)
    pairs = {(one.name, other.name): side_by_side(one, other, machine) for one, other in combinations(read, 2)}
    return {names: similarity for names, similarity in pairs.items() if similarity}


class _World:
    """Environments with everything that makes packages the same or not."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def machine(self) -> Inventory:
        return inventory(*(self._environment(number) for number in range(8)))

    def _environment(self, number: int) -> Environment:
        packages = {number: self._package(number) for number in self._random.sample(range(30), 20)}
        pip = dict(self._distributions(packages.keys()))
        contents = PrefixContents(
            packages=tuple(packages.values()),
            distributions=tuple(pip.values()),
            replaced=tuple(
                Replacement(
                    package=packages[both].name,
                    distribution=pip[both].name,
                    conda_version=packages[both].version,
                    pip_version=pip[both].version,
                )
                for both in sorted(packages.keys() & pip.keys())
                if packages[both].provides
            ),
        )
        return environment(f"env{number}", contents=contents)

    def _package(self, number: int) -> PackageRecord:
        """Every fifth has another name than the distribution that it ships; every third says nothing of one."""
        name = f"lib-{number}" if number % 5 else f"python-lib-{number}"
        version = self._random.choice(_VERSIONS)
        wheels = ("pypi",) if number % 3 else ()
        channel = self._random.choice((CONDA_FORGE, CONDA_FORGE, _MIRROR, _UNKNOWN_MIRROR, PYTORCH, None, *wheels))
        ships = (ProvidedDistribution(f"Lib_{number}", version, f"{name}.dist-info"),) if number % 3 else ()
        # The archives of the unknown mirror are those of conda-forge, known by their digests alone.
        archive = f"{name}-{'1.0' if version == '1.0.0' else version}"
        digest = "" if channel in (PYTORCH, "pypi") else archive
        return package(name, version, channel, provides=ships, file_count=number % 2, md5=digest)

    def _distributions(self, taken: Collection[int]) -> Iterator[tuple[int, Distribution]]:
        for number in self._random.sample(range(30), 8):
            if number not in taken or self._random.random() < 0.4:
                spelling = self._random.choice(("Lib_{}", "lib-{}", "LIB.{}")).format(number)
                yield number, pip_package(spelling, self._random.choice((*_VERSIONS, "2.0.rc1")))


@pytest.mark.parametrize("seed", [*range(10), *thorough(range(10, 60))])
def test_every_two_are_as_similar_as_side_by_side(seed: int) -> None:
    machine = _World(seed).machine()
    assert similarities(machine) == pytest.approx(by_comparison(machine))


@pytest.mark.parametrize("threshold", [0.5, 0.55, 0.6, 0.8, 0.9, 1.0])
@pytest.mark.parametrize("seed", [*range(4), *thorough(range(4, 20))])
def test_no_pair_above_the_threshold_is_missed_and_none_below_it_found(seed: int, threshold: float) -> None:
    machine = _families(seed)
    expected = {names: found for names, found in by_comparison(machine).items() if found >= threshold - 1e-9}
    assert similarities(machine, threshold) == pytest.approx(expected)


def _families(seed: int) -> Inventory:
    """Environments of any similarity: of families, with up to half of their packages changed, gone or more."""
    made = random.Random(seed)
    names = [f"lib{index}" for index in range(60)]
    bases = [made.sample(names, 20) for _ in range(3)]
    return inventory(*(loaded(f"env{number}", _variant(bases[number % 3], made)) for number in range(15)))


def _variant(base: list[str], made: random.Random) -> list[PackageRecord]:
    changed = set(made.sample(base, made.randrange(0, 11)))
    kept = base[made.choice((0, 0, 1, 5)) :]
    more = [package(f"more{index}") for index in range(made.choice((0, 0, 2, 6)))]
    return [package(name, "1.1" if name in changed else "1.0") for name in kept] + more


async def test_on_the_sandbox_every_two_are_as_similar_as_side_by_side(sandbox: Sandbox) -> None:
    machine = (await context_of(sandbox)).inventory
    expected = by_comparison(machine)
    assert len(expected) > 50
    assert similarities(machine) == pytest.approx(expected)


# What makes two packages the same


def _pair(one: list[PackageRecord], other: list[PackageRecord], **fields: object) -> float:
    machine = inventory(loaded("one", one), loaded("other", other), **fields)
    return similarities(machine).get(("one", "other"), 0.0)


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        (package("numpy", "1.26"), package("numpy", "1.26.0"), 1.0),
        (package("numpy", "1.26"), package("numpy", "1.26.1"), 0.5),
        (package("numpy", build="py310_0"), package("numpy", build="py311_0"), 1.0),
        (package("numpy"), package("numpy", base_url=PYTORCH), 0.5),
        (package("numpy"), package("numpy", base_url=_MIRROR), 1.0),
        (package("numpy"), package("scipy"), 1 / 3),
        (package("numpy", md5="a"), package("numpy", md5="a", base_url=_UNKNOWN_MIRROR), 1.0),
        (package("numpy", md5="a"), package("numpy", md5="b", base_url=_UNKNOWN_MIRROR), 0.5),
    ],
)
def test_name_version_and_channel_make_a_package(one: PackageRecord, other: PackageRecord, similarity: float) -> None:
    same = package("python")
    assert _pair([same, one], [same, other]) == pytest.approx(similarity)


def test_a_mirror_counts_as_what_the_configuration_says_that_it_mirrors() -> None:
    mirror = "https://conda.example.com/forge"
    config = ChannelConfig(custom_channels=(("conda-forge", mirror),))
    root = "/opt/other"
    machine = inventory(
        loaded("one", [package("numpy")]),
        loaded("other", [package("numpy", base_url=mirror)], installation=root),
        channel_configs=((root, config),),
    )
    assert similarities(machine) == {("one", "other"): 1.0}
    assert similarities(replace(machine, channel_configs=())) == {}


def test_what_pip_has_put_over_a_conda_package_counts_as_pips() -> None:
    replaced = Replacement(package="numpy", distribution="NumPy", conda_version="1.26.4", pip_version="2.0")
    over = PrefixContents(
        packages=(package("numpy", "1.26.4", provides=(ProvidedDistribution("numpy", "1.26.4", "x"),)),),
        distributions=(pip_package("NumPy", "2.0"),),
        replaced=(replaced,),
    )
    machine = inventory(
        environment("over", contents=over),
        loaded("pip", pip=[pip_package("numpy", "2.0.0")]),
        loaded("conda", [package("numpy", "1.26.4", provides=(ProvidedDistribution("numpy", "1.26.4", "x"),))]),
    )
    assert similarities(machine) == {("over", "pip"): 1.0}


def test_a_distribution_and_the_conda_package_that_ships_it_are_one_name() -> None:
    torch = ProvidedDistribution("torch", "2.5", "torch.dist-info")
    machine = inventory(
        loaded("conda", [package("python"), package("pytorch", "2.5", provides=(torch,))]),
        loaded("pip", [package("python")], [pip_package("torch", "2.5")]),
    )
    assert similarities(machine) == {("conda", "pip"): 0.5}


def test_pips_and_condas_packages_of_one_name_may_be_different_things() -> None:
    machine = inventory(
        loaded("conda", [package("python"), package("graphviz", file_count=9)]),
        loaded("pip", [package("python")], [pip_package("graphviz")]),
    )
    assert similarities(machine) == {("conda", "pip"): pytest.approx(1 / 3)}


def test_packages_for_another_platform_are_never_the_same() -> None:
    machine = inventory(loaded("one", [package("zlib")]), loaded("other", [package("zlib")], foreign="win-64"))
    assert similarities(machine) == {}


@pytest.mark.parametrize("state", ["orphan", "missing", "unreadable"])
def test_what_is_no_environment_takes_no_part(state: str) -> None:
    machine = inventory(loaded("one", [package("zlib")]), loaded("other", [package("zlib")], state=state))
    assert [each.environment.name for each in package_sets(machine)] == ["one"]


def test_an_environment_without_packages_takes_no_part() -> None:
    assert package_sets(inventory(loaded("empty"), environment("unread"))) == ()
