"""Trees that fight back: deep, wide, unreadable, changing, with names that are no text and files not to be opened."""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from condatui_core.disk.findings import findings_of
from condatui_core.disk.link_graph import LinkGraph
from condatui_core.disk.scan import ROOT, Scanner, SeenInodes
from condatui_core.disk.tree import InodeTree
from support.disk_trees import du, graph_of, link, prefixes, walked, write

Listing = AbstractContextManager[Iterable[object]]
"""What os.scandir returns."""


def scan(path: Path) -> InodeTree:
    scanner = Scanner(os.fsencode(path), defaultdict(SeenInodes), now=0)
    scanner.scan([ROOT])
    return scanner.tree


def total(path: Path) -> int:
    return graph_of(prefixes([path])).use_of(str(path)).total


def test_two_hundred_levels(tmp_path: Path) -> None:
    write(tmp_path.joinpath("env", *["level"] * 200, "file"))
    assert total(tmp_path / "env") == du(tmp_path / "env")


def test_ten_thousand_entries_in_one_directory(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"{number}").touch()
    assert walked(prefixes([tmp_path])).entries == 10_000
    assert total(tmp_path) == du(tmp_path)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    env = tmp_path / os.fsdecode(b"caf\xe9")
    write(env / os.fsdecode(b"\xff\xfe") / os.fsdecode(b"line\nbreak\x1b[31m"))
    assert total(env) == du(env)
    assert not walked(prefixes([env])).problems


def test_pipes_sockets_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for somebody to write
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert total(tmp_path) == du(tmp_path)


def test_symlinks_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/large", 500_000)
    env = tmp_path / "env"
    env.mkdir()
    (env / "out").symlink_to(tmp_path / "elsewhere")
    (env / "round").symlink_to(env)
    (env / "nowhere").symlink_to("nowhere")
    assert total(env) == du(env) < 100_000


def test_what_cannot_be_read_is_a_finding_and_the_rest_a_lower_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "locked"):
        write(tmp_path / "env" / name / "file", 50_000)
    locked = tmp_path / "env/locked"
    everything = du(tmp_path / "env")
    _forbid(monkeypatch, locked)
    result = walked(prefixes([tmp_path / "env"]))
    use = LinkGraph(prefixes([tmp_path / "env"]), result.table).use_of(str(tmp_path / "env"))
    assert use.total == everything - (locked / "file").stat().st_blocks * 512
    [(place, problems)] = result.problems
    [finding] = findings_of(str(tmp_path / "env"), problems)
    assert (place, finding.id, finding.severity) == (0, "disk-unreadable", "warning")
    assert finding.evidence == (f"{locked}: Permission denied",)
    assert str(locked) in finding.message


def _forbid(monkeypatch: pytest.MonkeyPatch, locked: Path) -> None:
    """As if the user were not root, who may list anything."""

    def listing(path: bytes) -> Listing:
        if path == os.fsencode(locked):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", listing)


def test_what_could_not_be_read_is_tried_again(tmp_path: Path) -> None:
    write(tmp_path / "env/locked/file", 50_000)
    places = prefixes([tmp_path / "env"])
    with pytest.MonkeyPatch.context() as patch:
        _forbid(patch, tmp_path / "env/locked")
        assert walked(places, tmp_path / "kept").problems
    again = walked(places, tmp_path / "kept")
    assert not again.problems
    assert LinkGraph(places, again.table).total([str(tmp_path / "env")]) == du(tmp_path / "env")


@pytest.mark.parametrize("vanishing", ["a file", "a directory"])
def test_what_goes_while_it_is_walked_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vanishing: str
) -> None:
    write(tmp_path / "env/stays")
    goes = write(tmp_path / "env/lib/goes")
    scandir = os.scandir

    def vanish(path: bytes) -> Listing:
        with scandir(path) as entries:
            found = list(entries)
            if path.endswith(b"lib") and vanishing == "a file":
                goes.unlink()
            for entry in found:
                entry.stat(follow_symlinks=False) if entry.name == b"lib" else None
        if path.endswith(b"env") and vanishing == "a directory":
            goes.unlink()
            goes.parent.rmdir()
        return nullcontext(iter(found))

    monkeypatch.setattr(os, "scandir", vanish)
    tree = scan(tmp_path / "env")
    assert [problem.kind for problem in tree.problems] == ["changed"]
    assert findings_of(str(tmp_path / "env"), tree.problems)[0].id == "disk-changed"


def test_a_place_that_is_not_there_is_a_finding_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "here/file")
    places = prefixes([tmp_path / "gone", tmp_path / "here"])
    result = walked(places, tmp_path / "kept")
    assert [place for place, _ in result.problems] == [0]
    assert LinkGraph(places, result.table).use_of(places[0].path).total == 0
    assert LinkGraph(places, result.table).use_of(places[1].path).total == du(tmp_path / "here")


class Entry:
    """A directory entry of which lstat says something else than of the real one."""

    def __init__(self, entry: os.DirEntry[bytes], **others: int) -> None:
        self.name, self.path = entry.name, entry.path
        self._entry = entry
        self._others = others

    def inode(self) -> int:
        return self._entry.inode()

    def stat(self, *, follow_symlinks: bool) -> SimpleNamespace:
        status = self._entry.stat(follow_symlinks=follow_symlinks)
        fields = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        return SimpleNamespace(**{**fields, **{name: fields[name] + more for name, more in self._others.items()}})


def _see(monkeypatch: pytest.MonkeyPatch, make: Callable[[os.DirEntry[bytes]], object]) -> None:
    scandir = os.scandir

    def listing(path: bytes) -> Listing:
        with scandir(path) as entries:
            return nullcontext(iter([make(entry) for entry in entries]))

    monkeypatch.setattr(os, "scandir", listing)


def test_another_file_system_is_counted_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "env/mount/file")
    _see(monkeypatch, lambda entry: Entry(entry, st_dev=1) if b"/mount" in entry.path else entry)
    result = walked(prefixes([tmp_path / "env"]))
    [(_, problems)] = result.problems
    [finding] = findings_of(str(tmp_path / "env"), problems)
    assert (finding.id, finding.evidence) == ("disk-mounted", (str(tmp_path / "env/mount"),))
    assert sum(each.bytes for each in result.table.classes) == du(tmp_path / "env")


def test_where_directories_say_other_inode_numbers_than_lstat_they_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some layered file systems: each entry is looked at, however often its number was seen."""
    for name in "abc":
        write(tmp_path / "one" / name)
        link(tmp_path / "one" / name, tmp_path / "two" / name)
    numbers = {entry.inode() for entry in os.scandir(tmp_path / "one")}
    shift = max(numbers) - min(numbers) + 1
    _see(monkeypatch, lambda entry: Entry(entry, st_ino=shift))
    places = prefixes([tmp_path / "one", tmp_path / "two"])
    graph = graph_of(places)
    assert graph.frees([place.path for place in places]) == du(tmp_path / "one", tmp_path / "two")
    assert graph.frees([places[0].path]) == du(tmp_path / "one") - 3 * 8192
