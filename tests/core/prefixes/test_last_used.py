from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from condatui_core.fs.mounts import Mount, mount_of, mounts
from condatui_core.prefixes.last_used import last_used
from condatui_core.prefixes.processes import RunningProcess, processes_in, running_processes
from condatui_core.records.environment import LastUsed
from support.prefixes import FakePrefix, make_prefix, manifest

NOW = datetime(2026, 5, 1, tzinfo=timezone.utc)
KEPT = (Mount("/", "ext4", frozenset({"rw", "relatime"})),)


def days_ago(days: float) -> float:
    return (NOW - timedelta(days=days)).timestamp()


def touch(path: Path, *, read: float, written: float) -> None:
    """Set how many days ago a file was read and written."""
    os.utime(path, (days_ago(read), days_ago(written)))


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    """A prefix made 400 days ago, whose python was last read 30 days ago."""
    prefix = make_prefix(tmp_path / "env")
    (prefix.path / "bin" / "python").symlink_to("python3.11")
    touch(prefix.meta / "history", read=0, written=400)
    touch(prefix.path / "bin" / "python3.11", read=30, written=400)
    return prefix


def used(
    prefix: FakePrefix,
    *,
    processes: tuple[RunningProcess, ...] = (),
    mounted: tuple[Mount, ...] = KEPT,
    own: tuple[tuple[float, float], ...] = (),
) -> LastUsed:
    found = last_used(str(prefix), processes=processes, mounts=mounted, now=NOW, own_times=own)
    assert found is not None
    return found


def age(found: LastUsed) -> int:
    return (NOW - found.at).days


def test_the_interpreter_tells_when_it_was_read(prefix: FakePrefix) -> None:
    found = used(prefix)
    assert (age(found), found.reliable) == (30, True)
    assert found.evidence == "bin/python3.11 was read"


def test_a_later_change_counts_too(prefix: FakePrefix) -> None:
    touch(prefix.meta / "history", read=0, written=10)
    found = used(prefix)
    assert (age(found), found.reliable, found.evidence) == (10, True, "conda-meta/history was written")


def test_a_time_before_1970_is_no_evidence(prefix: FakePrefix) -> None:
    for file in (prefix.meta / "history", prefix.path / "bin" / "python3.11"):
        touch(file, read=30_000, written=30_000)
    assert last_used(str(prefix), processes=(), mounts=KEPT, now=NOW, own_times=()) is None


def test_a_module_compiled_later_counts_too(prefix: FakePrefix) -> None:
    compiled = prefix.site_packages / "mymodule" / "__pycache__"
    compiled.mkdir(parents=True)
    touch(compiled, read=0, written=5)
    found = used(prefix)
    assert age(found) == 5
    assert found.evidence == "lib/python3.11/site-packages/mymodule/__pycache__ was written"


def test_an_interpreter_shared_by_a_hard_link_may_have_been_read_by_another(prefix: FakePrefix, tmp_path: Path) -> None:
    os.link(prefix.path / "bin" / "python3.11", tmp_path / "python of another environment")
    found = used(prefix)
    assert (age(found), found.reliable) == (30, False)
    assert "shares the file" in found.evidence


def test_libraries_of_its_own_tell_where_the_interpreter_is_shared_but_are_not_enough(
    prefix: FakePrefix, tmp_path: Path
) -> None:
    os.link(prefix.path / "bin" / "python3.11", tmp_path / "python of another environment")
    touch(prefix.write("lib/libcrypto.so", "elf"), read=20, written=400)
    found = used(prefix)
    assert (age(found), found.evidence, found.reliable) == (20, "lib/libcrypto.so was read", False)


def test_shared_libraries_say_nothing_where_the_interpreter_is_its_own(prefix: FakePrefix, tmp_path: Path) -> None:
    library = prefix.write("lib/libcrypto.so", "elf")
    os.link(library, tmp_path / "the same")
    touch(library, read=1, written=400)
    assert age(used(prefix)) == 30


def test_a_shared_library_that_condatui_read_in_another_environment_is_no_evidence(
    prefix: FakePrefix, tmp_path: Path
) -> None:
    os.link(prefix.path / "bin" / "python3.11", tmp_path / "python of another environment")
    library = prefix.write("lib/libcrypto.so", "elf")
    os.link(library, tmp_path / "the same")
    touch(library, read=1, written=400)
    assert age(used(prefix)) == 1
    assert age(used(prefix, own=((days_ago(1.1), days_ago(0.9)),))) == 30
    assert age(used(prefix, own=((days_ago(0.9), days_ago(0.8)),))) == 1


@pytest.mark.parametrize(
    ("mount", "days", "reliable"),
    [
        (Mount("/", "ext4", frozenset({"rw", "noatime"})), 400, False),
        (Mount("/", "squashfs", frozenset({"ro", "relatime"})), 400, False),
        (Mount("/", "nfs4", frozenset({"rw", "relatime"})), 30, False),
        (Mount("/", "overlay", frozenset({"rw", "relatime"})), 30, False),
        (Mount("/", "fuse.sshfs", frozenset({"rw"})), 30, False),
        (Mount("/", "apfs", frozenset({"rw", "local", "journaled"})), 30, True),
    ],
)
def test_how_far_to_trust_depends_on_the_file_system(
    prefix: FakePrefix, mount: Mount, days: int, reliable: bool
) -> None:
    found = used(prefix, mounted=(mount,))
    assert (age(found), found.reliable) == (days, reliable)
    assert ("are not kept here" in found.evidence) == (mount.access_times == "not kept")


def test_an_unknown_file_system_is_not_trusted(prefix: FakePrefix) -> None:
    assert used(prefix, mounted=()).reliable is False


def test_times_from_the_future_are_not_believed(prefix: FakePrefix) -> None:
    touch(prefix.path / "bin" / "python3.11", read=-300, written=400)
    assert age(used(prefix)) == 400


def test_an_interpreter_outside_says_nothing_of_this_prefix(prefix: FakePrefix, tmp_path: Path) -> None:
    outside = tmp_path / "python3.11"
    os.rename(prefix.path / "bin" / "python3.11", outside)
    (prefix.path / "bin" / "python3.11").symlink_to(outside)
    assert (age(used(prefix)), used(prefix).reliable) == (400, False)


def test_nothing_is_known_of_an_empty_directory(tmp_path: Path) -> None:
    assert last_used(str(tmp_path), processes=(), mounts=KEPT, now=NOW) is None


def test_a_process_that_runs_from_it_is_the_best_evidence(prefix: FakePrefix) -> None:
    process = RunningProcess(4711, (f"{prefix}/bin/python3.11",), "python train.py", "ann")
    found = used(prefix, processes=(process,))
    assert (found.at, found.reliable) == (NOW, True)
    assert found.evidence == "python3.11 runs from it (pid 4711)"


def test_processes_of_an_environment_inside_belong_to_that(prefix: FakePrefix) -> None:
    inner = make_prefix(prefix.path / "envs" / "inner")
    sibling = make_prefix(prefix.path.parent / "env2")
    processes = tuple(
        RunningProcess(pid, (f"{each}/bin/python",)) for pid, each in enumerate((prefix, inner, sibling), start=1)
    )
    assert [each.pid for each in processes_in(str(prefix), processes)] == [1]
    assert [each.pid for each in processes_in(str(inner), processes)] == [2]


def test_the_snapshot_knows_a_process_by_the_name_it_was_called_by(prefix: FakePrefix) -> None:
    link = prefix.path / "bin" / "linked"
    link.symlink_to(sys.executable)
    process = subprocess.Popen([str(link), "-c", "input()"], stdin=subprocess.PIPE)
    try:
        found = processes_in(str(prefix), running_processes())
    finally:
        process.communicate(b"\n")
    assert [each.pid for each in found] == [process.pid]
    assert "input()" in found[0].command
    assert str(found[0]).startswith(f"pid {process.pid} {link}")


def test_the_mount_of_a_path_is_the_innermost() -> None:
    mounted = (Mount("/", "ext4"), Mount("/data", "xfs"), Mount("/data/home", "nfs4"), Mount("/data", "btrfs"))
    for path, kind in (("/data/home/x", "nfs4"), ("/data/homes", "btrfs"), ("/database", "ext4"), ("/data", "btrfs")):
        found = mount_of(path, mounted)
        assert found is not None
        assert found.kind == kind


def test_this_machine_has_something_mounted_at_its_root() -> None:
    assert mount_of("/", mounts()) is not None


def test_looking_opens_nothing_and_changes_nothing(prefix: FakePrefix) -> None:
    python = prefix.path / "bin" / "python3.11"
    before = manifest(prefix.path)
    touch(python, read=30, written=400)  # to look at a file's content is to read it
    used(prefix)
    assert os.stat(python).st_atime == days_ago(30)
    after = manifest(prefix.path)
    assert {path: seen[:3] for path, seen in after.items()} == {path: seen[:3] for path, seen in before.items()}
