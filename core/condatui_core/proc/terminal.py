"""A terminal as the standard output of a child, for a program that tells its progress to nothing else.

It is no controlling terminal: nothing can be asked through it, and no signal comes of its end.
"""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from asyncio import ReadTransport, SubprocessProtocol

_STDOUT = 1


class ChildTerminal:
    """A terminal that a child writes to and a watcher hears; it changes nothing of what is written."""

    def __init__(self, watcher: SubprocessProtocol, writing_end: int) -> None:
        self.pipes = _Pipes(watcher)
        """Hears the pipes of the child for the watcher, who is told that they are closed when the terminal is too."""
        self.writing_end = writing_end
        """The descriptor for the child's standard output."""
        self._transport: ReadTransport | None = None

    async def listen(self, reading_end: int) -> None:
        """Let the watcher hear what is written."""
        loop, stream = asyncio.get_running_loop(), os.fdopen(reading_end, "rb", buffering=0)
        self._transport, _ = await loop.connect_read_pipe(lambda: _Screen(self.pipes), stream)

    def hand_over(self) -> None:
        """Leave the writing end to the child, so that it is closed when that has ended; may be called twice."""
        if self.writing_end >= 0:
            os.close(self.writing_end)
            self.writing_end = -1

    def close(self) -> None:
        """Hear nothing more of it."""
        self.hand_over()
        if self._transport:
            self._transport.close()


async def open_terminal(watcher: SubprocessProtocol) -> ChildTerminal | None:
    """Open a terminal that this watcher hears; None where the system has none to give."""
    try:
        reading_end, writing_end = os.openpty()
    except OSError:
        return None
    terminal = ChildTerminal(watcher, writing_end)
    try:
        tty.setraw(writing_end)
    except termios.error:
        os.close(reading_end)
        terminal.close()
        return None
    try:
        await terminal.listen(reading_end)
    except (asyncio.CancelledError, OSError):
        terminal.close()
        raise
    return terminal


class _Pipes(SubprocessProtocol):
    """Passes everything on to the watcher of a child, and the end when the last of two has come."""

    def __init__(self, watcher: SubprocessProtocol) -> None:
        self._watcher = watcher
        self._open = 2
        """The terminal and, taken together, the other pipes."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._watcher.pipe_data_received(fd, data)

    def process_exited(self) -> None:
        self._watcher.process_exited()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open -= 1
        if not self._open:
            self._watcher.connection_lost(exc)


class _Screen(asyncio.Protocol):
    """Takes what is written to the terminal as the standard output."""

    def __init__(self, pipes: _Pipes) -> None:
        self._pipes = pipes

    def data_received(self, data: bytes) -> None:
        self._pipes.pipe_data_received(_STDOUT, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - Linux reports an end as an error
        self._pipes.connection_lost(None)
