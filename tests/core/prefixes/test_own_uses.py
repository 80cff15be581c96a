"""What condatui runs itself is nobody's use of an environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from condatui_core.prefixes.last_used import OwnUses
from condatui_core.records.environment import LastUsed
from support.inventories import NOW, days_ago

BEFORE = days_ago(210)


def read_at(seconds: float) -> LastUsed:
    return LastUsed(at=NOW + timedelta(seconds=seconds), evidence="bin/python3.11 was read", reliable=True)


@pytest.fixture
def uses(tmp_path: Path) -> OwnUses:
    uses = OwnUses(tmp_path / "own-uses")
    uses.note("/opt/envs/a", NOW, NOW + timedelta(seconds=5), BEFORE)
    return uses


@pytest.mark.parametrize("seconds", [-1, 0, 3, 6])
def test_what_was_read_while_condatui_ran_it_is_no_use(uses: OwnUses, seconds: float) -> None:
    assert uses.correct("/opt/envs/a", read_at(seconds)) == BEFORE


@pytest.mark.parametrize("seconds", [-60, 60])
def test_what_was_read_at_another_time_is_one(uses: OwnUses, seconds: float) -> None:
    assert uses.correct("/opt/envs/a", read_at(seconds)) == read_at(seconds)


def test_a_second_run_does_not_make_the_first_a_use(uses: OwnUses) -> None:
    """The kernel notes the first of several reads a day."""
    for hours in range(1, 12):
        begun = NOW + timedelta(hours=hours)
        uses.note("/opt/envs/a", begun, begun + timedelta(minutes=1), BEFORE)
        uses.note("/opt/envs/a", begun, begun + timedelta(seconds=5), BEFORE)
    assert uses.correct("/opt/envs/a", read_at(3)) == BEFORE
    assert uses.correct("/opt/envs/a", read_at(11 * 3600)) == BEFORE
    assert uses.correct("/opt/envs/a", read_at(3630)) == read_at(3630), "the note made before it ended is replaced"


def test_what_is_noted_is_bounded_and_the_newest_stay(uses: OwnUses) -> None:
    for minute in range(1, 300):
        begun = NOW + timedelta(minutes=minute)
        uses.note("/opt/envs/a", begun, begun + timedelta(seconds=5), BEFORE)
    assert len(uses.times()) == 200
    assert uses.correct("/opt/envs/a", read_at(299 * 60)) == BEFORE


async def test_a_run_that_fails_is_noted_as_well(uses: OwnUses) -> None:
    clock = iter((NOW + timedelta(hours=1), NOW + timedelta(hours=2)))
    with pytest.raises(ValueError, match="failed"):
        async with uses.noting("/opt/envs/b", lambda: next(clock), before=BEFORE, at_most=timedelta(hours=9)):
            raise ValueError("failed")
    assert uses.correct("/opt/envs/b", read_at(5400)) == BEFORE
    assert uses.correct("/opt/envs/b", read_at(3 * 3600)) == read_at(3 * 3600)


def test_other_environments_are_left_alone(uses: OwnUses) -> None:
    assert uses.correct("/opt/envs/b", read_at(0)) == read_at(0)
    assert uses.correct("/opt/envs/a", None) is None


def test_a_use_that_nothing_was_known_before_is_unknown_again(uses: OwnUses) -> None:
    uses.note("/opt/envs/a", NOW, NOW, None)

    assert uses.correct("/opt/envs/a", read_at(0)) is None


def test_a_note_that_cannot_be_read_or_written_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    uses = OwnUses(tmp_path / "file")
    uses.note("/opt/envs/a", NOW, NOW, BEFORE)

    assert uses.correct("/opt/envs/a", read_at(0)) == read_at(0)
