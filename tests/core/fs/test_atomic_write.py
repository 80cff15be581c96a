from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.fs.atomic_write import put_in_cache, write_whole


def test_what_is_in_the_cache_is_whole_private_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "own" / "deep" / "file"
    put_in_cache(file, b"one", b" two")
    put_in_cache(file, b"three")
    assert file.read_bytes() == b"three"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.mkdir()
    (file / "in the way").touch()
    with pytest.raises(OSError):
        put_in_cache(file, b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, b"old", replace=False)
    with pytest.raises(FileExistsError):
        write_whole(file, b"new", replace=False)
    assert file.read_bytes() == b"old"
    write_whole(file, b"new", replace=True)
    assert file.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]
