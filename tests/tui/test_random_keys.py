"""Whatever keys somebody presses, nothing fails, and no environment changes that no confirmed plan is about."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from condatui.app import CondatuiApp
from support.random_keys import KeyWorld, RandomWalk, processor_time
from support.tiers import thorough

_KEYS = int(os.environ.get("CONDATUI_RANDOM_KEYS", "600"))
"""How many keys for each seed."""
_SEEDS = [int(seed) for seed in os.environ.get("CONDATUI_RANDOM_SEEDS", "1").split(",")]
_LONG_WALKS = [(seed, 2_500) for seed in range(11, 19)]
"""Seeds and keys of the thorough tier: 20,000 keys, fifteen minutes of a processor."""


@pytest.mark.parametrize(("seed", "keys"), [*((seed, _KEYS) for seed in _SEEDS), *thorough(_LONG_WALKS)])
async def test_random_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, keys: int) -> None:
    world = KeyWorld(tmp_path)
    monkeypatch.chdir(tmp_path / "here")
    before = world.manifests()
    walk = RandomWalk(world, seed)
    await walk.press(keys)
    assert world.changed_unasked(before) == []
    print(f"seed {seed}: {keys} keys, opened {walk.opened} times, {len(world.submitted)} plans confirmed")  # noqa: T201


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


async def test_a_key_that_never_comes_back_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spin(self: CondatuiApp) -> None:
        while True:
            pass

    monkeypatch.setattr(CondatuiApp, "action_reload", spin)
    monkeypatch.setattr("support.random_keys._PROCESSOR_SECONDS", 0.3)
    with pytest.raises(AssertionError, match=r"(?s)0\.3 s of processor time .*in spin"):
        await RandomWalk(KeyWorld(tmp_path), 1, keys=("r",)).press(50)


def test_what_uses_too_much_of_the_processor_is_told_though_it_is_caught() -> None:
    def spin_on() -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                pass

    with pytest.raises(TimeoutError, match="in spin_on"), processor_time(0.05):
        spin_on()
