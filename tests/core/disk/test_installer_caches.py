"""The caches of pip and uv: found as these tools find them, measured, and held against what environments link to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.measure import disk_places
from condatui_core.disk.tool_caches import installer_caches, links_softly, may_use, own_entries
from condatui_core.fs.tree import InodeTally, read_tree
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Inventory
from condatui_core.records.request import Cleanable
from support.disk_trees import du, graph_of, link, prefixes, write
from support.installer_caches import pip_cache, uv_cache

UV: tuple[Cleanable, ...] = ("uv",)
PIP: tuple[Cleanable, ...] = ("pip",)
UV_BUCKETS = (
    *("archive", "binaries", "builds", "built-wheels", "environments", "files", "flat-index", "git", "interpreter"),
    *("osv", "python", "sdists", "simple", "wheel-metadata", "wheels"),
)
"""The directories that uv has made in its cache since its first release, without the versions of their layouts."""


def found(home: Path, environ: Mapping[str, str] | None = None, prefixes: Iterable[str] = ()) -> list[tuple[str, str]]:
    return list(installer_caches(environ or {}, home, prefixes, etc=str(home / "etc")))


def uv(path: Path, *, writable: bool = True, named: str = "") -> DiskPlace:
    return DiskPlace(path=str(path), cache=True, tool="uv", writable=writable, named=named)


def freed_by_deleting(*paths: Path) -> int:
    """By the links of every inode below these."""
    tally = InodeTally()
    for path in paths:
        tally.add(read_tree(str(path)))
    return tally.bytes


# Where they are


@pytest.mark.parametrize(
    ("environ", "pip", "uv"),
    [
        ({}, ".cache/pip", ".cache/uv"),
        ({"XDG_CACHE_HOME": "{}/xdg"}, "xdg/pip", "xdg/uv"),
        ({"PIP_CACHE_DIR": "{}/p", "UV_CACHE_DIR": "{}/u"}, "p", "u"),
        ({"PIP_CACHE_DIR": "~/p", "UV_CACHE_DIR": "~/u"}, "p", "u"),
        ({}, "Library/Caches/pip", ".cache/uv"),
    ],
)
def test_they_are_where_the_tools_look_for_them(tmp_path: Path, environ: dict[str, str], pip: str, uv: str) -> None:
    pip_cache(tmp_path / pip)
    uv_cache(tmp_path / uv)
    given = {name: value.format(tmp_path) for name, value in environ.items()}
    assert found(tmp_path, given) == [("pip", str(tmp_path / pip)), ("uv", str(tmp_path / uv))]


@pytest.mark.parametrize(
    "file",
    [".config/pip/pip.conf", ".pip/pip.conf", "etc/pip.conf", "etc/xdg/pip/pip.conf", "env/pip.conf", "named.conf"],
)
def test_a_configuration_file_of_pip_names_its_cache(tmp_path: Path, file: str) -> None:
    cache = pip_cache(tmp_path / "elsewhere")
    write(tmp_path / file).write_text(f"[global]\ntimeout = 60\ncache-dir = {cache}\n[install]\nno-cache-dir = 1\n")
    environ = {"PIP_CONFIG_FILE": str(tmp_path / "named.conf")}
    assert found(tmp_path, environ, [str(tmp_path / "env")]) == [("pip", str(cache))]
    assert found(tmp_path, {"PIP_CONFIG_FILE": os.devnull}, [str(tmp_path / "env")]) == []


@pytest.mark.parametrize(
    ("file", "text", "there"),
    [
        (".config/uv/uv.toml", 'cache-dir = "{}"', True),
        ("etc/uv/uv.toml", "cache-dir='{}'  # for all", True),
        (".config/uv/uv.toml", '[pip]\ncache-dir = "{}"', False),
        (".config/uv/uv.toml", '# cache-dir = "{}"', False),
        (".config/uv/uv.toml", 'cache-dir\n= "{}"', False),
        (".config/uv/uv.toml", "\n" * 500_000 + 'cache-dir = "{}"', True),
    ],
)
def test_a_configuration_file_of_uv_names_its_cache(tmp_path: Path, file: str, text: str, there: bool) -> None:
    cache = uv_cache(tmp_path / "elsewhere")
    write(tmp_path / file).write_text(text.format(cache))
    assert found(tmp_path) == ([("uv", str(cache))] if there else [])
    assert found(tmp_path, {"UV_NO_CONFIG": "1"}) == []


def test_what_is_damaged_or_not_a_cache_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(write(tmp_path / ".config/pip/x").with_name("pip.conf"))
    write(tmp_path / "etc/pip.conf").write_bytes(b"\xff\x00[global\ncache-dir")
    write(tmp_path / "photos/2024/beach.jpg")
    environ = {"PIP_CACHE_DIR": str(tmp_path / "photos"), "UV_CACHE_DIR": str(tmp_path)}
    assert found(tmp_path, environ) == []
    assert found(tmp_path, {"PIP_CACHE_DIR": "nul\0", "UV_CACHE_DIR": "relative"}) == []


@pytest.mark.parametrize(
    "path",
    [
        "wheels/mine-1.0-py3-none-any.whl",
        "wheels/torch/mine.whl",
        "wheels/ab/mine.whl",
        "http/server.py",
        "http/a/server.py",
        "http-v2/notes.txt",
        "selfcheck/of-mine.txt",
    ],
)
def test_what_only_has_a_name_of_pips_is_not_its(tmp_path: Path, path: str) -> None:
    shared = pip_cache(tmp_path / "shared")
    before = own_entries("pip", str(shared))
    assert [os.path.basename(each) for each in before] == ["http-v2", "selfcheck", "wheels"]
    top = path.partition("/")[0]
    write(shared / path, 30_000)
    assert own_entries("pip", str(shared)) == tuple(each for each in before if os.path.basename(each) != top)
    place = DiskPlace(path=str(shared), cache=True, tool="pip")
    use = graph_of([place]).cache_use(str(shared), copied_by={})
    assert use.cleanable == du(*(shared / each for each in ("http-v2", "selfcheck", "wheels") if each != top))


def test_a_directory_that_uv_has_not_marked_is_no_cache_of_it(tmp_path: Path) -> None:
    shared = uv_cache(tmp_path / "shared")
    assert len(own_entries("uv", str(shared))) == 3
    (shared / "CACHEDIR.TAG").unlink()
    write(shared / "python-v3/mine.py")
    assert own_entries("uv", str(shared)) == ()
    assert found(tmp_path, {"UV_CACHE_DIR": str(shared)}) == []
    assert graph_of([uv(shared)]).cache_use(str(shared), copied_by={}).cleanable == 0


def test_a_cache_of_another_user_is_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv_cache(tmp_path / ".cache/uv")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert found(tmp_path) == []


def test_they_are_places_of_the_disk(tmp_path: Path) -> None:
    pip_cache(tmp_path / "real/pip")
    uv_cache(tmp_path / "real/uv")
    (tmp_path / ".cache").symlink_to(tmp_path / "real")
    places = disk_places(Inventory(), environ={"PIP_CONFIG_FILE": os.devnull}, home=tmp_path)
    assert [(each.path, each.tool, each.cache, each.named) for each in places] == [
        (str(tmp_path / "real" / tool), tool, True, str(tmp_path / ".cache" / tool)) for tool in ("pip", "uv")
    ]


@pytest.mark.parametrize(
    ("environ", "text", "softly"),
    [
        ({}, "", False),
        ({"UV_LINK_MODE": "symlink"}, "", True),
        ({}, 'link-mode = "symlink"', True),
        ({"UV_LINK_MODE": "copy"}, 'link-mode = "symlink"', False),
    ],
)
def test_whether_uv_makes_symlinks(tmp_path: Path, environ: dict[str, str], text: str, softly: bool) -> None:
    write(tmp_path / ".config/uv/uv.toml").write_text(text)
    assert links_softly(environ, tmp_path, etc=str(tmp_path / "etc")) is softly


# Who holds what


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache of uv, from which two environments have the same file, and one of them another."""
    cache = uv_cache(tmp_path / "uv")
    for name in ("a", "b"):
        write(tmp_path / name / "conda-meta/history", 100)
        link(cache / "archive-v0/abcdef/numpy/core.so", tmp_path / name / "lib/numpy/core.so")
    link(cache / "archive-v0/abcdef/numpy/__init__.py", tmp_path / "a/lib/numpy/__init__.py")
    return cache


def graph(cache: Path, *names: str) -> LinkGraph:
    return graph_of([*prefixes(cache.parent / name for name in names or ("a", "b")), uv(cache)])


def test_an_environment_frees_nothing_that_the_cache_of_uv_holds_too(cache: Path) -> None:
    a, b = cache.parent / "a", cache.parent / "b"
    found = graph(cache)
    assert found.frees([str(a)]) == freed_by_deleting(a)
    assert found.frees([str(a), str(b)]) == freed_by_deleting(a, b)
    assert {each.path for each in found.kept_by([str(a)])} == {str(b), str(cache)}
    use = found.use_of(str(a))
    assert (use.shared_with_cache, use.shared_with_environments) == (
        du(cache / "archive-v0/abcdef/numpy/__init__.py"),
        du(cache / "archive-v0/abcdef/numpy/core.so"),
    )
    assert found.use_of(str(a)).outside == 0


@pytest.mark.parametrize("gone", [(), ("a",), ("b",), ("a", "b")])
def test_emptying_it_frees_what_no_environment_holds_to_the_byte(cache: Path, gone: tuple[str, ...]) -> None:
    link(cache / "archive-v0/abcdef/numpy/core.so", cache / "archive-v0/second/core.so")
    removed = [cache.parent / name for name in gone]
    expected = freed_by_deleting(*removed, *(cache / each for each in ("simple-v16", "wheels-v5", "archive-v0")))
    selection = [str(each) for each in removed]
    assert graph(cache).frees_with_cleaning(selection, {str(cache): UV}, copied_by={}) == expected
    assert graph(cache).frees_with_cleaning(selection, {str(cache): PIP}, copied_by={}) == freed_by_deleting(*removed)


@pytest.mark.parametrize("version", ["0", "12", "99"])
def test_every_bucket_of_uv_is_seen_in_every_version_of_its_layout(cache: Path, version: str) -> None:
    """Its newest keep each file of a package once, in `files-v0`, with a link for each archive that has it."""
    for name in UV_BUCKETS:
        write(cache / f"{name}-v{version}" / "inside", 10_000)
    for path in (cache / "archive-v0/abcdef/numpy").iterdir():
        link(path, cache / f"files-v{version}/sha256/{path.name}")
    entries = [Path(each) for each in own_entries("uv", str(cache))]
    assert {f"{name}-v{version}" for name in UV_BUCKETS} <= {each.name for each in entries}
    removed = [cache.parent / name for name in ("a", "b")]
    for gone in ((), removed):
        expected = freed_by_deleting(*gone, *entries)
        assert graph(cache).frees_with_cleaning(map(str, gone), {str(cache): UV}, copied_by={}) == expected
    assert {each.path for each in graph(cache).kept_by([str(cache.parent / "a")])} == {str(removed[1]), str(cache)}


@pytest.mark.parametrize("directory", ["my-notes", "final-v2", ".tmp_of_mine"])
def test_what_lies_in_it_and_is_not_uvs_stays(cache: Path, directory: str) -> None:
    before = graph(cache).cache_use(str(cache), copied_by={})
    write(cache / directory / "notes.txt", 30_000)
    write(cache / "notes.txt", 30_000)
    after = graph(cache).cache_use(str(cache), copied_by={})
    assert after.cleanable == before.cleanable
    assert after.cleanable == freed_by_deleting(*(cache / each for each in ("simple-v16", "wheels-v5", "archive-v0")))
    assert (before.total, after.total, after.tool) == (before.total, du(cache), "uv")


def test_a_link_elsewhere_keeps_its_bytes(cache: Path) -> None:
    link(cache / "simple-v16/pypi/numpy.rkyv", cache.parent / "venv/numpy.rkyv")
    use = graph(cache).cache_use(str(cache), copied_by={})
    assert use.cleanable == freed_by_deleting(*(cache / each for each in ("simple-v16", "wheels-v5", "archive-v0")))


@pytest.mark.parametrize("spelling", ["uv", "linked/uv"])
def test_a_cache_with_symlinks_into_it_is_not_emptied_before_those_go(cache: Path, spelling: str) -> None:
    (cache.parent / "linked").symlink_to(cache.parent)
    named = str(cache.parent / spelling)
    target = f"{named}/archive-v0/abcdef/numpy/core.so"
    (cache.parent / "b/lib/numpy/other.so").symlink_to(target)
    found = graph_of([*prefixes(cache.parent / name for name in ("a", "b")), uv(cache, named=named)])
    use = found.cache_use(str(cache), copied_by={})
    assert (use.cleanable, [each.soft_linked_by for each in use.units]) == (0, [(str(cache.parent / "b"),)])
    cleaned, b = {str(cache): UV}, str(cache.parent / "b")
    assert found.frees_with_cleaning([], cleaned, copied_by={}) == 0
    assert found.frees_with_cleaning([b], cleaned, copied_by={}) > found.frees([b])


def test_a_cache_that_may_not_be_written_is_not_emptied(cache: Path) -> None:
    found = graph_of([uv(cache, writable=False)])
    assert found.cache_use(str(cache), copied_by={}).cleanable == 0
    assert found.frees_with_cleaning([], {str(cache): UV}, copied_by={}) == 0
    assert found.frees([str(cache)]) > 0


# What cleaning up proposes


def test_they_are_proposed_with_what_emptying_them_frees(cache: Path) -> None:
    pip = DiskPlace(path=str(pip_cache(cache.parent / "pip")), cache=True, tool="pip")
    found = graph_of([*prefixes([cache.parent / "a", cache.parent / "b"]), uv(cache), pip])
    uses = [found.cache_use(path, copied_by={}) for path in (pip.path, str(cache))]
    proposed = [
        (each.name, each.path, each.part, each.bytes, each.blocked)
        for each in candidates(Inventory(), caches=uses, costs={})
    ]
    assert proposed == [
        ("uv cache", str(cache), "uv", uses[1].cleanable, ""),
        ("pip cache", pip.path, "pip", du(Path(pip.path)) - du_of_itself(Path(pip.path)), ""),
    ]


def test_one_with_symlinks_into_it_is_proposed_and_cannot_be_chosen(cache: Path) -> None:
    (cache.parent / "b/lib/numpy/other.so").symlink_to(cache / "archive-v0/abcdef/numpy/core.so")
    (proposed,) = candidates(Inventory(), caches=[graph(cache).cache_use(str(cache), copied_by={})], costs={})
    assert proposed.blocked == "needed by 1 environment with soft links into it"


def du_of_itself(directory: Path) -> int:
    return directory.stat().st_blocks * 512


@pytest.mark.parametrize(
    ("arguments", "environ", "may"),
    [
        (("pip", "install", "x"), None, True),
        (("pip", "install", "x"), {}, True),
        (("pip", "install", "x"), {"HOME": "/home/ada"}, True),
        (("pip", "install", "x"), {"HOME": "/home/ben"}, False),
        (("pip", "install", "x"), {"HOME": "/home/ben", "XDG_CACHE_HOME": "/home/ada/.cache"}, True),
        (("pip", "install", "x"), {"HOME": "/home/ada", "PIP_CACHE_DIR": "/scratch/pip"}, False),
        (("pip", "install", "x"), {"HOME": "/home/ben", "PIP_CACHE_DIR": "/home/ada/.cache/pip"}, True),
        (("pip", "install", "x"), {"HOME": "/home/ben", "PIP_CACHE_DIR": "../ada/.cache/pip"}, True),
        (("pip", "install", "x"), {"HOME": "/home/ada", "PIP_NO_CACHE_DIR": "1"}, False),
        (("pip", "--cache-dir=/home/ada/.cache/pip", "install"), {"HOME": "/home/ben"}, True),
        (("pip", "install", "--cache-dir", "/scratch/pip"), {"HOME": "/home/ada"}, False),
        (("pip", "install", "--no-cache-dir", "x"), None, False),
    ],
)
def test_who_may_work_on_a_cache(arguments: tuple[str, ...], environ: dict[str, str] | None, may: bool) -> None:
    assert may_use("pip", "/home/ada/.cache/pip", arguments, environ, etc="/nowhere") == may
