from __future__ import annotations

from datetime import timedelta

import pytest

from condatui.view_models.glyphs import ASCII
from condatui.view_models.jobs import COLUMNS, JobsModel, job_commands, job_text, result_words
from condatui_core.records.job import Ended, Job, Outcome, Progressed, Recovery, StageBegun
from condatui_core.records.request import RestoreRequest
from support.fake_jobs import made_job
from support.inventories import NOW, finding
from support.words import key

STAGE = StageBegun(at=NOW, name="unlink", title="Removing research")


def ended(state: str = "done", message: str = "research was removed", **fields: object) -> Ended:
    return Ended(at=NOW, state=state, message=message, **fields)  # type: ignore[arg-type]


def cells(job: Job, **fields: object) -> dict[str, str]:
    model = JobsModel([job], now=NOW + timedelta(seconds=12), **fields)  # type: ignore[arg-type]
    return {column.id: cell.plain for column, cell in zip(COLUMNS, model.cells(0), strict=True)}


def test_a_running_job_says_its_stage_how_far_it_is_and_how_long_it_takes() -> None:
    far = Progressed(at=NOW, done=3, total=4, unit="packages")
    assert cells(made_job(state="running", started=NOW, stage=STAGE, progress=far)) == {
        "sign": "►",
        "job": "Remove research",
        "stage": "██████░░  75 %  Removing research",
        "time": "12 s",
        "started": "12:00:00",
    }


def test_a_running_job_says_what_its_command_does() -> None:
    far = Progressed(at=NOW, done=42, total=100, unit="percent", doing="downloading numpy-1.26.4")
    job = made_job(state="running", started=NOW, stage=STAGE, progress=far)
    assert cells(job, glyphs=ASCII)["stage"] == "downloading numpy-1.26.4  ###-----  42 %  Removing research"
    hostile = Progressed(at=NOW, done=0, total=None, unit="percent", doing="linking\x1b[2J")
    assert cells(made_job(state="running", progress=hostile))["stage"] == "linking\\x1b[2J  begins"
    assert job_text(job, NOW, key=str, glyphs=ASCII).plain.endswith("downloading numpy-1.26.4  ###-----  42 %")


@pytest.mark.parametrize(
    ("job", "sign", "words"),
    [
        (made_job(), "…", "waits for its turn"),
        (made_job(waiting="pid 4711 on gpu07 is at work"), "…", "waits: pid 4711 on gpu07 is at work"),
        (made_job(state="running"), "►", "begins"),
        (made_job(state="cancelling"), "►", "is being cancelled"),
        (made_job(state="done", end=ended()), "✓", "research was removed"),
        (made_job(state="failed", end=ended("failed", "no [/way]\x1b")), "✗", r"no [/way]\x1b"),
        (made_job(state="cancelled"), "–", "cancelled"),
        (
            made_job(state="interrupted", recovery=Recovery(state="half", message="half is there")),
            "!",
            "interrupted: half is there",
        ),
    ],
)
def test_every_state_has_its_sign_and_its_words(job: Job, sign: str, words: str) -> None:
    assert (cells(job)["sign"], result_words(job)) == (sign, words)


def test_a_job_of_another_day_says_which() -> None:
    assert cells(made_job(state="done", started=NOW - timedelta(days=3), ended=NOW))["started"] == "05-17 12:00"


@pytest.mark.parametrize(
    ("done", "total", "unit", "words"),
    [(412, None, "files", "412 files"), (1_200_000_000, None, "bytes", "1.2 G"), (9, 4, "bytes", "######## 100 %")],
)
def test_progress_without_an_end_is_a_count(done: int, total: int | None, unit: str, words: str) -> None:
    far = Progressed(at=NOW, done=done, total=total, unit=unit)  # type: ignore[arg-type]
    assert cells(made_job(state="running", progress=far), glyphs=ASCII)["stage"] == f"{words}  begins"


def test_the_details_of_a_job_that_is_over_say_what_came_of_it_before_what_was_said() -> None:
    outcome = Outcome(
        message="r.tar.gz was made",
        findings=(finding("a", "note", "a note"), finding("b", "error", "an error")),
        bytes_used=3_000_000,
        files=("/home/ada/r.tar.gz",),
        receiver=("mkdir -p r", "tar -xzf r.tar.gz -C r"),
    )
    job = made_job(
        state="done",
        started=NOW,
        ended=NOW + timedelta(minutes=2),
        end=ended(outcome=outcome),
        commands=(("conda", "x", "a b"),),
        output=("said [/this]\x1b",),
    )
    text = job_text(job, NOW, key=key).plain
    parts = (
        "done · 2 min 00",
        "r.tar.gz was made",
        "an error",
        "a note",
        "3.0 MB used on the disk",
        "made  /home/ada/r.tar.gz",
        "The receiver runs:",
        "tar -xzf",
        "$ conda x 'a b'",
        r"said [/this]\x1b",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_what_takes_more_than_it_frees_says_so_without_a_sign() -> None:
    outcome = Outcome(message="its own again", bytes_freed=-25_000)
    lines = job_text(made_job(state="done", end=ended(outcome=outcome)), NOW, key=key).plain.splitlines()
    assert "25 KB less free on the disk" in lines


@pytest.mark.parametrize(
    ("says_bytes", "line"),
    [(True, None), (False, "9.9 MB more free on the disk")],
)
def test_what_is_freed_is_said_once(says_bytes: bool, line: str | None) -> None:
    message = "x was removed: 9.9 MB freed."  # what it says does not decide, but whether it is said to say it
    outcome = Outcome(message=message, bytes_freed=9_900_000, says_bytes=says_bytes)
    job = made_job(state="done", end=ended(outcome=outcome))
    assert job_text(job, NOW, key=key).plain.splitlines()[1:] == list(filter(None, [message, line]))


@pytest.mark.parametrize(
    ("freed", "used", "lines"),
    [
        (-25_000, 6_200_000, ["6.2 MB used on the disk"]),
        (-25_000, None, ["25 KB less free on the disk"]),
        (9_900_000, 1000, ["9.9 MB more free on the disk", "1.0 KB used on the disk"]),
    ],
)
def test_what_the_disk_has_lost_is_no_negative_gain(freed: int, used: int | None, lines: list[str]) -> None:
    outcome = Outcome(message="Done.", bytes_freed=freed, bytes_used=used)
    job = made_job(state="done", end=ended(outcome=outcome))
    assert job_text(job, NOW, key=key).plain.splitlines()[2:] == lines


def test_the_details_of_a_failure_have_the_words_of_who_refused_and_the_way_out() -> None:
    recovery = Recovery(
        state="half", message="half is gone", way_out=RestoreRequest(id="x"), way_out_title="Bring it back"
    )
    end = ended("failed", "conda did not do it.", detail="one\ntwo", hint="Try again.")
    text = job_text(made_job(state="failed", end=end, recovery=recovery), NOW, key=key).plain
    assert text.splitlines()[1:] == [
        "conda did not do it.",
        "  one",
        "  two",
        "  → Try again.",
        "half is gone",
        "  → enter: Bring it back",
    ]


def test_while_it_runs_what_is_new_comes_last() -> None:
    text = job_text(
        made_job(state="running", started=NOW, stage=STAGE, output=("a", "b"), elsewhere="pid 7"), NOW, key=key
    )
    assert text.plain.splitlines()[1:] == ["carried out by pid 7", "a", "b", "► Removing research"]


def test_its_commands_are_those_that_ran_or_else_those_it_would_run() -> None:
    assert job_commands(made_job()) == "conda remove -p '/a b'"
    assert job_commands(made_job(commands=(("rm", "a b"), ("true",)))) == "rm 'a b'\ntrue"
