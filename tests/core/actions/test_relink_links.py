"""Joining by hard links, on files: what is joined, what is left alone, and what others do in between."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.exchanges import ExchangeNotes
from condatui_core.actions.joined_files import read_joined
from condatui_core.actions.relink import batch
from condatui_core.actions.relink.batch import HardLinks
from condatui_core.actions.relink.joining import Joined, join_all
from condatui_core.actions.relink.tally import Tally
from condatui_core.fs import places, steady_file
from condatui_core.fs.places import Place
from condatui_core.fs.steady_file import SteadyFile
from condatui_core.records.relinking import SameFiles, SkipReason
from support.file_flags import set_nodump
from support.plain_work import PlainWork
from support.relinks import CONTENT, OLD, Twins, contents_below, temporary_names

LIBRARY = "lib/library.so"


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test were made a moment ago."""
    monkeypatch.setattr(batch, "_REST", 0)


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    twins = Twins(tmp_path / "envs")
    for number, name in enumerate(("one", "two", "three")):
        twins.environment(name, {LIBRARY: CONTENT}, modified=OLD + number * 1_000_000_000)
    return twins


def library(twins: Twins, name: str) -> Path:
    return twins.root / name / LIBRARY


def all_same(twins: Twins) -> SameFiles:
    return twins.same(*(library(twins, name) for name in ("one", "two", "three")))


def join(twins: Twins, *sets: SameFiles, work: PlainWork | None = None) -> Joined:
    return join_all(twins.survey(*sets), twins.root.parent / "relinked", work or PlainWork())


def reasons(joined: Joined) -> dict[SkipReason, int]:
    return {each.reason: each.files for each in joined.tally.skipped}


def test_the_same_file_is_stored_once(twins: Twins) -> None:
    before = contents_below(twins.root)
    same = all_same(twins)
    work = PlainWork()
    joined = join(twins, same, work=work)
    assert (joined.tally.files, joined.tally.freed, joined.left, joined.failed) == (2, same.frees, (), None)
    assert {library(twins, name).stat().st_ino for name in ("one", "two", "three")} == {same.kept.number}
    assert contents_below(twins.root) == before
    assert library(twins, "two").stat().st_mtime_ns == OLD
    assert temporary_names(twins.root) == []
    assert work.progressed[-1] == (same.frees, same.frees, "bytes")


def test_what_was_joined_is_listed_for_each_environment(twins: Twins) -> None:
    same = all_same(twins)
    join(twins, same)
    directory = twins.root.parent / "relinked"
    for number, name in enumerate(("one", "two", "three")):
        (listed,) = read_joined(directory, str(twins.root / name))
        assert (listed.path, listed.inode) == (LIBRARY, same.kept.number)
        assert listed.modified == OLD + number * 1_000_000_000
    assert sorted({each.suffix for each in directory.iterdir()}) == [".gz"]


def test_a_file_with_several_paths_goes_under_all_of_them(twins: Twins) -> None:
    other, more = library(twins, "two"), twins.root / "three/lib/more.so"
    os.link(other, more)
    joined = join(twins, twins.same(library(twins, "one"), (other, more)))
    assert (joined.tally.files, joined.tally.freed) == (2, 12288)
    assert other.samefile(library(twins, "one"))
    assert more.samefile(library(twins, "one"))


def test_many_files_are_joined_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_MOST", 2)
    twins = Twins(tmp_path / "envs")
    files = {f"lib/{number}.so": bytes([number]) * 5000 for number in range(5)}
    one, two = twins.environment("one", files), twins.environment("two", files)
    joined = join(twins, *(twins.same(one / path, two / path) for path in files))
    assert joined.tally.files == 5
    assert all((one / path).samefile(two / path) for path in files)


def test_what_everything_frees_is_summed_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with each file: summed up over all of them each time, a hundred thousand files took hours."""
    real: Callable[[SameFiles], int] = vars(SameFiles)["frees"].fget
    summed: list[SameFiles] = []

    def frees(same: SameFiles) -> int:
        summed.append(same)
        return real(same)

    twins = Twins(tmp_path / "envs")
    files = {f"lib/{number}.so": bytes([number]) * 5000 for number in range(5)}
    one, two = twins.environment("one", files), twins.environment("two", files)
    sets = [twins.same(one / path, two / path) for path in files]
    monkeypatch.setattr(SameFiles, "frees", property(frees))
    work = PlainWork()
    joined = join_all(twins.survey(*sets), tmp_path / "relinked", work)
    assert (joined.tally.files, len(summed)) == (5, 5)
    assert work.progressed[-1] == (joined.tally.freed, joined.tally.freed, "bytes")


def test_what_has_changed_a_moment_ago_comes_last(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_REST", 0.001)
    slept: list[float] = []
    monkeypatch.setattr(batch, "_is_at_rest", lambda file: bool(slept))
    monkeypatch.setattr(time, "sleep", slept.append)
    assert join(twins, all_same(twins)).tally.files == 2
    assert slept == [0.001]


def test_what_does_not_come_to_rest_is_left_alone(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_REST", 3600)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    assert reasons(join(twins, all_same(twins))) == {"in-use": 2}


def _source(twins: Twins) -> SameFiles:
    """A source of which there is byte code that holds, in an environment where it is younger."""
    one, two = (twins.root / name / "lib/module.py" for name in ("one", "two"))
    for number, file in enumerate((one, two)):
        file.write_bytes(CONTENT)
        os.utime(file, ns=(OLD, OLD + number * 1_000_000_000))
    compiled = two.parent / "__pycache__/module.cpython-312.pyc"
    compiled.parent.mkdir()
    _compiled_at(compiled, OLD + 1_000_000_000)
    return twins.same(one, two)


def _two(twins: Twins, change: Callable[[Path], object]) -> SameFiles:
    same = twins.same(library(twins, "one"), library(twins, "two"))
    change(library(twins, "two"))
    return same


def _swap_for_a_link(file: Path) -> None:
    file.rename(file.with_name("former"))
    file.symlink_to("former")


def _rewrite(file: Path) -> None:
    """As somebody does who sets the time back afterwards."""
    file.write_bytes(CONTENT.replace(b"same", b"SAME", 1))
    os.utime(file, ns=(OLD, OLD + 1_000_000_000))


def _out_of_its_environment(twins: Twins) -> SameFiles:
    """As a record claims it that lies: the paths of another environment's file lead through this one."""
    same = twins.same(library(twins, "one"), library(twins, "two"))
    lying = f"{twins.root}/three/lib/../../two/{LIBRARY}"
    (file,) = same.joined[0].paths
    paths = (replace(file, path=lying, holder=str(twins.root / "three")),)
    return replace(same, joined=(replace(same.joined[0], paths=paths),))


def _source_that_is_stale(twins: Twins) -> SameFiles:
    """A source whose byte code is of another one, which has the size and the time of the file that stays."""
    same = _source(twins)
    _compiled_at(twins.root / "two/lib/__pycache__/module.cpython-312.pyc", OLD)
    return same


def _compiled_at(compiled: Path, modified: int) -> None:
    when = (modified // 1_000_000_000).to_bytes(4, "little")
    compiled.write_bytes(b"magc" + bytes(4) + when + len(CONTENT).to_bytes(4, "little"))


LEFT: dict[str, tuple[SkipReason, Callable[[Twins], SameFiles]]] = {
    "content": ("changed", lambda twins: _two(twins, _rewrite)),
    "size": ("changed", lambda twins: _two(twins, lambda file: file.write_bytes(CONTENT * 2))),
    "gone": ("changed", lambda twins: _two(twins, Path.unlink)),
    "replaced": ("changed", lambda twins: _two(twins, lambda file: os.replace(library(twins, "three"), file))),
    "symlink": ("changed", lambda twins: _two(twins, _swap_for_a_link)),
    "time": ("changed", lambda twins: _two(twins, lambda file: os.utime(file, ns=(1, 1)))),
    "mode": ("other-mode", lambda twins: _two(twins, lambda file: file.chmod(0o755))),
    "another link": ("linked-elsewhere", lambda twins: _two(twins, lambda file: os.link(file, twins.root / "link"))),
    "byte code": ("byte-code", _source),
    "stale byte code": ("byte-code", _source_that_is_stale),
    "out": ("changed", _out_of_its_environment),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_not_as_it_was_found_is_left_alone(what: str, twins: Twins) -> None:
    reason, make = LEFT[what]
    same = make(twins)
    before = contents_below(twins.root)
    numbers = {path: os.lstat(twins.root / path).st_ino for path in before}
    joined = join(twins, same)
    assert (reasons(joined), joined.tally.files) == ({reason: 1}, 0)
    assert contents_below(twins.root) == before
    assert {path: os.lstat(twins.root / path).st_ino for path in before} == numbers


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_has_to_be_the_same(twins: Twins) -> None:
    os.chown(library(twins, "two"), 12345, -1)
    assert reasons(join(twins, twins.same(library(twins, "one"), library(twins, "two")))) == {"other-owner": 1}


def test_attributes_have_to_be_the_same(twins: Twins) -> None:
    try:
        os.setxattr(library(twins, "two"), "user.mine", b"1")
    except OSError:
        pytest.skip("no attributes here")
    assert reasons(join(twins, all_same(twins))) == {"other-attributes": 1}
    assert os.getxattr(library(twins, "two"), "user.mine") == b"1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees these attributes")
def test_what_only_root_sees_has_to_be_the_same(twins: Twins) -> None:
    try:
        os.setxattr(library(twins, "two"), "trusted.mine", b"1")
    except OSError:
        pytest.skip("no attributes here")
    assert reasons(join(twins, all_same(twins))) == {"other-attributes": 1}
    assert os.getxattr(library(twins, "two"), "trusted.mine") == b"1"


def test_the_flags_of_chattr_have_to_be_the_same(twins: Twins) -> None:
    set_nodump(library(twins, "two"))
    assert reasons(join(twins, all_same(twins))) == {"other-attributes": 1}


def _set(twins: Twins, *names: str, lying: str) -> SameFiles:
    """Of these files one has other contents of the same size than its record says."""
    _rewrite(library(twins, lying))
    kept, *others = (library(twins, name) for name in names)
    return replace(twins.same(kept, *others), sha256=hashlib.sha256(CONTENT).hexdigest())


def test_one_that_was_to_stay_and_has_changed_does_not_stop_the_others(twins: Twins) -> None:
    same = _set(twins, "one", "two", "three", lying="one")
    joined = join(twins, same)
    assert (joined.tally.files, reasons(joined)) == (1, {"changed": 1})
    assert joined.tally.done == same.frees
    assert library(twins, "two").samefile(library(twins, "three"))
    assert library(twins, "one").read_bytes() != CONTENT


def test_the_file_of_a_cache_stays_if_that_of_another_cache_has_changed(twins: Twins) -> None:
    same = _set(twins, "one", "two", "three", lying="one")
    *_, last = same.joined
    cached = replace(last, paths=tuple(replace(each, cached=True) for each in last.paths))
    joined = join(twins, replace(same, joined=(same.joined[0], cached)))
    assert joined.tally.files == 1
    assert library(twins, "two").stat().st_ino == last.number


def test_none_that_is_as_claimed(twins: Twins) -> None:
    """What differs from all claims in the same way is the same all the same."""
    same = replace(all_same(twins), sha256="0" * 64)
    assert join(twins, same).tally.files == 2


def test_a_file_that_is_open_for_writing_is_left_alone(twins: Twins) -> None:
    with library(twins, "two").open("ab"):
        joined = join(twins, all_same(twins))
    assert (reasons(joined), joined.tally.files) == ({"in-use": 1}, 1)


def test_where_nobody_can_tell_who_writes(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steady_file, "take_read_lease", lambda descriptor: False)
    assert reasons(join(twins, all_same(twins))) == {"file-system": 2}


def _refuse(number: int) -> Callable[..., None]:
    def refuse(*arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.EMLINK, "link-limit"), (errno.EXDEV, "file-system"), (errno.EPERM, "file-system")]
)
def test_what_a_file_system_refuses(
    number: int, reason: SkipReason, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Place, "link", _refuse(number))
    assert reasons(join(twins, all_same(twins))) == {reason: 2}
    assert temporary_names(twins.root) == []


def test_a_file_system_that_cannot_exchange(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "exchange_names", _refuse(errno.ENOSYS))
    before = contents_below(twins.root)
    assert reasons(join(twins, all_same(twins))) == {"file-system": 2}
    assert (temporary_names(twins.root), contents_below(twins.root)) == ([], before)


@pytest.mark.parametrize("what", ["link", "exchange", "unlink"])
def test_a_disk_that_fails_ends_it_and_nothing_is_half_joined(
    what: str, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second file fails; the first of the batch is put back, or was joined already."""
    before = contents_below(twins.root)
    real = getattr(Place, what)
    calls: list[int] = []

    def fail(place: Place, *arguments: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place.path)
        real(place, *arguments)

    monkeypatch.setattr(Place, what, fail)
    joined = join(twins, all_same(twins))
    assert joined.failed
    assert joined.failed.errno == errno.ENOSPC
    assert (temporary_names(twins.root), contents_below(twins.root)) == ([], before)
    assert joined.tally.files == (1 if what == "unlink" else 0)


def test_it_stops_when_it_is_cancelled(twins: Twins) -> None:
    work = PlainWork(cancelled=True)
    joined = join(twins, all_same(twins), work=work)
    assert (joined.tally.files, reasons(joined)) == (0, {})
    assert temporary_names(twins.root) == []


# What others do in between


@pytest.fixture
def links(twins: Twins) -> HardLinks:
    return HardLinks(ExchangeNotes(twins.root.parent / "relinked", "1"), Tally(lambda done: None), lambda: False)


def between(monkeypatch: pytest.MonkeyPatch, before: str, change: Callable[[], object]) -> None:
    """Let something happen right before a step: once."""
    real = getattr(Place, before)
    done: list[bool] = []

    def step(place: Place, *arguments: object) -> object:
        if not done:
            done.append(True)
            change()
        return real(place, *arguments)

    monkeypatch.setattr(Place, before, step)


@pytest.fixture
def writer(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Lets a thread append a line to a library, and returns when it waits for a lease."""
    seen: list[SteadyFile] = []
    threads: list[threading.Thread] = []

    class Seen(SteadyFile):
        def __init__(self, place: Place) -> None:
            super().__init__(place)
            seen.append(self)

    def append(file: Path) -> None:
        with file.open("ab") as stream:
            stream.write(b"a line\n")

    def begin(name: str) -> None:
        threads.append(threading.Thread(target=append, args=(library(twins, name),)))
        threads[0].start()
        while all(each.unwritten for each in seen):
            continue

    monkeypatch.setattr(batch, "SteadyFile", Seen)
    yield begin
    threads[0].join()


@pytest.mark.parametrize(
    ("which", "step", "changed"),
    [
        ("one", "link", {"one"}),
        ("two", "link", {"two"}),
        ("one", "exchange", {"one"}),
        ("two", "exchange", {"two"}),
        ("two", "unlink", {"one", "two"}),  # then it is one file already
    ],
)
def test_somebody_who_writes_meanwhile_loses_nothing(
    which: str,
    step: str,
    changed: set[str],
    twins: Twins,
    links: HardLinks,
    writer: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They wait for the lease, are seen, and write to the file that they have opened, which is at its place then."""
    same = twins.same(library(twins, "one"), library(twins, "two"))
    links.join(same, same.joined[0])
    between(monkeypatch, step, lambda: writer(which))
    links.finish()
    while not library(twins, which).read_bytes().endswith(b"a line\n"):
        continue
    written = {name for name in ("one", "two") if library(twins, name).read_bytes() == CONTENT + b"a line\n"}
    assert written == changed
    assert temporary_names(twins.root) == []


@pytest.mark.parametrize("step", ["link", "exchange"])
def test_a_file_that_is_swapped_meanwhile_keeps_its_place(
    step: str, twins: Twins, links: HardLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = twins.same(library(twins, "one"), library(twins, "two"))
    links.join(same, same.joined[0])
    between(monkeypatch, step, lambda: _swap_for_a_link(library(twins, "two")))
    links.finish()
    assert os.readlink(library(twins, "two")) == "former"
    assert temporary_names(twins.root) == []


def test_another_file_under_the_path_that_stays_is_not_linked(
    twins: Twins, links: HardLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = twins.same(library(twins, "one"), library(twins, "two"))
    links.join(same, same.joined[0])
    between(monkeypatch, "link", lambda: os.replace(twins.root / "other", library(twins, "one")))
    (twins.root / "other").write_bytes(b"something else")
    links.finish()
    assert library(twins, "two").read_bytes() == CONTENT
    assert temporary_names(twins.root) == []
