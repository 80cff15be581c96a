"""The lists of what relinking has joined, and the notes of exchanges: read as far as they are whole."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from condatui_core.actions.exchanges import Exchange, ExchangeNotes, read_notes, settle, unsettled
from condatui_core.actions.joined_files import JoinedFile, list_joined, read_joined, tidy_up, write_joined
from condatui_core.errors import NewerFormatError

NOTED = Exchange("/envs/a", "lib/x", ".1", 7, 8, 9)


def notes(directory: Path, *exchanges: Exchange) -> Path:
    written = ExchangeNotes(directory, "1")
    written.note(exchanges)
    written.close()
    return written.file


def joined(prefix: Path, name: str = "file") -> JoinedFile:
    """A file with two names, in an environment."""
    (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
    (prefix / name).write_bytes(b"content")
    os.link(prefix / name, prefix.parent / f"other-{name}")
    return JoinedFile(name, (prefix / name).stat().st_ino, 5)


def test_a_line_that_was_cut_off_is_not_read(tmp_path: Path) -> None:
    file = notes(tmp_path, NOTED, Exchange("/envs/\udcff", "lib/y", ".2", 1, 2, 3))
    assert [each.root for each in read_notes(file)] == ["/envs/a", "/envs/\udcff"]
    file.write_bytes(file.read_bytes()[:-4])
    assert [*read_notes(file)] == [NOTED]
    file.write_bytes(b'{"format":1,"jo')
    assert [*read_notes(file)] == []


def test_the_list_of_an_environment_has_what_is_still_joined(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    files = [joined(prefix, name) for name in ("one", "two", "three")]
    (tmp_path / "lists").mkdir()
    write_joined(tmp_path / "lists", str(prefix), files)
    (tmp_path / "other-one").unlink()
    (prefix / "two").rename(prefix / "former")
    (prefix / "two").write_bytes(b"another")
    assert read_joined(tmp_path / "lists", str(prefix)) == (files[2],)
    assert read_joined(tmp_path / "lists", "/elsewhere") == ()


def test_the_first_time_is_remembered_when_a_file_is_joined_again(tmp_path: Path) -> None:
    prefix, lists = tmp_path / "env", tmp_path / "lists"
    lists.mkdir()
    file = joined(prefix)
    write_joined(lists, str(prefix), [JoinedFile("file", 4711, 5)])
    list_joined(lists, [Exchange(str(prefix), "file", ".1", file.inode, 4711, 6)])
    assert read_joined(lists, str(prefix)) == (file,)
    list_joined(lists, [Exchange(str(prefix), "file", ".1", 1, file.inode, 6)])  # which did not happen
    assert read_joined(lists, str(prefix)) == (file,)
    list_joined(lists, [Exchange(str(tmp_path), "other-file", ".1", file.inode, 1, 6)])  # of no environment
    assert len([*lists.iterdir()]) == 1


def test_the_list_of_an_environment_that_is_gone_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    file = joined(tmp_path / "env")
    write_joined(tmp_path / "lists", str(tmp_path / "env"), [file])
    assert tidy_up(tmp_path / "lists") == (0, ())
    assert len([*(tmp_path / "lists").iterdir()]) == 1
    (tmp_path / "env").rename(tmp_path / "renamed")
    tidy_up(tmp_path / "lists")
    assert [*(tmp_path / "lists").iterdir()] == []


@pytest.mark.parametrize("data", [b"", b"no gzip", gzip.compress(b"{}"), gzip.compress(b"[")[:-3]])
def test_a_damaged_list_is_told_with_its_path(data: bytes, tmp_path: Path) -> None:
    write_joined(tmp_path, str(tmp_path / "env"), [joined(tmp_path / "env")])
    (file,) = tmp_path.glob("*.json.gz")
    file.write_bytes(data)
    with pytest.raises(OSError, match=r"json\.gz"):
        read_joined(tmp_path, str(tmp_path / "env"))


def test_the_list_of_a_newer_condatui_is_left_alone(tmp_path: Path) -> None:
    write_joined(tmp_path, str(tmp_path / "env"), [joined(tmp_path / "env")])
    (file,) = tmp_path.glob("*.json.gz")
    data = gzip.compress(gzip.decompress(file.read_bytes()).replace(b'"format":1', b'"format":2'))
    file.write_bytes(data)
    for read in (lambda: read_joined(tmp_path, str(tmp_path / "env")), lambda: tidy_up(tmp_path)):
        with pytest.raises(NewerFormatError):
            read()
    assert file.read_bytes() == data


# Settling


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A place with its file, beside the file that was to take it."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / ".1").write_bytes(b"content")
    return tmp_path / "file"


def exchange_of(place: Path) -> Exchange:
    new, old = (place.with_name(name).stat().st_ino for name in (".1", "file"))
    return Exchange(str(place.parent), "file", ".1", new, old, 0)


def swap(place: Path) -> None:
    place.rename(place.with_name("between"))
    place.with_name(".1").rename(place)
    place.with_name("between").rename(place.with_name(".1"))


def test_what_was_not_exchanged_keeps_its_file(place: Path) -> None:
    exchange = exchange_of(place)
    assert [*unsettled([exchange])] == [exchange]
    assert settle([exchange]) == (1, ())
    assert (place.stat().st_ino, os.listdir(place.parent)) == (exchange.old, ["file"])
    assert settle([exchange]) == (0, ())


def test_what_was_exchanged_and_is_the_same_stays(place: Path) -> None:
    exchange = exchange_of(place)
    swap(place)
    assert settle([exchange]) == (1, ())
    assert (place.stat().st_ino, os.listdir(place.parent)) == (exchange.new, ["file"])


def test_what_was_written_to_the_former_file_is_put_back(place: Path) -> None:
    exchange = exchange_of(place)
    os.link(place.with_name(".1"), place.with_name("kept"))
    swap(place)
    place.with_name(".1").write_bytes(b"content and a line")
    assert settle([exchange]) == (1, ())
    assert (place.read_bytes(), sorted(os.listdir(place.parent))) == (b"content and a line", ["file", "kept"])


@pytest.mark.parametrize("swapped", [False, True])
def test_what_nobody_knows_stays_and_is_told(swapped: bool, place: Path) -> None:
    """Either something else has the temporary name, or something else may have got the number of the new file."""
    exchange = exchange_of(place)
    if swapped:
        swap(place)
        place.with_name(".1").write_bytes(b"changed")
    else:
        place.with_name(".1").rename(place.with_name("former"))
        place.with_name(".1").symlink_to("elsewhere")
    gone, told = settle([exchange])
    assert (gone, len(told)) == (0, 1)
    assert os.path.lexists(place.with_name(".1"))
    assert place.read_bytes() == b"content"


def test_an_unfinished_copy_goes(place: Path) -> None:
    exchange = Exchange(str(place.parent), "file", ".1", 0, place.stat().st_ino, 0)
    assert settle([exchange]) == (1, ())
    assert os.listdir(place.parent) == ["file"]


def test_what_has_gone_with_its_directory_needs_nothing(tmp_path: Path) -> None:
    assert settle([Exchange(str(tmp_path / "gone"), "file", ".1", 1, 2, 3)]) == (0, ())
