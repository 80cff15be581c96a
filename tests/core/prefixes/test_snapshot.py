"""A prefix at one moment, and whether it is still as it was: seen without reading it again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.fs.mounts import Mount
from condatui_core.prefixes import snapshot
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.prefixes.snapshot import PrefixSnapshot, read_records, read_snapshot
from support.prefix_reads import reads_of
from support.prefixes import FakePrefix, make_prefix

LONG_AGO = 1_600_000_000


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    made = make_prefix(tmp_path / "env")
    made.python_package("tqdm", "4.66.1")
    made.pip_install("httpx")
    made.write("notes/todo.txt", "mine")
    (made.path / "bin/tool").symlink_to("python3.11")
    return made


def settled(prefix: FakePrefix) -> PrefixSnapshot:
    """Read it when nothing was changed in it for long."""
    for directory, _, _ in os.walk(prefix.path):
        os.utime(directory, (LONG_AGO, LONG_AGO))
    return read_snapshot(str(prefix))


def test_it_says_what_its_parts_say_when_they_are_read_alone(prefix: FakePrefix) -> None:
    with reads_of(prefix) as reads:
        found = read_snapshot(str(prefix))
    assert (reads.parses, reads.walks) == (1, 1)
    assert found.contents == read_prefix(str(prefix))
    assert [each.record for each in found.packages] == list(found.contents.packages)
    assert [each.paths for each in found.packages] == [
        read_paths(str(prefix), each) for each in found.contents.packages
    ]
    owners = found.owners()
    own = {path: owners.packages[index].name for path, index in owners.by_path.items()}
    assert {own[f"lib/python3.11/site-packages/{each}/__init__.py"] for each in ("tqdm", "httpx")} == {"tqdm", "httpx"}


def test_what_may_be_secret_is_not_shown(prefix: FakePrefix) -> None:
    prefix.package("mine", url="https://me:secret@host.example/linux-64/mine-1.0-0.conda")
    (mine,) = (each for each in read_snapshot(str(prefix)).packages if each.record.name == "mine")
    assert "secret" in mine.url
    assert "secret" not in repr(mine)


def test_a_hash_that_is_no_text_vouches_for_nothing(prefix: FakePrefix) -> None:
    file = next(prefix.meta.glob("tqdm-*.json"))
    document = json.loads(file.read_bytes())
    document["paths_data"]["paths"][0]["sha256"] = 7
    file.write_text(json.dumps(document))
    (tqdm,) = (each for each in read_snapshot(str(prefix)).packages if each.record.name == "tqdm")
    assert [each.sha256 for each in tqdm.paths].count("") == 1


def test_nothing_has_changed_and_nothing_is_listed_for_it(prefix: FakePrefix) -> None:
    found = settled(prefix)
    (prefix.path / "notes/todo.txt").read_text()
    with reads_of(prefix) as reads:
        assert found.first_change() == ""
    assert (reads.records, reads.directories) == ({}, {})


def _other_content_of_the_same_size(prefix: Path) -> None:
    (prefix / "notes/todo.txt").write_text("your")


def _other_content_and_the_time_set_back(prefix: Path) -> None:
    before = (prefix / "notes/todo.txt").stat()
    (prefix / "notes/todo.txt").write_text("your")
    os.utime(prefix / "notes/todo.txt", ns=(before.st_atime_ns, before.st_mtime_ns))


def _another_file(prefix: Path) -> None:
    (prefix / "notes/new.txt").touch()


def _another_file_at_the_same_time(prefix: Path) -> None:
    (prefix / "notes/new.txt").touch()
    os.utime(prefix / "notes", (LONG_AGO, LONG_AGO))


def _an_environment_inside(prefix: Path) -> None:
    (prefix / "notes/conda-meta").mkdir()
    (prefix / "notes/conda-meta/history").touch()


def _a_link_in_place_of_a_directory(prefix: Path) -> None:
    (prefix / "notes").rename(prefix.parent / "elsewhere")
    (prefix / "notes").symlink_to(prefix.parent / "elsewhere")


def _a_link_that_leads_elsewhere(prefix: Path) -> None:
    (prefix / "bin/tool").unlink()
    (prefix / "bin/tool").symlink_to("/bin/sh")


def _another_mode(prefix: Path) -> None:
    (prefix / "notes/todo.txt").chmod(0o755)


def _nothing_at_all(prefix: Path) -> None:
    prefix.rename(prefix.parent / "gone")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (_other_content_of_the_same_size, "notes/todo.txt"),
        (_other_content_and_the_time_set_back, "notes/todo.txt"),
        (_another_file, "notes"),
        (_another_file_at_the_same_time, "notes"),
        (_an_environment_inside, "notes"),
        (_a_link_in_place_of_a_directory, "."),
        (_a_link_that_leads_elsewhere, "bin"),
        (_another_mode, "notes/todo.txt"),
        (_nothing_at_all, "{prefix}: No such file or directory"),
    ],
)
def test_what_has_changed_is_named(prefix: FakePrefix, change: Callable[[Path], None], path: str) -> None:
    found = settled(prefix)
    change(prefix.path)
    assert found.first_change() == path.format(prefix=prefix)


def test_a_link_made_elsewhere_changes_nothing(prefix: FakePrefix, tmp_path: Path) -> None:
    found = settled(prefix)
    os.link(prefix.path / "notes/todo.txt", tmp_path / "todo.txt")
    assert found.first_change() == ""


def test_a_file_with_two_names_goes_by_both_though_it_was_linked_elsewhere_since(
    prefix: FakePrefix, tmp_path: Path
) -> None:
    """After a relink one environment may have a file twice; a clone links it, and deleting one name sets that off."""
    one, two = (prefix.path / name for name in ("notes/todo.txt", "notes/same.txt"))
    os.link(one, two)
    sees_unchanged = settled(prefix).sees_unchanged()
    before = one.stat()
    os.link(one, tmp_path / "clone")
    assert sees_unchanged("notes/todo.txt", one.lstat())
    one.unlink()
    assert (two.stat().st_nlink, two.stat().st_ctime_ns) > (before.st_nlink, before.st_ctime_ns)
    assert sees_unchanged("notes/same.txt", two.lstat())


def test_what_was_written_between_its_two_names_does_not_go(prefix: FakePrefix, tmp_path: Path) -> None:
    one, two = (prefix.path / name for name in ("notes/todo.txt", "notes/same.txt"))
    os.link(one, two)
    sees_unchanged = settled(prefix).sees_unchanged()
    os.link(one, tmp_path / "clone")
    assert sees_unchanged("notes/todo.txt", one.lstat())
    one.unlink()
    two.write_text("yours")
    assert not sees_unchanged("notes/same.txt", two.lstat())


def test_in_a_directory_changed_just_before_names_are_compared(
    prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(prefix)
    fresh = prefix.write("notes/fresh.txt").parent
    found = read_snapshot(str(prefix))
    monkeypatch.setattr(snapshot, "_is_unchanged", lambda *_, **__: True)  # as where times are kept in seconds
    assert found.first_change() == ""
    (prefix.path / "bin/unseen").touch()
    assert found.first_change() == "", "its time would have told"
    (fresh / "another.txt").touch()
    assert found.first_change() == "notes/another.txt"


def test_what_was_mounted_since_is_named(prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settled(prefix)
    monkeypatch.setattr(snapshot, "mounts", lambda: (Mount(f"{prefix}/notes"),))
    assert found.first_change() == f"{prefix}/notes"


def test_a_directory_of_packages_behind_a_link_is_seen(prefix: FakePrefix, tmp_path: Path) -> None:
    package = prefix.site_packages / "tqdm"
    package.rename(tmp_path / "moved")
    package.symlink_to(tmp_path / "moved")
    found = read_snapshot(str(prefix))
    directory = "lib/python3.11/site-packages/tqdm"
    assert found.symlinked_directories == {directory: str((tmp_path / "moved").resolve())}
    assert found.symlinked_outside == (directory,)


def test_what_has_no_records_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    found = read_snapshot(str(tmp_path))
    assert (found.packages, found.contents.has_conda_meta, len(found.tree.entries)) == ((), False, 2)
    assert not found.has_all_files
    with pytest.raises(FileNotFoundError):
        read_snapshot(str(tmp_path / "gone"))


def test_all_files_are_there_but_those_that_pip_took_away(prefix: FakePrefix) -> None:
    assert read_records(str(prefix)).has_all_files
    shutil.rmtree(prefix.site_packages / "tqdm-4.66.1.dist-info")
    assert not read_records(str(prefix)).has_all_files
    prefix.pip_install("tqdm", "5.0")
    assert read_records(str(prefix)).has_all_files
    (prefix.path / "bin/python3.11").unlink()
    assert not read_records(str(prefix)).has_all_files
