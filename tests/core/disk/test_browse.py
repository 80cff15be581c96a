"""The files of a prefix by size: every directory as du counts it, and what deleting it alone would free."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from condatui_core.disk.browse import PrefixBrowser
from condatui_core.errors import CondatuiError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_sandbox import Sandbox
from support.disk_trees import du, link, write


def walked(prefix: Path, *, nested: tuple[str, ...] = ()) -> PrefixBrowser:
    browser = PrefixBrowser(str(prefix), PrefixContents(), nested=nested)
    browser.walk()
    return browser


def every_directory(prefix: Path) -> list[Path]:
    return [Path(directory) for directory, _, _ in os.walk(prefix)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Links within a directory, between directories at several depths, and to a cache outside."""
    prefix = tmp_path / "env"
    write(prefix / "own.bin", 60_000)
    once = write(prefix / "a" / "b" / "once.so", 9_000)
    link(once, prefix / "a" / "b" / "again.so")
    far = write(prefix / "a" / "far.so", 17_000)
    link(far, prefix / "c" / "d" / "far.so")
    link(write(tmp_path / "pkgs" / "shared.so", 80_000), prefix / "c" / "shared.so")
    (prefix / "way").symlink_to("/")
    return prefix


def test_each_directory_has_the_size_that_du_gives_it(tree: Path) -> None:
    browser = walked(tree)
    for directory in every_directory(tree):
        assert browser.sizes(_relative(directory, tree)).bytes == du(directory), directory


def test_frees_is_what_df_would_gain_if_that_alone_went(tree: Path, tmp_path: Path) -> None:
    browser, before = walked(tree), du(tmp_path)
    for directory in every_directory(tree)[1:]:
        aside = tmp_path.parent / f"{tmp_path.name}-aside"
        directory.rename(aside)
        rest = du(tmp_path)
        aside.rename(directory)
        assert browser.sizes(_relative(directory, tree)).frees == before - rest, directory


def test_a_directory_lists_its_entries_the_largest_first_and_follows_no_link(tree: Path) -> None:
    browser = walked(tree)
    found = browser.list("")
    assert [each.name for each in found] == ["c", "own.bin", "a", "way"]
    kinds = {each.name: each.kind for each in found}
    assert kinds == {"c": "directory", "own.bin": "file", "a": "directory", "way": "symlink"}
    assert {each.name: each.frees for each in browser.list("c")}["shared.so"] == 0
    assert browser.sizes("").entries == browser.entries == 11


def test_other_places_inside_are_named_and_not_looked_into(tree: Path) -> None:
    browser = walked(tree, nested=("a",))
    (inside,) = (each for each in browser.list("") if each.name == "a")
    assert inside.nested and inside.bytes == 0
    assert browser.sizes("").bytes < du(tree)


@pytest.mark.parametrize("there", ["gone", "file", "link"])
def test_a_directory_that_is_none_any_more_is_an_error_that_says_so(tree: Path, there: str) -> None:
    browser = walked(tree)
    shutil.rmtree(tree / "c")
    if there == "file":
        write(tree / "c")
    elif there == "link":
        (tree / "c").symlink_to("/etc")
    with pytest.raises(CondatuiError, match="c cannot be listed"):
        browser.list("c")


def test_a_prefix_that_is_gone_is_an_error_and_a_walk_can_be_cancelled(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(CondatuiError, match="cannot be read"):
        walked(tmp_path / "none")
    browser = PrefixBrowser(str(tree), PrefixContents())
    browser.cancelled = True
    browser.walk()
    assert browser.entries == 0


def test_names_that_are_no_text_are_listed(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path / "env") + b"/\xff"
    os.makedirs(name)
    (only,) = walked(tmp_path / "env").list("")
    assert os.fsencode(only.name) == b"\xff"


def test_a_real_environment_adds_up_and_its_files_have_owners(sandbox: Sandbox) -> None:
    prefix = sandbox.prefixes["vision-cpu"]
    browser = PrefixBrowser(str(prefix), read_prefix(str(prefix)))
    browser.walk()
    assert browser.sizes("").bytes == du(prefix)
    owners = [browser.owner(str(each.relative_to(prefix))) for each in (prefix / "lib").rglob("*") if each.is_file()]
    assert any(isinstance(each, PackageRecord) for each in owners)
    assert all(each is None or isinstance(each, PackageRecord | Distribution) for each in owners)
    assert browser.owner("nothing/here") is None


def _relative(directory: Path, prefix: Path) -> str:
    return "" if directory == prefix else str(directory.relative_to(prefix))
