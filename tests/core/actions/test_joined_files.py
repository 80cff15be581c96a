"""The lists of what relinking has joined, and the notes of exchanges: read as far as they are whole."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.exchanges import Exchange, ExchangeNotes, read_notes, settle, unsettled
from condatui_core.actions.joined_files import (
    JoinedFile,
    list_joined,
    read_joined,
    temporary_names,
    tidy_up,
    write_joined,
)
from condatui_core.errors import CondatuiError, NewerFormatError
from condatui_core.fs.places import HeldPlaces

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


def exchange(root: Path, path: str, new: int, old: int, modified: int = 6, *, own: bool = False) -> Exchange:
    """One between files of seven bytes with these numbers, of which the new one has the time 1."""
    return Exchange(
        root=str(root),
        path=path,
        temporary=".1",
        new=new,
        old=old,
        modified=modified,
        size=7,
        old_modified=modified,
        new_modified=1,
        own=own,
    )


def test_the_first_time_is_remembered_when_a_file_is_joined_again(tmp_path: Path) -> None:
    prefix, lists = tmp_path / "env", tmp_path / "lists"
    lists.mkdir()
    file = joined(prefix)
    write_joined(lists, str(prefix), [JoinedFile("file", 4711, 5, 7, 6, 42)])
    list_joined(lists, [exchange(prefix, "file", file.inode, 4711, 6)])
    expected = JoinedFile("file", file.inode, 5, 7, 1, 42)
    assert read_joined(lists, str(prefix)) == (expected,)
    list_joined(lists, [exchange(prefix, "file", file.inode, file.inode, 1)])  # it stays, and others join it
    assert read_joined(lists, str(prefix)) == (expected,)
    list_joined(lists, [exchange(prefix, "file", 1, file.inode)])  # which did not happen
    assert read_joined(lists, str(prefix)) == (expected,)
    list_joined(lists, [exchange(tmp_path, "other-file", file.inode, 1)])  # of no environment
    assert len([*lists.iterdir()]) == 1


def test_the_first_time_is_not_that_of_what_was_edited_since(tmp_path: Path) -> None:
    prefix, lists = tmp_path / "env", tmp_path / "lists"
    lists.mkdir()
    file = joined(prefix)
    write_joined(lists, str(prefix), [JoinedFile("file", 4711, 5, 7, 6, 42)])
    list_joined(lists, [exchange(prefix, "file", file.inode, 4711, 99)])
    assert [each.modified for each in read_joined(lists, str(prefix))] == [99]


def test_what_has_become_its_own_is_not_listed_though_it_has_several_names(tmp_path: Path) -> None:
    prefix, lists = tmp_path / "env", tmp_path / "lists"
    lists.mkdir()
    file = joined(prefix)
    list_joined(lists, [exchange(prefix, "file", file.inode, 4711, own=True)])
    assert read_joined(lists, str(prefix)) == ()


def test_paths_that_were_one_file_and_have_it_to_themselves_again_are_left_out(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    file = JoinedFile("file", joined(prefix).inode, 5, 7, 6, 42)
    files = [file, replace(file, path="more")]
    os.link(prefix / "file", prefix / "more")
    write_joined(tmp_path, str(prefix), files)
    assert read_joined(tmp_path, str(prefix)) == tuple(files)
    (tmp_path / "other-file").unlink()
    assert read_joined(tmp_path, str(prefix)) == ()


DAYS = 86_400


def test_the_list_of_an_environment_that_is_away_is_deleted_after_thirty_days(tmp_path: Path) -> None:
    lists, prefix = tmp_path / "lists", tmp_path / "env"
    lists.mkdir()
    file = joined(prefix)
    write_joined(lists, str(prefix), [file])
    prefix.rename(tmp_path / "away")
    for day in (100, 129):
        assert tidy_up(lists, day * DAYS) == (0, ())
    (tmp_path / "away").rename(prefix)
    assert read_joined(lists, str(prefix)) == (file,)
    tidy_up(lists, 131 * DAYS)
    prefix.rename(tmp_path / "away")
    for day in (140, 169):  # counted anew
        tidy_up(lists, day * DAYS)
    assert len([*lists.iterdir()]) == 1
    tidy_up(lists, 171 * DAYS)
    assert [*lists.iterdir()] == []


def test_what_is_noted_of_an_environment_that_is_away_waits_for_it(tmp_path: Path) -> None:
    """A disk that is not mounted: its temporary names are settled, and what was joined is listed, when it is back."""
    lists, prefix, other = tmp_path / "lists", tmp_path / "env", tmp_path / "other"
    file, more = joined(prefix), joined(other, "more")
    os.link(prefix / "file", prefix / ".1")
    noted = exchange(prefix, "file", file.inode, 4711)
    written = notes(lists, noted, exchange(other, "more", more.inode, 4712))
    prefix.rename(tmp_path / "away")
    assert tidy_up(lists) == (0, ())
    assert [*read_notes(written)] == [noted]
    assert len(read_joined(lists, str(other))) == 1
    os.utime(written, (100 * DAYS, 100 * DAYS))
    assert tidy_up(lists, 129 * DAYS) == (0, ())
    (tmp_path / "away").rename(prefix)
    assert tidy_up(lists, 129 * DAYS) == (1, ())
    assert [each.path for each in read_joined(lists, str(prefix))] == ["file"]
    assert not written.exists()


def test_what_is_noted_of_an_environment_that_is_long_gone_is_deleted(tmp_path: Path) -> None:
    written = notes(tmp_path, NOTED)
    os.utime(written, (100 * DAYS, 100 * DAYS))
    tidy_up(tmp_path, 131 * DAYS)
    assert not written.exists()


@pytest.mark.parametrize("what", ["number", "history"])
def test_another_environment_at_the_same_prefix_has_no_list(what: str, tmp_path: Path) -> None:
    """conda has linked it to the same files of its cache: they have the numbers of those that were joined."""
    prefix = tmp_path / "env"
    file = joined(prefix)
    history = prefix / "conda-meta/history"
    history.write_text("==> 2025-05-01 10:00:00 <==\n")
    write_joined(tmp_path, str(prefix), [file])
    history.write_text("==> 2025-05-01 10:00:00 <==\n==> 2025-05-02 10:00:00 <==\n")
    assert read_joined(tmp_path, str(prefix)) == (file,)
    if what == "number":
        (prefix / "conda-meta").rename(tmp_path / "former")
        (prefix / "conda-meta").mkdir()
    history.write_text(f"==> 2025-05-0{'1' if what == 'number' else '3'} 10:00:00 <==\n")
    assert read_joined(tmp_path, str(prefix)) == ()


@pytest.mark.parametrize("data", [b"x\n", b'{"format":1,"job":"1"}\n[1]\n', b"\xff\n"])
def test_damaged_notes_are_told_with_their_path_and_the_way_out(data: bytes, tmp_path: Path) -> None:
    file = notes(tmp_path, NOTED)
    file.write_bytes(data)
    with pytest.raises(CondatuiError) as told:
        tidy_up(tmp_path)
    assert (str(file) in told.value.detail, "delete this file" in told.value.hint) == (True, True)
    assert temporary_names(tmp_path) == 0
    assert file.read_bytes() == data


DAMAGED = {
    "empty": b"",
    "no gzip": b"no gzip",
    "another document": gzip.compress(b"{}"),
    "cut short": gzip.compress(b"[")[:-3],
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
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


def unfinished(exchange: Exchange) -> Exchange:
    """What was noted of it before."""
    return replace(exchange, new=0)


def stated(exchange: Exchange, place: Path) -> Exchange:
    """The same with the sizes and times of the two."""
    new, old = (place.with_name(name).stat().st_mtime_ns for name in (".1", "file"))
    return replace(exchange, size=7, old_modified=old, new_modified=new)


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


def test_what_lies_in_one_directory_is_settled_together(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each directory is synced once for many names, rather than all those above it for each of them."""
    synced: list[HeldPlaces] = []
    real = HeldPlaces.sync

    def sync(places: HeldPlaces) -> None:
        synced.append(places)
        real(places)

    monkeypatch.setattr(HeldPlaces, "sync", sync)
    noted = [replace(exchange_of(place), temporary=f".{number}") for number in range(1, 21)]
    for each in noted[1:]:
        os.link(place.with_name(".1"), place.with_name(each.temporary))
    assert settle(noted) == (20, ())
    assert (len(synced), os.listdir(place.parent)) == (1, ["file"])


def test_what_cannot_be_synced_is_told_and_stays_noted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(places: HeldPlaces) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(HeldPlaces, "sync", fail)
    assert settle([exchange_of(place)]) == (1, (f"{place.with_name('.1')}: {os.strerror(errno.EIO)}",))


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


@pytest.mark.parametrize("known", [True, False])
def test_what_was_written_after_a_copy_took_the_place_is_not_lost(known: bool, place: Path) -> None:
    """By somebody who waited until the undo was killed; nothing else has the name of the former file."""
    last = exchange_of(place)
    if known:
        last = stated(last, place)
    swap(place)
    place.with_name(".1").write_bytes(b"edited")
    gone, told = settle([unfinished(last), last])
    if known:
        assert (gone, told, place.read_bytes(), os.listdir(place.parent)) == (1, (), b"edited", ["file"])
    else:
        assert (gone, len(told), place.with_name(".1").read_bytes()) == (0, 1, b"edited")


@pytest.mark.parametrize("known", [True, False])
def test_a_copy_that_was_replaced_since_is_not_taken_back(known: bool, place: Path) -> None:
    """Then what was written to the former file stays beside it, and is told."""
    last = stated(exchange_of(place), place)
    swap(place)
    place.with_name(".1").write_bytes(b"edited")
    if known:
        place.write_bytes(b"another")
        os.utime(place, ns=(1, 1))
    else:
        place.with_name("new").write_bytes(b"another")
        place.with_name("new").replace(place)
    assert len(settle([last])[1]) == 1
    assert (place.read_bytes(), place.with_name(".1").read_bytes()) == (b"another", b"edited")


def test_a_name_that_was_noted_twice_counts_once(place: Path) -> None:
    last = exchange_of(place)
    assert [*unsettled([unfinished(last), last])] == [last]


def test_an_unfinished_copy_goes(place: Path) -> None:
    exchange = Exchange(str(place.parent), "file", ".1", 0, place.stat().st_ino, 0)
    assert settle([exchange]) == (1, ())
    assert os.listdir(place.parent) == ["file"]


def test_what_has_gone_with_its_directory_needs_nothing(tmp_path: Path) -> None:
    assert settle([Exchange(str(tmp_path / "gone"), "file", ".1", 1, 2, 3)]) == (0, ())
