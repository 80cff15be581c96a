"""What could go of a measured machine: whose it is, what a group frees, and what a goal takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from condatui_core.analyses.alike import alike_groups
from condatui_core.analyses.cleanup.policy import allowed
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.usage import DiskUsage
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.disk import FileSystem
from condatui_core.records.environment import Environment, Inventory, KeepMark
from condatui_core.records.kernel import Kernel
from condatui_core.records.policy import Policy
from condatui_core.restore_points.store import file_systems_of
from support.inventories import NOW, days_ago, finding, inventory, loaded, package
from support.kernels import make_kernel
from support.surveys import PKGS, Held, surveyed

STALE = finding("stale", "note", "not used for long", cleanup="unused")
PACKAGES = [package(f"package-{number:02}") for number in range(40)]


async def survey_of(
    machine: Inventory, *held: Held, counts_points: bool = True, chosen: tuple[str, ...] = ()
) -> CleanupSurvey:
    *_, usage = await surveyed(machine, *held)
    groups = alike_groups(machine, chosen=chosen)
    return CleanupSurvey.of(machine, usage, groups, counts_points=counts_points, now=NOW, user="ada")


def blocked(survey: CleanupSurvey) -> dict[str, str]:
    return {each.name: each.blocked for each in survey.candidates}


async def test_what_belongs_to_another_user_stays() -> None:
    mine, theirs = (loaded(name, findings=(STALE,), owner=name) for name in ("ada", "ben"))
    survey = await survey_of(inventory(mine, theirs))
    assert blocked(survey) == {"ada": "", "ben": "it belongs to ben"}


async def test_restore_points_on_another_file_system_take_nothing_of_what_is_freed() -> None:
    old = loaded("old", [package("torch", installed_bytes=5000)], findings=(STALE,))
    held = Held((old.prefix,), 9000)
    beside = await survey_of(inventory(old), held)
    elsewhere = await survey_of(inventory(old), held, counts_points=False)
    assert (beside.kept(beside.candidates) > 0, elsewhere.kept(elsewhere.candidates)) == (True, 0)
    assert elsewhere.reach(elsewhere.candidates, 9000).reached
    assert not beside.reach(beside.candidates, 9000).reached


async def test_a_goal_over_hundreds_of_rows_looks_at_all_files_a_few_times_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [
        loaded(f"env-{number}", [package(f"p-{number}")], findings=(STALE,), last_used=days_ago(200 + number))
        for number in range(400)
    ]
    survey = await survey_of(inventory(*many), *(Held((each.prefix,), 1_000_000) for each in many), counts_points=False)
    asked: list[object] = []
    frees_with_cleaning = LinkGraph.frees_with_cleaning

    def counting(graph: LinkGraph, *arguments: object, **named: object) -> int:
        asked.append(arguments)
        return frees_with_cleaning(graph, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(LinkGraph, "frees_with_cleaning", counting)
    goal = survey.reach(survey.candidates, 399_500_000)
    assert (goal.reached, len(goal.chosen)) == (True, 400)
    assert len(asked) < 30, "and not once for each row"


async def test_what_a_choice_frees_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [loaded(f"env-{number}", [package(f"p-{number}")], findings=(STALE,)) for number in range(5)]
    held = [Held((each.prefix,), 1000 + number) for number, each in enumerate(many)]
    asked: list[CleanupChoice] = []
    frees_with_choice = DiskUsage.frees_with_choice

    def counting(usage: DiskUsage, choice: CleanupChoice) -> int:
        asked.append(choice)
        return frees_with_choice(usage, choice)

    monkeypatch.setattr(DiskUsage, "frees_with_choice", counting)
    survey = await survey_of(inventory(*many), *held)
    goal = survey.everything(survey.candidates)
    assert goal.frees == sum(survey.frees([each]) for each in survey.candidates) == sum(each.bytes for each in held)
    assert sum(survey.frees_in_order(survey.candidates).values()) == goal.frees
    assert len(asked) == len(set(asked)) == 9, "each alone, and the first two to five"


STAYING: dict[str, dict[str, Any]] = {
    "kept": {"keep": KeepMark()},
    "the baseline": {"baseline": True},
    "another user's": {"owner": "ben"},
    "frozen": {"frozen": True},
    "active": {"active": True},
}


@pytest.mark.parametrize("fields", STAYING.values(), ids=STAYING)
async def test_a_group_frees_what_could_go_of_it_and_no_more(fields: dict[str, Any]) -> None:
    hub, twin, other = (loaded(name, PACKAGES) for name in ("hub", "twin", "other"))
    staying: Environment = replace(other, **fields)
    machine = inventory(hub, twin, staying)
    held = [Held((each.prefix,), size) for each, size in ((hub, 1), (twin, 20), (other, 300))]
    survey = await survey_of(machine, *held, chosen=(hub.prefix,))
    [group] = survey.groups
    assert {each.prefix for each in group.members if each.stays} == {staying.prefix}
    assert (bool(blocked(survey)["other"]), blocked(survey)["twin"]) == (True, "")
    assert survey.frees_of_groups(survey.groups) == 20


async def test_an_environment_without_its_files_takes_no_place() -> None:
    hub, twin = (loaded(name, PACKAGES, managed_bytes=10_000) for name in ("hub", "twin"))
    hollow = [Held((hub.prefix,), 4000), Held((twin.prefix,), 10_000)]
    survey = await survey_of(inventory(hub, twin), *hollow, chosen=(hub.prefix,))
    assert [each.stays for group in survey.groups for each in group.members] == [
        "most files of the one that would stay are missing"
    ]
    assert {each.tier for each in survey.candidates} == {"weak"}
    assert survey.frees_of_groups(survey.groups) == 0
    whole = [Held((each.prefix,), 10_000) for each in (hub, twin)]
    survey = await survey_of(inventory(hub, twin), *whole, chosen=(hub.prefix,))
    assert ("twin", "identical") in [(each.name, each.tier) for each in survey.candidates]


async def test_neither_a_keeper_nor_the_baseline_goes_for_a_goal() -> None:
    machine = inventory(
        *(loaded(name, PACKAGES, findings=(STALE,)) for name in ("hub", "twin")),
        loaded("ours", PACKAGES, findings=(STALE,), baseline=True),
    )
    held = [Held((each.prefix,), 1000) for each in machine.environments]
    survey = await survey_of(machine, *held, counts_points=False, chosen=(machine.environments[0].prefix,))
    assert [each.keeper for each in survey.groups] == [machine.environments[0].prefix]
    assert survey.reach(survey.candidates, 1 << 40).chosen == (machine.environments[1].prefix,)
    assert {name for name, why in blocked(survey).items() if why} == {"hub", "ours"}


# Merges


async def survey_with_merge(frees: int) -> CleanupSurvey:
    """A member that differs from its keeper in a package, and has so many bytes of its own."""
    hub = loaded("hub", PACKAGES)
    member = loaded("member", [*PACKAGES[1:], other := package("package-00", "9.0", installed_bytes=frees)])
    held = [Held((PKGS, hub.prefix), 1000, unit=each.dist_name) for each in hub.contents.packages]  # type: ignore[union-attr]
    held += [Held((member.prefix,), frees), Held((PKGS,), 10, unit=other.dist_name)]
    return await survey_of(inventory(hub, member), *held, chosen=(hub.prefix,))


@pytest.mark.parametrize(("frees", "by_hand"), [(40_000_000, False), (20_000, True), (100, True)])
async def test_a_merge_that_may_free_no_more_than_its_restore_point_takes_is_left_to_the_user(
    frees: int, by_hand: bool
) -> None:
    survey = await survey_with_merge(frees)
    (merge,) = (each for each in survey.candidates if each.kind == "merge")
    assert (merge.blocked, merge.frees_at_least) == ("", True)
    assert bool(merge.only_by_hand) == by_hand == (survey.frees([merge]) <= survey.kept([merge]))
    policy = Policy(allow=("merge",))
    assert bool(allowed(survey.candidates, policy)) == bool(survey.everything([merge]).chosen) != by_hand
    assert bool(survey.reach([merge], 1 << 40).chosen) != by_hand


async def test_a_merge_into_an_environment_that_came_after_the_measurement_frees_nothing_yet() -> None:
    hub, member = loaded("hub", PACKAGES), loaded("member", [*PACKAGES[1:], package("package-00", "9.0")])
    *_, before = await surveyed(inventory(member), Held((member.prefix,), 40_000_000))
    machine = inventory(hub, member)
    groups = alike_groups(machine, chosen=(hub.prefix,))
    survey = CleanupSurvey.of(machine, before, groups, counts_points=True, now=NOW, user="ada")
    (merge,) = (each for each in survey.candidates if each.kind == "merge")
    assert (survey.frees([merge]), merge.only_by_hand, merge.blocked) == (0, "", "")
    assert not survey.reach([merge], 1).reached
    assert dict(survey.frees_in_order([merge])) == {merge.key: 0}


# What a policy wants free on each file system


async def two_disks() -> tuple[CleanupSurvey, list[Environment]]:
    """Three stale environments, the last of them on a file system of its own."""
    old = [loaded(name, findings=(STALE,), last_used=days_ago(300 - n)) for n, name in enumerate(("a", "b", "c"))]
    survey = await survey_of(inventory(*old), *(Held((each.prefix,), 100_000) for each in old), counts_points=False)
    return survey, old


async def test_so_much_is_kept_free_on_each_file_system() -> None:
    survey, (a, b, c) = await two_disks()
    disks = (FileSystem(paths=(a.prefix, b.prefix), free=50_000), FileSystem(paths=(c.prefix,), free=800_000))
    goal = survey.keep_free(survey.candidates, 100_000, disks)
    assert (goal.chosen, goal.wanted, goal.reached) == ((a.prefix,), 50_000, True)
    goal = survey.keep_free(
        survey.candidates, 820_000, [FileSystem(paths=(a.prefix, b.prefix), free=630_000), disks[1]]
    )
    assert (goal.chosen, goal.frees, goal.reached) == ((a.prefix, b.prefix, c.prefix), 300_000, True)


async def test_plenty_on_one_file_system_does_not_make_up_for_another() -> None:
    survey, (a, _, c) = await two_disks()
    disks = (FileSystem(paths=(a.prefix,), free=190_000), FileSystem(paths=(c.prefix,), free=40_000))
    goal = survey.keep_free(survey.candidates, 200_000, disks)
    assert goal.net >= goal.wanted, "the sum would be enough"
    assert not goal.reached
    assert goal.in_the_way == (f"on the disk of {c.prefix}: it gets as far as 100 KB of 160 KB",)


async def test_restore_points_count_only_where_they_lie() -> None:
    old = loaded("old", [package("torch", installed_bytes=5000)], findings=(STALE,))
    survey = await survey_of(inventory(old), Held((old.prefix,), 9000))
    there, elsewhere = (FileSystem(paths=(old.prefix,), free=0, has_points=has) for has in (True, False))
    assert not survey.keep_free(survey.candidates, 9000, [there]).reached
    assert survey.keep_free(survey.candidates, 9000, [elsewhere]).reached


def test_paths_are_put_together_by_their_file_system(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    gone = str(tmp_path / "gone")
    [disk] = file_systems_of([str(tmp_path / "env"), gone, str(tmp_path)], tmp_path / "points")
    assert (disk.paths, disk.has_points) == ((str(tmp_path / "env"), str(tmp_path)), True)
    assert disk.free > 0


async def test_kernels_that_were_read_after_the_walk_had_begun_are_measured_too(tmp_path: Path) -> None:
    old = loaded("old", findings=(STALE,))
    *_, usage = await surveyed(inventory(old))
    kernel = make_kernel(tmp_path / "kernels" / "gone", "/gone/bin/python")
    gone = Kernel(path=str(kernel), name="gone", program="/gone/bin/python", gone=True)
    machine = replace(inventory(old), kernels=(gone,))
    survey = CleanupSurvey.of(machine, usage, (), counts_points=False, now=NOW, user="ada")
    (row,) = [each for each in survey.candidates if each.kind == "kernel"]
    occupied = sum(path.lstat().st_blocks * 512 for path in (kernel, *kernel.iterdir()))
    assert (row.bytes, survey.frees([row])) == (occupied, occupied)
