"""Groups of alike environments: each is found, and none has what does not belong to it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from condatui_core.analyses.alike import AlikeFinder, alike_groups
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.records.environment import Environment, Inventory, KeepMark
from condatui_core.records.package import ProvidedDistribution
from condatui_core.records.prefix import History, PrefixContents
from support.alike_worlds import MIRROR, RandomWorld, changed, numbered, packages_of
from support.inventories import ROOT, days_ago, finding, inventory, loaded, package, pip_package
from support.tiers import thorough


def names(groups: Sequence[AlikeGroup]) -> dict[str, list[str]]:
    """Keeper → members, in their order, by name."""
    return {_name(group.keeper): [_name(each.prefix) for each in group.members] for group in groups}


def _name(prefix: str) -> str:
    return prefix.rpartition("/")[2]


def _prefix(name: str) -> str:
    return f"{ROOT}/envs/{name}"


def together(groups: Sequence[AlikeGroup]) -> set[frozenset[str]]:
    """The prefixes of each group."""
    return {frozenset((group.keeper, *(each.prefix for each in group.members))) for group in groups}


# Worlds with known answers


@pytest.mark.parametrize("seed", [*range(20), *thorough(range(20, 100))])
def test_every_family_is_a_group_and_nothing_else_is(seed: int) -> None:
    world = RandomWorld(seed)
    assert together(alike_groups(world.machine)) == {family.prefixes for family in world.families}


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("seed", [*range(3), *thorough(range(3, 10))])
def test_at_any_threshold_each_member_is_that_alike_to_its_keeper(seed: int, threshold: float) -> None:
    machine = RandomWorld(seed, families=3, variants=6).machine
    groups = alike_groups(machine, threshold=threshold)
    members = [each.prefix for group in groups for each in group.members]
    assert all(each.similarity >= threshold - 1e-9 for group in groups for each in group.members)
    assert len(set(members)) == len(members)
    assert not {group.keeper for group in groups} & set(members)
    for group in groups:
        for member in group.members:
            for other in groups:
                assert member.similarity >= _similarity(machine, other.keeper, member.prefix)


def _similarity(machine: Inventory, keeper: str, member: str) -> float:
    two = tuple(each for each in machine.environments if each.prefix in (keeper, member))
    [group] = alike_groups(replace(machine, environments=two), threshold=0.01, chosen=(keeper,)) or [None]
    return group.members[0].similarity if group else 0.0


@pytest.mark.parametrize("seed", [*range(5), *thorough(range(5, 20))])
def test_the_order_of_the_environments_makes_no_difference(seed: int) -> None:
    machine = RandomWorld(seed).machine
    shuffled = [*machine.environments]
    random.Random(seed).shuffle(shuffled)
    assert alike_groups(replace(machine, environments=tuple(shuffled))) == alike_groups(machine)


def test_a_subset_is_found() -> None:
    everything = numbered(100)
    [group] = alike_groups(inventory(loaded("all", everything), loaded("less", everything[:92])))
    assert (group.keeper, group.members[0].relation) == (_prefix("all"), "subset")
    assert group.members[0].lacking == tuple(f"lib{number:03}" for number in range(92, 100))


def test_too_small_a_subset_is_not() -> None:
    everything = numbered(100)
    assert alike_groups(inventory(loaded("all", everything), loaded("less", everything[:89]))) == ()


def test_a_chain_is_no_group_unless_its_middle_is_alike_to_both_ends() -> None:
    middle = numbered(100)
    left, right = changed(middle, 8), (*middle[:92], *packages_of((each.name for each in middle[92:]), "3.0"))
    chain = inventory(loaded("a-left", left), loaded("b-middle", middle), loaded("c-right", right))
    assert names(alike_groups(chain)) == {"b-middle": ["a-left", "c-right"]}
    assert names(alike_groups(chain, chosen=[_prefix("a-left")])) == {"a-left": ["b-middle"]}


def test_who_is_alike_to_two_keepers_joins_the_more_similar() -> None:
    middle = numbered(100)
    left, right = changed(middle, 8), (*middle[:95], *packages_of((each.name for each in middle[95:]), "3.0"))
    chain = inventory(loaded("left", left), loaded("middle", middle), loaded("right", right))
    assert names(alike_groups(chain, chosen=[_prefix("left"), _prefix("right")])) == {"right": ["middle"]}


def test_at_equal_similarity_the_keeper_that_should_rather_stay_is_joined() -> None:
    middle = numbered(100)
    left, right = changed(middle, 8), (*middle[:92], *packages_of((each.name for each in middle[92:]), "3.0"))
    for order in ("left", "right"), ("right", "left"):
        machine = inventory(
            *(loaded(name, left if name == "left" else right) for name in order), loaded("middle", middle)
        )
        assert names(alike_groups(machine, chosen=map(_prefix, order))) == {"left": ["middle"]}  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [*range(5), *thorough(range(5, 20))])
def test_identical_environments_end_together(seed: int) -> None:
    world = RandomWorld(seed)
    twins = [
        replace(each, name=f"{each.name}-twin", prefix=f"{each.prefix}-twin") for each in world.machine.environments
    ]
    groups = alike_groups(replace(world.machine, environments=(*world.machine.environments, *twins)))
    where = {
        prefix: group.keeper for group in groups for prefix in (group.keeper, *(one.prefix for one in group.members))
    }
    assert len(where) == 2 * len(twins)
    assert all(where[each.prefix] == where[each.prefix.removesuffix("-twin")] for each in twins)


# The part of base, of what the user has chosen, and of what is not in order


def test_base_may_be_the_keeper_and_is_never_a_member() -> None:
    base = loaded("base", numbered(20), base=True, prefix=ROOT)
    other = loaded("other", numbered(20))
    assert names(alike_groups(inventory(base, other))) == {"miniforge3": ["other"]}
    assert names(alike_groups(inventory(base, other), chosen=[other.prefix])) == {}
    kept = replace(other, keep=KeepMark())
    third = loaded("third", numbered(20))
    assert names(alike_groups(inventory(base, kept, third))) == {"other": ["third"]}


def test_two_chosen_in_one_group_make_two_groups() -> None:
    everything = numbered(100)
    machine = inventory(
        loaded("a", everything),
        loaded("b", changed(everything, 5)),
        loaded("near-a", changed(everything, 1)),
        loaded("near-b", changed(everything, 4)),
    )
    groups = alike_groups(machine, chosen=[_prefix("a"), _prefix("b")])
    assert names(groups) == {"a": ["near-a"], "b": ["near-b"]}
    assert all(group.chosen and group.why[0] == "chosen by you" for group in groups)


def test_what_is_alike_to_a_chosen_keeper_goes_to_it_even_if_it_is_more_similar_to_another() -> None:
    middle = numbered(100)
    right = (*middle[:92], *packages_of((each.name for each in middle[92:]), "3.0"))
    machine = inventory(
        loaded("left", changed(middle, 8)),
        loaded("middle", middle),
        loaded("right", right, frozen=True),
        loaded("right-twin", right),
    )
    groups = alike_groups(machine, chosen=[_prefix("middle")])
    assert names(groups) == {"middle": ["left", "right", "right-twin"]}
    slim = loaded("slim", middle[:91])  # alike to the middle alone, and less than what differs in one
    machine = inventory(loaded("near", changed(middle, 1)), loaded("base", middle, base=True, prefix=ROOT), slim)
    assert names(alike_groups(machine)) == {"miniforge3": ["near", "slim"]}
    assert names(alike_groups(machine, chosen=[slim.prefix])) == {"slim": ["near"]}


def test_what_the_user_has_chosen_is_the_keeper_even_if_another_may_not_go() -> None:
    machine = inventory(loaded("a", numbered(9)), loaded("frozen", numbered(9), frozen=True))
    [group] = alike_groups(machine, chosen=[_prefix("a")])
    assert (group.chosen, names([group])) == (True, {"a": ["frozen"]})


def test_choosing_what_is_alone_makes_no_group() -> None:
    assert alike_groups(inventory(loaded("a", numbered(9))), chosen=[_prefix("a"), "/gone"]) == ()


@pytest.mark.parametrize("state", ["orphan", "missing", "unreadable"])
def test_what_is_no_environment_takes_no_part(state: str) -> None:
    assert alike_groups(inventory(loaded("a", numbered(9)), loaded("b", numbered(9), state=state))) == ()


@pytest.mark.parametrize("chosen", [[], ["slimmed"]])
def test_a_slimmed_copy_is_alike_to_nothing_whatever_is_chosen(chosen: list[str]) -> None:
    """It is the copy that was used last and that is frozen, and still what it was made from must stay."""
    whole, copy = loaded("whole", numbered(9)), loaded("slimmed", numbered(9), last_used=days_ago(0), frozen=True)
    assert names(alike_groups(inventory(whole, copy))) == {"slimmed": ["whole"]}
    lacking = replace(copy, contents=replace(copy.contents or PrefixContents(), slimmed=("headers",)))
    assert alike_groups(inventory(whole, lacking), chosen=list(map(_prefix, chosen))) == ()
    third = loaded("third", numbered(9))
    assert names(alike_groups(inventory(whole, lacking, third))) == {"third": ["whole"]}


def test_a_broken_environment_is_a_member_and_no_keeper_unless_chosen() -> None:
    machine = inventory(loaded("a", numbered(9), state="broken", frozen=True), loaded("b", numbered(9)))
    assert names(alike_groups(machine)) == {"b": ["a"]}
    assert names(alike_groups(machine, chosen=[_prefix("a")])) == {"a": ["b"]}


def test_broken_environments_alone_have_no_keeper() -> None:
    machine = inventory(*(loaded(name, numbered(9), state="broken") for name in "ab"))
    assert alike_groups(machine) == ()


@pytest.mark.parametrize("seed", [*range(10), *thorough(range(10, 40))])
def test_whatever_is_true_of_the_environments_groups_keep_their_promises(seed: int) -> None:
    made = random.Random(seed)
    plain = RandomWorld(seed, families=3, variants=6).machine
    machine = replace(plain, environments=tuple(_with_some_facts(each, made) for each in plain.environments))
    by_prefix = {each.prefix: each for each in machine.environments}
    chosen = made.sample(sorted(by_prefix), 3)
    groups = alike_groups(machine, threshold=0.85, chosen=chosen)
    keepers, members = [each.keeper for each in groups], [one for each in groups for one in each.members]
    assert keepers == sorted(set(keepers))
    assert not {*keepers, *chosen} & {each.prefix for each in members}
    assert len({each.prefix for each in members}) == len(members)
    assert all(each.similarity >= 0.85 - 1e-9 for each in members)
    assert not any(by_prefix[each.prefix].base for each in members)
    assert all(by_prefix[keeper].state == "ok" or keeper in chosen for keeper in keepers)
    assert {each.keeper for each in groups if each.chosen} <= {*chosen}
    assert {by_prefix[prefix].state for prefix in (*keepers, *(each.prefix for each in members))} <= {"ok", "broken"}
    backwards = replace(machine, environments=machine.environments[::-1])
    assert alike_groups(backwards, threshold=0.85, chosen=chosen[::-1]) == groups


def _with_some_facts(environment: Environment, made: random.Random) -> Environment:
    """The environment with up to three facts on which something depends."""
    facts: list[dict[str, Any]] = [
        {"base": True},
        {"frozen": True},
        {"active": True},
        {"keep": KeepMark()},
        {"baseline": True},
        {"writable": False},
        {"state": "broken"},
        {"state": "unreadable"},
        {"last_used": days_ago(made.randrange(9))},
        {"findings": (finding("scratch-name", "note", cleanup="trial"),)},
    ]
    for fact in made.sample(facts, made.randrange(4)):
        environment = replace(environment, **fact)
    return environment


# A member beside its keeper


def _member(keeper: Environment, member: Environment) -> AlikeMember:
    machine = inventory(keeper, member)
    [group] = alike_groups(machine, threshold=0.1, chosen=[keeper.prefix])
    return group.members[0]


def test_identical_means_the_same_packages_and_tells_of_builds() -> None:
    one = loaded("one", [package("numpy", build="py310_0"), package("zlib", "1.3"), package("xz", "5", build="a")])
    other = loaded(
        "other", [package("numpy", build="py311_0"), package("zlib", "1.3.0"), package("xz", "5", build="b")]
    )
    member = _member(one, other)
    assert (member.relation, member.similarity, member.builds) == ("identical", 1.0, ("numpy", "xz"))
    assert member.build_similarity == pytest.approx(1 / 3)


def test_what_differs_is_named_with_both_versions_and_their_order() -> None:
    same = numbered(4)
    keeper = loaded("keeper", [*same, package("a", "1.10"), package("b", "1.9"), package("c"), package("gone")])
    own = package("c", base_url="https://conda.example.com/own")
    asked = package("b", "1.10", requested_specs=("b",))
    member = _member(keeper, loaded("member", [*same, package("a", "1.9"), asked, own, package("new")]))
    assert member.differs == (
        PackageDifference(name="a", keeper="1.10", member="1.9", order="newer"),
        PackageDifference(name="b", keeper="1.9", member="1.10", order="older", requested=True),
        PackageDifference(name="c", keeper="1.0", member="1.0", order="same"),
    )
    assert (member.relation, member.extra, member.lacking) == ("differs", ("new",), ("gone",))
    assert member.similarity == pytest.approx(4 / 9)


def test_one_that_has_more_is_no_subset() -> None:
    member = _member(loaded("keeper", numbered(9)), loaded("member", numbered(10)))
    assert (member.relation, member.extra, member.differs) == ("differs", ("lib009",), ())


def test_pips_version_of_a_conda_package_differs_and_is_neither_extra_nor_lacking() -> None:
    torch = package("pytorch", "2.4", provides=(ProvidedDistribution("torch", "2.4", "torch.dist-info"),))
    keeper, member = (
        loaded("keeper", [*numbered(4), torch]),
        loaded("member", numbered(4), [pip_package("torch", "2.5")]),
    )
    found = _member(keeper, member)
    assert found.differs == (PackageDifference(name="pytorch", keeper="2.4", member="2.5", order="older"),)
    assert (found.extra, found.lacking, found.similarity) == ((), (), 0.8)


def test_pips_versions_are_ordered_by_pips_rules() -> None:
    keeper, member = (
        loaded(name, numbered(4), [pip_package("Torch_Audio", version)])
        for name, version in (("keeper", "1.0.post1"), ("member", "1.0"))
    )
    [difference] = _member(keeper, member).differs
    assert difference == PackageDifference(name="torch-audio", keeper="1.0.post1", member="1.0", order="newer")


def test_a_mirror_makes_no_difference() -> None:
    member = _member(
        loaded("a", numbered(3)), loaded("b", [package(each.name, base_url=MIRROR) for each in numbered(3)])
    )
    assert (member.relation, member.similarity) == ("identical", 1.0)


def _requesting(name: str, conda: Sequence[str], requested: Sequence[str]) -> Environment:
    environment = loaded(name, packages_of(conda))
    assert environment.contents
    history = History(requested=tuple((each, each) for each in requested))
    return replace(environment, contents=replace(environment.contents, history=history))


def test_the_share_of_what_was_requested_is_told_beside() -> None:
    keeper = _requesting("keeper", ["a", "b", "c", "d", "e"], ["a", "b"])
    member = _requesting("member", ["a", "b", "c", "d", "f"], ["a", "f"])
    assert _member(keeper, member).requested_similarity == pytest.approx(2 / 3)
    assert _member(loaded("one", numbered(2)), loaded("other", numbered(2))).requested_similarity is None


def test_a_member_that_will_not_go_anyway_says_why() -> None:
    kept, frozen = loaded("kept", numbered(9), keep=KeepMark()), loaded("frozen", numbered(9), frozen=True)
    [group] = alike_groups(inventory(kept, frozen, loaded("plain", numbered(9))))
    assert [(_name(each.prefix), each.stays) for each in group.members] == [("frozen", "frozen"), ("plain", "")]


def test_the_most_similar_member_comes_first() -> None:
    everything = numbered(100)
    machine = inventory(
        *(loaded(f"m{count}", changed(everything, count)) for count in (7, 1, 4)), loaded("keeper", everything)
    )
    assert names(alike_groups(machine, chosen=[_prefix("keeper")])) == {"keeper": ["m1", "m4", "m7"]}


# What is remembered


def _find(finder: AlikeFinder, machine: Inventory, **fields: object) -> tuple[AlikeGroup, ...]:
    given = {"threshold": 0.9, "chosen": frozenset(), "working_gpu": frozenset(), **fields}
    return finder.find(machine, **given)  # type: ignore[arg-type]


def test_an_unchanged_machine_is_not_compared_again() -> None:
    finder, machine = AlikeFinder(), RandomWorld(1).machine
    found = _find(finder, machine)
    told = replace(machine.environments[0], findings=(finding("duplicate", "note", source="alike"),))
    assert found == alike_groups(machine)
    assert _find(finder, replace(machine, environments=(told, *machine.environments[1:]))) is found


def test_a_change_is_noticed() -> None:
    finder, machine = AlikeFinder(), inventory(loaded("a", numbered(9)), loaded("b", numbered(9)))
    assert names(_find(finder, machine)) == {"a": ["b"]}
    frozen = replace(machine, environments=(machine.environments[0], replace(machine.environments[1], frozen=True)))
    assert names(_find(finder, frozen)) == {"b": ["a"]}
    assert names(_find(finder, machine, chosen=frozenset([_prefix("b")]))) == {"b": ["a"]}
    assert names(_find(finder, machine, working_gpu=frozenset([_prefix("b")]))) == {"b": ["a"]}
    assert names(_find(finder, inventory(loaded("a", numbered(9)), loaded("b", numbered(8))), threshold=0.95)) == {}
    assert names(_find(finder, inventory(loaded("a", numbered(9)), loaded("b", numbered(8))), threshold=0.8)) == {
        "a": ["b"]
    }
