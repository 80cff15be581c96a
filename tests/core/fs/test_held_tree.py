"""Changing a tree that is held by its descriptor: all stays inside, whatever is planted in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.fs.atomic_write import is_temporary
from condatui_core.fs.held_tree import HeldTree


def write(tree: HeldTree, path: str, data: bytes = b"new") -> None:
    with tree.write(path) as stream:
        stream.write(data)


def read(tree: HeldTree, path: str) -> bytes:
    with tree.read(path) as stream:
        return stream.read()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/a/b").mkdir(parents=True)
    (tmp_path / "root/a/b/file").write_text("old")
    (tmp_path / "outside/b").mkdir(parents=True)
    (tmp_path / "outside/b/file").write_text("precious")
    return tmp_path / "root"


def outside(root: Path) -> dict[str, tuple[int, bytes]]:
    """Everything outside, with modes and contents."""
    found = sorted((root.parent / "outside").rglob("*"))
    return {str(each): (each.stat().st_mode, each.read_bytes() if each.is_file() else b"") for each in found}


CHANGES: dict[str, Callable[[HeldTree], object]] = {
    "write": lambda tree: write(tree, "a/b/file"),
    "write new": lambda tree: write(tree, "a/b/other"),
    "read": lambda tree: read(tree, "a/b/file"),
    "make a directory": lambda tree: tree.make_directory("a/b/new"),
    "make a link": lambda tree: tree.make_symlink("a/b/new", "/nowhere"),
    "make a pipe": lambda tree: tree.make_fifo("a/b/new"),
    "link": lambda tree: tree.link("a/b/new", "a/b/file"),
    "delete": lambda tree: tree.delete("a/b/file"),
    "unlink": lambda tree: tree.unlink("a/b/file"),
    "remove a directory": lambda tree: tree.remove_directory("a/b"),
    "set the mode": lambda tree: tree.set_mode("a/b/file", 0o600),
    "set the times": lambda tree: tree.set_times("a/b/file", (1, 1)),
    "own": lambda tree: tree.try_to_own("a/b/file", os.geteuid(), os.getegid()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_link_in_the_place_of_a_directory_is_not_followed(root: Path, change: Callable[[HeldTree], object]) -> None:
    before = outside(root)
    with HeldTree(str(root)) as tree:
        (root / "a").rename(root / "moved")
        (root / "a").symlink_to(root.parent / "outside")
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            change(tree)
    assert outside(root) == before


@pytest.mark.parametrize("mode", [0o600, 0o4755])
def test_a_link_in_the_place_of_a_file_is_replaced_or_stays(root: Path, mode: int) -> None:
    before = outside(root)
    (root / "a/b/file").unlink()
    (root / "a/b/file").symlink_to(root.parent / "outside/b/file")
    with HeldTree(str(root)) as tree:
        with pytest.raises(OSError, match="symbolic links"):
            tree.set_mode("a/b/file", mode)
        with pytest.raises(OSError, match="symbolic links"):
            read(tree, "a/b/file")
        tree.set_times("a/b/file", (1, 1))
        write(tree, "a/b/file")
    assert (root / "a/b/file").read_text() == "new"
    assert not (root / "a/b/file").is_symlink()
    assert outside(root) == before


def test_a_file_that_may_not_be_read_gets_its_mode(root: Path) -> None:
    (root / "a/b/file").chmod(0)
    with HeldTree(str(root)) as tree:
        tree.set_mode("a/b/file", 0o640)
    assert (root / "a/b/file").stat().st_mode & 0o7777 == 0o640


def test_after_a_failure_the_old_file_is_there_and_nothing_else(root: Path) -> None:
    with HeldTree(str(root)) as tree, pytest.raises(ValueError, match="stop"), tree.write("a/b/file") as stream:
        stream.write(b"half")
        raise ValueError("stop")
    assert {each.name: each.read_text() for each in (root / "a/b").iterdir()} == {"file": "old"}


def test_another_directory_is_not_taken_for_it(root: Path) -> None:
    with HeldTree(str(root)) as tree:
        identity = tree.identity
    root.rename(root.with_name("moved"))
    root.mkdir()
    with pytest.raises(OSError, match="replaced meanwhile"):
        HeldTree(str(root), identity)


def test_every_descriptor_is_closed(root: Path) -> None:
    descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    with HeldTree(str(root)) as tree:
        for path in ("file", "a/file", "other", "a/b/file", "file"):
            write(tree, path)
            tree.status(path)
            tree.names(".")
        tree.link("a/linked", "a/b/file")
        tree.delete("a/b")
        tree.delete("a")
    assert len(list(descriptors.iterdir())) == before


def test_what_is_not_complete_yet_has_a_name_that_tells_so(tmp_path: Path) -> None:
    with HeldTree(str(tmp_path)) as tree, tree.write("file"):
        (begun,) = os.listdir(tmp_path)
    assert (is_temporary(begun), is_temporary("file")) == (True, False)


def test_what_replaces_a_file_has_its_permissions(root: Path) -> None:
    (root / "a/b/file").chmod(0o640)
    with HeldTree(str(root)) as tree:
        tree.replace("a/b/file", b"new")
        tree.replace("a/b/other", b"of its own")
    assert ((root / "a/b/file").read_bytes(), (root / "a/b/file").stat().st_mode & 0o777) == (b"new", 0o640)
    assert (root / "a/b/other").read_bytes() == b"of its own"
