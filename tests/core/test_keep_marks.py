"""The file of keep marks: written by condatui, edited by people, and never lost."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.errors import CondatuiError, NewerFormatError, UsageError
from condatui_core.keep_marks import KeepMarks
from condatui_core.records.environment import KeepMark, UserMarks
from condatui_core.settings import Locations

GROWING = "all:\n- &a0 [x]\n" + "".join(f"- &a{at} [{','.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 10))
"""A thousand million texts, with its aliases written out."""
AT = datetime(2026, 5, 20, 10, 0, tzinfo=timezone.utc)


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    return Locations(home=tmp_path, config=tmp_path / "config", cache=tmp_path / "cache", state=tmp_path / "state")


def written(locations: Locations, text: str | bytes) -> KeepMarks:
    locations.config.mkdir(exist_ok=True)
    locations.keep_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return KeepMarks(locations)


def test_without_a_file_nothing_is_kept_and_reading_makes_none(locations: Locations) -> None:
    assert KeepMarks(locations).read() == UserMarks()
    assert not locations.config.exists()
    assert not locations.state.exists()


def test_what_is_marked_is_read_again(locations: Locations) -> None:
    said = KeepMarks(locations).keep(("/envs/a", "/envs/b"), "the paper's  figures\nof 2025", by="ada", at=AT)
    mark = KeepMark(note="the paper's figures of 2025", at=AT, by="ada")
    assert said == KeepMarks(locations).read() == UserMarks(kept=(("/envs/a", mark), ("/envs/b", mark)))
    assert KeepMarks(locations).unkeep(("/envs/a",)).kept == (("/envs/b", mark),)
    assert KeepMarks(locations).read().mark_of("/envs/a") is None


def test_a_mark_without_a_note_leaves_the_one_that_is_there(locations: Locations) -> None:
    KeepMarks(locations).keep(("/envs/a",), "mine", by="ada", at=AT)
    before = locations.keep_file.read_bytes()
    KeepMarks(locations).keep(("/envs/a",), "", by="bob", at=AT.replace(year=2027))
    assert locations.keep_file.read_bytes() == before
    assert KeepMarks(locations).keep(("/envs/a",), "ours", by="bob", at=AT).mark_of("/envs/a") == KeepMark(
        note="ours", at=AT, by="bob"
    )


def test_a_mark_that_comes_back_is_as_it_was(locations: Locations) -> None:
    marks, other = KeepMarks(locations), KeepMark(note="until the paper is out", by="ann")
    marks.keep(["/envs/a", "/envs/b"], "", by="bob", at=AT, marks={"/envs/a": other})
    assert marks.read().mark_of("/envs/a") == other
    assert marks.read().mark_of("/envs/b") == KeepMark(at=AT, by="bob")


@pytest.mark.parametrize("path", ["/envs/a\udcff", "/envs/naïve ✓", "/envs/a: b # c", "/envs/\x1b[31m", "/envs/true"])
def test_any_path_and_any_note_come_back(locations: Locations, path: str) -> None:
    assert KeepMarks(locations).keep((path,), "yes: no # ✓", by="", at=AT).mark_of(path) is not None
    assert KeepMarks(locations).read().kept == ((path, KeepMark(note="yes: no # ✓", at=AT)),)


def test_the_file_of_an_environment_is_remembered_and_what_is_no_path_stands_in_no_ones_way(
    locations: Locations,
) -> None:
    marks = written(locations, "verify:\n  ~/envs/a: ~/a.yml\n  /envs/b: b.yml\n  /envs/c: [1]\nkeep:\n  /envs/k:\n")
    home = str(locations.home)
    assert marks.read().files == ((f"{home}/envs/a", f"{home}/a.yml"),)
    said = marks.remember_file(f"{home}/envs/a", "/work/pixi.lock#test")
    assert said.file_of(f"{home}/envs/a") == "/work/pixi.lock#test"
    assert marks.remember_file("/envs/d", "/d.yml").file_of("/envs/d") == "/d.yml"
    assert [prefix for prefix, _ in marks.read().kept] == ["/envs/k"]
    assert "b.yml" in locations.keep_file.read_text()
    assert written(locations, "verify: nothing\n").read().files == ()


def test_filters_are_remembered_by_name_until_they_are_forgotten(locations: Locations) -> None:
    marks = written(locations, "filters:\n  old: used:>90d\n  no name: x\n  list: [1]\n  7: x\nkeep:\n  /envs/k:\n")
    assert marks.read().filters == (("old", "used:>90d"),)
    assert marks.remember_filter("big.2", "disk:>5G | !x: 'y").filters == (
        ("old", "used:>90d"),
        ("big.2", "disk:>5G | !x: 'y"),
    )
    assert dict(marks.remember_filter("old", "used:>1y").filters)["old"] == "used:>1y"
    assert marks.forget_filter("old").filters == (("big.2", "disk:>5G | !x: 'y"),)
    assert [prefix for prefix, _ in marks.read().kept] == ["/envs/k"]
    assert "no name: x" in locations.keep_file.read_text(), "what is none is left alone"


@pytest.mark.parametrize("name", ["", "two words", "@x", "-x", "a|b", "é", "x" * 41])
def test_a_name_that_would_be_no_word_of_a_filter_is_refused(locations: Locations, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a filter"):
        KeepMarks(locations).remember_filter(name, "nlp")
    with pytest.raises(UsageError, match="No filter is remembered as"):
        KeepMarks(locations).forget_filter(name)
    with pytest.raises(UsageError, match="1,000 at most"):
        KeepMarks(locations).remember_filter("long", "x" * 1001)
    assert not locations.keep_file.exists()


HAND_WRITTEN = """\
# Mine.

format: 1
team: vision
keep:
  # served
  ~/envs/linked: production, ask Ada
  /envs/plain:
  /envs/full:
    note: 2024
    at: 2026-05-20
    ticket: [OPS-1, 7]
"""


def test_a_person_may_write_it_by_hand(locations: Locations) -> None:
    (locations.home / "envs").mkdir()
    (locations.home / "envs" / "real").mkdir()
    (locations.home / "envs" / "linked").symlink_to("real")
    real = os.path.realpath(locations.home / "envs" / "real")
    marks = written(locations, HAND_WRITTEN).read()
    assert marks.mark_of(real) == KeepMark(note="production, ask Ada")
    assert marks.mark_of("/envs/plain") == KeepMark()
    assert marks.mark_of("/envs/full") == KeepMark(note="2024", at=datetime(2026, 5, 20, tzinfo=timezone.utc))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", "2026"])
def test_a_time_that_is_none_is_left_out(locations: Locations, at: str) -> None:
    assert written(locations, f"keep: {{/a: {{at: {at}}}}}").read().mark_of("/a") == KeepMark()


def test_what_a_person_has_added_stays(locations: Locations) -> None:
    (locations.home / "envs").mkdir()
    real = os.path.realpath(locations.home / "envs" / "linked")
    keep = written(locations, HAND_WRITTEN)
    keep.keep((real,), "now Bob's", by="bob", at=AT)
    text = locations.keep_file.read_text()
    assert text.startswith("# Mine.\n\nformat: 1\nteam: vision\n")
    assert all(each in text for each in ("~/envs/linked:", "now Bob's", "- OPS-1"))
    assert "production" not in text
    assert keep.unkeep((real,)).mark_of(real) is None
    assert "linked" not in locations.keep_file.read_text()


def test_the_baseline_is_remembered_beside_the_marks(locations: Locations) -> None:
    keep = KeepMarks(locations)
    keep.keep(("/envs/a",), "", by="ada", at=AT)
    assert keep.set_baseline("/envs/b").baseline == "/envs/b"
    assert keep.read().kept[0][0] == "/envs/a"
    assert keep.set_baseline("").baseline == ""
    assert "baseline:" not in locations.keep_file.read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("keep: [", "not valid YAML"),
        ("- a", "`name: value` lines"),
        ("keep: [/envs/a]", "`path: note` lines"),
        ("keep: {nlp: x}", "begin with / or ~"),
        ("keep: {/envs/a: [x]}", "must be a note"),
        ("format: one", "must be a small number"),
        ("baseline: nlp", "begin with / or ~"),
        ("baseline: ~there-is-no-such-user/env", "begin with / or ~"),
        ("keep: {/a: {at: 2026-02-30}}", "not valid YAML"),
        ("keep: {/a: first, /a: second}", "stands there twice"),
        ("all: &all [*all]\nkeep: {/a: x}", "not valid YAML"),
        ("deep: " + "[" * 400 + "]" * 400, "nested too deeply"),
        (GROWING + "keep: {/a: {note: *a9}}", "too large with its aliases"),
        (GROWING + "baseline: *a9", "too large with its aliases"),
        ('keep: {"/\\ud800": x}', "surrogates not allowed"),
        ("keep: {/a: 0x" + "f" * 5000 + "}", "4300 digits"),
        ("format: 0x" + "f" * 5000, "must be a small number"),
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * ((1 << 20) + 1), "larger than"),
    ],
)
def test_a_damaged_file_is_told_and_never_overwritten(locations: Locations, text: str | bytes, says: str) -> None:
    keep = written(locations, text)
    before = locations.keep_file.read_bytes()
    for use in (keep.read, lambda: keep.keep(("/b",), "", by="", at=AT), lambda: keep.unkeep(("/b",))):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            use()
        assert says in caught.value.detail
    assert locations.keep_file.read_bytes() == before


def test_a_newer_format_is_told_and_never_overwritten(locations: Locations) -> None:
    keep = written(locations, "format: 2\nkeep: {/envs/a: x}\n")
    for use in (keep.read, lambda: keep.set_baseline("/b")):
        with pytest.raises(NewerFormatError, match="newer condatui"):
            use()
    assert locations.keep_file.read_text() == "format: 2\nkeep: {/envs/a: x}\n"


def test_a_link_to_the_file_stays_a_link(locations: Locations) -> None:
    locations.config.mkdir()
    (locations.home / "dotfiles.yaml").write_text("keep: {}\n")
    locations.keep_file.symlink_to(locations.home / "dotfiles.yaml")
    KeepMarks(locations).keep(("/envs/a",), "", by="ada", at=AT)
    assert locations.keep_file.is_symlink()
    assert "/envs/a" in (locations.home / "dotfiles.yaml").read_text()


def test_what_cannot_be_written_is_told(locations: Locations) -> None:
    locations.config.write_text("a file where the directory should be")
    with pytest.raises(CondatuiError, match="cannot be read"):
        KeepMarks(locations).keep(("/envs/a",), "", by="ada", at=AT)


_MARKING = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from condatui_core.keep_marks import KeepMarks
from condatui_core.settings import Locations
root = Path(sys.argv[1])
keep = KeepMarks(Locations(home=root, config=root / "config", cache=root / "cache", state=root / "state"))
print(flush=True)
sys.stdin.readline()
for number in range(20):
    keep.keep((f"/envs/{sys.argv[2]}-{number}",), "", by="", at=datetime.now(timezone.utc))
"""


def test_processes_that_mark_at_once_lose_nothing(locations: Locations) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MARKING, str(locations.home), name],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in "abc"
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.communicate(b"\n", timeout=120) is not None
        assert process.returncode == 0
    kept = {path for path, _ in KeepMarks(locations).read().kept}
    assert kept == {f"/envs/{name}-{number}" for name in "abc" for number in range(20)}
