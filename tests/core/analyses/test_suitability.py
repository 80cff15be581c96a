"""Which environments have what is wanted, and in what the others fall short."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from condatui_core.analyses.columns import entries_of
from condatui_core.analyses.suitability import Answer, WantedPackages, nearest_first, suitable_environments
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.environment_files.pip_column import pip_entry
from condatui_core.environment_files.selectors import Target
from condatui_core.records.comparison import Column, ColumnKind, Entry, Listing
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from support.inventories import PYTORCH, days_ago, environment, inventory, loaded, package, pip_package, research

CONFIG = ChannelConfig()
TARGET = Target(platform="linux-64", python="3.11.7")


def shipped(name: str, version: str) -> tuple[ProvidedDistribution, ...]:
    return (ProvidedDistribution(name, version, f"lib/python3.11/site-packages/{name}-{version}.dist-info"),)


def listing(*conda: str, pip: Sequence[str] = (), kind: ColumnKind = "spec list") -> Listing:
    entries = (*(conda_entry(each, CONFIG) for each in conda), *(pip_entry(each, TARGET) for each in pip))
    return Listing(column=Column(label="x", kind=kind), entries=tuple(e for e in entries if isinstance(e, Entry)))


def answer(subject: Environment, wanted: Listing, beside: Sequence[Environment] = ()) -> Answer:
    """What an environment has of the one thing that is wanted."""
    (only,) = WantedPackages(wanted, (subject, *beside)).of(subject, CONFIG).answers
    return only


def test_every_line_about_a_package_counts() -> None:
    wanted = listing("numpy=1.26")
    wanted = Listing(column=wanted.column, entries=wanted.entries, again=listing("numpy=9").entries)
    found = WantedPackages(wanted, (NUMPY,)).of(NUMPY, CONFIG)
    assert ([each.lack for each in found.answers], found.satisfies, found.beside) == ([None, "version"], False, 0)


NUMPY = loaded("conda", [package("numpy", "1.26.4", build="py311_0", build_number=3, md5="a" * 32, subdir="linux-64")])
BY_PIP = loaded("pip", [], [pip_package("numpy", "1.26.4")])


@pytest.mark.parametrize(
    ("spec", "have", "lack"),
    [
        ("numpy", "1.26.4", None),
        ("numpy>=1.26,<2", "1.26.4", None),
        ("numpy=1.26", "1.26.4", None),
        ("numpy==1.26", "1.26.4", "version"),
        ("numpy>=2", "1.26.4", "version"),
        ("numpy=1.26.*=py311*", "1.26.4 py311_0", None),
        ("numpy=1.26.4=py310*", "1.26.4 py311_0", "build"),
        ("numpy[build_number='>=4']", "1.26.4 build number 3", "build"),
        ("conda-forge::numpy", "1.26.4", None),
        ("bioconda::numpy", "1.26.4 conda-forge", "channel"),
        ("conda-forge/osx-64::numpy", "1.26.4 conda-forge/linux-64", "channel"),
        (f"numpy[md5={'a' * 32}]", "1.26.4", None),
        ("scipy", "", "missing"),
    ],
)
def test_a_spec_is_met_or_says_in_what_it_is_not(spec: str, have: str, lack: str | None) -> None:
    there = answer(NUMPY, listing(spec))
    assert (there.have, there.lack) == (have, lack)
    assert there.source == ("conda" if have else None)


@pytest.mark.parametrize(
    ("spec", "lack"),
    [
        ("numpy>=1.26", None),
        ("numpy>=2", "version"),
        ("conda-forge::numpy", "channel"),
        ("numpy=1.26.*=py311*", "channel"),
    ],
)
def test_pips_package_meets_a_spec_unless_it_asks_for_a_build_or_a_channel(spec: str, lack: str | None) -> None:
    there = answer(BY_PIP, listing(spec))
    assert (there.lack, there.source) == (lack, "pypi")


def test_what_python_sees_counts_where_pip_has_replaced_a_package() -> None:
    there = answer(research(), listing("numpy=1.26.4"))
    assert there == Answer(name="numpy", want="=1.26.4", have="2.0.1", source="pypi", lack="version")
    assert answer(research(), listing("numpy>=2")).lack is None


def test_a_requirement_of_pip_is_met_by_the_conda_package_that_ships_it() -> None:
    conda = loaded("a", [package("pytorch", "2.5.1", provides=shipped("torch", "2.5.1"))])
    assert answer(conda, listing(pip=["torch>=2.5"])) == Answer(
        name="torch", want=">=2.5", have="2.5.1", source="conda"
    )
    assert answer(conda, listing(pip=["torch>=2.6"])).lack == "version"


def test_a_spec_is_met_by_pip_under_the_name_that_conda_packages_of_this_machine_ship() -> None:
    ships = (*shipped("tfhelper", "1"), *shipped("tensorflow", "2.17"))
    conda = loaded("a", [package("tensorflow-base", "2.17", provides=ships)])
    pip = loaded("b", [], [pip_package("tensorflow", "2.18")])
    assert answer(pip, listing("tensorflow-base>=2.18"), beside=[conda]).have == "2.18"
    assert answer(pip, listing("tensorflow-base>=2.18")).lack == "missing"


def test_condas_pytorch_is_pips_torch_though_no_environment_has_condas() -> None:
    by_pip = loaded("pip", [], [pip_package("torch", "2.5.1")])
    assert answer(by_pip, listing("pytorch>=2")).lack is None
    assert answer(by_pip, listing("pytorch=1.*")).lack == "version"


def test_a_restriction_counts_only_against_what_pip_has_installed() -> None:
    wanted = replace(listing(pip=["rich"]), bounds=listing(pip=["six<2", "attrs<20"]).entries)
    rich = pip_package("rich", "13.0")
    for packages, by_pip, lacks in (
        ([], [rich], []),
        ([], [rich, pip_package("six", "1.16")], []),
        ([package("six", "3.0")], [rich], []),
        ([], [rich, pip_package("six", "3.0")], [("six", "version", "<2")]),
    ):
        there = loaded("a", packages, by_pip)
        found = WantedPackages(wanted, (there,)).of(there, CONFIG)
        assert [(each.name, each.lack, each.want) for each in found.lacks] == lacks


def test_a_library_is_not_pips_package_of_the_same_name() -> None:
    library = loaded("a", [package("graphviz", "9.0", file_count=40)])
    pip = loaded("b", [], [pip_package("graphviz", "0.20")])
    assert answer(pip, listing("graphviz"), beside=[library]).lack == "missing"
    assert answer(library, listing(pip=["graphviz"])).lack == "missing"
    assert answer(library, listing("graphviz")).have == "9.0"
    assert answer(pip, listing("graphviz")).have == "0.20"


def test_what_cannot_be_decided_is_not_there_and_is_told() -> None:
    odd = loaded("a", [package("numpy", "no version")])
    assert answer(odd, listing("numpy>=2")).lack == "unclear"
    tool = "git+https://example.org/tool"
    there = loaded(
        "a", [], [pip_package("tool", "1.0", origin="vcs", vcs="git", url=tool[4:], revision="0123abcd" * 5)]
    )
    assert answer(there, listing(pip=[f"tool @ {tool}@0123abcd"])).lack is None
    assert answer(there, listing(pip=[f"tool @ {tool}@main"])).lack == "unclear"
    assert answer(there, listing(pip=["tool @ git+https://example.org/other"])).lack == "channel"
    assert not WantedPackages(listing(pip=[f"tool @ {tool}@main"]), [there]).of(there, CONFIG).satisfies


def test_a_file_that_asks_conda_and_then_pip_for_a_package_wants_pips() -> None:
    replaced = Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.0.1")
    contents = PrefixContents(
        packages=(package("numpy", "1.26.4", provides=shipped("numpy", "1.26.4")), package("python", "3.11.7")),
        distributions=(pip_package("numpy", "2.0.1"),),
        replaced=(replaced,),
    )
    there = environment("a", contents=contents)
    export = listing("numpy=1.26.4=h0_0", "python=3.11.7=h0_0", pip=["numpy==2.0.1"])
    found = WantedPackages(export, [there]).of(there, CONFIG)
    assert found.satisfies
    assert [(each.name, each.have) for each in found.answers] == [("python", "3.11.7 h0_0"), ("numpy", "2.0.1")]
    ranged = listing("numpy=1.26.4=h0_0", pip=["numpy>=1.20"])
    assert len(WantedPackages(ranged, [there]).of(there, CONFIG).answers) == 2


def test_an_environment_has_all_that_is_in_it() -> None:
    there = research()
    assert there.contents is not None
    itself = Listing(column=Column(label="x", kind="package list"), entries=entries_of(there.contents, CONFIG))
    found = WantedPackages(itself, [there]).of(there, CONFIG)
    assert (found.satisfies, found.beside) == (True, 0)


def test_those_that_satisfy_come_first_then_those_that_lack_least() -> None:
    numpy, scipy, torch = package("numpy", "2.0"), package("scipy"), package("pytorch", "2.5.1", PYTORCH)
    large = loaded("large", [numpy, scipy, torch, package("a"), package("b")])
    small = loaded("small", [numpy, scipy, torch, package("a")], last_used=days_ago(90))
    fresh = loaded("fresh", [numpy, scipy, torch, package("b")], last_used=days_ago(1))
    without = loaded("without", [numpy, scipy])
    old = loaded("old", [package("numpy", "1.0"), scipy])
    every = (old, without, large, small, fresh)
    found = suitable_environments(inventory(*every), lambda _python: listing("numpy>=2", "scipy", "pytorch"))
    assert [each.environment.name for each in found] == ["fresh", "small", "large", "without", "old"]
    assert [each.beside for each in found] == [1, 1, 2, 0, 0]
    assert [[lack.name for lack in each.lacks] for each in found[3:]] == [["pytorch"], ["numpy", "pytorch"]]
    assert nearest_first(reversed(found)) == found


def test_what_cannot_be_used_here_is_not_looked_at() -> None:
    packages = [package("numpy")]
    kept = loaded("a", packages), loaded("b", packages, state="broken")
    others = (
        loaded("c", packages, foreign="win-64"),
        loaded("d", packages, state="orphan"),
        environment("e"),
        environment("f", state="missing"),
    )
    found = suitable_environments(inventory(*kept, *others), lambda _python: listing("numpy"))
    assert [each.environment.name for each in found] == ["a", "b"]


def test_each_version_of_python_has_its_own_wishes() -> None:
    """Markers decide; equal wishes are prepared once, and what was found in one environment serves the next."""
    asked: list[str] = []

    def wanted_for(python: str) -> Listing:
        asked.append(python)
        return listing(pip=["numpy", 'tomli; python_version < "3.11"'] if python < "3.11" else ["numpy"])

    numpy = [pip_package("numpy", "1.26.4")]
    environments = [loaded(name, [], numpy, python=python) for name, python in (("a", "3.11.7"), ("b", "3.12.1"))]
    found = suitable_environments(inventory(*environments), wanted_for)
    assert [each.satisfies for each in found] == [True, True]
    assert found[0].answers[0] is found[1].answers[0]
    assert sorted(asked) == ["3.11.7", "3.12.1"]


def test_a_channel_is_judged_by_the_configuration_of_the_environment() -> None:
    mirror = ChannelConfig(channel_alias="https://mirror.example.org/conda")
    record = package("numpy", base_url="https://mirror.example.org/conda/conda-forge")
    there = loaded("a", [record])
    wanted = WantedPackages(listing("conda-forge::numpy"), [there])
    assert [wanted.of(there, config).satisfies for config in (mirror, CONFIG)] == [True, True]
    other = loaded("b", [package("numpy", base_url="https://mirror.example.org/conda/lab")])
    lab = WantedPackages(listing("lab::numpy"), [other])
    assert [lab.of(other, config).satisfies for config in (mirror, CONFIG)] == [True, False]


def test_condas_own_package_counts_where_pip_is_asked_to_put_its_own_over_it() -> None:
    over = Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.1")
    contents = PrefixContents(
        packages=(package("numpy", "1.26.4"),), distributions=(pip_package("numpy", "2.1"),), replaced=(over,)
    )
    both = environment("both", contents=contents)
    wanted = listing("numpy=1.26", pip=["numpy>=2"])
    assert WantedPackages(wanted, (both,)).of(both, CONFIG).satisfies
    assert not WantedPackages(listing("numpy=1.26"), (both,)).of(both, CONFIG).satisfies
