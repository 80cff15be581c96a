"""Commands run to their end: bounded, logged, and ended with all their descendants."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psutil
import pytest

from condatui_core.proc.child import (
    ChildError,
    ChildNotStartedError,
    ChildTimedOutError,
    ChildWroteTooMuchError,
    Output,
)
from condatui_core.proc.runner import Answer, CommandLog, ProcessRunner, run_to_end
from support.fake_conda import NOON, program
from support.processes import is_gone, is_written, until

ENVIRON = {"PATH": os.environ["PATH"]}


class Bench:
    """A runner with its log, and a directory for the programs that it runs."""

    def __init__(self, directory: Path, most_bytes: int = 10_000_000) -> None:
        self.log = CommandLog()
        self.directory = directory
        self.runner = ProcessRunner(self.log, lambda: NOON, most_bytes=most_bytes, grace=0.2)

    async def run(self, script: str, *arguments: str, seconds: float = 20) -> Answer:
        argv = (program(self.directory / "conda", script), *arguments)
        return await self.runner(argv, environ=ENVIRON, seconds=seconds)

    async def fails(self, script: str, seconds: float = 20) -> ChildError:
        with pytest.raises(ChildError) as caught:
            await self.run(script, seconds=seconds)
        return caught.value


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_stdout_and_stderr_come_apart(bench: Bench) -> None:
    answer = await bench.run("echo answer; echo warning >&2; exit 3")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (3, "answer\n", "warning\n")


async def test_the_environment_is_the_one_that_was_given_and_stdin_is_empty(bench: Bench) -> None:
    answer = await bench.run('cat; echo "home=$HOME"')
    assert answer.stdout == "home=\n"


async def test_five_megabytes_arrive_whole(bench: Bench) -> None:
    answer = await bench.run("head -c 5000000 /dev/zero | tr '\\0' x")
    assert len(answer.stdout) == 5_000_000


async def test_a_program_that_writes_without_end_is_ended(tmp_path: Path) -> None:
    bench = Bench(tmp_path, most_bytes=100_000)
    error = await bench.fails("exec yes")
    assert isinstance(error, ChildWroteTooMuchError)
    assert error.most_bytes == 100_000
    assert bench.log.runs[0].outcome == "failed"


async def test_a_program_that_hangs_is_ended_in_time(bench: Bench, tmp_path: Path) -> None:
    error = await bench.fails(f"echo $$ > {tmp_path}/pid; exec sleep 600", seconds=0.3)
    assert isinstance(error, ChildTimedOutError)
    assert error.seconds == 0.3
    assert bench.log.runs[0].outcome == "timed out"
    await is_gone(tmp_path / "pid")


async def test_a_program_that_ignores_sigterm_is_killed(bench: Bench, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 600; done"
    await bench.fails(script, seconds=0.3)
    await is_gone(tmp_path / "pid")


async def test_its_descendants_are_ended_with_it(bench: Bench, tmp_path: Path) -> None:
    script = f"(trap '' TERM; sleep 600 & echo $! > {tmp_path}/pid; wait) > /dev/null 2>&1 & wait"
    await bench.fails(script, seconds=0.5)
    await is_gone(tmp_path / "pid")


async def test_a_descendant_that_keeps_the_pipe_open_does_not_hold_up_the_answer(bench: Bench, tmp_path: Path) -> None:
    answer = await asyncio.wait_for(bench.run(f"sleep 600 & echo $! > {tmp_path}/pid; echo answer"), 20)
    assert (answer.exit_code, answer.stdout) == (0, "answer\n")
    await is_gone(tmp_path / "pid")


async def test_a_descendant_that_has_let_go_of_the_pipes_is_ended_as_well(bench: Bench, tmp_path: Path) -> None:
    answer = await bench.run(f"sleep 600 > /dev/null 2>&1 & echo $! > {tmp_path}/pid")
    assert answer.exit_code == 0
    await is_gone(tmp_path / "pid")


async def test_one_in_the_group_of_its_parent_is_ended_alone(tmp_path: Path) -> None:
    script = program(
        tmp_path / "tool", f"ps -o pgid= -p $$ > {tmp_path}/group; echo $$ > {tmp_path}/pid; exec sleep 600"
    )
    with pytest.raises(ChildTimedOutError):
        await run_to_end((script,), ENVIRON, Output(1000), seconds=0.5, own_group=False)
    assert int((tmp_path / "group").read_text()) == os.getpgrp()
    await is_gone(tmp_path / "pid")


async def test_cancelling_ends_the_process_and_is_logged(bench: Bench, tmp_path: Path) -> None:
    task = asyncio.create_task(bench.run(f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/pid; wait"))
    await until(lambda: is_written(tmp_path / "pid"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await is_gone(tmp_path / "pid")
    assert bench.log.runs[0].outcome == "cancelled"


async def test_cancelling_while_it_starts_leaves_nothing_behind(bench: Bench, tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    for turns in range(12):
        task = asyncio.create_task(bench.run(script))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait_for(asyncio.wait({task}), 20)
        assert task.cancelled()
    await until(lambda: not psutil.Process().children(recursive=True))


async def test_one_that_cannot_be_started_does_not_hide_the_cancellation(tmp_path: Path) -> None:
    starting = run_to_end((str(tmp_path / "none"),), ENVIRON, Output(1000), seconds=5)
    task = asyncio.create_task(starting)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_program_that_kills_itself_has_a_negative_exit_code(bench: Bench) -> None:
    answer = await bench.run("kill -9 $$")
    assert answer.exit_code == -9
    assert bench.log.runs[0].exit_code == -9


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_text("not executable"), "Permission denied"),
        (lambda path: path.mkdir(), "Permission denied"),
        (lambda path: program(path, "") and path.write_text("#!/nowhere/python\n"), "interpreter in its first line"),
        (lambda path: program(path, "") and path.write_text("neither program nor script"), "Exec format error"),
    ],
    ids=["missing", "not executable", "a directory", "its python is gone", "garbage"],
)
async def test_what_cannot_be_started_says_why(bench: Bench, tmp_path: Path, make: object, words: str) -> None:
    path = tmp_path / "tool-of-old"
    assert callable(make)
    make(path)
    with pytest.raises(ChildNotStartedError) as caught:
        await bench.runner((str(path), "--version"), environ=ENVIRON, seconds=5)
    assert caught.value.argv == (str(path), "--version")
    assert words in caught.value.reason
    assert caught.value.interpreter_missing == words.startswith("interpreter")
    (run,) = bench.log.runs
    assert (run.outcome, run.exit_code) == ("not started", None)
    assert words in run.message


async def test_a_nul_in_an_argument_is_an_error_that_says_so(bench: Bench) -> None:
    with pytest.raises(ChildNotStartedError, match="null byte"):
        await bench.runner(("/bin/true", "a\0b"), environ=ENVIRON, seconds=5)


async def test_every_command_is_logged_without_credentials(bench: Bench) -> None:
    await bench.run("echo 'no https://host/t/tk-1234/chan' >&2; exit 1", "-c", "https://me:secret@host/t/tk-1234/chan")
    (run,) = bench.log.runs
    assert run.argv[1:] == ("-c", "https://***@host/t/<TOKEN>/chan")
    assert run.message == "no https://host/t/<TOKEN>/chan"
    assert (run.started, run.exit_code, run.outcome) == (NOON, 1, "failed")


async def test_escape_sequences_do_not_reach_the_log(bench: Bench) -> None:
    await bench.run(r"printf '\033[2Jgone\nagain\n' >&2")
    assert bench.log.runs[0].message == "\\x1b[2Jgone\nagain"


async def test_a_directory_that_is_gone_does_not_matter(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_directory = tmp_path / "gone"
    gone_directory.mkdir()
    monkeypatch.chdir(gone_directory)
    gone_directory.rmdir()
    assert (await bench.run("pwd")).stdout == "/\n"
