"""Places: names in directories that are held, and files that take the place of others."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.fs import places as module
from condatui_core.fs import renaming
from condatui_core.fs.places import HeldPlaces, Place


@pytest.fixture
def places() -> Iterator[HeldPlaces]:
    with HeldPlaces() as held:
        yield held


@pytest.fixture
def place(tmp_path: Path, places: HeldPlaces) -> Place:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/file").write_text("old")
    (tmp_path / "lib/new").write_text("new")
    return places.place(str(tmp_path), "lib/file")


@pytest.mark.parametrize(
    "path", ["../other/file", "lib/../../other/file", "..", ".", "./lib/file", "lib//file", "", "/x"]
)
def test_no_path_leads_back_or_out(path: str, tmp_path: Path, places: HeldPlaces) -> None:
    (tmp_path / "root/lib").mkdir(parents=True)
    with pytest.raises(OSError, match="straight") as raised:
        places.place(str(tmp_path / "root"), path)
    assert raised.value.errno == errno.EINVAL


def test_two_names_are_exchanged(tmp_path: Path, place: Place) -> None:
    old, new = place.inode(), place.inode("new")
    assert old and new
    place.exchange("new", old)
    assert (place.inode(), place.inode("new")) == (new, old)
    assert (tmp_path / "lib/file").read_text() == "new"


def test_something_else_gets_its_place_back(tmp_path: Path, place: Place) -> None:
    old = place.inode()
    assert old
    (tmp_path / "lib/file").rename(tmp_path / "lib/former")
    (tmp_path / "lib/file").symlink_to("/elsewhere")
    with pytest.raises(OSError, match="something else") as raised:
        place.exchange("new", old)
    assert raised.value.errno == errno.ESTALE
    assert os.readlink(tmp_path / "lib/file") == "/elsewhere"
    assert (tmp_path / "lib/new").read_text() == "new"


def test_what_comes_there_in_the_moment_of_giving_back_stays(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program puts a link in the place of the file for a moment: it ends with the file all the same."""
    old, file = place.inode(), tmp_path / "lib/file"
    assert old
    real, calls = renaming.exchange_names, []

    def exchange(first: str, second: str, directory: int) -> None:
        calls.append(first)
        if len(calls) == 1:
            file.rename(tmp_path / "lib/former")
            file.symlink_to("/elsewhere")
        if len(calls) == 2:
            file.unlink()  # which is the new file, but they do not know
            (tmp_path / "lib/former").rename(file)
        real(first, second, directory)

    monkeypatch.setattr(module, "exchange_names", exchange)
    with pytest.raises(OSError, match="something else"):
        place.exchange("new", old)
    assert (len(calls), place.inode(), file.read_text()) == (3, old, "old")
    assert os.readlink(tmp_path / "lib/new") == "/elsewhere"


def test_a_place_where_nothing_is(tmp_path: Path, place: Place) -> None:
    (tmp_path / "lib/file").unlink()
    assert place.inode() is None
    with pytest.raises(FileNotFoundError):
        place.exchange("new", 1)
    assert (tmp_path / "lib/new").read_text() == "new"
    place.unlink("nothing")


def test_a_file_system_that_cannot_exchange(tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(first: str, second: str, directory: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), second)

    monkeypatch.setattr(module, "exchange_names", refuse)
    with pytest.raises(OSError, match="Invalid"):
        place.exchange("new", place.inode() or 0)
    assert (tmp_path / "lib/file").read_text() == "old"


def test_the_file_of_another_place_gets_a_name(tmp_path: Path, place: Place, places: HeldPlaces) -> None:
    (tmp_path / "other").write_text("other")
    place.link("more", places.place(str(tmp_path), "other"))
    assert (tmp_path / "lib/more").samefile(tmp_path / "other")
    assert place.beside("more").inode() == (tmp_path / "other").stat().st_ino


def test_no_link_on_the_way_is_followed(tmp_path: Path, places: HeldPlaces) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for root, path in ((tmp_path, "link/file"), (tmp_path / "link", "file")):
        with pytest.raises(NotADirectoryError):
            places.place(str(root), path)


def test_a_directory_is_held_although_its_path_leads_elsewhere(tmp_path: Path, place: Place) -> None:
    (tmp_path / "lib").rename(tmp_path / "former")
    (tmp_path / "lib").symlink_to("/")
    place.unlink("new")
    assert os.listdir(tmp_path / "former") == ["file"]


def test_directories_are_opened_once(tmp_path: Path, places: HeldPlaces, place: Place) -> None:
    assert places.place(str(tmp_path), "lib/new").directory == place.directory
    places.sync()
