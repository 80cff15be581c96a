"""Files become their own again: which time the copies get, what is left alone, and what remains one file."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.joined_files import read_joined, tidy_up
from condatui_core.actions.relink import batch
from condatui_core.actions.relink.joining import join_all
from condatui_core.actions.separate.copying import Separated, separate_all
from condatui_core.fs.places import Place
from condatui_core.fs.tree import allocated
from support.plain_work import PlainWork
from support.relinks import CONTENT, OLD, Twins, contents_below, temporary_names

SECOND = 1_000_000_000
MODULE, LIBRARY, MORE = "lib/module.py", "lib/library.so", "lib/more.so"


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test were made a moment ago."""
    monkeypatch.setattr(batch, "_REST", 0)


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    """Two environments with the same files, which a relink has joined."""
    twins = Twins(tmp_path / "envs")
    files = {MODULE: CONTENT, LIBRARY: CONTENT + b"library"}
    one = twins.environment("one", files)
    two = twins.environment("two", files, modified=OLD + 10 * SECOND)
    os.link(two / LIBRARY, two / MORE)
    library = twins.same(one / LIBRARY, (two / LIBRARY, two / MORE))
    survey = twins.survey(twins.same(one / MODULE, two / MODULE), library)
    assert join_all(survey, tmp_path / "relinked", PlainWork()).tally.files == 3
    return twins


def separate(twins: Twins, name: str = "two") -> Separated:
    prefix, lists = str(twins.root / name), twins.root.parent / "relinked"
    return separate_all(prefix, read_joined(lists, prefix), lists, PlainWork(job_id="undo"))


def time_of(file: Path) -> int:
    return file.stat().st_mtime_ns


def compiled(source: Path, modified: int) -> None:
    """Byte code of a source that had this time."""
    byte_code = source.parent / "__pycache__/module.cpython-312.pyc"
    byte_code.parent.mkdir(exist_ok=True)
    when = (modified // SECOND).to_bytes(4, "little")
    byte_code.write_bytes(b"magc" + bytes(4) + when + source.stat().st_size.to_bytes(4, "little"))


@pytest.mark.parametrize("content", [b"X" + CONTENT[1:], CONTENT + b"a line\n"], ids=["same size", "longer"])
def test_what_was_edited_since_keeps_the_time_of_the_edit(content: bytes, twins: Twins) -> None:
    """With its former time byte code of the former contents would hold again, and Python would run those."""
    module = twins.root / "two" / MODULE
    compiled(module, OLD + 10 * SECOND)
    (twins.root / "one" / MODULE).write_bytes(content)
    os.utime(module, ns=(OLD, OLD + 500 * SECOND))
    separate(twins)
    assert (module.read_bytes(), module.stat().st_nlink, time_of(module)) == (content, 1, OLD + 500 * SECOND)


@pytest.mark.parametrize(("written_for", "expected"), [(OLD, OLD), (OLD + 10 * SECOND, OLD + 10 * SECOND)])
def test_byte_code_that_holds_since_the_join_holds_afterwards(written_for: int, expected: int, twins: Twins) -> None:
    module = twins.root / "two" / MODULE
    assert time_of(module) == OLD
    compiled(module, written_for)
    separate(twins)
    assert (module.stat().st_nlink, time_of(module)) == (1, expected)


def test_paths_that_were_one_file_become_one_again(twins: Twins) -> None:
    two = twins.root / "two"
    before = contents_below(twins.root)
    needed = sum(allocated((two / path).stat()) for path in (MODULE, LIBRARY))
    done = separate(twins)
    assert (done.files, done.used, done.left, done.failed) == (3, needed, [], None)
    assert (two / LIBRARY).samefile(two / MORE)
    assert ((two / LIBRARY).stat().st_nlink, time_of(two / MORE)) == (2, OLD + 10 * SECOND)
    assert (twins.root / "one" / LIBRARY).stat().st_nlink == 1
    assert (contents_below(twins.root), temporary_names(twins.root)) == (before, [])
    assert read_joined(twins.root.parent / "relinked", str(two)) == ()


def test_what_copies_use_is_what_they_occupy(tmp_path: Path) -> None:
    """Blocks of zeros, of which libraries have some, become holes in a copy."""
    twins = Twins(tmp_path / "envs")
    content = b"x" * 4096 + bytes(1 << 18) + b"x" * 4096
    one, two = (twins.environment(name, {LIBRARY: content}) / LIBRARY for name in ("one", "two"))
    join_all(twins.survey(twins.same(one, two)), tmp_path / "relinked", PlainWork())
    done = separate(twins)
    assert (done.files, done.used) == (1, allocated(two.stat()))


@pytest.mark.parametrize("what", ["create", "link", "exchange"])
@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
def test_a_protected_file_stays_joined_and_the_others_do_not(
    what: str, number: int, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `chattr +i`, or in a directory that may not be written."""
    real: Callable[..., object] = getattr(Place, what)

    def refuse(place: Place, *arguments: object) -> object:
        if place.name in (LIBRARY[4:], MORE[4:]):
            raise OSError(number, os.strerror(number), place.path)
        return real(place, *arguments)

    monkeypatch.setattr(Place, what, refuse)
    before = contents_below(twins.root)
    done = separate(twins)
    assert (done.files, done.failed) == (1, None)
    assert done.left == [f"{path}: {os.strerror(number)}" for path in (LIBRARY, MORE)]
    assert (contents_below(twins.root), temporary_names(twins.root)) == (before, [])
    assert (twins.root / "two" / MODULE).stat().st_nlink == 1
    assert len({(twins.root / path).stat().st_ino for path in ("one/" + LIBRARY, "two/" + LIBRARY, "two/" + MORE)}) == 1


def test_a_path_that_cannot_be_exchanged_leaves_all_of_its_file_joined(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Place.exchange

    def refuse(place: Place, name: str, expected: int) -> None:
        if place.name == MORE[4:]:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), place.path)
        real(place, name, expected)

    monkeypatch.setattr(Place, "exchange", refuse)
    assert len(separate(twins).left) == 2
    assert (twins.root / "one" / LIBRARY).stat().st_nlink == 3
    assert temporary_names(twins.root) == []


def begin_to_write(file: Path) -> None:
    """Let a writer come, who has to wait for the lease that is on the file."""
    with pytest.raises(BlockingIOError):
        os.open(file, os.O_WRONLY | os.O_NONBLOCK)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")
def test_a_copy_to_which_somebody_writes_already_keeps_its_place(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes to the joined file, which would take the copy back; what is written to that would be lost."""
    one, two = (twins.root / name / MODULE for name in ("one", "two"))
    real, copies = Place.exchange, []

    def exchange(place: Place, name: str, expected: int) -> None:
        real(place, name, expected)
        if place.path == str(two):
            copies.append(two.stat().st_ino)
            begin_to_write(two)
            begin_to_write(one)

    monkeypatch.setattr(Place, "exchange", exchange)
    separate(twins)
    assert [two.stat().st_ino] == copies
    assert (one.stat().st_nlink, two.stat().st_nlink, temporary_names(twins.root)) == (1, 1, [])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")
def test_a_copy_to_which_somebody_writes_is_not_taken_back_for_another_path(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, library, more = (twins.root / path for path in (f"one/{LIBRARY}", f"two/{LIBRARY}", f"two/{MORE}"))
    real, copies = Place.exchange, []

    def exchange(place: Place, name: str, expected: int) -> None:
        if place.path == str(more):
            copies.append(library.stat().st_ino)
            begin_to_write(library)
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), place.path)
        real(place, name, expected)

    monkeypatch.setattr(Place, "exchange", exchange)
    separate(twins)
    assert [library.stat().st_ino] == copies
    assert more.samefile(one)
    assert (library.read_bytes(), temporary_names(twins.root)) == (more.read_bytes(), [])


def test_a_full_disk_ends_it(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Place, name: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place.path)

    monkeypatch.setattr(Place, "create", refuse)
    done = separate(twins)
    assert done.failed
    assert (done.failed.errno, done.files, temporary_names(twins.root)) == (errno.ENOSPC, 0, [])


def test_a_copy_that_cannot_be_deleted_is_told_apart_from_files(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a directory to which names may only be added."""

    def refuse(place: Place, *arguments: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), place.path)

    with monkeypatch.context() as protected:
        protected.setattr(Place, "exchange", refuse)
        protected.setattr(Place, "unlink", refuse)
        done = separate(twins)
    assert (done.files, len(done.left), len(done.behind), done.failed) == (0, 3, 3, None)
    assert len(temporary_names(twins.root)) == 3
    assert tidy_up(twins.root.parent / "relinked") == (3, ())
    assert (separate(twins).files, temporary_names(twins.root)) == (3, [])
