"""Plans say how much the disk takes: not less than `du` grows by; those of restores hardly more."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.disk_trees import du
from support.memory_disks import disk_in_memory
from support.sandboxes import copy_sandbox, manifest

HARDLY_MORE = 1.15, 100 * 1024
"""By what a plan may exceed what is taken: a factor, and some bytes."""
OWN_CACHES = 64 * 1024
"""What condatui may note of the machine in its own caches before it plans anything."""
CLEANED = ("clean", "--what", "packages,tarballs")


def done(sandbox: Sandbox, *arguments: str) -> None:
    result = run_in(sandbox, *arguments, "--yes")
    assert result.exit_code == 0, result.output


def needed(sandbox: Sandbox, *arguments: str) -> int:
    """The bytes that the plan says."""
    result = run_in(sandbox, *arguments, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    return int(json.loads(result.stdout.splitlines()[0])["plan"]["bytes_needed"])


def taken(sandbox: Sandbox) -> int:
    """What the disk has of a sandbox, but for what condatui remembers of what it has read."""
    remembered = sandbox.home / ".condatui/cache"
    return du(sandbox.home) - (du(remembered) if remembered.exists() else 0)


def assert_true_to_the_disk(sandbox: Sandbox, *arguments: str) -> None:
    planned, before = needed(sandbox, *arguments), taken(sandbox)
    done(sandbox, *arguments)
    grown = taken(sandbox) - before
    factor, more = HARDLY_MORE
    assert grown <= planned <= grown * factor + more, (arguments, planned, grown)


@pytest.mark.parametrize(
    ("names", "cleaned"),
    [
        (["pip-mix"], False),
        (["bert-finetune"], False),
        (["vision-cuda"], True),
        (["pip-mix", "bert-finetune", "nlp-exp"], True),
    ],
    ids=["files of pip", "records and directories", "packages to fetch", "several that need the same packages"],
)
def test_the_disk_takes_what_a_restore_says(sandbox: Sandbox, disk_path: Path, names: list[str], cleaned: bool) -> None:
    mine = copy_sandbox(sandbox, disk_path / "box", names)
    done(mine, "remove", *names)
    if cleaned:
        done(mine, *CLEANED)
    assert_true_to_the_disk(mine, "restore", *names)


def test_the_disk_takes_what_the_undo_of_a_cleanup_says(sandbox: Sandbox, disk_path: Path) -> None:
    mine = copy_sandbox(sandbox, disk_path / "box", ["try-again-final-v2", "notebooks"])
    python = mine.prefixes["try-again-final-v2"] / "bin/python"
    os.utime(python, (time.time() - 400 * 86_400, python.stat().st_mtime))
    policy = mine.home / "policy.yaml"
    policy.write_text("format: 1\nallow: [cache, stale]\nmax_age_days: 100")
    cleaned = run_in(mine, "cleanup", "--policy", str(policy), "--yes")
    assert cleaned.exit_code in (0, 1), cleaned.output
    assert list(mine.home.glob("**/state/restore/*-try-again-final-v2")), cleaned.output
    assert_true_to_the_disk(mine, "restore")


@pytest.mark.parametrize(
    ("names", "commands"),
    [
        (["nlp-base", "nlp-exp"], [("clone", "nlp-base", "again"), ("merge", "nlp-base", "--into", "nlp-exp")]),
        (["notebooks"], [("clone", "notebooks", "more", "--add", "numpy"), ("slim", "notebooks", "--into", "less")]),
        (["bert-finetune"], [("create", "-f", "described.yml", "new"), ("rollback", "bert-finetune", "0")]),
        (["notebooks"], [("unpack", "packed.tar.gz", "unpacked")]),
    ],
    ids=["clone and merge", "clone with more and slim", "create and rollback", "unpack"],
)
def test_no_change_takes_more_than_its_plan_says(
    sandbox: Sandbox, disk_path: Path, names: list[str], commands: list[tuple[str, ...]]
) -> None:
    mine = copy_sandbox(sandbox, disk_path / "box", names)
    made = [run_in(mine, "export", names[0], "-o", "described.yml")]
    made += [run_in(mine, "pack", names[0], "-o", "packed.tar.gz", "--yes")] if len(commands) == 1 else []
    assert {each.exit_code for each in made} == {0}, [each.output for each in made]
    for command in commands:
        planned, before = needed(mine, *command), taken(mine)
        done(mine, *command)
        assert taken(mine) - before <= planned, command


def leave_free(disk: Path, size: int) -> None:
    """Fill a disk until only so much is free."""
    filling = disk / "filling"
    filling.unlink(missing_ok=True)
    status = os.statvfs(disk)
    with filling.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, status.f_bavail * status.f_frsize - size)


def of_environments(sandbox: Sandbox, names: Collection[str]) -> list[str]:
    """All that is there of some environments, but for what condatui notes."""
    return [each for name in names for each in manifest(sandbox.prefixes[name])]


@pytest.mark.parametrize("names", [["pip-mix"], ["vision-cuda", "bert-finetune"]], ids=["one", "several"])
def test_a_disk_with_less_is_refused_and_one_with_as_much_does(
    sandbox: Sandbox, tmp_path: Path, names: list[str]
) -> None:
    with disk_in_memory(tmp_path / "disk") as disk:
        mine = copy_sandbox(sandbox, disk / "box", names)
        done(mine, "remove", *names)
        done(mine, *CLEANED)
        size = needed(mine, "restore", *names)
        leave_free(disk, size - 64 * 1024)
        refused = run_in(mine, "restore", *names, "--yes")
        assert refused.exit_code == 3
        assert "are free at" in refused.stderr
        assert of_environments(mine, names) == []
        leave_free(disk, size + OWN_CACHES)
        done(mine, "restore", *names)
        assert all((mine.prefixes[name] / "conda-meta/history").is_file() for name in names)
