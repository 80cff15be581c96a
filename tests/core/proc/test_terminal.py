"""A child whose standard output is a terminal: what it writes comes unchanged, and nothing is left open."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from condatui_core.proc.child import STDERR, STDOUT, ChildNotStartedError, ChildTimedOutError, Output
from condatui_core.proc.runner import run_to_end

ENVIRON = {"PATH": os.environ["PATH"]}


async def ran(script: str, *, on_terminal: bool = True, seconds: float = 20) -> tuple[int, Output]:
    output = Output(1 << 20)
    argv = ("sh", "-c", script)
    return await run_to_end(argv, ENVIRON, output, seconds=seconds, on_terminal=on_terminal), output


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


async def test_the_child_sees_a_terminal_and_its_bytes_come_unchanged() -> None:
    code, output = await ran(r"test -t 1 && printf 'a\nb\r\0\tc' && printf d >&2; exit 3")
    assert (code, output.text(STDOUT), output.text(STDERR)) == (3, "a\nb\r\0\tc", "d")
    assert (await ran("test -t 1", on_terminal=False))[0] == 1


async def test_it_cannot_be_asked_through_it() -> None:
    code, output = await ran("read answer; echo got $answer; test -t 0 || (echo x > /dev/tty) 2>/dev/null || echo none")
    assert (code, output.text(STDOUT)) == (0, "got\nnone\n")


async def test_much_output_comes_whole() -> None:
    _, output = await ran("head -c 500000 /dev/zero | tr '\\0' x")
    assert output.text(STDOUT) == "x" * 500_000


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    await ran("true")
    before = open_files()
    await ran("echo a")
    with pytest.raises(ChildTimedOutError):
        await ran("sleep 600", seconds=0.1)
    with pytest.raises(ChildNotStartedError):
        await run_to_end((str(tmp_path / "none"),), ENVIRON, Output(9), seconds=9, on_terminal=True)
    cancelled = asyncio.ensure_future(ran("sleep 600"))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await asyncio.sleep(0)
    assert open_files() == before


async def test_a_descendant_that_keeps_it_open_does_not_hold_the_end_up() -> None:
    code, output = await ran("sleep 600 & echo done")
    assert (code, output.text(STDOUT)) == (0, "done\n")


async def test_where_there_is_no_terminal_to_have_a_pipe_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> tuple[int, int]:
        raise OSError("out of pty devices")

    monkeypatch.setattr(os, "openpty", none)
    code, output = await ran("test -t 1 || echo pipe")
    assert (code, output.text(STDOUT)) == (0, "pipe\n")
