"""A prefix by package: what conda and pip brought, bytecode, and what people leave lying about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.disk.breakdown import break_down
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import Breakdown, PackageUse
from support.disk_trees import du, link, write
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    made = make_prefix(tmp_path / "env")
    files = {"site-packages/numpy/core.py": "x" * 30_000, "site-packages/numpy/__init__.py": "x"}
    made.package("numpy", subdir="noarch", files=files, noarch="python")
    made.pip_install("httpx")
    return made


def of(prefix: FakePrefix, *nested: str) -> Breakdown:
    contents = read_prefix(str(prefix), site_packages_candidates(str(prefix)))
    return break_down(str(prefix), contents, nested=nested)


def package(breakdown: Breakdown, name: str) -> PackageUse:
    [found] = [each for each in breakdown.packages if each.name == name]
    return found


def blocks(*paths: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in paths)


def test_everything_is_somebodys(prefix: FakePrefix) -> None:
    prefix.write("checkpoints/run1/model.pt", "x" * 90_000)
    breakdown = of(prefix)
    parts = sum(each.bytes for each in breakdown.packages) + breakdown.untracked + breakdown.bookkeeping
    assert parts == du(prefix.path)


def test_packages_have_their_files_largest_first(prefix: FakePrefix) -> None:
    breakdown = of(prefix)
    assert breakdown.packages[0].name == "numpy"
    numpy = package(breakdown, "numpy")
    assert (numpy.source, numpy.files) == ("conda", 2)
    assert numpy.bytes == numpy.exclusive == blocks(*(prefix.site_packages / "numpy").iterdir())


def test_pip_packages_go_by_their_record(prefix: FakePrefix) -> None:
    breakdown = of(prefix)
    httpx = package(breakdown, "httpx")
    files = [*(prefix.site_packages / "httpx").iterdir(), *(prefix.site_packages / "httpx-1.0.dist-info").iterdir()]
    assert (httpx.source, httpx.bytes) == ("pypi", blocks(*files))
    assert breakdown.pip == httpx.bytes


def test_bytecode_is_charged_to_whose_source_it_is(prefix: FakePrefix) -> None:
    before = package(of(prefix), "numpy").bytes
    cached = prefix.site_packages / "numpy/__pycache__"
    for name in ("core.cpython-311.pyc", "core.cpython-311.opt-1.pyc"):
        write(cached / name, 9000)
    breakdown = of(prefix)
    assert package(breakdown, "numpy").bytes == before + blocks(*cached.iterdir())
    assert breakdown.untracked == 0


def test_bytecode_of_nobody_is_untracked(prefix: FakePrefix) -> None:
    stray = write(prefix.site_packages / "numpy/__pycache__/gone.cpython-39.pyc", 9000)
    assert of(prefix).untracked == blocks(stray)


def test_what_pip_put_over_a_conda_file_is_pips(prefix: FakePrefix) -> None:
    prefix.pip_install("numpy", "2.0")
    breakdown = of(prefix)
    [pip] = [each for each in breakdown.packages if (each.name, each.source) == ("numpy", "pypi")]
    assert pip.bytes >= blocks(prefix.site_packages / "numpy/__init__.py")
    [conda] = [each for each in breakdown.packages if (each.name, each.source) == ("numpy", "conda")]
    assert conda.bytes == blocks(prefix.site_packages / "numpy/core.py")


def test_untracked_files_show_at_the_highest_directory_that_is_all_theirs(prefix: FakePrefix) -> None:
    prefix.write("data/raw/a/1.bin", "x" * 50_000)
    prefix.write("data/raw/b/2.bin", "x" * 50_000)
    prefix.write("notebook.ipynb", "x" * 100)
    stray = prefix.write(f"{prefix.site_packages.relative_to(prefix.path)}/numpy/weights.npy", "x" * 9000)
    breakdown = of(prefix)
    shown = {each.path: each for each in breakdown.directories}
    assert list(shown) == ["data", str(stray.parent.relative_to(prefix.path)), ""]
    assert shown["data"].bytes == du(prefix.path / "data")
    assert shown["data"].files == 2
    assert breakdown.untracked == sum(each.bytes for each in breakdown.directories)


def test_what_is_shared_is_not_exclusive(prefix: FakePrefix, tmp_path: Path) -> None:
    link(prefix.site_packages / "numpy/core.py", tmp_path / "pkgs/numpy/core.py")
    numpy = package(of(prefix), "numpy")
    assert numpy.exclusive == blocks(prefix.site_packages / "numpy/__init__.py") < numpy.bytes


def test_an_inode_with_two_links_inside_counts_once_and_is_exclusive(prefix: FakePrefix) -> None:
    link(prefix.site_packages / "numpy/core.py", prefix.path / "zzz-second")
    breakdown = of(prefix)
    assert package(breakdown, "numpy").bytes == package(breakdown, "numpy").exclusive
    assert breakdown.untracked == 0
    assert sum(each.bytes for each in breakdown.packages) + breakdown.bookkeeping == du(prefix.path)


def test_an_environment_inside_is_left_out(prefix: FakePrefix) -> None:
    before = of(prefix)
    write(prefix.path / "envs/inner/conda-meta/history", 90_000)
    assert of(prefix, "envs/inner").untracked == before.untracked + blocks(prefix.path / "envs")


def test_a_record_that_cannot_be_read_leaves_its_files_to_nobody(prefix: FakePrefix) -> None:
    contents = read_prefix(str(prefix), site_packages_candidates(str(prefix)))
    record = next(prefix.meta.glob("numpy-*.json"))
    record.write_text("{")
    breakdown = break_down(str(prefix), contents)
    assert "numpy" not in {each.name for each in breakdown.packages}
    assert breakdown.untracked == du(prefix.site_packages / "numpy")


def test_a_name_that_is_no_text_is_counted(prefix: FakePrefix) -> None:
    path = prefix.path / os.fsdecode(b"caf\xe9")
    path.mkdir()
    assert os.path.basename(path) in {each.path for each in of(prefix).directories}
