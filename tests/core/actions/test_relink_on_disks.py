"""Relinking on disks of their own: blocks that are really shared, a full disk, and a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.actions.joined_files import read_joined
from condatui_core.actions.relink import batch, joining
from condatui_core.actions.relink.joining import join_all
from condatui_core.actions.separate.copying import separate_all
from condatui_core.fs.reflink import can_share
from support.memory_disks import disk_in_memory
from support.plain_work import PlainWork
from support.power_cut import Disk, mounted_disk
from support.relinks import CONTENT, Twins, contents_below, temporary_names
from support.sharing_disks import blob, free, sharing_disk, sync

_SIZE = 3 << 20


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test were made a moment ago."""
    monkeypatch.setattr(batch, "_REST", 0)


@pytest.fixture(params=["btrfs", "xfs"])
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with sharing_disk(tmp_path, request.param) as path:
        yield path


def shares(file: Path) -> bool:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return can_share(descriptor)
    finally:
        os.close(descriptor)


def test_files_share_their_blocks_and_stay_independent(sharing: Path) -> None:
    """What is freed is what was predicted; mode, time and inode are as before."""
    twins = Twins(sharing / "envs")
    content = blob(sharing / "source", _SIZE).read_bytes()
    (sharing / "source").unlink()
    one, two, three = (twins.environment(name, {"lib.so": content}) / "lib.so" for name in ("one", "two", "three"))
    two.chmod(0o755)
    same = twins.same(one, two, three)
    survey = twins.survey(same, method="reflink")
    before, blocks = [each.stat() for each in (one, two, three)], free(sharing)
    assert shares(one)

    joined = join_all(survey, sharing / "relinked", PlainWork())
    assert (joined.tally.files, joined.tally.freed, joined.tally.skipped) == (2, 2 * _SIZE, ())
    assert abs(free(sharing) - blocks - 2 * _SIZE) < _SIZE // 8  # but for what the file system notes itself
    for file, status in zip((one, two, three), before, strict=True):
        now = file.stat()
        assert (now.st_ino, now.st_mode, now.st_mtime_ns) == (status.st_ino, status.st_mode, status.st_mtime_ns)

    with two.open("r+b") as stream:
        stream.write(b"mine")
    sync(sharing)
    assert (one.read_bytes(), three.read_bytes()) == (content, content)
    assert two.read_bytes() == b"mine" + content[4:]


def test_what_differs_shares_nothing(sharing: Path) -> None:
    twins = Twins(sharing / "envs")
    content = blob(sharing / "source", _SIZE).read_bytes()
    one = twins.environment("one", {"lib.so": content}) / "lib.so"
    two = twins.environment("two", {"lib.so": content[:-1] + bytes([content[-1] ^ 1])}) / "lib.so"
    before = contents_below(twins.root)
    joined = join_all(twins.survey(twins.same(one, two), method="reflink"), sharing / "relinked", PlainWork())
    assert [(each.reason, each.files) for each in joined.tally.skipped] == [("changed", 1)]
    assert contents_below(twins.root) == before


def test_an_xfs_without_shared_blocks_says_so(tmp_path: Path) -> None:
    with sharing_disk(tmp_path, "xfs", "-m", "reflink=0") as disk:
        assert not shares(blob(disk / "file", 8192))


def test_where_blocks_cannot_be_shared(tmp_path: Path) -> None:
    twins = Twins(tmp_path / "envs")
    one, two = (twins.environment(name, {"lib.so": CONTENT}) / "lib.so" for name in ("one", "two"))
    if shares(one):
        pytest.skip("the file system here lets files share blocks")
    joined = join_all(twins.survey(twins.same(one, two), method="reflink"), tmp_path / "relinked", PlainWork())
    assert [(each.reason, each.files) for each in joined.tally.skipped] == [("file-system", 1)]


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with (disk / "filling").open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            return


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """Where it cannot even be noted what would be exchanged; elsewhere joining needs no room."""
    with disk_in_memory(tmp_path / "small", megabytes=1) as disk:
        twins = Twins(disk / "envs")
        one, two = (twins.environment(name, {"lib.so": CONTENT}) / "lib.so" for name in ("one", "two"))
        (disk / "relinked").mkdir()
        fill(disk)
        survey, before = twins.survey(twins.same(one, two)), contents_below(twins.root)
        joined = join_all(survey, disk / "relinked", PlainWork())
        assert joined.failed
        assert (joined.tally.files, one.samefile(two)) == (0, False)
        assert (contents_below(twins.root), temporary_names(twins.root)) == (before, [])
        joined = join_all(survey, tmp_path / "relinked", PlainWork())
        assert (joined.failed, joined.tally.files, one.samefile(two)) == (None, 1, True)


def test_copies_that_do_not_fit_leave_the_files_joined(tmp_path: Path) -> None:
    with disk_in_memory(tmp_path / "small", megabytes=1) as disk:
        twins = Twins(disk / "envs")
        one, two = (twins.environment(name, {"lib.so": CONTENT}) / "lib.so" for name in ("one", "two"))
        join_all(twins.survey(twins.same(one, two)), tmp_path / "relinked", PlainWork())
        fill(disk)
        before = contents_below(twins.root)
        files = read_joined(tmp_path / "relinked", str(two.parent))
        done = separate_all(str(two.parent), files, tmp_path / "relinked", PlainWork())
        assert done.failed
        assert (done.files, one.samefile(two), temporary_names(twins.root)) == (0, True, [])
        assert contents_below(twins.root) == before
        assert read_joined(tmp_path / "relinked", str(two.parent)) == files


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted_disk(tmp_path) as disk:
        yield disk


def test_a_power_cut_leaves_each_path_its_content(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that stays was just written, as pip does, and is not on the disk of its own accord."""
    twins = Twins(disk.path / "envs")
    two = twins.environment("two", {"lib.so": CONTENT}) / "lib.so"
    (twins.root / "one/conda-meta").mkdir(parents=True)
    sync(disk.path)
    one = twins.environment("other", {"lib.so": CONTENT}, modified=1).rename(twins.root / "one/env") / "lib.so"
    seen: list[tuple[str, bytes]] = []

    def cut(root: str) -> bool:
        (disk.path / "something").write_text("else")
        descriptor = os.open(disk.path / "something", os.O_RDONLY)
        os.fsync(descriptor)  # this brings all names to the disk, but no contents of other files
        os.close(descriptor)
        with disk.after_power_cut() as after:
            for file in (one, two):
                there = after / file.relative_to(disk.path)
                seen.append((file.name, there.read_bytes() if there.exists() else b"gone"))
        return True

    monkeypatch.setattr(joining, "sync_file_system", cut)
    joined = join_all(twins.survey(twins.same(one, two)), disk.path / "relinked", PlainWork())
    assert (joined.tally.files, one.samefile(two)) == (1, True)
    assert seen == [("lib.so", CONTENT), ("lib.so", CONTENT)]
