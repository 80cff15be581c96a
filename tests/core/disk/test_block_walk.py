"""Files that share blocks without being links, on a real btrfs and a real XFS: what is predicted is what `df` gains."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.disk import block_walk
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.measure import measure
from condatui_core.disk.messages import WalkProgress
from condatui_core.disk.tree_store import forget_shared_blocks
from condatui_core.records.disk import DiskPlace
from support.disk_trees import LATER, cache, du, graph_of, prefixes, told, walked
from support.sharing_disks import blob, free, reflink, sharing_disk, sync

LARGE, SMALL = 1 << 20, 100_000


def on_disk(size: int) -> int:
    """The bytes of the blocks of a file."""
    return -(-size // 4096) * 4096


@pytest.fixture(scope="module", params=["btrfs", "xfs"])
def disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with sharing_disk(tmp_path_factory.mktemp("disk"), request.param) as path:
        yield path


@pytest.fixture
def root(disk: Path) -> Iterator[Path]:
    """A package cache of one package, and three environments that were reflinked from it and from each other."""
    root = disk / "root"
    library = blob(root / "pkgs/one-1-0/lib/library.so", LARGE)
    blob(root / "pkgs/one-1-0/info/index.json", SMALL)
    for name in "abc":
        reflink(library, root / name / "lib/library.so")
        blob(root / name / "own.bin", SMALL)
    reflink(blob(root / "a/both.bin", 2 * LARGE), root / "b/both.bin")
    os.link(root / "b/both.bin", root / "c/both.bin")
    sync(disk)
    yield root
    shutil.rmtree(root)


def places(root: Path) -> list[DiskPlace]:
    there = [root / name for name in "abc" if (root / name).exists()]
    return [*prefixes(there), *([cache(root / "pkgs")] if (root / "pkgs").exists() else [])]


def delete_files(directory: Path) -> None:
    """Delete the files of a tree; with its directories XFS would give back room for inodes, too."""
    for path in directory.rglob("*"):
        if path.is_file():
            path.unlink()


def test_blocks_are_free_when_all_files_that_share_them_have_gone(disk: Path, root: Path) -> None:
    selection: list[str] = []
    graph, before = graph_of(places(root)), free(disk)
    for name, frees in (("a", on_disk(SMALL)), ("b", None), ("c", None), ("pkgs", None)):
        selection.append(str(root / name))
        delete_files(root / name)
        assert graph.frees(selection) == free(disk) - before
        assert frees in {None, graph.frees(selection)}
    assert graph.frees(selection) == on_disk(LARGE) + on_disk(2 * LARGE) + 4 * on_disk(SMALL)


def test_who_holds_the_blocks(root: Path) -> None:
    graph = graph_of(places(root))
    use = graph.use_of(str(root / "b"))
    assert use.total == du(root / "b")
    assert use.shared_with_environments == on_disk(LARGE) + on_disk(2 * LARGE)
    assert use.exclusive == use.total - use.shared_with_environments
    assert use.outside == 0
    together = on_disk(LARGE) + on_disk(2 * LARGE) + 3 * on_disk(SMALL)
    assert graph.total(str(root / name) for name in "abc") == together, "each block once"
    assert [each.bytes for each in graph.kept_by([str(root / "a")])] == [
        on_disk(LARGE) + on_disk(2 * LARGE),
        on_disk(LARGE) + on_disk(2 * LARGE),
        on_disk(LARGE),
    ]


def test_an_environment_with_the_same_file_twice_has_it_once(root: Path) -> None:
    before = graph_of(places(root)).use_of(str(root / "a"))
    reflink(root / "a/own.bin", root / "a/again.bin")
    sync(root)
    after = graph_of(places(root)).use_of(str(root / "a"))
    assert (after.total, after.exclusive, after.outside) == (before.total, before.exclusive, 0)
    assert after.apparent >= before.apparent + SMALL


def test_what_something_else_shares_does_not_become_free(disk: Path, root: Path) -> None:
    reflink(root / "a/own.bin", disk / "elsewhere.bin")
    sync(root)
    graph = graph_of(places(root))
    use = graph.use_of(str(root / "a"))
    assert use.outside == graph.blocks_outside(str(root / "a")) == on_disk(SMALL)
    assert graph.held_outside([str(root / "a")]) == on_disk(SMALL)
    (disk / "elsewhere.bin").unlink()


async def test_what_something_else_shares_is_a_finding(disk: Path, root: Path) -> None:
    reflink(root / "a/own.bin", disk / "elsewhere.bin")
    sync(root)
    now = datetime.now(timezone.utc)
    *_, last = [each async for each in measure(places(root), kept=None, environ=os.environ, now=now)]
    [finding] = last.findings[str(root / "a")]
    assert finding.id == "disk-shared-elsewhere"
    assert finding.message.startswith("102 KB shared with files or snapshots")
    assert str(root / "b") not in last.findings
    (disk / "elsewhere.bin").unlink()


def test_no_size_is_told_before_it_is_known_what_is_shared(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condatui_core.disk.walk._REPORT_SECONDS", 0)
    steps = [each for each in told(places(root)) if isinstance(each, WalkProgress)]
    assert steps and not any(each.measured for each in steps)
    monkeypatch.setattr("support.disk_trees.mounts", lambda: ())
    steps = [each for each in told(places(root)) if isinstance(each, WalkProgress)]
    assert any(each.measured for each in steps)


def test_cleaning_frees_of_a_package_what_no_environment_shares(disk: Path, root: Path) -> None:
    (root / "pkgs/urls.txt").touch()
    graph = graph_of(places(root))
    (unit,) = [each for each in graph.cache_use(str(root / "pkgs"), copied_by={}).units if each.kind == "package"]
    assert unit.unused, "conda looks at links alone"
    assert unit.shared == on_disk(LARGE)
    assert unit.frees == unit.bytes - on_disk(LARGE)
    cleaned = graph.frees_with_cleaning([], {str(root / "pkgs"): ["packages"]}, copied_by={})
    assert cleaned == unit.frees
    before = free(disk)
    shutil.rmtree(root / "pkgs/one-1-0")
    assert free(disk) - before == cleaned


def test_what_was_shared_since_is_seen_though_no_directory_has_changed(disk: Path, root: Path, tmp_path: Path) -> None:
    kept, own = tmp_path / "kept", str(root / "a")
    first = graph_of(places(root), kept).use_of(own)
    reflink(root / "a/own.bin", disk / "elsewhere.bin")
    sync(disk)
    assert graph_of(places(root), kept).use_of(own) == first, "believed for some minutes"
    assert graph_of(places(root), kept, anew=True).use_of(own).outside == on_disk(SMALL)
    (disk / "elsewhere.bin").unlink()
    sync(disk)
    later = graph_of(places(root), kept, later=LATER).use_of(own)
    assert later == first


def test_what_was_deduplicated_is_seen_once_the_blocks_are_forgotten(root: Path, tmp_path: Path) -> None:
    kept, own = tmp_path / "kept", root / "a/own.bin"
    twin = root / "b/twin.bin"
    shutil.copy(own, twin)
    sync(root)
    alone = graph_of(places(root), kept)
    assert alone.frees([str(root / "a")]) == on_disk(SMALL)
    deduplicate(own, twin)
    forget_shared_blocks(kept)
    shared = graph_of(places(root), kept)
    assert shared.frees([str(root / "a")]) == 0
    selection = [str(root / name) for name in "ab"]
    assert shared.frees(selection) == alone.frees(selection) - on_disk(SMALL)


def deduplicate(kept: Path, other: Path) -> None:
    """Let two files of the same contents share their blocks, as the kernel does it (FIDEDUPERANGE)."""
    with kept.open("rb") as source, other.open("rb") as target:
        size = os.fstat(source.fileno()).st_size
        argument = bytearray(struct.pack("=QQHHLqQQlL", 0, size, 1, 0, 0, target.fileno(), 0, 0, 0, 0))
        fcntl.ioctl(source.fileno(), 0xC0189436, argument)
    done, status = struct.unpack_from("=Ql", argument, 24 + 16)
    assert (done, status) == (size, 0)


def test_a_place_that_has_changed_is_asked_with_all_others(root: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    graph_of(places(root), kept)
    reflink(root / "c/own.bin", root / "b/new.bin")
    sync(root)
    assert graph_of(places(root), kept).use_of(str(root / "c")).exclusive < on_disk(SMALL)


def test_many_pieces_of_work_say_what_one_says(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = walked(places(root)).table
    monkeypatch.setattr(block_walk, "_FILES_AT_ONCE", 1)
    assert set(walked(places(root)).table.classes) == set(whole.classes)


@pytest.mark.skipif(not shutil.which("btrfs"), reason="there is no `btrfs` here")
@pytest.mark.parametrize("disk", ["btrfs"], indirect=True)
def test_the_sizes_agree_with_those_that_btrfs_tells(root: Path) -> None:
    argv = ["btrfs", "filesystem", "du", "--summarize", "--raw", *(str(root / name) for name in "abc")]
    told = subprocess.run(argv, capture_output=True, check=True, text=True).stdout.splitlines()[1:]
    graph = graph_of(places(root))
    for line, name in zip(told, "abc", strict=True):
        use = graph.use_of(str(root / name))
        assert [use.total, use.exclusive, use.shared] == [int(size) for size in line.split()[:3]]


@pytest.mark.skipif(not shutil.which("btrfs"), reason="there is no `btrfs` here")
def test_subvolumes_share_blocks_and_a_snapshot_holds_them(tmp_path: Path) -> None:
    with sharing_disk(tmp_path, "btrfs") as disk:
        for name in "ab":
            subprocess.run(["btrfs", "subvolume", "create", disk / name], capture_output=True, check=True)
        reflink(blob(disk / "a/library.so", LARGE), disk / "b/library.so")
        blob(disk / "a/own.bin", SMALL)
        sync(disk)
        there = prefixes([disk / "a", disk / "b"])
        graph = graph_of(there)
        assert graph.use_of(str(disk / "a")).shared_with_environments == on_disk(LARGE), "though devices differ"
        assert graph.frees([str(disk / "a")]) == on_disk(SMALL)
        snapshot = ["btrfs", "subvolume", "snapshot", str(disk / "a"), str(disk / "snapshot")]
        subprocess.run(snapshot, capture_output=True, check=True)
        sync(disk)
        assert graph_of(there).use_of(str(disk / "a")).outside == on_disk(SMALL)


def test_what_is_compressed_is_an_upper_bound(tmp_path: Path) -> None:
    with sharing_disk(tmp_path, "btrfs", mount="loop,compress-force=zlib") as disk:
        (disk / "a").mkdir()
        (disk / "a/zeros.bin").write_bytes(b"\0" * LARGE + b"x" * LARGE)
        reflink(disk / "a/zeros.bin", disk / "b/zeros.bin")
        blob(disk / "c/random.bin", LARGE)
        sync(disk)
        result = walked(prefixes(disk / name for name in "abc"))
        assert {number for number, reason in result.table.doubts if reason == "compressed"} >= {0, 1}
        graph = LinkGraph(prefixes(disk / name for name in "abc"), result.table)
        assert graph.use_of(str(disk / "a")).exclusive == 0
        assert graph.frees([str(disk / "a"), str(disk / "b")]) == du(disk / "a")


def test_an_xfs_that_cannot_share_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(block_walk, "deal", never)
    with sharing_disk(tmp_path, "xfs", "-m", "reflink=0") as disk:
        blob(disk / "a/own.bin", LARGE)
        assert graph_of(prefixes([disk / "a"])).use_of(str(disk / "a")).total == du(disk / "a")


def test_ordinary_file_systems_are_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.disk_trees.mounts", lambda: ())
    monkeypatch.setattr(block_walk, "deal", lambda *_: pytest.fail("asked"))
    blob(tmp_path / "a/own.bin", LARGE)
    assert walked(prefixes([tmp_path / "a"])).table.blocks_read == 0
