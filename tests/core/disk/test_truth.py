"""What is predicted is done: delete what was selected, clean what is unused, and ask du before and after."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condatui_core.records.disk import DiskPlace
from support.disk_trees import cache, du, du_apparent, du_inodes, graph_of, link, prefixes, write
from support.scratch import MEMORY
from support.tiers import examples

_ENVIRONMENTS = ("a", "b", "c/inner")
_HOLDERS = (*_ENVIRONMENTS, "a/envs/nested", "outside", "pkgs/one-1.0-0", "pkgs/two-2.0-0", "pkgs")

_place = st.tuples(st.sampled_from(_HOLDERS), st.sampled_from(["", "lib", "lib/deep/er"]))
_file = st.tuples(
    st.sampled_from(["plain", "sparse", "empty", "symlink", "archive"]),
    st.integers(0, 20_000),
    st.lists(_place, min_size=1, max_size=5),
)
_graph = st.lists(_file, max_size=14)
_selection = st.sets(st.sampled_from([*_ENVIRONMENTS, "a/envs/nested"]))


def _build(root: Path, files: list[tuple[str, int, list[tuple[str, str]]]]) -> list[DiskPlace]:
    for holder in _HOLDERS:
        (root / holder / "empty").mkdir(parents=True, exist_ok=True)
    for package in ("one-1.0-0", "two-2.0-0"):
        write(root / "pkgs" / package / "info" / "index.json")
    for number, (kind, size, holders) in enumerate(files):
        name = f"{number}.conda" if kind == "archive" else f"{number}"
        first: Path | None = None
        for copy, (holder, directory) in enumerate(holders):
            path = root / holder / directory / (name if not copy else f"{copy}-{name}")
            first = link_or_make(first, path, kind, size)
    nested = ("a/envs/nested",)
    return [*prefixes(root / each for each in (*_ENVIRONMENTS, *nested)), cache(root / "pkgs")]


def link_or_make(first: Path | None, path: Path, kind: str, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if first is not None:
        os.link(first, path, follow_symlinks=False)
        return first
    if kind == "symlink":
        path.symlink_to("../elsewhere")
    else:
        write(path, 0 if kind in {"empty", "sparse"} else size)
        if kind == "sparse":
            os.truncate(path, size * 1000)
    return path


def _conda_clean(pkgs: Path) -> None:
    """What `conda clean --tarballs --packages` does."""
    for archive in pkgs.glob("*.conda"):
        if archive.lstat().st_nlink == 1:
            archive.unlink()
    for package in [each for each in pkgs.iterdir() if (each / "info").is_dir()]:
        files = (Path(folder, name) for folder, _, names in os.walk(package) for name in names)
        if all(file.lstat().st_nlink == 1 for file in files):
            shutil.rmtree(package)


@contextmanager
def _scratch(directory: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=directory) as name:
        yield Path(name)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_graph, selection=_selection)
def test_what_is_predicted_to_be_freed_is_freed(
    tmp_path: Path, files: list[tuple[str, int, list[tuple[str, str]]]], selection: set[str]
) -> None:
    with _scratch(tmp_path) as root:
        graph = graph_of(_build(root, files))
        paths = [str(root / each) for each in selection]
        freed, cleaned = graph.frees(paths), graph.frees_with_cache_clean(paths)
        freed_inodes, inodes = graph.freed_inodes(paths), du_inodes(root)
        before = du(root)
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)
        assert freed == before - du(root)
        assert freed_inodes == inodes - du_inodes(root)
        _conda_clean(root / "pkgs")
        assert cleaned == before - du(root)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_graph)
def test_totals_are_what_du_says(tmp_path: Path, files: list[tuple[str, int, list[tuple[str, str]]]]) -> None:
    with _scratch(tmp_path) as root:
        graph = graph_of(_build(root, files))
        for name in ("b", "c/inner", "a/envs/nested"):
            use = graph.use_of(str(root / name))
            assert use.total == use.with_nested == du(root / name)
            assert use.apparent == du_apparent(root / name)
            assert use.inodes == du_inodes(root / name)
            parts = (use.exclusive, use.shared_with_cache, use.shared_with_environments, use.outside)
            assert sum(parts) == use.total
            assert graph.frees([str(root / name)]) == use.exclusive
            assert graph.freed_inodes([str(root / name)]) == use.exclusive_inodes
        context = graph.use_of(str(root / "a"))
        assert context.with_nested == du(root / "a")
        assert context.nested == (str(root / "a/envs/nested"),)
        both = [str(root / name) for name in ("a", "b")]
        assert graph.total(both) == du(root / "a", root / "b")
        assert graph.inodes(both) == du_inodes(root / "a", root / "b")


def test_a_file_with_several_names_is_one_inode(tmp_path: Path) -> None:
    """Two environments of 3 directories and a symlink share one file of a package; one has two names for its own."""
    shared = write(tmp_path / "pkgs/one-1-0/lib/shared.so")
    for name in ("a", "b"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "lib").mkdir()
        (tmp_path / name / "bin/python").symlink_to("python3.12")
        link(shared, tmp_path / name / "lib/shared.so")
    link(write(tmp_path / "a/lib/own.py"), tmp_path / "a/bin/own")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    graph = graph_of([*prefixes([tmp_path / "a", tmp_path / "b"]), cache(tmp_path / "pkgs")])
    assert [(use.inodes, use.exclusive_inodes) for use in map(graph.use_of, (a, b))] == [(6, 5), (5, 4)]
    assert (graph.inodes([a, b]), graph.freed_inodes([a, b])) == (10, 9)
    assert graph.inodes([a, b, str(tmp_path / "pkgs")]) == du_inodes(tmp_path) - 1, "the directory around them"


def test_inodes_of_the_same_number_on_two_devices_are_two(tmp_path: Path) -> None:
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    with _scratch(MEMORY) as other:
        places = prefixes([tmp_path / "here", other / "there"])
        for directory in (tmp_path / "here", other / "there"):
            for number in range(50):
                link(write(directory / f"{number}"), directory / "again" / f"{number}")
        graph = graph_of(places)
        for place in places:
            assert graph.frees([place.path]) == graph.use_of(place.path).total == du(Path(place.path))


def test_an_archive_that_an_environment_links_is_one_still(tmp_path: Path) -> None:
    archive = write(tmp_path / "pkgs/one-1-0.conda")
    link(archive, tmp_path / "env/copy.conda")
    link(archive, tmp_path / "pkgs/0-met-first/inside")
    graph = graph_of([*prefixes([tmp_path / "env"]), cache(tmp_path / "pkgs")])
    use = graph.cache_use(str(tmp_path / "pkgs"), copied_by={})
    assert {(unit.name, unit.kind, unit.unused) for unit in use.units} == {
        ("one-1-0.conda", "archive", False),
        ("0-met-first", "other", False),
    }
