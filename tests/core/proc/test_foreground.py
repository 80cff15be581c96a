"""A program that gets the terminal of this process, and how that comes back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest

from condatui_core.proc.child import ChildNotStartedError
from condatui_core.proc.foreground import run_in_foreground
from support.terminal import Terminal, plain_environ

OWNER = """
import asyncio, os, sys
from condatui_core.proc.foreground import run_in_foreground
print("ended by", asyncio.run(run_in_foreground(sys.argv[1:], os.environ)), os.tcgetpgrp(0) == os.getpgrp(), flush=True)
print("answer", input("?"), flush=True)
"""
"""A program that reads from its terminal again, once another one has had it."""


async def test_the_exit_code_is_told_and_a_signal_is_negative() -> None:
    assert await run_in_foreground(("/bin/sh", "-c", "exit 3"), {}) == 3
    assert await run_in_foreground(("/bin/sh", "-c", "kill -TERM $$"), {}) == -signal.SIGTERM


async def test_a_program_that_there_is_not_is_told() -> None:
    with pytest.raises(ChildNotStartedError):
        await run_in_foreground(("/nowhere/shell",), {})


async def test_a_program_that_is_cancelled_ends(tmp_path: Path) -> None:
    """Even one that does not listen."""
    file = tmp_path / "pid"
    script = f"trap '' HUP TERM INT; echo $$ > {file}.new; mv {file}.new {file}; while :; do sleep 600 & wait; done"
    running = asyncio.create_task(run_in_foreground(("/bin/sh", "-c", script), dict(os.environ)))
    while not file.exists():  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.01)
    shell = psutil.Process(int(file.read_text()))
    children = shell.children()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert psutil.wait_procs([shell], timeout=10)[1] == []
    for each in children:
        each.kill()


@pytest.mark.parametrize(("end", "told"), [("exit 7", "ended by 7 True"), ("kill -9 $$", "ended by -9 True")])
def test_the_terminal_comes_back_even_from_a_shell_that_was_killed(end: str, told: str) -> None:
    environ = plain_environ(PYTHONPATH=os.pathsep.join(filter(None, sys.path)), PS1="in> ")
    with Terminal([sys.executable, "-c", OWNER, "/bin/sh", "-i"], environ=environ) as terminal:
        terminal.wait_for("in>")
        terminal.press("\x03")  # for the shell alone
        terminal.wait_for(lambda screen: screen.count("in>") == 2)
        terminal.press(f"{end}\r")
        terminal.wait_for(told)
        terminal.press("yes\r")
        terminal.wait_for("answer yes")
        assert terminal.wait_for_exit() == 0


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_a_shell_that_suspends_itself_goes_on() -> None:
    environ = plain_environ(PYTHONPATH=os.pathsep.join(filter(None, sys.path)), PS1="in> ")
    with Terminal([sys.executable, "-c", OWNER, "bash", "--norc", "-i"], environ=environ) as terminal:
        terminal.wait_for("in>")
        terminal.press("suspend\r")
        terminal.wait_for(lambda screen: screen.count("in>") == 2)
        terminal.press("exit 7\r")
        terminal.wait_for("ended by 7 True")
