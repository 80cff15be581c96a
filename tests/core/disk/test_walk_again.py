"""A second walk reads what has changed, and says the same as one that reads everything."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condatui_core.disk import workers
from condatui_core.disk.link_table import LinkTableBuilder, table_of
from condatui_core.disk.measure import place_request
from condatui_core.disk.messages import WalkResult
from condatui_core.disk.scan import ROOT, Scanner, SeenInodes, has_rows_of_files
from condatui_core.disk.tree import InodeTable, InodeTree
from condatui_core.disk.tree_store import TreeFile, TreeStore
from condatui_core.records.disk import DiskPlace, LinkTable
from support.disk_trees import cache, du, graph_of, link, prefixes, walked, write
from support.tiers import examples

_LONG_AGO = itertools.count(1_000_000_000)


def settle(root: Path) -> None:
    """Date every directory that was changed just now back to a second of its own: another change then shows."""
    for folder, _, _ in os.walk(root):
        if os.stat(folder).st_mtime > 1_600_000_000:
            second = next(_LONG_AGO)
            os.utime(folder, (second, second))


def comparable(result: WalkResult) -> object:
    names = {number: (unit.place, unit.name) for number, unit in enumerate(result.table.units)}
    classes = sorted(
        (each.places, names.get(each.unit, ()), each.outside, each.bytes, each.apparent, each.inodes)
        for each in result.table.classes
        if each.bytes or each.apparent or each.inodes
    )
    return classes, sorted(result.table.units, key=lambda each: (each.place, each.name))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two prefixes and a package cache that share a file, with something of their own each."""
    root = tmp_path / "root"
    shared = write(root / "pkgs/one-1-0/lib/shared.so")
    write(root / "pkgs/one-1-0/info/index.json")
    for name in ("a", "b"):
        link(shared, root / name / "lib/shared.so")
        write(root / name / "lib/own.py")
        write(root / name / "share/doc/own.txt")
    settle(root)
    return root


def places_of(root: Path, *names: str) -> list[DiskPlace]:
    return [*prefixes(root / name for name in names or ("a", "b")), cache(root / "pkgs")]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """The directories that were read since it was last asked."""
    log = tmp_path / "read.log"
    original = Scanner._directory

    def logged(self: Scanner, path: bytes, *rest: object) -> None:
        with log.open("ab") as file:
            file.write(self._place + path[1:] + b"\n")
        original(self, path, *rest)  # type: ignore[arg-type]

    def since() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return sorted(os.path.relpath(line, tmp_path / "root") for line in lines)

    monkeypatch.setattr(Scanner, "_directory", logged)
    return since


def test_what_has_not_changed_is_not_read_again(tree: Path, tmp_path: Path, read: Callable[[], list[str]]) -> None:
    first = walked(places_of(tree), tmp_path / "kept")
    assert len(read()) == 12
    assert comparable(walked(places_of(tree), tmp_path / "kept")) == comparable(first)
    assert read() == []


def test_only_the_directory_that_has_changed_is_read(tree: Path, tmp_path: Path, read: Callable[[], list[str]]) -> None:
    walked(places_of(tree), tmp_path / "kept")
    read()
    write(tree / "a/lib/new.py", 100_000)
    assert graph_of(places_of(tree), tmp_path / "kept").use_of(str(tree / "a")).total == du(tree / "a")
    assert read() == ["a/lib"]


def test_anew_reads_everything(tree: Path, tmp_path: Path, read: Callable[[], list[str]]) -> None:
    walked(places_of(tree), tmp_path / "kept")
    read()
    with (tree / "a/lib/own.py").open("ab") as file:
        file.write(b"x" * 100_000)
    assert graph_of(places_of(tree), tmp_path / "kept").use_of(str(tree / "a")).total < du(tree / "a")
    assert read() == []
    assert graph_of(places_of(tree), tmp_path / "kept", anew=True).use_of(str(tree / "a")).total == du(tree / "a")
    assert graph_of(places_of(tree), tmp_path / "kept").use_of(str(tree / "a")).total == du(tree / "a")


def test_what_was_changed_a_moment_ago_is_read_again(
    tree: Path, tmp_path: Path, read: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.disk_trees.LATER", 0)
    walked(places_of(tree), tmp_path / "kept")
    read()
    walked(places_of(tree), tmp_path / "kept")
    assert len(read()) == 12


def test_links_that_went_with_an_environment_leave_no_trace(
    tree: Path, tmp_path: Path, read: Callable[[], list[str]]
) -> None:
    walked(places_of(tree), tmp_path / "kept")
    read()
    shutil.rmtree(tree / "b")
    graph = graph_of(places_of(tree, "a"), tmp_path / "kept")
    assert graph.use_of(str(tree / "a")).outside == 0
    assert graph.use_of(str(tree / "a")).shared_with_cache > 0
    assert read() == ["pkgs/one-1-0/lib"]


def test_an_environment_that_moved_out_of_sight_holds_its_links(tree: Path, tmp_path: Path) -> None:
    walked(places_of(tree), tmp_path / "kept")
    (tree / "b").rename(tmp_path / "elsewhere")
    graph = graph_of(places_of(tree, "a"), tmp_path / "kept")
    assert graph.use_of(str(tree / "a")).outside == (tree / "a/lib/shared.so").stat().st_blocks * 512


def test_a_new_link_to_an_old_inode_counts_in_every_directory_that_has_it(tree: Path, tmp_path: Path) -> None:
    walked(places_of(tree), tmp_path / "kept")
    link(tree / "a/lib/shared.so", tree / "c/lib/shared.so")
    settle(tree)
    for _ in range(2):
        graph = graph_of(places_of(tree, "a", "b", "c"), tmp_path / "kept")
        assert graph.frees([str(tree / name) for name in "abc"]) + du(tree / "pkgs") == du(
            *(tree / name for name in ("a", "b", "c", "pkgs"))
        )


def test_files_that_were_joined_by_a_link_and_separated_again_are_right_at_once(tree: Path, tmp_path: Path) -> None:
    """The one that stays gets a link, or loses it, without a change of its own directory."""
    kept, stays, goes = tmp_path / "kept", tree / "a/lib/own.py", tree / "b/lib/own.py"
    size, content = goes.stat().st_blocks * 512, goes.read_bytes()
    before = graph_of(places_of(tree), kept).use_of(str(tree / "a"))
    times = goes.parent.stat()
    os.link(stays, goes.with_name("beside"))
    goes.with_name("beside").rename(goes)
    os.utime(goes.parent, ns=(times.st_atime_ns, times.st_mtime_ns))
    joined = graph_of(places_of(tree), kept)
    for name in "ab":
        use = joined.use_of(str(tree / name))
        assert (use.outside, use.exclusive) == (0, before.exclusive - size)
        assert use.shared_with_environments == before.shared_with_environments + size
    goes.unlink()
    goes.write_bytes(content)
    assert graph_of(places_of(tree), kept).use_of(str(tree / "a")) == before


def test_a_walk_of_fewer_places_does_not_mislead_the_next_one_of_all(tree: Path, tmp_path: Path) -> None:
    walked(places_of(tree), tmp_path / "kept")
    link(tree / "b/lib/own.py", tree / "a/lib/second.py")
    walked(places_of(tree, "a"), tmp_path / "kept")
    assert comparable(walked(places_of(tree), tmp_path / "kept")) == comparable(walked(places_of(tree)))


def test_a_directory_that_became_a_symlink_is_not_followed(tree: Path, tmp_path: Path) -> None:
    walked(places_of(tree), tmp_path / "kept")
    (tree / "a/share").rename(tmp_path / "moved")
    (tree / "a/share").symlink_to(tmp_path / "moved")
    assert graph_of(places_of(tree), tmp_path / "kept").use_of(str(tree / "a")).total == du(tree / "a")


def test_an_archive_that_grew_is_seen(tree: Path, tmp_path: Path) -> None:
    archive = write(tree / "pkgs/two-2-0.conda", 100)
    settle(tree)
    walked(places_of(tree), tmp_path / "kept")
    archive.write_bytes(b"x" * 100_000)
    graph = graph_of(places_of(tree), tmp_path / "kept")
    assert graph.cache_use(str(tree / "pkgs"), copied_by={}).total == du(tree / "pkgs")
    assert graph.cache_use(str(tree / "pkgs"), copied_by={}).archives == archive.stat().st_blocks * 512


def test_a_place_that_appears_inside_another_is_counted_once(tree: Path, tmp_path: Path) -> None:
    write(tree / "a/envs/inner/lib/x.py")
    settle(tree)
    walked(places_of(tree), tmp_path / "kept")
    graph = graph_of(places_of(tree, "a", "a/envs/inner"), tmp_path / "kept")
    assert graph.use_of(str(tree / "a")).total == du(tree / "a") - du(tree / "a/envs/inner")
    again = graph_of(places_of(tree, "a"), tmp_path / "kept")
    assert again.use_of(str(tree / "a")).total == du(tree / "a")


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_store_is_passed_over(tree: Path, tmp_path: Path, damage: bytes | None) -> None:
    kept = tmp_path / "kept"
    first = walked(places_of(tree), kept)
    for file in kept.iterdir():
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content) if damage is None else damage)
    assert comparable(walked(places_of(tree), kept)) == comparable(first)


def test_links_that_are_lost_from_the_store_are_read_anew(tree: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = walked(places_of(tree), kept)
    for file in (*kept.glob("*.links"), kept / "table"):
        file.unlink()
    assert comparable(walked(places_of(tree), kept)) == comparable(first)


def test_a_store_that_was_not_written_to_the_end_is_passed_over(
    tree: Path, tmp_path: Path, read: Callable[[], list[str]]
) -> None:
    walked(places_of(tree), tmp_path / "kept")
    read()
    (tmp_path / "kept/unfinished").touch()
    walked(places_of(tree), tmp_path / "kept")
    assert len(read()) == 12
    assert not (tmp_path / "kept/unfinished").exists()


def test_a_store_that_cannot_be_written_is_no_harm(tree: Path) -> None:
    assert comparable(walked(places_of(tree), Path("/dev/null/kept"))) == comparable(walked(places_of(tree)))


def test_what_is_left_of_a_piece_of_work_is_dealt_anew(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = walked(places_of(tree))
    monkeypatch.setattr(workers, "_SECONDS", 0)  # a directory a piece
    assert comparable(walked(places_of(tree))) == comparable(whole)


_step = st.tuples(
    st.sampled_from(["write", "link", "delete", "rmtree", "rename", "symlink", "hide", "archive"]),
    st.sampled_from(["a", "b", "c", "pkgs/one-1-0", "pkgs/two-2-0", "a/envs/d"]),
    st.sampled_from(["lib", "lib/x", "share", "info"]),
    st.integers(0, 3),
)


@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(_step, max_size=8), min_size=2, max_size=4))
def test_whatever_was_changed_a_kept_walk_says_what_a_new_one_says(
    tmp_path: Path, rounds: list[list[tuple[str, str, str, int]]]
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        root, kept = Path(name) / "root", Path(name) / "kept"
        (root / "pkgs").mkdir(parents=True)
        for steps in rounds:
            # What moves out of sight was seen before: links that are made elsewhere leave no trace here.
            for step in sorted(steps, key=lambda step: step[0] != "hide"):
                _change(root, *step)
            settle(root)
            there = [each for each in ("a", "b", "c", "a/envs/d") if (root / each).is_dir()]
            places = [*prefixes(root / each for each in there), cache(root / "pkgs")]
            # One worker: to fork another costs more than all that it would read.
            assert comparable(walked(places, kept, workers=1)) == comparable(walked(places, workers=1))


def _change(root: Path, what: str, holder: str, directory: str, number: int) -> None:
    folder = root / holder / directory
    path = folder / f"file{number}"
    others = sorted(each for each in root.rglob("file*") if not each.is_symlink())
    if what == "rmtree":
        shutil.rmtree(root / holder, ignore_errors=True)
    elif what == "hide" and (root / holder).is_dir() and not (root.parent / "hidden").exists():
        (root / holder).rename(root.parent / "hidden")
    elif what == "rename" and folder.is_dir() and not (root / holder / "renamed").exists():
        folder.rename(root / holder / "renamed")
    elif what == "delete":
        path.unlink(missing_ok=True)
    elif what == "archive":
        (root / f"pkgs/{number}.conda").write_bytes(b"x" * 5000 * number)
    elif what in {"write", "link", "symlink"} and not path.exists() and not path.is_symlink():
        if what == "write":
            write(path, 5000 * number)
        elif what == "link" and others:
            link(others[number % len(others)], path)
        elif what == "symlink":
            folder.mkdir(parents=True, exist_ok=True)
            path.symlink_to(root / "pkgs/one-1-0/lib" / f"file{number}")


def test_a_table_is_the_same_in_whatever_order_places_are_walked(tree: Path) -> None:
    link(tree / "pkgs/one-1-0/lib/shared.so", tree / "pkgs/two-1-0/lib/shared.so")
    places = places_of(tree)
    requests = [place_request(place, places) for place in places]
    trees, inodes = list[InodeTree](), list[dict[int, InodeTable]]()
    for request in requests:
        rows = has_rows_of_files if request.cache else lambda _: False
        scanner = Scanner(request.path, defaultdict(SeenInodes), now=0, rows_of_files=rows)
        scanner.scan([ROOT])
        trees.append(scanner.tree)
        inodes.append(dict(scanner.inodes))
    builder = LinkTableBuilder(requests)
    for number in reversed(range(len(places))):
        builder.add_place(number, trees[number])
    backwards = WalkResult(0, builder.made(inodes), ())
    assert comparable(backwards) == comparable(WalkResult(0, table_of(requests, trees, inodes), ()))
    assert comparable(backwards) == comparable(walked(places))


def test_paths_that_environments_have_in_common_are_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are most of what the trees of many environments take in memory."""
    for name in ("a", "b"):
        write(tmp_path / name / "lib/python3.12/site-packages/numpy/one.py")
    trees: list[InodeTree] = []
    walked(prefixes([tmp_path / "a", tmp_path / "b"]), tmp_path / "kept")
    monkeypatch.setattr(TreeStore, "save", lambda _, found, *rest: trees.extend(found))
    walked(prefixes([tmp_path / "a", tmp_path / "b"]), tmp_path / "kept", anew=True)
    a, b = ({path: path for path in tree.paths} for tree in trees)
    assert {*a} == {*b} and len(a) == 5
    assert all(a[path] is b[path] for path in a)


def test_the_first_walk_keeps_each_place_as_soon_as_it_is_whole(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[], list[str]]
) -> None:
    """Five million links would take a hundred megabytes until the end."""
    held: list[InodeTree] = []
    save = TreeStore.save

    def save_and_see(
        self: TreeStore,
        trees: Sequence[InodeTree],
        changed: Collection[int],
        inodes: Mapping[int, InodeTable],
        table: LinkTable,
    ) -> None:
        held.extend(trees)
        save(self, trees, changed, inodes, table)

    monkeypatch.setattr(TreeStore, "save", save_and_see)
    first = walked(places_of(tree), tmp_path / "kept")
    assert read()
    assert [(each.paths, dict(each.links), len(each.blocks)) for each in held] == [([], {}, 0)] * 3
    assert sum(each.entries for each in held) == first.entries
    again = walked(places_of(tree), tmp_path / "kept")
    assert not read()
    assert comparable(again) == comparable(first) == comparable(walked(places_of(tree)))


def test_what_a_first_walk_has_kept_before_it_was_ended_does_not_count(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[], list[str]]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(TreeStore, "save", lambda *_: None)  # as if it had been ended before
        walked(places_of(tree), tmp_path / "kept")
    assert read()
    assert list((tmp_path / "kept").glob("*.rows"))
    write(tree / "a/lib/new.py")
    assert comparable(walked(places_of(tree), tmp_path / "kept")) == comparable(walked(places_of(tree)))
    assert read()


def test_a_tree_that_cannot_be_kept_leaves_none_that_counts(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[], list[str]]
) -> None:
    put = TreeStore.put

    def fail_once(self: TreeStore, number: int, found: InodeTree) -> None:
        with monkeypatch.context() as patched:
            if not number:
                patched.setattr(TreeFile, "save", _full)
            put(self, number, found)

    monkeypatch.setattr(TreeStore, "put", fail_once)
    first = walked(places_of(tree), tmp_path / "kept")
    monkeypatch.undo()
    assert (tmp_path / "kept/unfinished").exists()
    assert comparable(walked(places_of(tree), tmp_path / "kept")) == comparable(first)
    assert not (tmp_path / "kept/unfinished").exists()


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
