"""Snapshots of unknown origin: each is refused with a reason, and the others open."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from condatui_core.errors import NewerFormatError, UsageError
from condatui_core.records.environment import KeepMark
from condatui_core.snapshots import document as limits
from condatui_core.snapshots.directory import SnapshotDirectory
from condatui_core.snapshots.document import SnapshotError, compress
from condatui_core.snapshots.machine import verified_snapshot
from support.inventories import NOW, inventory, loaded, package
from support.snapshots import put_snapshot, read_all, snapshot_bytes, snapshot_document

GOOD = snapshot_bytes("bad", inventory(loaded("x", [package("numpy")])))
Change = Callable[[dict[str, Any]], object]


def _changed(change: Change) -> bytes:
    document = snapshot_document("bad", loaded("x", [package("numpy")]))
    change(document)
    return json.dumps(document).encode()


def _listed(**fields: object) -> bytes:
    return _changed(lambda document: document["list"]["environments"][0].update(fields))


def _held(**fields: object) -> bytes:
    return _changed(lambda document: next(iter(document["packages"].values())).update(fields))


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "Not valid JSON"),
    "rubbish": (b"\x00\x01\x02", "Not valid JSON"),
    "not an object": (b"[1, 2]", "a mapping is expected"),
    "another document": (b'{"format": 1, "environments": []}', "`host` is missing"),
    "truncated": (GOOD[: len(GOOD) // 2], "cut off"),
    "truncated text": (gzip.decompress(GOOD)[:-20], "Not valid JSON"),
    "damaged": (GOOD[:60] + bytes(20) + GOOD[80:], ""),
    "followed": (GOOD + GOOD, "Something follows"),
    "a bomb": (compress(b" " * (65 << 20)), "more than 64 MB"),
    "deep": (b'{"format": 1, "x": ' + b"[" * 200_000, "nested too deeply"),
    "many values": (b'{"format": 1, "table": [' + b"[]," * 1_000_001, "more than 1,000,000 lists"),
    "many texts": (b'{"format": 1, "unread": [' + b'"",' * 2_500_001, "more than 2,500,000 values"),
    "not UTF-8": (b'{"format": 1, "host": "\xff"}', "not UTF-8"),
    "a format of none": (_changed(lambda document: document.update(format=0)), "no snapshot has the format 0"),
    "no zone": (_changed(lambda document: document.update(at="2026-05-20T12:00:00")), "timezone"),
    "made after all times": (_changed(lambda d: d.update(at="9999-12-31T23:59:59-23:59")), "no snapshot was made at"),
    "made before all times": (_changed(lambda d: d.update(at="0001-01-01T00:00:00+23:59")), "no snapshot was made at"),
    "a host that is a path": (_changed(lambda document: document.update(host="../../etc/x")), "no name of a machine"),
    "a host that is an option": (_changed(lambda document: document.update(host="-oProxyCommand=x")), "no name of"),
    "a host with escapes": (_changed(lambda document: document.update(host="\x1b[2J")), "no name of a machine"),
    "a prefix that leads out": (_listed(prefix="/opt/../etc"), "no absolute path"),
    "a relative prefix": (_listed(prefix="etc"), "no absolute path"),
    "a prefix with a zero": (_listed(prefix="/opt/\0"), "no absolute path"),
    "an alias that leads out": (_listed(aliases=["/opt/.."]), "no absolute path"),
    "a long prefix": (_listed(prefix="/" + "x" * 5000), "length"),
    "a prefix twice": (_changed(lambda d: d["list"].update(environments=d["list"]["environments"] * 2)), "twice"),
    "a row that is not there": (_held(rows=[7]), "not in the table"),
    "a negative row": (_held(rows=[-1]), "a whole number >= 0 is expected"),
    "rows as text": (_held(rows="0"), "a list is expected"),
    "a row of numbers": (_changed(lambda document: document.update(table=[[1, 2]])), "A package in it is none"),
    "a huge number": (_changed(lambda d: d.update(disk={"/x": {"bytes": 10**30}})), "a whole number <="),
    "wrong types": (_listed(findings={"a": 1}), "a list is expected"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_snapshot_is_refused_and_the_others_open(case: str, tmp_path: Path) -> None:
    data, words = BAD[case]
    (tmp_path / "bad.json.gz").write_bytes(data)
    put_snapshot(tmp_path, "good", loaded("x", [package("numpy")]))
    told = read_all(tmp_path)
    assert [each.host for each in told.machines] == ["good"]
    (refused,) = told.refused
    assert words.casefold() in refused.reason.casefold()
    assert "\n" not in refused.reason
    assert refused.reason.isprintable()
    (problem,) = told.inventory.problems
    assert problem.message.startswith("bad.json.gz is left out. ")
    with pytest.raises(SnapshotError):
        verified_snapshot(data, "bad")


def test_a_newer_format_is_told_even_if_nothing_else_of_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"format": 2, "host": ["gpu07"]}')
    (tmp_path / "b.json").write_text(json.dumps(snapshot_document("gpu08", format=3)))
    told = read_all(tmp_path)
    assert [each.reason for each in told.refused] == [
        f"The snapshot was made by a newer condatui (format {found}); this one reads format 1." for found in (2, 3)
    ]
    with pytest.raises(NewerFormatError):
        verified_snapshot(b'{"format": 2}', "x")


def test_what_a_later_version_adds_is_ignored(tmp_path: Path) -> None:
    document = snapshot_document("gpu07", loaded("x", [package("numpy")]), added={"deep": [1]})
    document["table"][0] += ["something", "new"]
    document["list"]["environments"][0]["new"] = 1
    (tmp_path / "a.json").write_text(json.dumps(document))
    (one,) = read_all(tmp_path).inventory.environments
    assert one.contents
    assert one.contents.packages[0].name == "numpy"


def test_the_least_that_a_snapshot_may_say(tmp_path: Path) -> None:
    document = {
        "format": 1,
        "host": "old",
        "at": "2026-05-20T10:00:00Z",
        "collector": "standalone",
        "list": {"environments": [{"name": "x", "prefix": "/x"}]},
        "table": [["numpy", "1.0", "0", None, "linux-64", "conda", 0], ["idna", "3.1", "", None, "", "pypi", 0]],
        "packages": {"/x": {"rows": [1, 0]}, "/not/in/the/list": {"rows": [0]}},
        "disk": {"/x": {"bytes": 5}, "/y": {"bytes": 6}},
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    told = read_all(tmp_path)
    (one,) = told.inventory.environments
    assert one.contents
    assert [each.name for each in one.contents.packages] == ["numpy"]
    assert [each.name for each in one.contents.pip_distributions] == ["idna"]
    assert list(told.disk) == ["old:/x"]
    assert not told.machines[0].examined


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z"])
def test_a_time_that_no_clock_has_shown_is_not_known(at: str, tmp_path: Path) -> None:
    used = {"at": at, "evidence": "", "reliable": True}
    document = json.loads(_listed(created=at, modified=at, last_used=used, kept={"at": at, "note": "mine"}))
    prefix = document["list"]["environments"][0]["prefix"]
    document["gpu"] = {prefix: {"verdict": "works", "class": "works", "at": at}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    told = read_all(tmp_path)
    (one,) = told.inventory.environments
    assert (one.created, one.modified, one.last_used) == (None, None, None)
    assert one.keep == KeepMark(note="mine")
    assert told.gpu[one.prefix].at is None


def test_a_time_without_a_zone_is_taken_for_utc(tmp_path: Path) -> None:
    at, evidence = "2026-05-20T10:00:00", {"evidence": "", "reliable": True}
    (tmp_path / "a.json").write_bytes(_listed(last_used={"at": at, **evidence}, kept={"at": at}))
    (one,) = read_all(tmp_path).inventory.environments
    assert one.last_used
    assert one.keep
    assert one.last_used.at == one.keep.at == datetime(2026, 5, 20, 10, tzinfo=timezone.utc)


def test_what_all_machines_together_may_hold_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condatui_core.snapshots.directory._MOST_PACKAGES", 3)
    for number, host in enumerate("abc"):
        put_snapshot(tmp_path, host, loaded("x", [package("one", str(number)), package("two", str(number))]))
    told = read_all(tmp_path)
    assert [each.host for each in told.machines] == ["a"]
    assert len(told.refused) == 2
    assert "more than 3 different packages" in told.refused[0].reason


def test_what_all_machines_together_may_tell_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_snapshot(tmp_path, "a", loaded("x", [package("one")]))
    one = len(gzip.decompress((tmp_path / "a.json.gz").read_bytes()))
    monkeypatch.setattr("condatui_core.snapshots.directory._MOST_TOLD", one)
    put_snapshot(tmp_path, "b", loaded("x", [package("one")]))
    told = read_all(tmp_path)
    assert [each.host for each in told.machines] == ["a"]
    assert "beside the packages" in told.refused[0].reason


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.json.gz").open("wb") as file:
        file.truncate((32 << 20) + 1)
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to("loop.json")
    put_snapshot(tmp_path, "good")
    told = read_all(tmp_path)
    assert [each.host for each in told.machines] == ["good"]
    assert [Path(each.file).name for each in told.refused] == ["huge.json.gz", "loop.json", "pipe.json"]


def test_only_snapshots_of_a_directory_are_looked_at(tmp_path: Path) -> None:
    put_snapshot(tmp_path, "good")
    for name in ("notes.txt", ".hidden.json", f".{'0' * 16}.condatui", "x.yaml"):
        (tmp_path / name).write_text("no")
    (tmp_path / "directory.json").mkdir()
    told = read_all(tmp_path)
    assert (len(told.machines), told.refused) == (1, ())


def test_a_place_without_snapshots_is_an_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError):
            SnapshotDirectory(str(place), lambda: NOW)


def test_what_is_neither_a_directory_nor_a_file_is_said_to_be_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (str(tmp_path / "pipe"), os.devnull):
        with pytest.raises(UsageError) as refused:
            SnapshotDirectory(place, lambda: NOW)
        assert refused.value.detail == f"{place}: neither a directory nor a file"


def test_a_single_file_can_be_opened(tmp_path: Path) -> None:
    file = put_snapshot(tmp_path, "gpu07", loaded("x"))
    snapshots = SnapshotDirectory(str(file), lambda: NOW)
    assert not snapshots.read_some(60)
    assert snapshots.machines().machines[0].host == "gpu07"
    assert limits.file_name_of("gpu07") == file.name
