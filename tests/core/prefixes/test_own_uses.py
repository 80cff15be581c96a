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
