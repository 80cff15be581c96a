"""A signal ends the workbench in order, and even when nothing on its event loop gets a turn any more."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_PROGRAM = """
import asyncio
from condatui.services.signals import leaving_on_signals

async def tidy():
    try:
        await asyncio.sleep(600)
    finally:
        print("tidied", flush=True)

async def main():
    left = asyncio.Event()
    beside = asyncio.get_running_loop().create_task(tidy())

    def leave(code):
        print("left", code, flush=True)
        left.set()

    with leaving_on_signals(leave, grace=0.05):
        await asyncio.sleep(0)
        print("begun", flush=True)
        {wait}
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)

asyncio.run(main())
"""
_STUCK = "while True: pass"


def _ended(wait: str, number: signal.Signals) -> tuple[int, list[str]]:
    program = [sys.executable, "-c", _PROGRAM.format(wait=wait)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        said = process.stdout.read().splitlines()
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_the_loop_end_in_order(number: signal.Signals) -> None:
    assert _ended("await left.wait()", number) == (0, [f"left {128 + number}", "tidied"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_loop_that_does_not_answer_is_left_and_what_runs_on_it_ends_in_order(number: signal.Signals) -> None:
    code, said = _ended(_STUCK, number)
    assert (code, said[-1]) == (128 + number, "tidied")


def test_a_loop_that_gets_stuck_while_it_ends_is_left() -> None:
    code, said = _ended(f"await left.wait()\n        {_STUCK}", signal.SIGTERM)
    assert (code, said) == (143, ["left 143", "tidied"])
