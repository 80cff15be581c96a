"""Whatever keys somebody presses, nothing fails, and no environment changes that no confirmed plan is about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
