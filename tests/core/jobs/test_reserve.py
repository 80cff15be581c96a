"""The reserve makes room for one journal, whatever was killed while it was made or given up."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.jobs import reserve as reserves
from condatui_core.jobs.journal import Journal, Submission
from condatui_core.jobs.reserve import RESERVE_BYTES, give_up, make_again
from condatui_core.proc.owner import this_process
from condatui_core.records.job import Plan
from condatui_core.records.request import CleanRequest

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
PLAN = Plan(request=CleanRequest(what=("tarballs",), pkgs_dirs=("/pkgs",)), title="Clean")


def test_it_really_occupies_its_blocks(tmp_path: Path) -> None:
    make_again(tmp_path / "reserve")
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= RESERVE_BYTES
    assert (tmp_path / "reserve").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [b"", b"short"], ids=["empty", "in part"])
def test_what_a_killed_process_has_left_of_it_is_made_whole(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "reserve").write_bytes(left)
    make_again(tmp_path / "reserve")
    assert (tmp_path / "reserve").stat().st_size == RESERVE_BYTES


def test_on_a_disk_with_little_room_it_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserves, "_PLENTY", 1 << 62)
    make_again(tmp_path / "reserve")
    make_again(tmp_path / "nowhere" / "reserve")
    assert list(tmp_path.iterdir()) == []
    assert not give_up(tmp_path / "reserve")


async def test_a_journal_without_room_takes_its_place_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reserve, real = tmp_path / "reserve", os.fsync
    make_again(reserve)

    def sync(descriptor: int) -> None:
        if reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    journal = Journal(tmp_path / "jobs/one", reserve)
    await journal.begin(PLAN, Submission(owner=this_process(), at=NOON))
    await journal.close()
    assert not reserve.exists()
    assert (tmp_path / "jobs/one/plan.json").is_file()
    monkeypatch.setattr(os, "fsync", lambda _: sync_fails())
    with pytest.raises(OSError, match="No space left"):
        await Journal(tmp_path / "jobs/two", reserve).begin(PLAN, Submission(owner=this_process(), at=NOON))
    assert [each.name for each in (tmp_path / "jobs").iterdir()] == ["one"]


def sync_fails() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
