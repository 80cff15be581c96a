"""What is read of a prefix for what a service does not need: paths, imports of tests, notes of pip, headers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.prefixes.service_files import imported_tests, survey_files
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.slimming import LibraryNeeds, SurveyedFiles
from support.elves import elf
from support.prefixes import FakePrefix, make_prefix

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def survey(prefix: FakePrefix, *nested: str) -> SurveyedFiles:
    return survey_files(read_snapshot(str(prefix)), nested)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("run.py", "from tool.tests import data"),
        ("run.py", "import os, tool.tests.data as data"),
        ("run.py", "def run():\n    from .tests.data import ROWS"),
        ("deep/run.py", "from ..tests import (\n    data,\n)"),
        ("run.py", "from . import (\n    other,\n    tests,\n)"),
        ("deep/run.py", "from tool import tests"),
    ],
)
def test_tests_that_other_code_imports_are_no_mere_tests(prefix: FakePrefix, module: str, line: str) -> None:
    prefix.write(f"{SITE}/tool/tests/test_a.py", "import tool.tests.data")
    paths = [f"{SITE}/tool/tests/test_a.py", f"{SITE}/tool/{module}"]
    prefix.write(paths[1], "import os\n# from tool.tests import x\n'''tests'''\n")
    assert imported_tests(str(prefix), paths) == frozenset()
    prefix.write(paths[1], f"import os\n{line}\n")
    assert imported_tests(str(prefix), paths) == {f"{SITE}/tool/tests"}


def test_other_names_with_tests_in_them_are_not_meant(prefix: FakePrefix) -> None:
    paths = [f"{SITE}/tool/tests/test_a.py", f"{SITE}/tool/run.py"]
    prefix.write(paths[1], "from jinja2 import tests\nfrom .testing import tests_of\nfrom other.tests import x\n")
    assert imported_tests(str(prefix), paths) == frozenset()


@pytest.mark.parametrize("line", ["from " + "." * 500_000, "from" + " " * 500_000, "from " + "." * 500_000 + " tests"])
def test_lines_made_to_be_searched_for_ever_are_read_at_once(prefix: FakePrefix, line: str) -> None:
    paths = [f"{SITE}/tool/tests/test_a.py", f"{SITE}/tool/run.py"]
    prefix.write(paths[1], f"'''tests'''\n{line}\n")
    assert imported_tests(str(prefix), paths) == frozenset()


def test_everything_inside_other_places_is_left_out(prefix: FakePrefix) -> None:
    prefix.write("envs/inner/bin/x")
    prefix.write("envs/innermost/x")
    found = {file.path for file in survey(prefix, "envs/inner").files}
    assert {"envs", "envs/innermost/x", "."} <= found
    assert not any(path.startswith("envs/inner/") or path == "envs/inner" for path in found)


def test_a_record_belongs_to_its_package(prefix: FakePrefix) -> None:
    prefix.package("numpy", files={"lib/x": "x"})
    owners = {file.path: file.owner for file in survey(prefix).files}
    assert owners["conda-meta/numpy-1.0-0.json"] == owners["lib/x"] == 0
    assert owners["conda-meta/history"] is None
    assert owners["lib"] is None


def test_what_pip_was_asked_for_is_what_it_has_noted(prefix: FakePrefix) -> None:
    asked, brought, by_poetry = (prefix.pip_install(name) for name in ("httpx", "idna", "mine"))
    (by_poetry / "INSTALLER").write_text("poetry 2\n")
    assert survey(prefix).asked_of_pip is None
    (asked / "REQUESTED").touch()
    assert survey(prefix).asked_of_pip == frozenset({"httpx", "mine"})
    os.utime(brought / "INSTALLER", (0, 0))
    assert survey(prefix).asked_of_pip == frozenset({"httpx", "idna", "mine"})


def test_headers_are_read_only_where_something_is_decided_by_them(prefix: FakePrefix) -> None:
    prefix.write("bin/tool", elf(("libicu.so.75",)))
    prefix.write("lib/libicu.so.75", elf(soname="libicu.so.75"))
    assert survey(prefix).libraries == ()
    prefix.write("lib/libicu.so.73", b"\x7fELF but damaged")
    prefix.write("lib/readme.txt", elf())
    assert {*survey(prefix).libraries} == {
        LibraryNeeds("bin/tool", "", ("libicu.so.75",)),
        LibraryNeeds("lib/libicu.so.75", "libicu.so.75"),
    }
