"""What the commands of a job write, and how they are ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.commands import install_specs, remove_all
from condatui_core.conda.registry import environments_txt, registered_prefixes
from condatui_core.errors import CondaError
from condatui_core.records.job import CommandEnded, Ended, Job, Outcome, Plan, Progressed, Said
from condatui_core.records.request import CloneRequest
from condatui_sandbox import Sandbox
from support.fake_actions import MakeDirectory, queue_of, request


class Running(MakeDirectory):
    """Runs one command and keeps its answer."""

    def __init__(self, script: str, seconds: float | None = None) -> None:
        super().__init__(script=script)
        self.seconds = seconds
        self.answer: CondaAnswer | None = None

    async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
        await work.stage("run", "Running")
        environ = {"PATH": os.environ["PATH"]}
        self.answer = await work.run(("sh", "-c", self.script), environ=environ, seconds=self.seconds)
        return Outcome(message="ran")


async def ran(tmp_path: Path, action: Running) -> tuple[Job, list[object]]:
    jobs = queue_of(tmp_path, action)
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    events: list[object] = [event async for event in jobs.events(job.id)]
    over = jobs.job(job.id)
    assert over
    return over, events


async def is_gone(pid: int) -> None:
    async def gone() -> None:
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    await asyncio.wait_for(gone(), 20)


async def test_lines_come_as_they_are_written(tmp_path: Path) -> None:
    """The command waits for a file that is made only when its first line has been heard."""
    action = Running(f"echo first; while ! [ -e {tmp_path}/go ]; do sleep 0.01; done; echo second")
    jobs = queue_of(tmp_path, action)
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    said = []
    async for event in jobs.events(job.id):
        if isinstance(event, Said):
            said.append(event.line)
            (tmp_path / "go").touch()
    assert said == ["first", "second"]


async def test_garbage_is_made_fit_to_be_shown_and_the_documents_are_found(tmp_path: Path) -> None:
    script = r"""printf '\033[2J\377\nhttps://me:secret@host/t/tk-1/c\n{"a": 1}\n\0\r\n\n{"b": 2}'"""
    action = Running(script)
    job, _ = await ran(tmp_path, action)
    assert job.output == ("\\x1b[2J\\xff", "https://***@host/t/<TOKEN>/c", '{"a": 1}', '{"b": 2}')
    assert action.answer
    assert action.answer.documents == ({"a": 1}, {"b": 2})


async def test_an_answer_in_json_does_not_drown_the_rest(tmp_path: Path) -> None:
    script = """printf 'before\\n{\\n  "a": [\\n    1\\n  ]\\n}\\nbetween\\n\\n[\\n  1\\n]'"""
    action = Running(script)
    job, _ = await ran(tmp_path, action)
    assert job.output == ("before", "5 lines of JSON", "between", "3 lines of JSON")
    assert action.answer
    assert action.answer.documents == ({"a": [1]}, [1])


async def test_an_answer_that_breaks_off_is_shown(tmp_path: Path) -> None:
    job, _ = await ran(tmp_path, Running("""printf '{\\n  "a": 1,\\n  "b"'"""))
    assert job.output == ("{", '  "a": 1,', '  "b"')


async def test_a_progress_line_is_progress_and_its_last_state_a_line(tmp_path: Path) -> None:
    """The command goes on when its progress has been heard."""
    wait = f"while ! [ -e {tmp_path}/go ]; do sleep 0.01; done"
    jobs = queue_of(
        tmp_path, Running(rf"printf 'packing\r[#  ]  10%% Completed'; {wait}; printf '\r[## ] | 99%% | 1.5s\n'")
    )
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    heard = []
    async for event in jobs.events(job.id):
        if isinstance(event, Progressed):
            heard.append((event.done, event.total, event.unit))
            (tmp_path / "go").touch()
    over = jobs.job(job.id)
    assert over
    assert heard == [(10, 100, "percent")]
    assert over.output == ("[## ] | 99% | 1.5s",)


async def test_percentages_that_stay_on_one_line_are_progress_and_no_line(tmp_path: Path) -> None:
    job, events = await ran(tmp_path, Running(r"printf '\r1 %%\r99 %%'"))
    assert [event.done for event in events if isinstance(event, Progressed)][-1:] == [99]
    assert job.output == ()


TELLING = r"""
test -t 1 && test "$TERM" = xterm || exit 9
printf '{"fetch":"numpy-1.26.4         | 8.1 MB    | ","finished":false,"maxval":1,"progress":0.420000}\n\0'
%s
printf '{"fetch":"numpy-1.26.4         | 8.1 MB    | ","finished":true,"maxval":1,"progress":1}\n\0'
while ! [ -e %s ]; do sleep 0.01; done
printf '{"success": true}'
"""


async def test_a_conda_tells_a_terminal_what_it_downloads_and_that_is_no_output(tmp_path: Path) -> None:
    """It goes on when its progress has been heard; of the command itself nothing is told once it has ended."""
    linking = tmp_path / "linking"
    conda = tmp_path / "conda"
    wait = f"while ! [ -e {tmp_path}/downloading ]; do sleep 0.01; done"
    conda.write_text(f"#!/bin/sh{TELLING % (wait, linking)}")
    conda.chmod(0o755)
    answers: list[CondaAnswer] = []

    class Installing(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            argv = install_specs(str(conda), "/envs/a", ["numpy"], offline=False)
            answers.append(await work.run(argv, environ={"PATH": os.environ["PATH"], "TERM": "dumb"}))
            return Outcome(message="ran")

    jobs = queue_of(tmp_path, Installing())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    heard, progress = [], None
    async for event in jobs.events(job.id):
        if isinstance(event, Progressed):
            heard.append((event.doing, event.done, event.total))
            (tmp_path / event.doing.split()[0]).touch()
        if isinstance(event, CommandEnded):
            progress = [each.progress for each in jobs.jobs]
    over = jobs.job(job.id)
    assert heard[-2:] == [("downloading numpy-1.26.4", 42, 100), ("linking", 0, None)]
    assert {doing for doing, *_ in heard[:-2]} <= {"solving, then linking"}
    assert over and (over.output, progress) == (('{"success": true}',), [None])
    assert [each.exit_code for each in answers] == [0]
    assert answers[0].documents[-1] == {"success": True}


async def test_a_hundred_megabytes_are_bounded_and_their_end_is_kept(tmp_path: Path) -> None:
    action = Running("""head -c 100000000 /dev/zero | tr '\\0' 'x' | fold -w 99; echo; echo '{"success": true}'""")
    job, events = await ran(tmp_path, action)
    assert job.state == "done"
    assert action.answer
    assert action.answer.documents == ({"success": True},)
    assert len(action.answer.stdout) <= 16 * 1024 * 1024
    assert job.output[-1] == '{"success": true}'
    assert len(job.output) <= 500
    assert len(events) <= 100_000, "of a million lines: at most 200 in a twentieth of a second"
    (journal,) = (tmp_path / ".condatui" / "state" / "jobs").glob("*/events.jsonl")
    assert journal.stat().st_size < 1_000_000


async def test_one_long_line_without_an_end_is_shown_in_parts(tmp_path: Path) -> None:
    job, _ = await ran(tmp_path, Running("head -c 300000 /dev/zero | tr '\\0' x"))
    assert job.output
    assert all(set(line) == {"x"} and len(line) <= 2000 for line in job.output)


async def test_cancelling_ends_grandchildren_that_ignore_sigterm(tmp_path: Path) -> None:
    script = (
        f"""trap '' TERM; sh -c 'trap "" TERM; echo $$ > {tmp_path}/pid; echo up; while :; do sleep 1; done' & wait"""
    )
    jobs = queue_of(tmp_path, Running(script))
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    async for event in jobs.events(job.id):
        if isinstance(event, Said):
            jobs.cancel(job.id)
    over = jobs.job(job.id)
    assert over
    assert over.state == "cancelled"
    await is_gone(int((tmp_path / "pid").read_text()))


async def test_a_command_may_take_its_time_to_end_in_order(tmp_path: Path) -> None:
    script = f"trap 'echo rolled back > {tmp_path}/done; exit 1' TERM; echo up; while :; do sleep 0.01; done"
    jobs = queue_of(tmp_path, Running(script), grace=20)
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    async for event in jobs.events(job.id):
        if isinstance(event, Said) and event.line == "up":
            jobs.cancel(job.id)
    assert (tmp_path / "done").read_text() == "rolled back\n"


async def test_cancelling_again_does_not_wait(tmp_path: Path) -> None:
    jobs = queue_of(tmp_path, Running("trap '' TERM; echo up; while :; do sleep 1; done"), grace=600)
    job = jobs.submit(await jobs.plan(request(tmp_path)))

    def insist() -> None:
        jobs.cancel(job.id)
        if jobs.writing:
            asyncio.get_running_loop().call_later(0.05, insist)

    async for event in jobs.events(job.id):
        if isinstance(event, Said):
            insist()
    over = jobs.job(job.id)
    assert over
    assert over.state == "cancelled"


async def test_one_that_takes_too_long_fails(tmp_path: Path) -> None:
    job, _ = await ran(tmp_path, Running("sleep 600", seconds=0.2))
    assert job.state == "failed"
    assert job.end
    assert "within 0.2 seconds" in job.end.message


async def test_what_a_real_conda_drops_from_its_list_is_put_back(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = sandbox_copy("notebooks")
    with environments_txt(sandbox.home).open("a") as file:
        file.write("/not/mounted/today\n")
    before = registered_prefixes(sandbox.home)

    class Unlinking(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            (prefix,) = (each for each in before if each.endswith("/notebooks"))
            argv = (*remove_all(str(sandbox.conda), prefix), "--yes", "--offline")
            answer = await work.run(argv, environ=sandbox.environ)
            return Outcome(message=f"exit code {answer.exit_code}, {os.path.exists(prefix)=}")

    jobs = queue_of(tmp_path, Unlinking())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    *_, end = [event async for event in jobs.events(job.id)]
    assert isinstance(end, Ended) and end.message == "exit code 0, os.path.exists(prefix)=False"
    assert registered_prefixes(sandbox.home) == before


async def test_its_exit_code_is_for_the_action_to_judge(tmp_path: Path) -> None:
    action = Running("exit 7")
    job, _ = await ran(tmp_path, action)
    assert job.state == "done"
    assert action.answer
    assert action.answer.exit_code == 7


async def test_one_that_cannot_be_started_fails(tmp_path: Path) -> None:
    class Missing(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            with pytest.raises(CondaError, match="could not be started"):
                await work.run((str(tmp_path / "none"),), environ={})
            return Outcome(message="noticed")

    jobs = queue_of(tmp_path, Missing())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over
    assert over.state == "done"
