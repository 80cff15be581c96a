"""Files of made-up prefixes sorted into classes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.disk.slimming import may_slim, slim_files
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.records.environment import Environment, State
from condatui_core.records.slimming import SlimClass, SlimmedFiles
from support.disk_trees import du, link, write
from support.elves import elf
from support.prefixes import FakePrefix, make_prefix, manifest

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    """An environment with something of most classes."""
    made = make_prefix(tmp_path / "env")
    made.package("numpy", files={f"{SITE}/numpy/core.py": "x" * 9000, f"{SITE}/numpy/tests/test_a.py": "x" * 5000})
    made.package("zlib", files={
        "lib/libz.so.1": "x" * 9000, "lib/libz.a": "x" * 30_000, "include/zlib.h": "x" * 4000,
        "share/man/man3/zlib.3": "x" * 600, "share/doc/zlib/README": "x" * 700, "share/doc/zlib/LICENSE": "x" * 800,
    })  # fmt: skip
    made.package("black", files={f"{SITE}/black/__init__.py": "x" * 7000}, depends=["python", "click"])
    made.package("click", files={f"{SITE}/click/__init__.py": "x" * 6000}, depends=["python"])
    made.package("stray", files={"bin/stray": "x" * 5000, "share/man/man1/stray.1": "x" * 300}, depends=["straybase"])
    made.package("straybase", files={"lib/straybase": "x" * 5000})
    made.write(f"{SITE}/numpy/__pycache__/core.cpython-311.pyc", "x" * 8000)
    made.write("data/model.bin", "x" * 50_000)
    made.revision("# update specs: ['python=3.11', 'numpy', 'zlib', 'black']", command="conda install numpy zlib black")
    return made


def of(prefix: FakePrefix, *nested: str) -> SlimmedFiles:
    return slim_files(str(prefix), nested)


def class_of(prefix: FakePrefix, path: str) -> SlimClass:
    return of(prefix).class_of[path]


def blocks(*paths: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in paths)


def test_every_path_has_one_class_and_all_classes_add_up_to_what_du_says(prefix: FakePrefix) -> None:
    found = of(prefix)
    everything = {"."} | {os.path.relpath(path, str(prefix)) for path in prefix.path.rglob("*")}
    assert {*found.class_of} == everything
    assert sum(each.bytes for each in found.slimming.classes) == found.slimming.total == du(prefix.path)
    contents = sum(path.stat().st_size for path in prefix.path.rglob("*") if path.is_file())
    assert sum(each.image_bytes for each in found.slimming.classes) == found.slimming.image_bytes == contents


def test_each_file_is_where_it_belongs(prefix: FakePrefix) -> None:
    found = of(prefix).class_of
    assert {path: found[path] for path in (
        "bin/python3.11", f"{SITE}/numpy/core.py", f"{SITE}/numpy/tests/test_a.py", f"{SITE}/numpy/tests",
        f"{SITE}/numpy/__pycache__/core.cpython-311.pyc", f"{SITE}/numpy/__pycache__", f"{SITE}/numpy",
        "lib/libz.a", "include/zlib.h", "include", "share/man/man3/zlib.3", "share/doc/zlib/README",
        "share/doc/zlib/LICENSE", "share/doc", f"{SITE}/black/__init__.py", f"{SITE}/click/__init__.py",
        "conda-meta/black-1.0-0.json", "bin/stray", "share/man/man1/stray.1", "conda-meta/straybase-1.0-0.json",
        "conda-meta/numpy-1.0-0.json", "conda-meta/history", "data/model.bin", ".",
    )} == {
        "bin/python3.11": "kept", f"{SITE}/numpy/core.py": "kept", f"{SITE}/numpy/tests/test_a.py": "tests",
        f"{SITE}/numpy/tests": "tests", f"{SITE}/numpy/__pycache__/core.cpython-311.pyc": "byte-code",
        f"{SITE}/numpy/__pycache__": "byte-code", f"{SITE}/numpy": "kept", "lib/libz.a": "static-libraries",
        "include/zlib.h": "headers", "include": "headers", "share/man/man3/zlib.3": "man-and-info",
        "share/doc/zlib/README": "documentation", "share/doc/zlib/LICENSE": "kept", "share/doc": "kept",
        f"{SITE}/black/__init__.py": "developer-packages", f"{SITE}/click/__init__.py": "developer-packages",
        "conda-meta/black-1.0-0.json": "developer-packages", "bin/stray": "leaves", "share/man/man1/stray.1": "leaves",
        "conda-meta/straybase-1.0-0.json": "leaves", "conda-meta/numpy-1.0-0.json": "conda-meta",
        "conda-meta/history": "conda-meta", "data/model.bin": "kept", ".": "kept",
    }  # fmt: skip


def test_leaves_are_told_with_the_chain_that_goes(prefix: FakePrefix) -> None:
    stray, base = of(prefix).slimming.leaves
    if stray.name != "stray":
        stray, base = base, stray
    assert (stray.needed_by, base.needed_by) == ((), ("stray",))
    files = ("bin/stray", "share/man/man1/stray.1", "conda-meta/stray-1.0-0.json")
    assert (stray.files, stray.bytes) == (3, blocks(*(prefix.path / path for path in files)))
    assert stray.bytes == stray.frees


def test_what_others_hold_too_is_not_freed_but_weighs_in_an_image(prefix: FakePrefix, tmp_path: Path) -> None:
    before = of(prefix).slimming.of("static-libraries")
    link(prefix.path / "lib/libz.a", tmp_path / "pkgs/libz.a")
    after = of(prefix).slimming.of("static-libraries")
    assert (before.frees, after.frees) == (before.bytes, 0)
    assert (after.bytes, after.image_bytes) == (before.bytes, 30_000)


def test_an_inode_with_links_in_two_classes_is_in_the_last_of_them(prefix: FakePrefix) -> None:
    link(prefix.path / "include/zlib.h", prefix.path / "share/doc/zlib/zlib-2.txt")
    link(prefix.path / "share/man/man3/zlib.3", prefix.path / "data/kept")
    found = of(prefix)
    assert found.class_of["include/zlib.h"] == found.class_of["share/doc/zlib/zlib-2.txt"] == "documentation"
    assert found.class_of["share/man/man3/zlib.3"] == "kept"
    assert found.slimming.total == du(prefix.path)


def test_deleting_the_paths_of_a_class_frees_what_was_said(prefix: FakePrefix) -> None:
    for name in ("leaves", "byte-code", "tests", "man-and-info", "developer-packages"):
        found, before = of(prefix), du(prefix.path)
        for file in reversed(found.files):
            if found.class_of[file.path] == name:
                path = prefix.path / file.path
                path.rmdir() if file.kind == "directory" else path.unlink()
        shrunk = sum(path.lstat().st_blocks * 512 for path in (prefix.path, *prefix.path.rglob("*")))
        [each] = [one for one in found.slimming.classes if one.name == name]
        assert each.bytes > 0
        assert before - shrunk == each.frees, name


def test_site_packages_of_an_older_python_are_none_of_its(prefix: FakePrefix) -> None:
    old = "lib/python3.9/site-packages/left"
    prefix.write(f"{old}/__init__.py", "x" * 5000)
    assert class_of(prefix, f"{old}/__init__.py") == "stale-python"
    assert of(prefix).slimming.of("stale-python").risk == "none"


def test_cuda_that_nothing_loads_and_its_frameworks(prefix: FakePrefix) -> None:
    npp = f"{SITE}/nvidia/npp/lib/libnppc.so.12"
    cudart = f"{SITE}/nvidia/cuda_runtime/lib/libcudart.so.12"
    for name, path in (("nvidia-npp-cu12", npp), ("nvidia-cuda-runtime-cu12", cudart)):
        dist_info = prefix.pip_install(name)
        prefix.write(path, elf(soname=os.path.basename(path)))
        with (dist_info / "RECORD").open("a") as record:
            record.write(f"{path.removeprefix(SITE + '/')},,\n")
    prefix.write(f"{SITE}/torch/lib/libtorch_cuda.so", elf(("libcudart.so.12",)))
    found = of(prefix)
    assert (found.class_of[npp], found.class_of[cudart]) == ("unused-cuda", "kept")
    assert [each.name for each in found.slimming.packages if each.class_name == "unused-cuda"] == ["nvidia-npp-cu12"]
    prefix.pip_install("tensorflow")
    found = of(prefix)
    assert found.class_of[npp] == "kept"
    assert any("tensorflow may open CUDA's libraries by name" in limit for limit in found.slimming.limits)


def test_places_inside_are_not_counted(prefix: FakePrefix) -> None:
    before = of(prefix).slimming.total
    write(prefix.path / "envs/inner/conda-meta/history", 90_000)
    assert of(prefix, "envs/inner").slimming.total == before + blocks(prefix.path / "envs")


def test_reading_changes_nothing(prefix: FakePrefix) -> None:
    before = manifest(prefix.path)
    of(prefix)
    assert manifest(prefix.path) == before


def test_an_environment_without_python_or_history_is_sorted_too(tmp_path: Path) -> None:
    made = FakePrefix(tmp_path / "tools")
    made.package("ripgrep", files={"bin/rg": "x" * 9000, "share/man/man1/rg.1": "x" * 500})
    found = of(made)
    assert (found.class_of["bin/rg"], found.class_of["share/man/man1/rg.1"]) == ("kept", "man-and-info")
    assert found.slimming.total == du(made.path)
    assert "Nothing says which packages were requested of conda" in found.slimming.limits[0]


def test_what_cannot_travel_is_told(prefix: FakePrefix) -> None:
    url = {"url": "file:///home/ada/mine", "dir_info": {"editable": True}}
    prefix.pip_install("mine", direct_url=url)
    prefix.python_package("idna", "3.4")
    prefix.pip_install("idna", "3.10")
    told = of(prefix).slimming.cannot_travel
    assert any("mine is installed in place: its code is in /home/ada/mine" in line for line in told)
    assert any("pip has replaced idna 3.4 of conda by idna 3.10" in line for line in told)


def test_a_broken_record_is_told_and_its_files_stay(prefix: FakePrefix) -> None:
    prefix.write("conda-meta/stray-1.0-0.json", "{")
    found = of(prefix)
    assert found.slimming.leaves == ()
    assert found.class_of["bin/stray"] == "kept"
    assert any("stray-1.0-0.json cannot be read" in limit for limit in found.slimming.limits)
    assert found.slimming.total == du(prefix.path)


def test_a_prefix_that_is_gone_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(CondatuiError, match="cannot be read"):
        slim_files(str(tmp_path / "gone"))


@pytest.mark.parametrize("state", ["missing", "orphan", "unreadable"])
def test_what_is_no_environment_is_refused_in_words(state: State) -> None:
    with pytest.raises(UsageError, match="what a service needs of x"):
        may_slim(Environment(prefix="/envs/x", name="x", state=state))
