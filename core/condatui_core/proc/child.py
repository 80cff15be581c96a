"""How a child process is started and ended: a group of its own, bounded output, all its descendants."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

# How processes of condatui's own are started: they import what this one does, and nothing from where the user is.


DIRECTORY = "/"
"""Where they run: `python -m` looks for modules where it is started, and there may be an `email.py` of the user's."""


def own_argv(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of condatui's with this very Python."""
    return (sys.executable, "-m", module, *arguments)


def own_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """These variables, and the way to all that this process can import."""
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


# A process with all its descendants: what it writes, when it has ended, and how to end it.


STDOUT, STDERR = 1, 2
_DRAIN = 0.5
"""Seconds that descendants may keep a pipe open after the process itself has exited."""


class Output(asyncio.SubprocessProtocol):
    """Collects what a process writes, up to a number of bytes for each of stdout and stderr."""

    def __init__(self, most_bytes: int) -> None:
        self.written = {STDOUT: bytearray(), STDERR: bytearray()}
        self.too_much = False
        """Whether it wrote more than the limit."""
        self.over = asyncio.Event()
        """Set when the process has exited or wrote too much."""
        self.closed = asyncio.Event()
        """Set when the process has exited and nobody holds its pipes any more."""
        self._most_bytes = most_bytes

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what came, as far as there is room."""
        written = self.written[fd]
        written += data[: self._most_bytes - len(written)]
        if len(written) >= self._most_bytes:
            self.too_much = True
            self.over.set()

    def process_exited(self) -> None:
        """Note that the process is gone; descendants may live on."""
        self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that the process is gone and its pipes are closed."""
        self.closed.set()


async def run_group(
    argv: Sequence[str], environ: Mapping[str, str], *, seconds: float | None, grace: float, output: Output
) -> int | None:
    """Run a command in a session of its own until it exits; give its exit code, negative if a signal ended it.

    None is for one that wrote too much, or that could not be ended. Whatever happens (asyncio.TimeoutError after so
    many seconds, cancellation), nothing of its process group is left running: SIGTERM first, SIGKILL after `grace`
    seconds. Raises OSError or ValueError if it cannot be started.
    """
    starting = asyncio.get_running_loop().subprocess_exec(
        lambda: output,
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        cwd="/",  # a directory that is always there; no command of ours depends on it
        start_new_session=True,
    )
    # Cancelled half-way through its start, asyncio waits for whoever holds the pipes, for ever if need be.
    started = asyncio.ensure_future(starting)
    try:
        await asyncio.shield(started)
        await asyncio.wait_for(output.over.wait(), seconds)
        if not output.too_much:
            await _wait(output.closed, _DRAIN)
    finally:
        transport, _ = await started
        try:
            if not output.closed.is_set():
                await _end(transport.get_pid(), output, grace)
        finally:
            transport.close()
    return None if output.too_much else transport.get_returncode()


async def _end(group: int, output: Output, grace: float) -> None:
    try:
        if _signal(group, signal.SIGTERM):
            await _wait(output.closed, grace)
    finally:  # also when this wait is cancelled
        killed = _signal(group, signal.SIGKILL)
    if killed:
        await _wait(output.closed, grace)


def _signal(group: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
