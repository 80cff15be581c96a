"""Sums over classes, made by hand."""

from __future__ import annotations

import random
import time

import pytest

from condatui_core.disk.link_graph import LinkGraph
from condatui_core.records.disk import DiskPlace, LinkTable, ShareClass, Sharing, Unit
from condatui_core.records.request import Cleanable

PLACES = (
    DiskPlace(path="/envs/a"),
    DiskPlace(path="/envs/b"),
    DiskPlace(path="/pkgs", cache=True),
    DiskPlace(path="/envs/a/envs/inner"),
)
TABLE = LinkTable(
    classes=(
        ShareClass((0,), -1, False, 1, 11),
        ShareClass((1,), -1, False, 2, 12),
        ShareClass((0, 1), -1, False, 4, 14),
        ShareClass((0, 2), 0, False, 8, 18),
        ShareClass((0, 1, 2), 1, False, 16, 26),
        ShareClass((0,), -1, True, 32, 42),
        ShareClass((2,), 2, False, 64, 74),
        ShareClass((3,), -1, False, 128, 138),
        ShareClass((2,), 3, False, 256, 266),
        ShareClass((2,), -1, False, 512, 522),
    ),
    units=(
        Unit(2, b"one-1-0", "package", False, ()),
        Unit(2, b"two-1-0", "package", False, ()),
        Unit(2, b"three-1-0.conda", "archive", False, ()),
        Unit(2, b"four-1-0", "package", False, (1,)),
    ),
)
GRAPH = LinkGraph(PLACES, TABLE)


@pytest.mark.parametrize(
    ("selection", "frees"),
    [((), 0), ("b", 2), ("a", 1 + 128), ("ab", 1 + 2 + 4 + 128), (("a", "a"), 129), (("nowhere",), 0)],
)
def test_what_a_selection_frees(selection: str, frees: int) -> None:
    assert GRAPH.frees(f"/envs/{name}" for name in selection) == frees


def test_a_cleaned_cache_gives_back_what_the_selection_alone_has_used() -> None:
    assert GRAPH.frees_with_cache_clean([]) == 64
    assert GRAPH.frees_with_cache_clean(["/envs/a"]) == 1 + 128 + 8 + 64
    assert GRAPH.frees_with_cache_clean(["/envs/b"]) == 2 + 64 + 256, "four is free when who soft-links it has gone"
    assert GRAPH.frees_with_cache_clean(["/envs/a", "/envs/b"]) == 7 + 128 + 8 + 16 + 64 + 256


def test_only_the_parts_that_are_cleaned_go() -> None:
    def frees(selection: list[str], *parts: Cleanable, copied_by: dict[str, tuple[str, ...]] | None = None) -> int:
        return GRAPH.frees_with_cleaning(selection, {"/pkgs": parts, "/nowhere": parts}, copied_by=copied_by or {})

    assert frees([]) == 0
    assert frees([], "tarballs") == frees([], "tarballs", "packages", "index", "logs") == 64
    assert frees(["/envs/a"], "packages") == 1 + 128 + 8
    assert frees(["/envs/b"], "packages") == 2 + 256
    assert frees(["/envs/b"], "packages", copied_by={"four-1-0": ("/envs/a",)}) == 2, "a has a copy of it"
    assert frees(["/envs/b"], "packages", copied_by={"four-1-0": ("/envs/b",)}) == 2 + 256


def test_the_index_and_the_logs_are_parts_of_their_own() -> None:
    names = (b"cache", b".logs", b"mine.txt")
    classes = tuple(ShareClass((0,), unit, False, 1 << unit, 1) for unit in range(3))
    table = LinkTable(classes=classes, units=tuple(Unit(0, name, "other", False, ()) for name in names))
    for writable, freed in ((True, 3), (False, 0)):
        graph = LinkGraph([DiskPlace(path="/pkgs", cache=True, writable=writable)], table)
        assert graph.frees_with_cleaning([], {"/pkgs": ("index", "logs")}, copied_by={}) == freed
        assert graph.frees_with_cache_clean([]) == 0
    assert [unit.part for unit in graph.cache_use("/pkgs", copied_by={}).units] == [None, "logs", "index"]


def test_who_keeps_what_a_selection_does_not_free() -> None:
    assert GRAPH.kept_by(["/envs/a"]) == (
        Sharing(path="/pkgs", bytes=8 + 16),
        Sharing(path="/envs/b", bytes=4 + 16),
    )
    assert GRAPH.kept_by(["/envs/a", "/envs/b"]) == (Sharing(path="/pkgs", bytes=8 + 16),)
    assert GRAPH.held_outside(["/envs/a"]) == 32
    assert GRAPH.nested_in(["/envs/a", "/envs/b"]) == ("/envs/a/envs/inner",)
    assert GRAPH.nested_in(["/envs/a/envs/inner"]) == ()


def test_a_cache_that_goes_whole_is_not_cleaned_besides() -> None:
    everything = [place.path for place in PLACES]
    assert GRAPH.frees(everything) == GRAPH.frees_with_cache_clean(everything) == 1023 - 32


def test_conda_does_not_clean_what_it_cannot_write() -> None:
    places = [DiskPlace(path=each.path, cache=each.cache, writable=False) for each in PLACES]
    assert LinkGraph(places, TABLE).frees_with_cache_clean(["/envs/b"]) == 2


def test_the_use_of_a_prefix_adds_up() -> None:
    use = GRAPH.use_of("/envs/a")
    assert use.total == 1 + 4 + 8 + 16 + 32
    assert (use.exclusive, use.shared_with_cache, use.shared_with_environments, use.outside) == (1, 8, 4 + 16, 32)
    assert use.apparent == 11 + 14 + 18 + 26 + 42
    assert (use.nested, use.with_nested) == (("/envs/a/envs/inner",), use.total + 128)
    assert use.shared == use.total - use.exclusive


def test_who_shares_how_much() -> None:
    assert GRAPH.sharing("/envs/a") == (
        Sharing(path="/pkgs", bytes=24),
        Sharing(path="/envs/b", bytes=20),
    )


def test_a_package_cache_by_what_cleaning_it_gives() -> None:
    cache = GRAPH.cache_use("/pkgs", copied_by={"four-1-0": ("/envs/a", "/envs/b")})
    assert (cache.total, cache.archives, cache.packages) == (8 + 16 + 64 + 256 + 512, 64, 8 + 16 + 256)
    assert (cache.cleanable, cache.unsafe) == (64, 256)
    four = cache.units[0]
    assert (four.name, four.unused, four.soft_linked_by, four.copied_by) == (
        "four-1-0",
        True,
        ("/envs/b",),
        ("/envs/a",),
    )


def test_a_row_is_toggled_at_once_whatever_the_links() -> None:
    """Fifty environments, and a hundred thousand classes, which is what a million links at random come down to."""
    chance = random.Random(7)
    places = [DiskPlace(path=f"/envs/{number}") for number in range(50)]
    classes = tuple(
        ShareClass(tuple(sorted(chance.sample(range(50), 10))), -1, False, 4096, 4000) for _ in range(100_000)
    )
    graph = LinkGraph(places, LinkTable(classes=classes))
    selection = [place.path for place in places[:40]]
    best = min(_seconds(graph, selection) for _ in range(5))
    assert best < 0.02


def _seconds(graph: LinkGraph, selection: list[str]) -> float:
    start = time.thread_time()
    graph.frees(selection)
    return time.thread_time() - start


def test_the_last_of_a_package_that_no_channel_has_stays_for_what_is_removed() -> None:
    def frees(*parts: Cleanable, removed: str = "/envs/a", last: str = "one-1-0") -> int:
        irreplaceable = {"/envs/a": [{last, f"{last}.conda"}]}
        return GRAPH.frees_with_cleaning([removed], {"/pkgs": parts}, copied_by={}, irreplaceable=irreplaceable)

    assert frees("packages") == 129
    assert frees("packages", last="another-1-0") == 129 + 8
    assert frees("tarballs", last="three-1-0") == 129
    assert frees("tarballs", removed="/envs/b", last="three-1-0") == 2 + 64
    losses = GRAPH.lost_without_one(
        ["/envs/a", "/envs/b"], {"/pkgs": ["packages"]}, copied_by={}, irreplaceable={"/envs/b": [{"two-1-0"}]}
    )
    assert losses == {}, "one has another inside it, the other may need what would stay"
