"""The bottom line of place 3: what is chosen, what it frees in the end, and what the goal still lacks."""

from __future__ import annotations

import pytest

from condatui.view_models.cleanup.choice import ChoiceSum, choice_line, threshold_words
from condatui.view_models.cleanup.found import CleanupOptions, FoundCleanup
from condatui.view_models.glyphs import ASCII
from support.cleanups import group, member, prefix_of

G = 1_000_000_000


@pytest.mark.parametrize(
    ("count", "total", "goal", "line"),
    [
        (3, ChoiceSum(6 * G, G // 5), 0, "chosen 3 · frees 6.0 G − restore points 200 M"),
        (3, ChoiceSum(26 * G, 0), 20 * G, "goal 20 G · chosen 3 · frees 26 G"),
        (1, ChoiceSum(5 * G, G), 6 * G, "goal 6.0 G · chosen 1 · frees 5.0 G − restore points 1.0 G · 2.0 G missing"),
        (2, ChoiceSum(5 * G, G, about=True), 0, "chosen 2 · frees 5.0 G − restore points ~1.0 G"),
        (2, ChoiceSum(5 * G, G, at_least=True), 0, "chosen 2 · frees ≥5.0 G − restore points 1.0 G"),
        (2, None, 0, "chosen 2 · frees …"),
        (0, None, 6 * G, "goal 6.0 G · chosen 0 · 6.0 G missing"),
    ],
)
def test_the_line_is_net_of_restore_points(count: int, total: ChoiceSum | None, goal: int, line: str) -> None:
    assert choice_line(count, total, goal=goal) == line


def test_in_ascii_it_says_the_same() -> None:
    assert choice_line(1, ChoiceSum(5 * G, G), glyphs=ASCII) == "chosen 1 | frees 5.0 G - restore points 1.0 G"


def test_a_threshold_says_whether_its_groups_are_shown_already() -> None:
    assert threshold_words(0.91, FoundCleanup(options=CleanupOptions(0.91))) == "alike from 91 %"
    assert threshold_words(0.92, FoundCleanup(options=CleanupOptions(0.91))) == "alike from 92 % …"
    assert threshold_words(0.9, None) == "alike from 90 % …"


def test_the_threshold_moves_by_one_percent_and_stays_in_its_range() -> None:
    options = CleanupOptions(0.9)
    assert options.with_threshold(1).threshold == 0.91
    assert options.with_threshold(-1).with_threshold(-1).threshold == 0.88
    assert CleanupOptions(1.0).with_threshold(1).threshold == 1.0
    assert CleanupOptions(0.5).with_threshold(-1).threshold == 0.5


def test_a_group_has_one_chosen_keeper_and_once_more_undoes_it() -> None:
    of = group("a", member("b"), member("c"))
    elsewhere = CleanupOptions(0.9, frozenset({prefix_of("x"), prefix_of("c")}))
    chosen = elsewhere.with_keeper(prefix_of("b"), of)
    assert chosen.keepers == {prefix_of("x"), prefix_of("b")}
    assert chosen.with_keeper(prefix_of("b"), of).keepers == {prefix_of("x")}
