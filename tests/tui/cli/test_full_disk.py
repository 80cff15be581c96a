"""On a disk without a free byte the commands that free something still do, and otherwise say what can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.jobs.reserve import RESERVE_BYTES
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.memory_disks import disk_in_memory
from support.sandboxes import copy_sandbox


def fill(disk: Path) -> None:
    """Leave no byte free, not even of a block."""
    status = os.statvfs(disk)
    with (disk / "filling").open("wb", buffering=0) as stream:
        os.posix_fallocate(stream.fileno(), 0, status.f_bfree * status.f_frsize)
        with pytest.raises(OSError, match="No space"):
            while True:
                stream.seek(0, os.SEEK_END)
                stream.write(bytes(4096))


@pytest.fixture
def full(sandbox: Sandbox, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox on a disk that was filled after a first job has ended there."""
    with disk_in_memory(tmp_path / "disk") as disk:
        mine = copy_sandbox(sandbox, disk / "box", ["notebooks", "pip-mix"])
        assert run_in(mine, "checkpoint", "notebooks", "--yes").exit_code == 0
        assert reserve_of(mine).stat().st_blocks * 512 >= RESERVE_BYTES
        fill(disk)
        yield mine


def reserve_of(sandbox: Sandbox) -> Path:
    return sandbox.home / ".condatui/state/reserve"


@pytest.mark.parametrize(
    "command",
    [
        ("clean", "--what", "packages,tarballs"),
        ("remove", "pip-mix", "--no-restore-point"),
        ("cleanup", "--free", "1M"),
    ],
    ids=["clean", "remove", "a goal"],
)
def test_a_full_disk_can_be_freed(full: Sandbox, command: tuple[str, ...]) -> None:
    done = run_in(full, *command, "--yes")
    assert done.exit_code == 0, done.output
    assert "freed" in done.output
    left = os.statvfs(full.home)
    assert left.f_bavail * left.f_frsize > 1 << 20
    ended = [
        each
        for each in (full.home / ".condatui/state/jobs").iterdir()
        if b'"ended"' in each.joinpath("events.jsonl").read_bytes()
    ]
    assert len(ended) == 2


def test_without_the_reserve_it_says_what_can_be_deleted_by_hand(full: Sandbox) -> None:
    with (full.directory.parent / "filling").open("ab", buffering=0) as stream:
        reserve_of(full).unlink()
        with pytest.raises(OSError, match="No space"):
            while True:
                stream.write(bytes(4096))
    done = run_in(full, "clean", "--what", "packages,tarballs", "--yes")
    assert done.exit_code == 1
    assert f"rm {full.root_prefix}/pkgs/" in done.stderr
    assert "CONDATUI_HOME" in done.stderr
    assert "No space left on device" in done.stderr
    assert ".py" not in done.stderr
    assert "Errno" not in done.stderr
