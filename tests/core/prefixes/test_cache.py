from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.prefixes.cache import PrefixCache
from condatui_core.prefixes.conda_meta import RecordReader
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.prefix import PrefixContents
from support.prefixes import FakePrefix, make_prefix, manifest


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    prefix = make_prefix(tmp_path / "env")
    prefix.python_package("tqdm", "4.66.1")
    prefix.pip_install("httpx", "0.27")
    return prefix


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "prefixes"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prefixes that were really read."""
    found: list[str] = []

    def counted(
        prefix: str, candidates: tuple[str, ...] | None = None, *, reader: RecordReader | None = None
    ) -> PrefixContents:
        found.append(prefix)
        return read_prefix(prefix, candidates, reader=reader)

    monkeypatch.setattr("condatui_core.prefixes.prefix.read_prefix", counted)
    return found


def later() -> int:
    """A minute from now: what was just written has settled."""
    return time.time_ns() + 60_000_000_000


def names(contents: PrefixContents) -> list[str]:
    return [*(each.name for each in contents.packages), *(each.name for each in contents.pip_distributions)]


def test_what_comes_from_the_cache_is_what_was_read(prefix: FakePrefix, directory: Path, reads: list[str]) -> None:
    prefix.write("conda-meta/state", json.dumps({"env_vars": {"A": "1"}}))
    prefix.write("conda-meta/frozen", '{"message": "ask Ann"}')
    first = PrefixCache(directory, clock=later).read(str(prefix))
    second = PrefixCache(directory, clock=later).read(str(prefix))
    assert reads == [str(prefix)]
    assert second == first == read_prefix(str(prefix))


def test_a_second_read_in_the_same_process_gives_the_same_object(
    prefix: FakePrefix, directory: Path, reads: list[str]
) -> None:
    cache = PrefixCache(directory, clock=later)
    first = cache.read(str(prefix))
    shutil.rmtree(directory)
    assert cache.read(str(prefix)) is first
    assert cache.unchanged(str(prefix))
    assert len(reads) == 1


def test_a_cached_prefix_costs_one_file(prefix: FakePrefix, directory: Path) -> None:
    PrefixCache(directory, clock=later).read(str(prefix))
    script = """
import os, sys
from pathlib import Path
from condatui_core.prefixes.cache import PrefixCache
opened = []
prefix, directory = sys.argv[1:]
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0]))
                 if event in ("open", "os.listdir", "os.scandir") else None)
cache = PrefixCache(Path(directory))
opened.clear()
contents = cache.read(prefix)
print(*opened, sep="\\n")
assert len(contents.packages) == 2
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(prefix), str(directory)], capture_output=True, text=True, check=True
    )
    paths = {line for line in run.stdout.splitlines() if not line.isdigit()}
    assert paths == {str(each) for each in directory.iterdir()}


@pytest.mark.parametrize(
    "change",
    [
        lambda prefix: prefix.package("zlib"),
        lambda prefix: prefix.revision("# update specs: ['tqdm']"),
        lambda prefix: prefix.pip_install("rich"),
        lambda prefix: prefix.write("conda-meta/pinned", "numpy <2"),
        lambda prefix: prefix.write("conda-meta/frozen"),
        lambda prefix: prefix.write("conda-meta/state", '{"env_vars": {"A": "1"}}'),
        lambda prefix: FakePrefix(prefix.path, "3.12").pip_install("rich"),
        lambda prefix: shutil.rmtree(prefix.site_packages / "httpx-0.27.dist-info"),
        lambda prefix: (prefix.meta / "tqdm-4.66.1-pyhd8ed1ab_0.json").unlink(),
        lambda prefix: shutil.rmtree(prefix.path),
    ],
)
def test_every_change_is_noticed(prefix: FakePrefix, directory: Path, change: Callable[[FakePrefix], object]) -> None:
    cache = PrefixCache(directory, clock=later)
    before = cache.read(str(prefix))
    change(prefix)
    assert not cache.unchanged(str(prefix))
    after = cache.read(str(prefix))
    assert after != before
    assert after == read_prefix(str(prefix)) == PrefixCache(directory, clock=later).read(str(prefix))


def test_a_change_that_puts_the_old_times_back_is_noticed(prefix: FakePrefix, directory: Path) -> None:
    cache = PrefixCache(directory, clock=later)
    cache.read(str(prefix))
    times = os.stat(prefix.meta)
    prefix.package("zlib")
    os.utime(prefix.meta, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "zlib" in names(cache.read(str(prefix)))


def test_what_was_read_right_after_a_change_is_not_trusted(
    prefix: FakePrefix, directory: Path, reads: list[str]
) -> None:
    cache = PrefixCache(directory, clock=time.time_ns)
    cache.read(str(prefix))
    assert not cache.unchanged(str(prefix))
    cache.read(str(prefix))
    assert len(reads) == 2
    assert not directory.exists()


def test_refresh_asks_the_prefix_itself(prefix: FakePrefix, directory: Path, reads: list[str]) -> None:
    cache = PrefixCache(directory, clock=later)
    cache.read(str(prefix))
    cache.read(str(prefix), refresh=True)
    assert len(reads) == 2


def test_a_prefix_with_problems_is_read_again_though_nothing_seems_changed(prefix: FakePrefix, directory: Path) -> None:
    bad = prefix.write("conda-meta/zlib-1.0-0.json", "{")
    cache = PrefixCache(directory, clock=later)
    assert len(cache.read(str(prefix)).problems) == 1
    bad.write_text('{"name": "zlib", "version": "1.0", "build": "0"}')
    assert cache.read(str(prefix)).problems == ()
    assert "zlib" in names(cache.read(str(prefix)))


def test_damage_found_by_a_refresh_is_not_forgotten(prefix: FakePrefix, directory: Path) -> None:
    cache = PrefixCache(directory, clock=later)
    cache.read(str(prefix))
    (prefix.meta / "tqdm-4.66.1-pyhd8ed1ab_0.json").write_text("{")
    assert len(cache.read(str(prefix), refresh=True).problems) == 1
    assert len(cache.read(str(prefix)).problems) == 1
    assert len(PrefixCache(directory, clock=later).read(str(prefix)).problems) == 1


def test_a_time_set_far_ahead_does_not_keep_a_prefix_from_the_cache(
    prefix: FakePrefix, directory: Path, reads: list[str]
) -> None:
    os.utime(prefix.meta / "history", (4e9, 4e9))
    cache = PrefixCache(directory, clock=later)
    assert cache.read(str(prefix)) is cache.read(str(prefix))
    assert len(reads) == 1


@pytest.mark.parametrize("damage", [b"", b"\x00garbage", b"\x94", b"{}", None])
def test_a_damaged_cache_is_passed_over_and_written_anew(
    prefix: FakePrefix, directory: Path, reads: list[str], damage: bytes | None
) -> None:
    PrefixCache(directory, clock=later).read(str(prefix))
    (file,) = directory.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert PrefixCache(directory, clock=later).read(str(prefix)) == read_prefix(str(prefix))
    assert len(reads) == 2
    assert file.read_bytes() == whole


def test_the_cache_of_another_release_is_not_read(
    prefix: FakePrefix, directory: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    PrefixCache(directory, clock=later).read(str(prefix))
    monkeypatch.setattr("condatui_core.__version__", "99.0")
    PrefixCache(directory, clock=later).read(str(prefix))
    assert len(reads) == 2


def test_a_file_of_another_prefix_is_not_taken(prefix: FakePrefix, directory: Path, tmp_path: Path) -> None:
    cache = PrefixCache(directory, clock=later)
    cache.read(str(prefix))
    (own,) = directory.iterdir()
    other = make_prefix(tmp_path / "other")
    cache.read(str(other))
    (theirs,) = set(directory.iterdir()) - {own}
    shutil.copy(own, theirs)
    assert names(PrefixCache(directory, clock=later).read(str(other))) == ["python"]


def test_without_a_place_to_write_it_works_from_memory(prefix: FakePrefix, tmp_path: Path, reads: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = PrefixCache(tmp_path / "file" / "cache", clock=later)
    first = cache.read(str(prefix))
    assert cache.read(str(prefix)) is first
    assert len(reads) == 1


def test_a_full_disk_leaves_nothing_behind(
    prefix: FakePrefix, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert names(PrefixCache(directory, clock=later).read(str(prefix))) == ["python", "tqdm", "httpx"]
    assert list(directory.iterdir()) == []


def test_values_of_variables_are_not_written(prefix: FakePrefix, directory: Path) -> None:
    prefix.write("conda-meta/state", json.dumps({"env_vars": {"TOKEN": "s3cret"}}))
    PrefixCache(directory, clock=later).read(str(prefix))
    assert all(b"s3cret" not in each.read_bytes() for each in directory.iterdir())
    assert PrefixCache(directory, clock=later).read(str(prefix)).variables == (("TOKEN", "s3cret"),)


def test_equal_packages_of_two_prefixes_are_one_object(prefix: FakePrefix, directory: Path, tmp_path: Path) -> None:
    shutil.copytree(prefix.path, tmp_path / "clone")
    cache = PrefixCache(directory, clock=later)
    one, other = cache.read(str(prefix)), cache.read(str(tmp_path / "clone"))
    assert [id(each) for each in one.packages] == [id(each) for each in other.packages]
    again = PrefixCache(directory, clock=later)
    assert again.read(str(prefix)).packages[0] is again.read(str(tmp_path / "clone")).packages[0]


def test_what_has_no_spelling_in_utf_8_is_not_cached(tmp_path: Path, directory: Path, reads: list[str]) -> None:
    prefix = make_prefix(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    PrefixCache(directory, clock=later).read(str(prefix))
    assert names(PrefixCache(directory, clock=later).read(str(prefix))) == ["python"]
    assert len(reads) == 1
    os.mkdir(os.fsencode(prefix.site_packages) + b"/\xff-1.dist-info")
    with open(os.fsencode(prefix.site_packages) + b"/\xff-1.dist-info/METADATA", "wb") as file:
        file.write(b"Name: odd\n")
    assert names(PrefixCache(directory, clock=later).read(str(prefix))) == ["python", "odd"]
    assert names(PrefixCache(directory, clock=later).read(str(prefix))) == ["python", "odd"]
    assert len(reads) == 3


def test_nothing_in_the_prefix_is_changed(prefix: FakePrefix, directory: Path) -> None:
    before = manifest(prefix.path)
    PrefixCache(directory, clock=later).read(str(prefix))
    PrefixCache(directory, clock=later).read(str(prefix))
    assert manifest(prefix.path) == before
