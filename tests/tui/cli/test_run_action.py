"""What all commands that change something have in common."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.errors import CondaError
from condatui_core.jobs.journal import FORMAT
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import CommandEnded, Outcome, Plan, Progressed, StageBegun
from condatui_core.records.request import CloneRequest
from condatui_core.remedy import NameConda
from support.acting import commands, invocation
from support.fake_actions import MakeDirectory
from support.inventories import NOW
from support.job_process import job_process, said_by

TESTS = Path(__file__).parents[2]
BLOCKER = Finding(id="target-exists", severity="error", message="new exists.", remedy="Choose another name.")
WARNING = Finding(id="in-use", severity="warning", message="somebody works in it")


def run(
    home: Path, *arguments: str, action: MakeDirectory | None = None, terminal: bool = False, answer: str = ""
) -> Result:
    obj = invocation(home, action or MakeDirectory(), terminal=terminal)
    return CliRunner().invoke(commands, ["make", "new", *arguments], obj=obj, input=answer)


def test_it_prints_the_plan_what_happens_and_what_came_of_it(tmp_path: Path) -> None:
    result = run(tmp_path, "--yes", action=MakeDirectory(script="echo filling", warnings=(WARNING,)))
    assert result.exit_code == 0, result.output
    printed = result.stdout.splitlines()
    assert printed[0] == "Make new"
    assert "somebody works in it" in printed[1]
    order = ["Make the directory", "Making the directory", "Filling it", "  filling", "Finishing it", "new was made"]
    places = [next(i for i, line in enumerate(printed) if line.endswith(each)) for each in order]
    assert places == sorted(places)
    assert str(tmp_path / "new") in printed[-1]
    assert "\x1b" not in result.stdout
    assert (tmp_path / "new" / "whole").exists()


def test_a_dry_run_prints_the_plan_and_does_nothing(tmp_path: Path) -> None:
    result = run(tmp_path, "--dry-run")
    assert result.exit_code == 0
    assert "$ sh -c 'echo filled > half'" in result.stdout
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", ["--dry-run", "--yes"])
def test_a_blocker_is_a_refusal_with_its_reason(tmp_path: Path, option: str) -> None:
    result = run(tmp_path, option, action=MakeDirectory(blockers=(BLOCKER,)))
    assert result.exit_code == 3
    assert "new exists. Choose another name." in result.stderr
    assert "new exists." not in result.stdout
    assert not (tmp_path / "new").exists()


def test_where_nothing_but_a_conda_is_missing_the_exit_code_says_so(tmp_path: Path) -> None:
    missing = blocker("no-conda", "No conda was found.", NameConda())
    assert run(tmp_path, "--yes", action=MakeDirectory(blockers=(missing,))).exit_code == 4
    assert run(tmp_path, "--yes", action=MakeDirectory(blockers=(missing, BLOCKER))).exit_code == 3


def test_what_is_done_but_not_as_it_should_be_does_not_exit_with_0(tmp_path: Path) -> None:
    left = Finding(id="left", severity="error", message="half of it could not be deleted")
    result = run(tmp_path, "--yes", action=MakeDirectory(amiss=(left,)))
    assert result.exit_code == 1
    assert "half of it could not be deleted" in result.stdout + result.stderr


def test_what_the_plan_has_said_is_not_said_again_with_the_result(tmp_path: Path) -> None:
    note = Finding(id="not-carried", severity="note", message="one is editable")
    more = Finding(id="differs", severity="warning", message="something else differs")
    said = run(tmp_path, "--yes", action=MakeDirectory(warnings=(note,), amiss=(note, more))).stdout
    assert (said.count(note.message), said.count(more.message)) == (1, 1)


def test_without_a_terminal_and_without_yes_it_refuses_after_the_plan(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "--yes" in result.stderr
    assert "Make the directory" in result.stdout
    assert not (tmp_path / "new").exists()


def test_what_is_wrong_comes_before_the_missing_terminal(tmp_path: Path) -> None:
    result = run(tmp_path, action=MakeDirectory(blockers=(BLOCKER,)))
    assert (result.exit_code, "new exists." in result.stderr, "terminal" in result.stderr) == (3, True, False)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130), ("\n", 130), ("", 130)])
def test_on_a_terminal_it_asks(tmp_path: Path, answer: str, code: int) -> None:
    assert run(tmp_path, terminal=True, answer=answer).exit_code == code
    assert (tmp_path / "new").exists() == (code == 0)


def test_a_question_that_is_left_open_ends_its_line(tmp_path: Path) -> None:
    assert "\ncondatui: nothing was done.\n" in run(tmp_path, terminal=True, answer="").stderr


@pytest.mark.parametrize(("answer", "code"), [("new\n", 0), ("y\n", 130), ("\n", 130)])
def test_where_something_is_at_risk_its_name_has_to_be_typed(tmp_path: Path, answer: str, code: int) -> None:
    result = run(tmp_path, terminal=True, answer=answer, action=MakeDirectory(confirm="new"))
    assert result.exit_code == code
    assert (tmp_path / "new").exists() == (code == 0)


@pytest.mark.parametrize("arguments", [("--yes",), ("--yes", "--json"), ()])
def test_read_only_a_plan_is_printed_and_nothing_begins(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments, "--read-only", terminal=True, answer="y\n")
    assert (result.exit_code, (tmp_path / "new").exists()) == (3, False)
    assert "Make new" in result.stdout
    assert "read-only" in result.stderr + result.stdout
    assert run(tmp_path, "--read-only", "--dry-run").exit_code == 0


def test_with_yes_nothing_has_to_be_typed(tmp_path: Path) -> None:
    assert run(tmp_path, "--yes", action=MakeDirectory(confirm="new")).exit_code == 0


def test_json_is_a_line_for_the_plan_each_event_and_the_result(tmp_path: Path) -> None:
    result = run(tmp_path, "--json", "--yes", action=MakeDirectory(script="echo filling"))
    plan, *events, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert plan["plan"]["title"] == "Make new"
    kinds = [each["event"]["type"] for each in events]
    assert kinds == ["stage", "stage", "command", "output", "command-ended", "stage"]
    assert (last["result"]["state"], last["result"]["message"]) == ("done", "new was made")
    assert last["result"]["outcome"]["files"] == [str(tmp_path / "new")]


def test_journals_of_a_newer_condatui_are_told_first(tmp_path: Path) -> None:
    directory = tmp_path / ".condatui/state/jobs/20260520-100001-aa5c"
    directory.mkdir(parents=True)
    (directory / "owner.json").write_text('{"format": 7}')
    result = run(tmp_path, "--yes")
    assert (result.exit_code, (tmp_path / "new").exists()) == (0, True)
    assert f"made by a newer condatui (format 7); this one reads format {FORMAT}" in result.stderr
    assert directory.is_dir()


def test_damaged_journals_are_told_first(tmp_path: Path) -> None:
    directory = tmp_path / ".condatui/state/jobs/20260520-100001-aa5c"
    directory.mkdir(parents=True)
    (directory / "plan.json").touch()
    result = run(tmp_path, "--yes")
    assert (result.exit_code, (tmp_path / "new").exists()) == (0, True)
    assert f"The journal {directory} is damaged (plan.json: without content)" in result.stderr


def test_json_of_a_dry_run_is_the_plan(tmp_path: Path) -> None:
    (line,) = run(tmp_path, "--json", "--dry-run").stdout.splitlines()
    assert [*json.loads(line)] == ["format", "plan"]


def test_a_failure_is_said_with_what_there_is_now_and_the_way_out(tmp_path: Path) -> None:
    class Failing(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            await work.stage("make", "Making")
            Path(request.target).mkdir()
            raise CondaError("conda could not do it.", "disk full", "Make room.")

    result = run(tmp_path, "--yes", action=Failing())
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "condatui: conda could not do it."
    assert [line.strip() for line in lines[1:]] == [
        "disk full",
        "Make room.",
        "The directory is half-made.",
        "The way out: Remove the half-made directory",
        f"$ condatui remove --no-restore-point -- {tmp_path / 'new'}",
    ]


async def test_what_was_interrupted_is_told_first_until_it_is_put_right(tmp_path: Path) -> None:
    async with job_process(tmp_path, "make", name="half") as process:
        assert await said_by(process) == "at make"
    for _ in range(2):
        result = await asyncio.to_thread(run, tmp_path, "--dry-run")
        assert "Make half was interrupted (Making the directory): The directory is half-made." in result.stderr
    (tmp_path / "half").rmdir()
    assert "There is no directory." in (await asyncio.to_thread(run, tmp_path, "--dry-run")).stderr
    assert (await asyncio.to_thread(run, tmp_path, "--dry-run")).stderr == ""


@contextmanager
def acting_process(home: Path, script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    command = [sys.executable, "-m", "support.acting", str(home), script, "make", "new", "--yes", *arguments]
    with subprocess.Popen(command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "condatui: You cancelled it."),
        (signal.SIGTERM, 143, "condatui: condatui was left before it was done."),
        (signal.SIGHUP, 129, "condatui: condatui was left before it was done."),
    ],
    ids=str,
)
def test_a_signal_ends_the_job_in_order(tmp_path: Path, number: int, code: int, said: str) -> None:
    with acting_process(tmp_path, "echo up; while :; do sleep 0.05; done") as process:
        assert process.stdout
        while process.stdout.readline() != "  up\n":
            pass
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors.splitlines()[:2] == [said, "  The directory is half-made."]
    assert "Traceback" not in errors
    told_again = "Make new was interrupted (Filling it): " in run(tmp_path, "--dry-run").stderr
    assert told_again == (number != signal.SIGINT)


def test_a_reader_that_leaves_does_not_end_what_is_being_done(tmp_path: Path) -> None:
    script = f"echo up; while ! [ -e {tmp_path}/go ]; do sleep 0.01; done; seq 100000"
    with acting_process(tmp_path, script, "--json") as process:
        assert process.stdout
        assert process.stderr
        while '"up"' not in process.stdout.readline():
            pass
        process.stdout.close()
        (tmp_path / "go").touch()
        errors = process.stderr.read()
        process.wait(60)
    assert (tmp_path / "new" / "whole").exists()
    assert "Traceback" not in errors


def test_on_a_terminal_progress_stands_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from condatui.cli.pages.actions import PageReporter

    monkeypatch.setenv("FORCE_COLOR", "1")
    reporter = PageReporter(ascii_only=True)
    for done in (10, 99):
        reporter.event(Progressed(at=NOW, done=done, total=100, unit="percent", doing="downloading numpy-1.26.4"))
    reporter.event(CommandEnded(at=NOW, exit_code=0, milliseconds=9))
    reporter.event(StageBegun(at=NOW, name="finish", title="Finishing"))
    _, first, second, rest = capsys.readouterr().out.split("\r\x1b[K")
    assert "downloading numpy-1.26.4  " in first and "10 %" in first
    assert "99 %" in second
    assert "\n" not in first + second
    assert "Finishing" in rest
