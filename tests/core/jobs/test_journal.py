"""The journal: what it keeps, what it bears, and that nothing is done without it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from msgspec import json, to_builtins
from msgspec.structs import replace

from condatui_core.jobs import journal_store
from condatui_core.jobs.journal import EVENTS, OWNER, JobBegun, Journal, Submission, new_job
from condatui_core.jobs.journal import PLAN as PLAN_FILE
from condatui_core.jobs.journal_store import (
    JournalSurvey,
    ReadJournal,
    interrupted_finding,
    journal_findings,
    prune,
    survey_journals,
)
from condatui_core.proc.owner import Owner, started_mark, this_process
from condatui_core.records.finding import blocker
from condatui_core.records.job import Ended, Plan, Recovery, Said, StageBegun
from condatui_core.records.request import CloneRequest
from condatui_core.remedy import AcceptSize, NameConda, SeeInterrupted
from support.job_process import job_process, said_by

NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
PLAN = Plan(request=CloneRequest(source="/a", target="/b"), title="Clone a to b")
HERE = Owner(pid=1, mark="another", host=os.uname().nodename)
STAGE = StageBegun(at=NOON, name="make", title="Making")
ENDED = Ended(at=NOON, state="done", message="b was made")


async def begun(directory: Path, plan: Plan = PLAN) -> Journal:
    journal = Journal(directory)
    await journal.begin(plan, Submission(owner=this_process(), at=NOON))
    await journal.write(JobBegun(at=NOON))
    return journal


def only(directory: Path) -> ReadJournal:
    """The one journal in a directory."""
    (told,) = survey_journals(directory, HERE).journals
    return told


async def test_it_tells_the_whole_job(tmp_path: Path) -> None:
    journal = await begun(tmp_path / "one")
    await journal.write(STAGE)
    journal.note([Said(at=NOON, line="hello")])
    await journal.write(ENDED)
    await journal.close()
    told = only(tmp_path)
    assert (told.job.id, told.job.plan, told.job.stage, told.job.end) == ("one", PLAN, STAGE, ENDED)
    assert told.job.output == ("hello",)


async def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    journal = await begun(tmp_path / "one")
    await journal.write(STAGE)
    await journal.close()
    events = tmp_path / "one" / EVENTS
    events.write_bytes(events.read_bytes() + b'{"type":"ended","at":"2026')
    told = only(tmp_path)
    assert (told.job.state, told.job.stage) == ("interrupted", STAGE)


async def test_paths_that_are_no_utf8_come_back_as_they_were(tmp_path: Path) -> None:
    plan = Plan(request=CloneRequest(source="/a\udcff", target="/b"), title="Clone", prefixes=("/a\udcff",))
    journal = await begun(tmp_path / "one", plan)
    await journal.close()
    told = only(tmp_path)
    assert told.job.plan == plan


async def test_remedies_come_back_as_they_were(tmp_path: Path) -> None:
    found = (blocker("no-conda", "None.", NameConda(why="unusable")), blocker("in-use", "It is used.", "End it first."))
    ended = Ended(at=NOON, state="failed", message="It is there.", hint=AcceptSize(limit_bytes=7))
    journal = await begun(tmp_path / "one", replace(PLAN, blockers=found))
    await journal.write(ended)
    await journal.close()
    told = only(tmp_path)
    assert (told.job.plan.blockers, told.job.end) == (found, ended)


async def test_journals_of_the_first_version_are_read(tmp_path: Path) -> None:
    await (await begun(tmp_path / "one")).close()
    lacking = {"removal"}
    plan = {key: value for key, value in to_builtins(PLAN).items() if key not in lacking}
    warning = {"id": "base", "severity": "note", "message": "conda stays.", "remedy": "--with-conda takes it along."}
    (tmp_path / "one" / PLAN_FILE).write_bytes(json.encode({**plan, "warnings": [{**warning, "evidence": []}]}))
    outcome = {"message": "b was made", "findings": [warning], "bytes_used": 7}
    end = {"type": "ended", "at": NOON, "state": "done", "message": "b was made", "hint": "Look.", "outcome": outcome}
    (tmp_path / "one" / EVENTS).write_bytes(json.encode(end) + b"\n")
    told = only(tmp_path)
    assert told.job.plan.removal is None
    assert [each.remedy for each in told.job.plan.warnings] == ["--with-conda takes it along."]
    assert told.job.end
    assert told.job.end.outcome
    assert (told.job.end.hint, told.job.end.outcome.says_bytes) == ("Look.", False)


async def test_what_is_no_journal_is_left_out(tmp_path: Path) -> None:
    await (await begun(tmp_path / "one")).close()
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "not yet").mkdir()
    (tmp_path / "not yet" / OWNER).write_text("{")
    (tmp_path / "not yet" / EVENTS).touch()
    assert [each.job.id for each in survey_journals(tmp_path, HERE).journals] == ["one"]
    assert survey_journals(tmp_path / "none", HERE) == JournalSurvey()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (PLAN_FILE, "", "without content"),
        (PLAN_FILE, "[]", "unexpected content"),
        (OWNER, "{", "not valid JSON"),
        (OWNER, "", "without content"),
        (OWNER, "\0" * 300, "without content"),
        (EVENTS, "\0" * 300, "no line of it can be read"),
        (EVENTS, None, "No such file"),
    ],
)
async def test_one_that_cannot_be_read_is_told_with_its_path(
    tmp_path: Path, name: str, content: str | None, reason: str
) -> None:
    await (await begun(tmp_path / "one")).close()
    journal = await begun(tmp_path / "two")
    await journal.write(STAGE)
    await journal.close()
    file = tmp_path / "two" / name
    file.unlink()
    if content is not None:
        file.write_text(content)
    survey = survey_journals(tmp_path, HERE)
    assert [each.job.id for each in survey.journals] == ["one"]
    (damaged,) = survey.damaged
    assert damaged.reason.startswith(f"{name}: {reason}")
    *_, told = journal_findings(tmp_path)
    assert (told.id, told.severity) == ("damaged-journal", "warning")
    assert str(tmp_path / "two") in told.message and damaged.reason in told.message


@pytest.mark.parametrize(
    ("state", "said", "way_out"),
    [
        ({}, "Clone a to b was interrupted.", False),
        ({"stage": STAGE}, "Clone a to b was interrupted (Making).", False),
        ({"recovery": Recovery(state="untouched", message="Nothing is there.")}, ": Nothing is there.", False),
        (
            {"recovery": Recovery(state="half", message="Half is there.", way_out=PLAN.request)},
            ": Half is there.",
            True,
        ),
    ],
)
def test_what_is_told_of_an_interrupted_job(state: dict[str, Any], said: str, way_out: bool) -> None:
    told = interrupted_finding(replace(new_job("1", PLAN, NOON), state="interrupted", **state))
    assert told.message.endswith(said)
    assert (told.id, told.remedy) == ("interrupted", SeeInterrupted(way_out=way_out))


async def test_one_without_a_plan_that_has_entries_is_damaged(tmp_path: Path) -> None:
    journal = await begun(tmp_path / "one")
    await journal.write(STAGE)
    await journal.close()
    (tmp_path / "one" / PLAN_FILE).unlink()
    assert [each.reason for each in survey_journals(tmp_path, HERE).damaged] == [
        f"{PLAN_FILE}: No such file or directory"
    ]


async def test_old_ones_are_deleted_and_those_at_work_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_store, "MOST_KEPT", 2)
    at_work = await begun(tmp_path / "a")
    for name in ("b", "c", "d"):
        await (await begun(tmp_path / name)).close()
    os.utime(tmp_path / "c" / EVENTS, (0, 0))
    prune(tmp_path, datetime.now(timezone.utc) + timedelta(days=1))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "d"]
    await at_work.close()


async def test_output_without_end_does_not_fill_the_disk(tmp_path: Path) -> None:
    journal = await begun(tmp_path / "one")
    assert journal.whole
    for _ in range(100):
        journal.note([Said(at=NOON, line="x" * 1000) for _ in range(100)])
    await journal.write(ENDED)
    await journal.close()
    assert not journal.whole
    assert (tmp_path / "one" / EVENTS).stat().st_size < 1_000_000  # type: ignore[unreachable]
    told = only(tmp_path)
    assert told.job.end == ENDED


async def test_what_cannot_be_begun_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "jobs").touch()
    with pytest.raises(OSError, match="jobs"):
        await begun(tmp_path / "jobs" / "one")


async def test_a_journal_and_its_place_among_the_others_are_on_the_disk_before_the_job_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    journal = Journal(tmp_path / "jobs" / "one")
    await journal.begin(PLAN, Submission(owner=this_process(), at=NOON))
    directory = tmp_path / "jobs" / "one"
    wanted = [directory / OWNER, directory / PLAN_FILE, directory, directory.parent]
    assert synced == [each.stat().st_ino for each in wanted]
    await journal.close()


async def test_a_journal_that_cannot_be_made_leaves_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        await begun(tmp_path / "one")
    assert list(tmp_path.iterdir()) == []


async def test_no_job_begins_on_a_full_disk(tmp_path: Path) -> None:
    async with job_process(tmp_path, "none", limit="0") as process:
        state, recovery, message, _ = (await said_by(process)).split("|")
    assert (state, recovery) == ("failed", "untouched")
    assert message == "The job's journal cannot be written, so it does not go on."
    assert not (tmp_path / "new").exists()
    assert list((tmp_path / ".condatui" / "state" / "jobs").iterdir()) == []


async def test_a_disk_that_is_full_half_way_ends_the_job_before_its_next_stage(tmp_path: Path) -> None:
    async with job_process(tmp_path, "full") as process:
        state, recovery, message, _ = (await said_by(process)).split("|")
    assert (state, recovery) == ("failed", "half")
    assert message == "The job's journal cannot be written, so it does not go on."
    assert list((tmp_path / "new").iterdir()) == []


def test_a_process_is_known_by_more_than_its_number() -> None:
    here = this_process()
    assert here.alive(here)
    assert not Owner(pid=here.pid, mark="another", host=here.host, boot=here.boot).alive(here)
    assert not Owner(pid=here.pid, mark=here.mark, host=here.host, boot="before").alive(here)
    assert started_mark(2**22 + 1) == ""
