"""The baseline: who is made from it, and what they are behind in."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from condatui_core.analyses.baseline import BaselineComparison, behind_baseline, beside_baseline, origin
from condatui_core.records.environment import BehindPackage, Environment, Inventory
from condatui_core.records.prefix import History, PrefixContents, Revision
from condatui_core.remedy import FollowBaseline
from support.inventories import PYTORCH, environment, finding, inventory, loaded, package, pip_package

COMMON = [package(f"lib{number}") for number in range(40)]


def versioned(
    name: str, versions: dict[str, str], *, command: str = "", pip: str = "", common: int = 40
) -> Environment:
    """An environment with `common` equal packages and these; `command` has made it."""
    history = History(revisions=(Revision(number=0, command=command),) if command else ())
    contents = PrefixContents(
        packages=(*COMMON[:common], *(package(each, version) for each, version in versions.items())),
        distributions=(pip_package("Typing_Extensions", pip),) if pip else (),
        history=history,
    )
    return environment(name, contents=contents)


BASE = versioned("base-2026", {"numpy": "1.26.10", "scipy": "1.14", "torch": "2.5.1"}, pip="4.12.2")


def beside(one: Environment, threshold: float = 0.9) -> Environment:
    return beside_baseline(one, BASE, inventory(one, BASE), threshold)


def test_what_is_newer_in_the_baseline_is_named_with_both_versions() -> None:
    mine = versioned("mine", {"numpy": "1.26.4", "scipy": "1.15", "torch": "2.5.1"}, pip="4.9")
    assert behind_baseline(mine, BASE) == (
        BehindPackage(name="numpy", version="1.26.4", newer="1.26.10"),
        BehindPackage(name="typing-extensions", version="4.9", newer="4.12.2", pip=True),
    )


def test_a_slimmed_copy_is_behind_in_nothing_as_an_update_would_bring_files_back() -> None:
    mine = versioned("mine", {"numpy": "1.26.4"}, command="conda create -n mine --clone base-2026")
    assert beside(mine).behind
    assert mine.contents is not None
    assert beside(replace(mine, contents=replace(mine.contents, slimmed=()))).behind == ()


def test_what_the_user_has_requested_comes_first() -> None:
    mine = versioned("mine", {"numpy": "1.0", "scipy": "1.0"})
    assert mine.contents is not None
    wanting = replace(mine.contents, history=History(requested=(("scipy", "scipy"),)))
    assert [each.name for each in behind_baseline(replace(mine, contents=wanting), BASE)] == ["scipy", "numpy"]


def test_an_alike_one_has_a_finding_with_all_its_evidence() -> None:
    mine = versioned("mine", {"numpy": "1.26.4", "scipy": "1.13", "torch": "2.5.1"}, pip="4.12.2")
    found = beside(replace(mine, findings=(finding("broken", "error"),)))
    assert [each.id for each in found.findings] == ["broken", "behind-baseline"]
    late = found.findings[1]
    assert late.severity == "note"
    assert late.message == "behind the baseline in 2: numpy 1.26.4 → 1.26.10, scipy 1.13 → 1.14"
    assert late.evidence == (
        "the baseline is base-2026; 95 % of their packages are the same",
        "numpy 1.26.4 → 1.26.10",
        "scipy 1.13 → 1.14",
    )
    assert late.remedy == FollowBaseline(prefix=mine.prefix, baseline=BASE.prefix)
    assert len(found.behind) == 2


def test_what_the_user_wants_otherwise_is_not_promised() -> None:
    mine = versioned("mine", {"numpy": "1.26.4", "scipy": "1.13", "torch": "2.5.1"}, pip="4.12.2")
    assert mine.contents is not None
    pinning = replace(mine, contents=replace(mine.contents, pinned=("numpy 1.26.4",)))
    (late,) = beside(pinning).findings
    assert (
        late.message
        == "behind the baseline in 2: numpy 1.26.4 → 1.26.10, scipy 1.13 → 1.14; 1 of them its user wants so"
    )
    assert late.evidence[1:] == ("numpy 1.26.4 → 1.26.10 (pinned as `numpy 1.26.4`)", "scipy 1.13 → 1.14")
    assert isinstance(late.remedy, FollowBaseline)
    both = replace(mine, contents=replace(mine.contents, pinned=("numpy 1.26.4", "scipy <1.14")))
    (held,) = beside(both).findings
    assert held.message.endswith("; its user wants it so")
    assert isinstance(held.remedy, str), "`B` would change nothing"


def test_one_that_is_not_alike_and_not_made_from_it_is_left_alone() -> None:
    mine = versioned("mine", {"numpy": "1.26.4"}, common=10)
    assert beside(mine) is mine
    assert beside(mine, threshold=0.1).behind


def test_one_that_is_not_behind_is_left_alone() -> None:
    ahead = versioned("mine", {"numpy": "2.0", "scipy": "1.14", "torch": "2.5.1"})
    assert beside(ahead) is ahead


@pytest.mark.parametrize(
    ("command", "made"),
    [
        (f"conda create -p /x --clone {BASE.prefix}", True),
        (f"conda create --clone {BASE.prefix} -n x", True),
        (f"conda create --clone={BASE.prefix}", True),
        ("conda create -n x --clone base-2026", True),
        ("conda create -n x --clone base-2026-old", False),
        (f"conda create -p /x --clone {BASE.prefix}-old", False),
        ("conda create -n x base-2026", False),
        ("conda install numpy", False),
    ],
)
def test_the_history_says_who_is_made_from_it(command: str, made: bool) -> None:
    mine = versioned("mine", {"numpy": "1.26.4"}, command=command, common=5)
    assert bool(beside(mine).behind) is made
    assert origin(mine, BASE, inventory(), 0.9) == (f"made from it: {command}" if made else "")


def test_a_name_means_the_one_of_the_same_installation() -> None:
    mine = versioned("mine", {"numpy": "1.0"}, command="conda create --clone base-2026", common=5)
    assert beside(replace(mine, installation="/elsewhere")).behind == ()


def test_one_of_another_platform_or_from_another_channel_is_not_alike() -> None:
    mine = versioned("mine", {"numpy": "1.26.4", "scipy": "1.14", "torch": "2.5.1"}, pip="4.12.2")
    assert beside(mine).behind
    assert beside(replace(mine, foreign="win-64")).behind == ()
    elsewhere = [package(each.name, base_url=PYTORCH) for each in COMMON]
    other = loaded("other", [*elsewhere, package("numpy", "1.0")])
    assert beside(other).behind == ()


@pytest.mark.parametrize("state", ["orphan", "missing", "unreadable"])
def test_what_cannot_be_read_is_behind_in_nothing(state: str) -> None:
    assert beside(environment("x", state=state)).behind == ()


def compared(machine: Inventory, wanted: str, comparison: BaselineComparison | None = None) -> Inventory:
    return (comparison or BaselineComparison(0.9)).of(machine, wanted, cwd="/", real_path=os.path.normpath)


def test_what_does_not_change_is_the_same_object() -> None:
    late = versioned("late", {"numpy": "1.26.4", "scipy": "1.14", "torch": "2.5.1"})
    machine, comparison = inventory(BASE, late), BaselineComparison(0.9)
    first = compared(machine, "base-2026", comparison)
    again = compared(machine, "base-2026", comparison)
    assert [each.baseline for each in first.environments] == [True, False]
    assert first.environments[1].behind
    assert all(one is other for one, other in zip(first.environments, again.environments, strict=True))
    newer = replace(machine, environments=(BASE, versioned("late", {"numpy": "1.26.10"})))
    assert compared(newer, "base-2026", comparison).environments[1].behind == ()


def test_one_that_is_not_there_is_told_once_all_has_been_looked_for() -> None:
    machine = inventory(BASE)
    lost = compared(machine, "/gone")
    assert lost.baseline_problem == "There is no environment `/gone`."
    assert [each.id for each in lost.problems] == ["baseline-gone"]
    assert compared(replace(machine, asking_conda=True), "/gone").problems == ()


def test_one_that_is_only_registered_is_told() -> None:
    lost = compared(inventory(environment("x", state="missing")), "x")
    assert lost.baseline_problem == "x has the state missing."


def test_a_name_that_several_have_is_told() -> None:
    twice = inventory(environment("x"), environment("x", prefix="/other/x"))
    assert "More than one environment is called `x`." in compared(twice, "x").baseline_problem


def test_that_the_baseline_is_unused_is_no_reason_to_remove_it() -> None:
    stale = finding("stale", "note", "not used for 400 days", remedy="export it, then remove it", cleanup="unused")
    found = beside_baseline(loaded("base-v1", findings=(stale,)), loaded("base-v1"), inventory(), 0.9)
    assert [(each.message, each.remedy) for each in found.findings] == [("not used for 400 days", "")]
