"""The arithmetic of shared blocks, with extents made by hand; real ones are in test_block_walk.py."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable

from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.link_table import table_of
from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.shared_blocks import grouped
from condatui_core.disk.tree import Files, InodeTable, InodeTree
from condatui_core.fs.extents import SharedExtents
from condatui_core.records.disk import DiskPlace
from condatui_core.records.request import Cleanable

DEVICE, OTHER = 1, 2
BLOCK = 4096
Row = tuple[int, int, int]
"""Inode, first block, number of blocks."""


def extents(*rows: Row, encoded: bool = False) -> SharedExtents:
    found = SharedExtents()
    for inode, start, count in rows:
        found.add(inode, start * BLOCK, count * BLOCK, encoded=encoded)
    return found


def shares(found: SharedExtents, **others: SharedExtents) -> dict[tuple[int, ...], int]:
    """By the files that share them, the blocks; a file that shares with nothing known counts as sharing with 0."""
    blocks = grouped({"disk": {DEVICE: found}, **{name: {OTHER: each} for name, each in others.items()}})
    unseen: dict[tuple[int, ...], int] = {
        (0, inode): size for sizes in blocks.unseen.values() for inode, size in sizes.items()
    }
    shared: dict[tuple[int, ...], int] = {
        tuple(inode for _, inode in files): blocks.sizes[group] for group, files in enumerate(blocks.files)
    }
    return {files: size * 512 // BLOCK for files, size in (unseen | shared).items()}


def test_extents_are_cut_where_those_that_share_them_change() -> None:
    assert shares(extents((1, 0, 10), (2, 0, 10))) == {(1, 2): 10}
    assert shares(extents((1, 0, 10), (2, 4, 6))) == {(0, 1): 4, (1, 2): 6}
    assert shares(extents((1, 0, 10), (2, 4, 2), (3, 5, 9))) == {
        (0, 1): 4,
        (1, 2): 1,
        (1, 2, 3): 1,
        (1, 3): 4,
        (0, 3): 4,
    }


def test_what_the_same_files_share_is_one_group_wherever_it_lies() -> None:
    assert shares(extents((1, 0, 10), (2, 0, 10), (1, 100, 1), (2, 100, 1), (3, 200, 1))) == {(1, 2): 11, (0, 3): 1}


def test_a_file_may_share_with_itself() -> None:
    assert shares(extents((1, 0, 10), (1, 0, 10))) == {(1,): 10}
    assert grouped({"disk": {DEVICE: extents((1, 0, 10), (1, 0, 10))}}).less == {DEVICE: {1: 20 * 8}}


def test_the_same_place_on_another_disk_is_another_place() -> None:
    assert shares(extents((1, 0, 10)), other=extents((2, 0, 10))) == {(0, 1): 10, (0, 2): 10}


def test_two_devices_of_one_file_system_share_its_blocks() -> None:
    blocks = grouped({"disk": {DEVICE: extents((7, 0, 10)), OTHER: extents((7, 0, 10))}})
    assert blocks.files == [((DEVICE, 7), (OTHER, 7))]
    assert not blocks.unseen


def test_a_compressed_extent_is_known_by_its_beginning() -> None:
    found = extents((1, 0, 32), (2, 0, 16), (3, 1, 32), encoded=True)
    assert shares(found) == {(1, 2): 32, (0, 3): 32}, "what follows may begin before the first one's length is over"


def test_any_extents_are_cut_as_block_by_block() -> None:
    chance = random.Random(3)
    for _ in range(200):
        rows = [
            (chance.randint(1, 4), chance.randint(0, 12), chance.randint(1, 6)) for _ in range(chance.randint(0, 8))
        ]
        assert shares(extents(*rows)) == _block_by_block(rows), rows


def _block_by_block(rows: Iterable[Row]) -> dict[tuple[int, ...], int]:
    having: dict[int, list[int]] = {}
    for inode, start, count in rows:
        for block in range(start, start + count):
            having.setdefault(block, []).append(inode)
    sums: dict[tuple[int, ...], int] = {}
    for inodes in having.values():
        key = (*((0,) if len(inodes) == 1 else ()), *sorted(set(inodes)))
        sums[key] = sums.get(key, 0) + 1
    return sums


# What it means for sizes


PLACES = (PlaceRequest(b"/a", False, ()), PlaceRequest(b"/b", False, ()), PlaceRequest(b"/pkgs", True, ()))
DISK_PLACES = (DiskPlace(path="/a"), DiskPlace(path="/b"), DiskPlace(path="/pkgs", cache=True))
ROOT, PACKAGE, INFO = b".", b"./one-1-0", b"./one-1-0/info"


def tree(*paths: bytes, singles: Iterable[tuple[int, int]] = (), links: Iterable[tuple[int, int]] = ()) -> InodeTree:
    """A tree of these directories, with (row, inode) of files; each file with one link has ten blocks."""
    found = InodeTree(paths=list(paths), stamps=array("q", [1] * len(paths)))
    found.blocks.extend(8 * 10 * sum(row == each for each, _ in singles) for row in range(len(paths)))
    found.sizes.extend(0 for _ in paths)
    found.inodes.extend(1 + sum(row == each for each, _ in singles) for row in range(len(paths)))
    for files, pairs in ((found.singles, singles), (found.links, links)):
        for row, inode in pairs:
            files.setdefault(DEVICE, Files())
            files[DEVICE].rows.append(row)
            files[DEVICE].inodes.append(inode)
    return found


def graph(trees: Iterable[InodeTree], found: SharedExtents, *linked: tuple[int, int]) -> LinkGraph:
    """The graph of places with these trees; `linked` are inodes with several links, and how many: ten blocks each."""
    table = InodeTable()
    for inode, count in linked:
        for column, value in zip(table.columns(), (inode, count, 80, 0), strict=True):
            column.append(value)
    made = table_of(PLACES, list(trees), [{DEVICE: table}], grouped({"disk": {DEVICE: found}}))
    return LinkGraph(DISK_PLACES, made)


def blocks(size: int) -> float:
    return size / BLOCK


def test_blocks_of_two_environments_go_with_both() -> None:
    trees = tree(ROOT, singles=[(0, 1)]), tree(ROOT, singles=[(0, 2)]), tree(ROOT)
    both = graph(trees, extents((1, 0, 6), (2, 0, 6)))
    assert [blocks(both.frees(each)) for each in (["/a"], ["/b"], ["/a", "/b"])] == [4, 4, 14]
    assert blocks(both.use_of("/a").total) == 10
    assert blocks(both.total(["/a", "/b"])) == 14


def test_blocks_of_a_file_with_links_elsewhere_stay() -> None:
    trees = tree(ROOT, links=[(0, 1)]), tree(ROOT, singles=[(0, 2)]), tree(ROOT)
    both = graph(trees, extents((1, 0, 10), (2, 0, 10)), (1, 2))
    assert blocks(both.frees(["/a", "/b"])) == 0
    assert blocks(both.use_of("/b").outside) == 10


def test_a_linked_file_that_shares_blocks_holds_them_in_all_its_places() -> None:
    trees = tree(ROOT, links=[(0, 1)]), tree(ROOT, links=[(0, 1)], singles=[(0, 2)]), tree(ROOT)
    both = graph(trees, extents((1, 0, 10), (2, 0, 10)), (1, 2))
    assert [blocks(both.frees(each)) for each in (["/a"], ["/b"], ["/a", "/b"])] == [0, 0, 10]
    assert blocks(both.use_of("/b").shared_with_environments) == 10


def package(*inodes: int) -> InodeTree:
    return tree(ROOT, PACKAGE, INFO, singles=[(1, inode) for inode in inodes])


def test_a_package_frees_what_is_left_to_it_alone() -> None:
    trees = tree(ROOT, singles=[(0, 1)]), tree(ROOT), package(2, 3)
    found = graph(trees, extents((1, 0, 10), (2, 0, 10)))
    cleaning: dict[str, tuple[Cleanable, ...]] = {"/pkgs": ("packages",)}
    assert [blocks(found.frees_with_cleaning(gone, cleaning, copied_by={})) for gone in ([], ["/b"], ["/a"])] == [
        10,
        10,
        20,
    ]
    assert [blocks(found.frees_with_cache_clean(gone)) for gone in ([], ["/a"])] == [10, 20]
    assert found.lost_without_one(["/a", "/b"], cleaning, copied_by={}) == {"/a": 10 * BLOCK, "/b": 0}
    use = found.cache_use("/pkgs", copied_by={})
    assert (blocks(use.cleanable), blocks(use.unsafe), blocks(use.packages)) == (10, 0, 20)
    assert [(unit.unused, blocks(unit.frees), blocks(unit.shared)) for unit in use.units] == [(True, 10, 10)]
    assert blocks(found.cache_use("/pkgs", copied_by={}, gone=["/a"]).cleanable) == 20


def test_a_package_keeps_what_something_unseen_shares() -> None:
    found = graph((tree(ROOT), tree(ROOT), package(2)), extents((2, 0, 10)))
    assert found.cache_use("/pkgs", copied_by={}).cleanable == 0
    assert found.frees(["/pkgs"]) == 0
    assert blocks(found.blocks_outside("/pkgs")) == 10
    assert found.blocks_outside("/a") == 0
