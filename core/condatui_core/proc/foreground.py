"""Gives the terminal of this process to a program, such as a shell, until that ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from condatui_core.proc.child import GRACE, ChildNotStartedError

_TERMINAL = 0
"""The descriptor of the terminal: where the program reads."""
_LOOK = 0.2
"""Seconds between two looks whether the program has stopped."""


async def run_in_foreground(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program on the terminal and return its exit code, negative if a signal ended it.

    Tasks that wait meanwhile go on, and must leave the terminal alone. A program that is cancelled is told that its
    terminal is gone, and killed if it stays. Raises ChildNotStartedError.
    """
    with _without_interrupts():
        try:
            process = await asyncio.create_subprocess_exec(*argv, env=environ)
        except (OSError, ValueError) as error:
            raise ChildNotStartedError(argv, error) from error
        try:
            return await _wait(process)
        finally:
            if process.returncode is None:
                await _hang_up(process)
            _take_terminal_back()


async def _wait(process: asyncio.subprocess.Process) -> int:
    """Wait for the end of a program; one that stops, such as a shell told to `suspend`, goes on at once.

    Nobody else could continue it: its job control is this process, which waits.
    """
    while process.returncode is None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), _LOOK)
        if process.returncode is None and _is_stopped(process.pid):
            with suppress(OSError):  # no terminal, or it has ended by now
                _give_terminal(os.getpgid(process.pid))
            with suppress(OSError):
                os.kill(process.pid, signal.SIGCONT)
    return process.returncode


def _is_stopped(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - slow to import, and needed only while a program has the terminal

    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False


async def _hang_up(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGHUP)  # interactive shells do not end by SIGTERM
        try:
            await asyncio.wait_for(process.wait(), GRACE)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Leave Ctrl-C and Ctrl-\\ to the program: until it has taken the terminal, this process hears them as well."""
    numbers = (signal.SIGINT, signal.SIGQUIT)
    former = {number: signal.signal(number, lambda *_: None) for number in numbers}  # not SIG_IGN: it is inherited
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _take_terminal_back() -> None:
    """Be the terminal's foreground again, also after a shell that was killed before it could give that back."""
    with suppress(OSError):  # no terminal, or none of this session
        _give_terminal(os.getpgrp())


def _give_terminal(group: int) -> None:
    former = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # it stops who changes the terminal from the background
    try:
        os.tcsetpgrp(_TERMINAL, group)
    finally:
        signal.signal(signal.SIGTTOU, former)
