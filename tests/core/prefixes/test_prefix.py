from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from condatui_core.prefixes import prefix as prefix_module
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import read_site_packages
from support.prefixes import FakePrefix, make_prefix, manifest


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def test_a_prefix_tells_all_of_itself(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.66.1")
    prefix.pip_install("httpx", "0.27")
    prefix.write("conda-meta/pinned", "# keep\n\nnumpy <2\n  python 3.11.* \n")
    contents = read_prefix(str(prefix))
    assert [each.name for each in contents.packages] == ["python", "tqdm"]
    assert [each.name for each in contents.distributions] == ["httpx", "tqdm"]
    assert contents.history.requested == (("python", "python=3.11"),)
    assert contents.pinned == ("numpy <2", "python 3.11.*")
    assert (contents.frozen, contents.variables, contents.problems) == (None, (), ())
    assert (contents.has_conda_meta, contents.has_history) == (True, True)


def test_reading_changes_nothing(prefix: FakePrefix) -> None:
    prefix.python_package("tqdm", "4.0")
    shutil.rmtree(prefix.site_packages / "tqdm-4.0.dist-info")
    prefix.pip_install("tqdm", "5.0")
    prefix.write("conda-meta/broken-1-0.json", "{")
    before = manifest(prefix.path)
    read_prefix(str(prefix))
    assert manifest(prefix.path) == before


@pytest.mark.parametrize(
    ("written", "frozen"),
    [('{"message": "ask Ann"}', "ask Ann"), ("{}", ""), ("", ""), ("not JSON", ""), ('{"message": 5}', "")],
)
def test_frozen_even_if_the_reason_cannot_be_read(prefix: FakePrefix, written: str, frozen: str) -> None:
    prefix.write("conda-meta/frozen", written)
    assert read_prefix(str(prefix)).frozen == frozen


def test_variables_that_activation_sets(prefix: FakePrefix) -> None:
    variables = {"TOKEN": "s3cret", "GONE": "***unset***", "DEBUG": "1"}
    prefix.write("conda-meta/state", json.dumps({"version": 1, "env_vars": variables}))
    assert read_prefix(str(prefix)).variables == (("DEBUG", "1"), ("TOKEN", "s3cret"))


def test_a_state_that_cannot_be_read_is_a_problem(prefix: FakePrefix) -> None:
    prefix.write("conda-meta/state", '{"env_vars": {')
    (problem,) = read_prefix(str(prefix)).problems
    assert problem.path == str(prefix.meta / "state")
    assert "not valid JSON" in problem.reason


def test_what_is_no_environment(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        contents = read_prefix(str(path))
        assert (contents.has_conda_meta, contents.has_history, contents.packages) == (False, False, ())


def test_a_conda_meta_without_history(prefix: FakePrefix) -> None:
    (prefix.meta / "history").unlink()
    contents = read_prefix(str(prefix))
    assert (contents.has_conda_meta, contents.has_history) == (True, False)
    assert [each.name for each in contents.packages] == ["python"]


def test_a_conda_meta_that_cannot_be_listed_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").symlink_to("conda-meta")
    contents = read_prefix(str(tmp_path))
    assert contents.has_conda_meta
    assert contents.problems[0].path == str(tmp_path / "conda-meta")


def test_a_prefix_that_vanishes_while_it_is_read(prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix.pip_install("httpx")

    def vanish_first(*arguments: object) -> object:
        shutil.rmtree(prefix.path)
        return read_site_packages(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(prefix_module, "read_site_packages", vanish_first)
    contents = read_prefix(str(prefix))
    assert [each.name for each in contents.packages] == ["python"]
    assert [each.path for each in contents.problems] == [str(prefix.site_packages)]


@pytest.mark.parametrize("name", [b"with space", b'it\'s "quoted"', b"-n", b"caf\xe9", "ünï".encode(), b"new\nline"])
def test_names_of_all_kinds(tmp_path: Path, name: bytes) -> None:
    prefix = make_prefix(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    prefix.python_package("tqdm")
    prefix.write("conda-meta/bad-1-0.json", "{")
    contents = read_prefix(str(prefix))
    assert [each.name for each in contents.packages] == ["python", "tqdm"]
    assert [each.path for each in contents.problems] == [str(prefix.meta / "bad-1-0.json")]


@pytest.mark.parametrize(
    "nonsense", [b"", b"\x00", b"\xff\xfe", b"[" * 50_000, b'"\\ud800"', b"9" * 5000, b"/\x00\n", b"a\n" * 9]
)
def test_nonsense_in_any_file_is_borne(prefix: FakePrefix, nonsense: bytes) -> None:
    prefix.python_package("tqdm")
    dist_info = prefix.pip_install("httpx", direct_url={"url": "https://host.org/x.whl"})
    for name in ("pinned", "frozen", "state", "created_at"):
        prefix.write(f"conda-meta/{name}")
    for name in ("mine.egg-link", "easy-install.pth", "old-1.0-py3.11.egg-info"):
        (prefix.site_packages / name).touch()
    for file in (*prefix.meta.iterdir(), *dist_info.iterdir(), *prefix.site_packages.glob("*.*")):
        if file.is_file():
            kept = file.read_bytes()
            file.write_bytes(nonsense)
            contents = read_prefix(str(prefix))
            assert contents.has_conda_meta
            assert all(os.path.lexists(each.path) for each in contents.problems)
            file.write_bytes(kept)
