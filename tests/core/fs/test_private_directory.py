"""Directories for one job alone: nobody else reads them, and what a killed process leaves is found."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from condatui_core.fs.locks import FileLock
from condatui_core.fs.private_directory import PrivateDirectory, remove_abandoned


def test_only_its_user_opens_it_and_nothing_is_left(tmp_path: Path) -> None:
    made = PrivateDirectory(tmp_path / "state" / "private")
    (made.path / "secret").write_text("pa55")
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (made.path, made.path.parent)}
    assert modes == {0o700}
    made.remove()
    assert os.listdir(tmp_path / "state" / "private") == []


def test_one_that_is_in_use_stays(tmp_path: Path) -> None:
    made = PrivateDirectory(tmp_path)
    remove_abandoned(tmp_path)
    assert made.path.is_dir()
    made.remove()


def test_what_a_killed_process_has_left_goes(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from condatui_core.fs.private_directory import PrivateDirectory\n"
        "made = PrivateDirectory(pathlib.Path(sys.argv[1]))\n"
        "(made.path / 'secret').write_text('pa55')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environ, check=False).returncode == -9
    assert len([*tmp_path.rglob("secret")]) == 1
    remove_abandoned(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_link_is_not_followed_and_a_file_is_left_alone(tmp_path: Path) -> None:
    parent, outside = tmp_path / "private", tmp_path / "outside"
    parent.mkdir()
    outside.mkdir()
    (parent / "link").symlink_to(outside)
    (parent / "file").touch()
    remove_abandoned(parent)
    assert sorted(os.listdir(parent)) == ["file", "link"]
    assert outside.is_dir()
    remove_abandoned(tmp_path / "none")


def test_without_locks_nothing_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may still use it: that cannot be told."""
    (tmp_path / "of-somebody").mkdir()
    monkeypatch.setattr(FileLock, "try_take", _as_without_locks)
    remove_abandoned(tmp_path)
    assert (tmp_path / "of-somebody").is_dir()


def _as_without_locks(lock: FileLock) -> bool:
    lock.supported = False
    return True
