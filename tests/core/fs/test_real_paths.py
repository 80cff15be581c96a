"""Real paths of neighbours are those of `os.path.realpath`, and the links above them are followed once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.fs.real_paths import RealPaths


@pytest.fixture
def envs(tmp_path: Path) -> Path:
    """A directory behind a link, with an environment, a link to it, a link to itself and a broken link."""
    (tmp_path / "data/envs/a").mkdir(parents=True)
    (tmp_path / "home").symlink_to("data")
    envs = tmp_path / "home/envs"
    (envs / "link").symlink_to("a")
    (envs / "loop").symlink_to("loop")
    (envs / "broken").symlink_to(tmp_path / "nowhere")
    return envs


@pytest.mark.parametrize("name", ["a", "link", "loop", "broken", "gone", "a/..", ".", "link/bin/python", ""])
def test_it_is_what_realpath_says(envs: Path, name: str) -> None:
    path = f"{envs}/{name}"
    assert RealPaths().of(path) == os.path.realpath(path)


def test_the_root_is_itself() -> None:
    assert RealPaths().of("/") == "/"


def test_the_directories_above_are_followed_once(envs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []
    realpath = os.path.realpath

    def count(path: str) -> str:
        followed.append(path)
        return realpath(path)

    monkeypatch.setattr(os.path, "realpath", count)
    paths = RealPaths()
    found = [paths.of(f"{envs}/{number}") for number in range(5)]
    monkeypatch.undo()
    assert found == [os.path.realpath(f"{envs}/{number}") for number in range(5)]
    assert followed == [str(envs)]
