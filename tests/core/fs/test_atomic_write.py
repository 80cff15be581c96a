from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.fs.atomic_write import (
    begun_beside,
    put_in_cache,
    rename_if_free,
    sync_path,
    temporary_name,
    write_new,
    write_whole,
)
from condatui_core.fs.locks import FileLock


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


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in its order."""
    done: list[str] = []
    sync, rename = os.fsync, os.replace

    def seen_sync(descriptor: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def seen_rename(source: str, target: str, **directories: int) -> None:
        done.append("rename")
        rename(source, target, **directories)

    monkeypatch.setattr(os, "fsync", seen_sync)
    monkeypatch.setattr(os, "replace", seen_rename)
    return done


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_it_returns(
    tmp_path: Path, steps: list[str]
) -> None:
    write_whole(tmp_path / "file", b"data", replace=True)
    assert steps == ["file", "rename", "directory"]
    write_whole(tmp_path / "new", b"data", replace=False)
    assert steps[3:] == ["file", "directory"]
    write_whole(tmp_path / "file", b"data", replace=True, durable=False)
    assert steps[5:] == ["rename"]


def test_a_new_file_is_on_the_disk_and_its_directory_when_that_is_asked_for(tmp_path: Path, steps: list[str]) -> None:
    write_new(tmp_path / "file", b"data")
    sync_path(tmp_path / "file")
    sync_path(tmp_path)
    assert steps == ["file", "file", "directory"]
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"other")
    assert (tmp_path / "file").read_bytes() == b"data"


def test_a_directory_that_cannot_be_synced_is_no_failure_and_one_that_is_damaged_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = [errno.EINVAL]

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(why[0], os.strerror(why[0]))

    monkeypatch.setattr(os, "fsync", refuse)
    write_whole(tmp_path / "file", b"one", replace=True)
    why[0] = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        write_whole(tmp_path / "file", b"two", replace=True)


def test_a_link_is_written_through_and_keeps_the_mode_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles/list"
    real.write_bytes(b"old")
    real.chmod(0o640)
    (tmp_path / "list").symlink_to("dotfiles/list")
    write_whole(tmp_path / "list", b"new", replace=True)
    assert (tmp_path / "list").is_symlink()
    assert (real.read_bytes(), real.stat().st_mode & 0o777) == (b"new", 0o640)
    assert [each.name for each in real.parent.iterdir()] == ["list"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.chown(tmp_path / "file", 1234, 2345)
    write_whole(tmp_path / "file", b"by root", replace=True)
    status = (tmp_path / "file").stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)


@pytest.mark.parametrize("write", [lambda file: write_whole(file, b"new", replace=True), put_in_cache])
def test_a_link_that_was_planted_where_a_file_is_begun_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / temporary_name()).symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write(tmp_path / "file")
    assert not (tmp_path / "victim").exists()
    assert not (tmp_path / "file").exists()


def test_no_two_files_are_begun_under_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    rename = os.replace

    def seen_rename(old: Path, new: Path, **more: int) -> None:
        names.append(str(old))
        rename(old, new, **more)

    monkeypatch.setattr(os, "replace", seen_rename)
    for _ in range(3):
        write_whole(tmp_path / "file", b"", replace=True)
        put_in_cache(tmp_path / "cached", b"")
    assert len(set(names)) == 6
    assert not any(str(os.getpid()) in re.split(r"\W", name) for name in names)


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        write_whole(tmp_path / "pipe", b"data", replace=True)
    (tmp_path / "directory").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "directory", b"data", replace=True)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError):
        write_whole(tmp_path / "loop", b"data", replace=True)
    assert sorted(os.listdir(tmp_path)) == ["directory", "loop", "pipe"]


def test_a_full_disk_leaves_the_old_one_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for replace in (True, False):
        with pytest.raises(OSError, match="No space left"):
            write_whole(tmp_path / ("file" if replace else "new"), b"new", replace=replace)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_where_there_are_no_hard_links_a_taken_name_is_seen_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_whole(tmp_path / "file", b"one", replace=False)
    (tmp_path / "other").write_bytes(b"two")
    with pytest.raises(FileExistsError):
        rename_if_free(tmp_path / "other", tmp_path / "file")
    rename_if_free(tmp_path / "other", tmp_path / "free")
    assert sorted(os.listdir(tmp_path)) == ["file", "free"]
    assert (tmp_path / "file").read_bytes() == b"one"


def test_what_a_killed_process_began_is_found_beside_the_file(tmp_path: Path) -> None:
    if (child := os.fork()) == 0:
        os.replace = lambda *_, **__: os._exit(9)
        write_whole(tmp_path / "file", b"data", replace=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    (tmp_path / ".not.condatui").touch()
    (left,) = begun_beside(tmp_path / "file")
    assert (left.parent, left.read_bytes()) == (tmp_path, b"data")


def test_what_a_killed_process_began_in_a_cache_long_ago_goes(tmp_path: Path) -> None:
    if (child := os.fork()) == 0:
        os.replace = lambda *_, **__: os._exit(9)
        put_in_cache(tmp_path / "cached", b"data")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    (left,) = tmp_path.iterdir()
    os.utime(left, (0, 0))
    for name in (f".{'0' * 16}.condatui", "another"):
        (tmp_path / name).touch()
    os.utime(tmp_path / "another", (0, 0))
    put_in_cache(tmp_path / "cached", b"data")
    assert sorted(os.listdir(tmp_path)) == [f".{'0' * 16}.condatui", "another", "cached"]


def test_a_lock_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError):
        FileLock(tmp_path / "lock").try_take()
    assert not (tmp_path / "victim").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_directory_that_may_not_be_listed_is_written_to_all_the_same(tmp_path: Path) -> None:
    tmp_path.chmod(0o300)
    try:
        write_whole(tmp_path / "file", b"data", replace=True)
        write_whole(tmp_path / "new", b"data", replace=False)
        sync_path(tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / "file").read_bytes() == (tmp_path / "new").read_bytes() == b"data"
