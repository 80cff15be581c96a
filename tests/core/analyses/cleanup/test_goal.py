"""The least regrettable set that reaches a goal: reached if it can be, minimal, and always the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import pytest

from condatui_core.analyses.cleanup.choice import choice_of
from condatui_core.analyses.cleanup.goal import Goal, in_spite_of_use, missed_by, reach, short_of
from condatui_core.analyses.cleanup.ranking import ranked
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.records.cleanup import CleanupCandidate, CleanupChoice, Tier, WayBack
from condatui_core.records.disk import DiskPlace, LinkTable, ShareClass, Unit
from condatui_core.records.request import Cleanable
from support.tiers import thorough

TIERS: tuple[Tier, ...] = ("leftover", "identical", "subset", "stale", "merge", "weak")


def row(
    name: str, tier: Tier = "stale", *, kept: int = 0, part: Cleanable | None = None, **fields: object
) -> CleanupCandidate:
    kind = "cache" if part else "merge" if tier == "merge" else "environment"
    given = {"key": f"{name}{part or ''}", "path": name, "name": name, "bytes": 100, "instead": "/hub", **fields}
    return CleanupCandidate(kind=kind, tier=tier, part=part, way_back=WayBack(kept_bytes=kept), **given)  # type: ignore[arg-type]


def adding_up(sizes: Mapping[str, int]) -> Callable[[CleanupChoice], int]:
    """Frees what each path frees by itself."""

    def frees(choice: CleanupChoice) -> int:
        paths = (*choice.prefixes, *(path for path, _ in choice.cleaned), *(member for member, _ in choice.merges))
        return sum(sizes[path] for path in paths)

    return frees


SIZES = {"/pkgs": 10, "/half": 5, "/same": 20, "/old": 30, "/try": 40, "/weak": 1000}
ROWS = (
    row("/pkgs", "cache", part="packages"),
    row("/half", "leftover"),
    row("/same", "identical"),
    row("/old", "stale"),
    row("/try", "merge"),
    row("/weak", "weak"),
)


def test_a_goal_leaves_to_the_user_what_is_only_chosen_by_hand() -> None:
    rows = (row("/same", "identical"), row("/try", "merge", only_by_hand="its merge may free nothing"))
    goal = reach(rows, 60, frees=adding_up(SIZES), weak=True)
    assert (goal.chosen, goal.reached, goal.at_least) == (("/same",), False, False)
    assert "try, 100 B on disk: its merge may free nothing" in [each.replace("/try", "try") for each in goal.in_the_way]


def test_what_was_used_in_the_last_days_goes_only_if_nothing_else_is_left_and_is_named_then() -> None:
    rows = (
        row("/same", "identical", used_lately="it was used today"),
        row("/old", "stale"),
        row("/try", "merge"),
    )
    goal = reach(rows, 65, frees=adding_up(SIZES))
    assert (goal.chosen, goal.reached, in_spite_of_use(goal)) == (("/old", "/try"), True, "")
    goal = reach(rows, 71, frees=adding_up(SIZES))
    assert (set(goal.chosen), goal.reached) == ({"/same", "/old", "/try"}, True)
    assert in_spite_of_use(goal) == "all else frees too little, so these go too: /same: it was used today"


def test_a_goal_with_a_merge_frees_so_much_at_least() -> None:
    goal = reach(ROWS, 105, frees=adding_up(SIZES))
    assert (goal.reached, goal.at_least) == (True, True)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (0, ()),
        (1, ("/pkgspackages",)),
        (12, ("/pkgspackages", "/half")),
        (16, ("/same",)),
        (25, ("/pkgspackages", "/same")),
        (60, ("/pkgspackages", "/same", "/old")),
        (105, tuple(each.key for each in ROWS[:5])),
    ],
)
def test_the_least_regrettable_come_first_and_none_too_many(wanted: int, chosen: tuple[str, ...]) -> None:
    goal = reach(ROWS, wanted, frees=adding_up(SIZES))
    assert (goal.chosen, goal.reached, goal.in_the_way) == (chosen, True, ())


def test_out_of_reach_it_says_how_far_it_gets_and_what_stands_in_the_way() -> None:
    rows = (*ROWS, row("/kept", blocked="you keep it", bytes=7000), row("/mine", blocked="you keep it", bytes=1000))
    goal = reach(rows, 200, frees=adding_up({**SIZES, "/kept": 7000, "/mine": 1000}))
    assert (goal.net, goal.reached, goal.chosen) == (105, False, tuple(each.key for each in ROWS[:5]))
    assert goal.in_the_way == (
        "it gets as far as 105 B of 200 B",
        "2 rows, 8.0 KB on disk: you keep it",
        "/weak, 100 B on disk could go for weak reasons alone: choose those yourself",
    )


def test_restore_points_count_against_it_unless_they_lie_elsewhere() -> None:
    rows = (row("/old", kept=25), row("/half", "leftover", kept=6))
    goal = reach(rows, 20, frees=adding_up(SIZES))
    assert (goal.net, goal.restore_points, goal.reached, goal.chosen) == (5, 25, False, ("/old",))
    assert goal.in_the_way[1] == "restore points take about 25 B of what is freed"
    elsewhere = reach(rows, 20, frees=adding_up(SIZES), counts_points=False)
    assert (elsewhere.net, elsewhere.reached, elsewhere.chosen) == (30, True, ("/old",))


def test_weak_reasons_are_enough_only_where_a_policy_has_allowed_them() -> None:
    goal = reach(ROWS, 500, frees=adding_up(SIZES), weak=True)
    assert (goal.chosen, goal.reached) == (("/weak",), True)


def test_packages_and_their_archives_are_one_row_and_the_archives_alone_come_first() -> None:
    def frees(choice: CleanupChoice) -> int:
        parts = dict(choice.cleaned).get("/pkgs", ())
        return 10 * ("tarballs" in parts) + 40 * ("packages" in parts)

    rows = (row("/pkgs", "cache", part="tarballs"), row("/pkgs", "cache", part="packages", also=("tarballs",)))
    assert reach(rows, 10, frees=frees).chosen == ("/pkgstarballs",)
    both = reach(rows, 20, frees=frees)
    assert (both.chosen, both.frees) == (("/pkgspackages",), 50)
    assert choice_of(rows[1:]).cleaned == (("/pkgs", ("packages", "tarballs")),)


def test_a_plan_that_frees_less_than_the_goal_is_warned_of() -> None:
    goal = Goal(wanted=6_000_000, frees=7_000_000)
    warning = short_of(goal, 3_500_000)
    assert warning is not None
    assert warning.message == "The plan frees 3.5 MB net, 2.5 MB short of the goal."
    assert short_of(goal, 6_000_000) is None
    assert short_of(Goal(wanted=8_000_000, frees=7_000_000), 3_500_000) is None, "that is said already"


class World:
    """Environments and caches that share files at random, and what a choice of them frees."""

    def __init__(self, seed: int, environments: int = 12, classes: int = 60) -> None:
        self.random = random.Random(seed)
        self.prefixes = [f"/envs/{number}" for number in range(environments)]
        places = [*(DiskPlace(path=each) for each in self.prefixes), DiskPlace(path="/pkgs", cache=True)]
        units = tuple(Unit(environments, f"p{n}-1-0".encode(), "package", False, ()) for n in range(classes // 2))
        table = LinkTable(classes=tuple(self._class(number, units) for number in range(classes)), units=units)
        self.graph = LinkGraph(places, table)
        tiers: dict[str, Tier] = {each: self.random.choice(TIERS) for each in self.prefixes}
        found = [
            row(each, tier, kept=self.random.choice((0, 0, 50)), bytes=self.random.randrange(1, 999))
            for each, tier in tiers.items()
        ]
        found += [row("/pkgs", "cache", part=part) for part in ("packages", "tarballs")]
        self.random.shuffle(found)
        self.found = tuple(found)
        self.rows = ranked(found, {})

    def _class(self, number: int, units: Sequence[Unit]) -> ShareClass:
        cache = len(self.prefixes)
        holders = self.random.sample(range(cache), self.random.randint(0, 3))
        unit = number if number < len(units) else -1
        size = self.random.randrange(1, 400)
        places = tuple(sorted({*holders, cache} if unit >= 0 else holders or [0]))
        return ShareClass(places, unit, self.random.random() < 0.1, size, size)

    def frees(self, choice: CleanupChoice) -> int:
        gone = (*choice.prefixes, *(member for member, _ in choice.merges))
        return self.graph.frees_with_cleaning(gone, dict(choice.cleaned), copied_by={})

    def losses(self, choice: CleanupChoice) -> dict[str, int]:
        gone = (*choice.prefixes, *(member for member, _ in choice.merges))
        return self.graph.lost_without_one(gone, dict(choice.cleaned), copied_by={})

    def net(self, rows: Sequence[CleanupCandidate]) -> int:
        return self.frees(choice_of(rows)) - sum(each.way_back.kept_bytes for each in rows)


@pytest.mark.parametrize("seed", [*range(10), *thorough(range(10, 50))])
def test_in_any_world_it_is_reached_if_all_reach_it_and_every_row_is_needed(seed: int) -> None:
    world = World(seed)
    could = [each for each in world.rows if each.tier != "weak"]
    most = world.net(could)
    wanted = world.random.randrange(1, max(most, 1) + 500)
    goal = reach(world.rows, wanted, frees=world.frees)
    assert reach(world.rows, wanted, frees=world.frees, losses=world.losses) == goal
    chosen = [each for each in world.rows if each.key in goal.chosen]
    assert goal.reached >= (most >= wanted)
    assert (goal.net, [each.key for each in chosen]) == (world.net(chosen), list(goal.chosen))
    assert not any(each.tier == "weak" for each in chosen)
    if goal.reached:
        for each in chosen:
            assert world.net([other for other in chosen if other is not each]) < wanted
    else:
        assert goal.net >= most
    again = ranked(world.random.sample(world.found, len(world.found)), {})
    assert goal == reach(again, wanted, frees=World(seed).frees)


@pytest.mark.parametrize("seed", [*range(5), *thorough(range(5, 20))])
def test_what_is_lost_without_one_is_the_difference_that_it_makes(seed: int) -> None:
    world = World(seed)
    choice = choice_of(world.rows)
    whole, losses = world.frees(choice), world.losses(choice)
    assert losses.keys() == set(world.prefixes)
    for each in world.rows:
        if not each.part:
            assert (
                whole - world.frees(choice_of([other for other in world.rows if other is not each]))
                == losses[each.path]
            )


def test_some_goals_of_these_worlds_are_reached_and_some_are_not() -> None:
    goals: list[Goal] = []
    for seed in range(50):
        world = World(seed)
        most = world.net([each for each in world.rows if each.tier != "weak"])
        goals.append(reach(world.rows, world.random.randrange(1, max(most, 1) + 500), frees=world.frees))
    assert len({each.reached for each in goals}) == 2


def test_five_hundred_candidates_ask_about_once_each() -> None:
    sizes = {f"/envs/{number}": 1 + number % 7 for number in range(500)}
    asked: list[CleanupChoice] = []

    def frees(choice: CleanupChoice) -> int:
        asked.append(choice)
        return adding_up(sizes)(choice)

    goal = reach([row(each) for each in sizes], sum(sizes.values()) - 3, frees=frees)
    assert goal.reached
    assert len(asked) < 1100


def test_what_was_freed_short_of_a_goal_is_said_net_of_restore_points() -> None:
    assert missed_by(180_000_000, 178_000_000) == (
        "178 MB were gained net of restore points, 2.0 MB short of the goal."
    )
