"""Whatever keys somebody presses, nothing fails, and no environment changes that no confirmed plan is about."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from condatui.app import CondatuiApp
from support.random_keys import KeyWorld, RandomWalk

_KEYS = int(os.environ.get("CONDATUI_RANDOM_KEYS", "600"))
"""How many keys for each seed."""
_SEEDS = [int(seed) for seed in os.environ.get("CONDATUI_RANDOM_SEEDS", "1").split(",")]


@pytest.mark.parametrize("seed", _SEEDS)
async def test_random_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    world = KeyWorld(tmp_path)
    monkeypatch.chdir(tmp_path / "here")
    before = world.manifests()
    walk = RandomWalk(world, seed)
    await walk.press(_KEYS)
    assert world.changed_unasked(before) == []
    print(f"seed {seed}: {_KEYS} keys, opened {walk.opened} times, {len(world.submitted)} plans confirmed")  # noqa: T201


def test_a_change_that_nobody_confirmed_is_noticed(tmp_path: Path) -> None:
    world = KeyWorld(tmp_path)
    before = world.manifests()
    assert world.changed_unasked(before) == []
    (world.machine.envs / "prod" / "notes/todo.txt").write_text("of somebody else")
    shutil.rmtree(world.machine.envs / "half-made")
    assert [Path(prefix).name for prefix in world.changed_unasked(before)] == ["half-made", "prod"]


async def test_a_key_that_fails_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: CondatuiApp) -> None:
        raise LookupError("made up")

    monkeypatch.setattr(CondatuiApp, "action_reload", fail)
    with pytest.raises(AssertionError, match=r"seed 1, key \d+: .*made up"):
        await RandomWalk(KeyWorld(tmp_path), 1, keys=("r",)).press(50)
