"""Packages that nobody asked for: right against an oracle that knows nothing but the records."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import pytest
from msgspec.structs import replace

from condatui_core.analyses.dependencies import unmet_dependencies
from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.slimming.leaves import asked_for, leaves
from condatui_core.records.finding import Problem
from condatui_core.records.prefix import History, PrefixContents, Revision
from support.inventories import package, pip_package
from support.tiers import thorough


def made_up(seed: int) -> PrefixContents:
    """An environment of up to forty packages of conda, circles among them, and ten of pip."""
    chance = random.Random(seed)
    names = [f"p{number}" for number in range(chance.randint(1, 40))]
    records = tuple(
        package(name, depends=tuple(chance.sample(names, min(len(names), chance.choice((0, 1, 1, 2, 3))))))
        for name in names
    )
    pips = [f"d{number}" for number in range(chance.randint(0, 10))]
    distributions = tuple(
        pip_package(name, requires=tuple(chance.sample([*pips, *names], 2)) if pips and len(names) > 1 else ())
        for name in pips
    )
    asked = chance.sample(names, max(1, len(names) // 6))
    history = History(requested=tuple((name, name) for name in sorted(asked)))
    return PrefixContents(packages=records, distributions=distributions, history=history)


def oracle(requested: Iterable[str], needed: Mapping[str, Iterable[str]]) -> set[str]:
    """What stays, by going over all packages again and again until nothing more is added."""
    stays = set(requested)
    while more := {need for name in stays for need in needed.get(name, ())} - stays:
        stays |= more
    return stays


@pytest.mark.parametrize("seed", [*range(20), *thorough(range(20, 100))])
def test_what_remains_of_a_random_environment_lacks_nothing(seed: int) -> None:
    contents = made_up(seed)
    chance = random.Random(1000 + seed)
    asked_of_pip = {each.name for each in contents.distributions if chance.random() < 0.3}
    needs = Needs(contents)
    asked = asked_for(contents, needs, asked_of_pip)
    gone = leaves(needs, asked.nodes)
    requested = {*contents.requested_names, *asked_of_pip}
    needed = {each.name: each.depends for each in contents.packages}
    needed |= {each.name: each.requires for each in contents.distributions}
    assert {node.name for node in gone} == {*needed} - oracle(requested, needed)
    assert requested.isdisjoint(node.name for node in gone)
    names = {node.name for node in gone}
    assert unmet_dependencies([each for each in contents.packages if each.name not in names]) == ()


def test_where_nothing_was_requested_nothing_is_left_over() -> None:
    contents = PrefixContents(
        packages=(package("a", depends=("b",)), package("b"), package("c")),
        distributions=(pip_package("d", requires=("e",)), pip_package("e")),
    )
    needs = Needs(contents)
    asked = asked_for(contents, needs, None)
    assert leaves(needs, asked.nodes) == frozenset()
    assert [limit.split(":")[0] for limit in asked.limits] == [
        "Nothing says which packages were requested of conda",
        "Nothing says which packages were requested of pip",
    ]


def test_who_asked_for_a_clone_asked_for_all_of_it() -> None:
    """conda writes down every package of a clone as requested; what is installed later is requested by itself."""
    clone = Revision(number=0, command="conda create --clone a -n b", update_specs=("old=1", "part=1"))
    history = History(requested=(("new", "new"), ("old", "old=1"), ("part", "part=1")), revisions=(clone,))
    packages = (package("new"), package("old", depends=("part",)), package("part"), package("stray"))
    contents = PrefixContents(packages=packages, history=history)
    assert contents.requested_names == {"new"}
    needs = Needs(contents)
    assert leaves(needs, asked_for(contents, needs, None).nodes) == {Node("conda", "stray")}


def test_what_an_option_of_a_package_may_want_stays() -> None:
    standard = "httptools>=0.6; extra == 'standard'"
    contents = PrefixContents(
        packages=(package("python"),),
        distributions=(pip_package("uvicorn", requires=(standard,)), pip_package("httptools"), pip_package("stray")),
        history=History(requested=(("python", "python"),)),
    )
    needs = Needs(contents)
    assert leaves(needs, asked_for(contents, needs, {"uvicorn"}).nodes) == {Node("pypi", "stray")}


def test_an_editable_install_was_asked_for_whatever_is_noted() -> None:
    contents = PrefixContents(distributions=(pip_package("mine", origin="editable"), pip_package("other")))
    needs = Needs(contents)
    assert leaves(needs, asked_for(contents, needs, {"something"}).nodes) == {Node("pypi", "other")}


def test_what_pip_has_installed_needs_python_though_nobody_asked_for_it() -> None:
    contents = PrefixContents(
        packages=(package("python", depends=("openssl",)), package("openssl"), package("tool")),
        distributions=(pip_package("mine"),),
        history=History(requested=(("tool", "tool"),)),
    )
    needs = Needs(contents)
    assert leaves(needs, asked_for(contents, needs, {"mine"}).nodes) == frozenset()


def test_in_a_slimmed_copy_nothing_counts_as_left_over() -> None:
    """Its requests may be what it lacks: numpy was needed by a pandas that was left out."""
    contents = PrefixContents(
        packages=(package("python"), package("numpy", depends=("python", "libblas")), package("libblas")),
        distributions=(pip_package("idna"),),
        history=History(requested=(("python", "python"),)),
        slimmed=("pandas",),
    )
    needs = Needs(contents)
    asked = asked_for(contents, needs, frozenset())
    assert leaves(needs, asked.nodes) == frozenset()
    assert "slimmed copy" in asked.limits[0]
    whole = replace(contents, slimmed=None)
    assert {each.name for each in leaves(needs, asked_for(whole, needs, frozenset()).nodes)} == {
        "numpy",
        "libblas",
        "idna",
    }


def test_where_a_record_cannot_be_read_nothing_counts_as_left_over() -> None:
    contents = PrefixContents(
        packages=(package("a"), package("b")),
        history=History(requested=(("a", "a"),)),
        problems=(Problem(path="conda-meta/x-1-0.json", reason="not valid JSON"),),
    )
    needs = Needs(contents)
    asked = asked_for(contents, needs, None)
    assert leaves(needs, asked.nodes) == frozenset()
    assert "could not be read" in asked.limits[0]
