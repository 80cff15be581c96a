"""Which of several alike environments stays, and the reasons for it: each rule alone decides between two."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from condatui_core.analyses.alike import alike_groups
from condatui_core.records.alike import AlikeGroup
from condatui_core.records.environment import Environment, KeepMark
from condatui_core.records.prefix import History
from support.alike_worlds import changed, numbered, packages_of
from support.inventories import days_ago, finding, inventory, loaded, package


def group_of(*environments: Environment, gpu: tuple[str, ...] = ()) -> AlikeGroup:
    working = [each.prefix for each in environments if each.name in gpu]
    [group] = alike_groups(inventory(*environments), working_gpu=working)
    return group


def _plain(**fields: object) -> Environment:
    """One that no rule favours, and whose path comes first."""
    return loaded("a-plain", numbered(20), (), **fields)


STAYING: dict[str, dict[str, Any]] = {
    "you keep it": {"keep": KeepMark(note="for the paper")},
    "frozen": {"frozen": True},
    "in use now": {"findings": (finding("in-use", "note", cleanup="in-use"),)},
    "the baseline": {"baseline": True},
    "base of its installation": {"base": True},
    "you may not remove it": {"writable": False},
}
"""What keeps an environment from going, the strongest reason first."""


@pytest.mark.parametrize("reason", STAYING)
def test_what_may_not_go_stays(reason: str) -> None:
    group = group_of(_plain(last_used=days_ago(0)), loaded("b", numbered(20), **STAYING[reason]), gpu=("a-plain",))
    assert (group.keeper.rpartition("/")[2], group.why[0]) == ("b", reason)


@pytest.mark.parametrize(("stronger", "weaker"), [*pairwise(STAYING)])
def test_the_stronger_reason_to_stay_counts(stronger: str, weaker: str) -> None:
    candidates = (loaded("a", numbered(20), **STAYING[weaker]), loaded("b", numbered(20), **STAYING[stronger]))
    assert group_of(*candidates, loaded("c", numbered(20))).keeper == candidates[1].prefix


_MANAGED = finding("managed-by", "note", cleanup="managed")


@pytest.mark.parametrize("reason", STAYING)
def test_one_of_conda_stays_rather_than_one_that_another_tool_may_make_anew(reason: str) -> None:
    findings = (_MANAGED, *STAYING[reason].get("findings", ()))
    managed = loaded("a", numbered(20), last_used=days_ago(0), **{**STAYING[reason], "findings": findings})
    group = group_of(managed, loaded("b", numbered(20)), loaded("c", numbered(20)), gpu=("a",))
    assert group.keeper.rpartition("/")[2] == "b"


def test_where_no_other_could_stay_one_of_another_tool_does() -> None:
    group = group_of(loaded("a", numbered(20), findings=(_MANAGED,)), loaded("b", numbered(20), findings=(_MANAGED,)))
    assert (group.keeper.rpartition("/")[2], group.why[0]) == ("a", "another tool manages it")


def test_the_user_may_choose_it_all_the_same() -> None:
    managed = loaded("a", numbered(20), findings=(_MANAGED,))
    [group] = alike_groups(inventory(managed, loaded("b", numbered(20))), chosen=[managed.prefix])
    assert group.keeper == managed.prefix


def test_an_active_environment_is_in_use() -> None:
    assert group_of(_plain(), loaded("b", numbered(20), active=True)).why[0] == "in use now"


def test_then_the_one_that_is_alike_to_the_most() -> None:
    middle = numbered(100)
    right = (*middle[:92], *packages_of((each.name for each in middle[92:]), "3.0"))
    ends = (loaded("a", changed(middle, 8), last_used=days_ago(0)), loaded("c", right))
    group = group_of(*ends, loaded("b", middle))
    assert (group.keeper.rpartition("/")[2], group.why[0]) == ("b", "alike to the most")


def test_then_the_one_that_holds_all_that_the_others_hold() -> None:
    more = loaded("b", [*numbered(20), package("extra")])
    group = group_of(_plain(last_used=days_ago(0)), more, gpu=("a-plain",))
    assert (group.keeper, group.why) == (more.prefix, ("holds all of the others",))


def test_holding_all_is_about_names_not_versions() -> None:
    group = group_of(loaded("a", changed(numbered(20), 1)), loaded("b", numbered(20)[:19]))
    assert (group.keeper.rpartition("/")[2], group.why[0]) == ("a", "holds all of the others")


def test_then_the_one_whose_gpu_works() -> None:
    group = group_of(_plain(last_used=days_ago(0)), loaded("b", numbered(20)), gpu=("b",))
    assert (group.keeper.rpartition("/")[2], group.why) == ("b", ("holds all of the others", "works on the GPU"))


def test_then_the_one_that_was_used_last() -> None:
    group = group_of(
        _plain(last_used=days_ago(9)), loaded("b-test", numbered(20), last_used=days_ago(3), findings=_TRIAL)
    )
    assert (group.keeper.rpartition("/")[2], group.why[-1]) == ("b-test", "used last, on 2026-05-17")


def test_weak_evidence_of_the_last_use_is_told_as_such() -> None:
    group = group_of(_plain(), loaded("b", numbered(20), last_used=days_ago(3, reliable=False)))
    assert group.why[-1] == "used last, perhaps on 2026-05-17"


def test_the_hour_of_the_last_use_decides_nothing() -> None:
    used = days_ago(3)
    later = replace(used, at=used.at.replace(hour=13))
    group = group_of(_plain(last_used=used), loaded("b", numbered(20), last_used=later))
    assert (group.keeper.rpartition("/")[2], group.why) == ("a-plain", ("holds all of the others",))


_TRIAL = (finding("scratch-name", "note", cleanup="trial"),)


def test_then_the_one_that_is_not_named_like_a_trial() -> None:
    group = group_of(_plain(findings=_TRIAL), loaded("b", numbered(20)))
    assert (group.keeper.rpartition("/")[2], group.why[-1]) == ("b", "not named like a trial")


def _requesting(name: str, *requested: str) -> Environment:
    environment = loaded(name, numbered(20))
    assert environment.contents
    history = History(requested=tuple((each, each) for each in requested))
    return replace(environment, contents=replace(environment.contents, history=history))


def test_then_the_one_that_requested_the_most() -> None:
    group = group_of(_requesting("a", "lib001"), _requesting("b", "lib001", "lib002"))
    assert (group.keeper.rpartition("/")[2], group.why[-1]) == ("b", "requested the most")


def test_and_at_last_the_first_by_its_path() -> None:
    group = group_of(loaded("b", [*numbered(20), package("one")]), loaded("a", [*numbered(20), package("other")]))
    assert (group.keeper.rpartition("/")[2], group.why) == ("a", ("the first by its path",))
