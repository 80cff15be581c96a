"""Package caches of newer tools: mamba's below channel and platform, rattler's, and conda's shards of an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.actions.clean.items import items_of
from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.disk.measure import disk_places
from condatui_core.records.disk import CacheUse, DiskPlace
from condatui_core.records.environment import Inventory
from condatui_core.records.request import Cleanable
from support.disk_trees import cache, du, graph_of, link, prefixes, write

ZLIB = "conda-forge/linux-64/zlib-1.3-h_0"
PACKAGES: tuple[Cleanable, ...] = ("packages",)
INDEX: tuple[Cleanable, ...] = ("index",)
OWN = "https/conda.example.org/lab/noarch/own-1.0-0"


@pytest.fixture
def mamba(tmp_path: Path) -> Path:
    """A cache of mamba 2.6, with a package that an environment links to and one that none does."""
    pkgs = tmp_path / "pkgs"
    for package in (ZLIB, OWN):
        write(pkgs / package / "info" / "index.json")
    link(write(pkgs / ZLIB / "lib/libz.so", 50_000), tmp_path / "env/lib/libz.so")
    write(pkgs / OWN / "share/noarch/x/info/own.py", 20_000)
    write(pkgs / f"{ZLIB}.conda", 9000)
    return pkgs


def use_of(place: DiskPlace, *environments: Path, copied_by: tuple[str, ...] = ()) -> CacheUse:
    graph = graph_of([*prefixes(environments), place])
    return graph.cache_use(place.path, copied_by={"own-1.0-0": copied_by})


def test_packages_below_channel_and_platform_are_packages(mamba: Path) -> None:
    use = use_of(cache(mamba), mamba.parent / "env")
    units = {each.name: (each.kind, each.unused) for each in use.units if each.kind == "package"}
    assert units == {ZLIB: ("package", False), OWN: ("package", True)}
    assert use.packages == du(mamba / ZLIB, mamba / OWN)
    assert use.total == du(mamba)


def test_an_environment_that_links_to_them_shares_its_bytes_with_the_cache(mamba: Path) -> None:
    environment = mamba.parent / "env"
    graph = graph_of([*prefixes([environment]), cache(mamba)])
    shared = graph.use_of(str(environment)).shared_with_cache
    assert shared == (environment / "lib/libz.so").stat().st_blocks * 512


def test_what_an_environment_has_a_copy_of_is_not_cleaned_there_either(mamba: Path) -> None:
    use = use_of(cache(mamba), mamba.parent / "env", copied_by=("/envs/x",))
    found = items_of(use, PACKAGES)
    assert (found.items, [each.name for each in found.copied]) == ((), [OWN])
    assert [each.copied_by for each in use.units if each.name == OWN] == [("/envs/x",)]


def test_what_none_needs_can_be_cleaned(mamba: Path) -> None:
    found = items_of(use_of(cache(mamba), mamba.parent / "env"), PACKAGES)
    assert [each.path for each in found.items] == [str(mamba / OWN)]


def test_a_soft_link_into_such_a_package_is_seen(mamba: Path) -> None:
    environment = mamba.parent / "env"
    (environment / "own").symlink_to(mamba / OWN / "share")
    use = use_of(cache(mamba), environment)
    assert [each.name for each in use.units if each.soft_linked_by == (str(environment),)] == [OWN]


def test_the_shards_of_an_index_are_part_of_the_index(tmp_path: Path) -> None:
    pkgs = tmp_path / "pkgs"
    write(pkgs / "cache" / "repodata_shards.db", 70_000)
    write(pkgs / "cache" / "repodata_shards.db-wal")
    use = use_of(cache(pkgs))
    assert [(each.name, each.part, each.bytes) for each in use.units] == [("cache", "index", du(pkgs / "cache"))]
    assert [each.path for each in items_of(use, INDEX).items] == [str(pkgs / "cache")]


@pytest.mark.parametrize(
    ("variable", "directory"),
    [
        ("", ".cache/rattler/cache/pkgs"),
        ("", "Library/Caches/rattler/cache/pkgs"),
        ("XDG_CACHE_HOME", "cache/rattler/cache/pkgs"),
        ("RATTLER_CACHE_DIR", "cache/pkgs"),
        ("PIXI_CACHE_DIR", "cache/pkgs"),
    ],
)
def test_the_cache_of_rattler_is_a_place(tmp_path: Path, variable: str, directory: str) -> None:
    (tmp_path / directory).mkdir(parents=True)
    environ = {variable: str(tmp_path / "cache")} if variable else {}
    (place,) = disk_places(Inventory(), environ=environ, home=tmp_path)
    assert (place.path, place.cache, place.tool) == (str(tmp_path / directory), True, "rattler")


def test_it_is_listed_for_cleanup_counted_and_left_to_its_own_tool(tmp_path: Path) -> None:
    pkgs, environment = tmp_path / "pkgs", tmp_path / ".pixi/envs/default"
    write(pkgs / "zlib-1.3-h_0/info/index.json")
    link(write(pkgs / "zlib-1.3-h_0/lib/libz.so", 50_000), environment / "lib/libz.so")
    write(pkgs / "own-1.0-0/info/index.json", 20_000)
    place = DiskPlace(path=str(pkgs), cache=True, tool="rattler")
    graph = graph_of([*prefixes([environment]), place])
    use = graph.cache_use(str(pkgs), copied_by={})
    assert (
        graph.use_of(str(environment)).shared_with_cache == (pkgs / "zlib-1.3-h_0/lib/libz.so").stat().st_blocks * 512
    )
    assert (use.tool, use.cleanable) == ("rattler", 0)
    (candidate,) = candidates(Inventory(), caches=(use,), costs={})
    assert (candidate.name, candidate.bytes) == ("cache of rattler", du(pkgs / "zlib-1.3-h_0", pkgs / "own-1.0-0"))
    assert candidate.blocked == "rattler cleans it: `pixi clean cache`"
