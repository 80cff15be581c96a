"""Which package a file belongs to that a command has opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.analyses.needs import Node
from condatui_core.analyses.slimming.usage import Touched
from condatui_core.prefixes.ownership import owners_of
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.usage import Trace
from condatui_core.tracing.notes import HOOK
from condatui_core.tracing.touched import touched_by
from support.prefixes import FakePrefix, make_prefix


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    prefix = make_prefix(tmp_path / "env")
    prefix.python_package("six")
    prefix.package("zlib", files={"lib/libz.so.1.3": "ELF"})
    (prefix.path / "lib" / "libz.so.1").symlink_to("libz.so.1.3")
    prefix.pip_install("Flask")
    return prefix


def touched(prefix: Path, *opened: str, mapped: tuple[str, ...] = (), written: tuple[str, ...] = ()) -> Touched:
    trace = Trace(
        command=("python",),
        end="exited",
        exit_code=0,
        seconds=1.0,
        opened=frozenset((*opened, *written)),
        mapped=frozenset(mapped),
        written=frozenset(written),
    )
    records = read_records(str(prefix))
    return touched_by(
        trace, records, owners_of(str(prefix), records.contents, (each.paths for each in records.packages))
    )


def conda(name: str) -> Node:
    return Node("conda", name)


def test_code_belongs_to_its_package_and_so_does_its_byte_code(prefix: FakePrefix) -> None:
    cached = prefix.write("lib/python3.11/site-packages/six/__pycache__/__init__.cpython-311.pyc")
    found = touched(prefix.path, str(cached), f"{prefix.site_packages}/six/../Flask/__init__.py")
    assert found.files == {
        conda("six"): {"lib/python3.11/site-packages/six/__pycache__/__init__.cpython-311.pyc"},
        Node("pypi", "flask"): {"lib/python3.11/site-packages/Flask/__init__.py"},
    }
    assert found.loose == set()


def test_a_library_is_found_by_the_name_of_a_link_as_well(prefix: FakePrefix, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(prefix.path)
    for mapped in (prefix.path / "lib/libz.so.1", prefix.path / "lib/libz.so.1.3", tmp_path / "alias/lib/libz.so.1.3"):
        assert set(touched(prefix.path, mapped=(str(mapped),)).files) == {conda("zlib")}, mapped
        assert set(touched(tmp_path / "alias", mapped=(str(mapped),)).files) == {conda("zlib")}, mapped


def test_metadata_is_no_use(prefix: FakePrefix) -> None:
    metadata = f"{prefix.site_packages}/six-1.0.dist-info/METADATA"
    found = touched(prefix.path, metadata, f"{prefix.path}/conda-meta/history")
    assert (found.files, found.metadata, found.loose) == ({}, {conda("six")}, set())


def test_what_belongs_to_no_package_and_what_lies_outside_is_told(prefix: FakePrefix, tmp_path: Path) -> None:
    loose = prefix.write("etc/service.conf")
    outside = tmp_path / "app.py"
    outside.write_text("")
    gone = str(prefix.path / "gone.pyc")  # as Python tries it before it looks for the source
    found = touched(prefix.path, str(loose), str(outside), gone, f"{HOOK}/sitecustomize.py", written=(str(loose),))
    assert found.loose == found.written == {"etc/service.conf"}
    assert found.outside == {str(outside)}
    assert found.files == {}


def test_system_libraries_are_nobodys_business(prefix: FakePrefix) -> None:
    assert touched(prefix.path, mapped=("/lib/x86_64-linux-gnu/libc.so.6",)) == Touched()
