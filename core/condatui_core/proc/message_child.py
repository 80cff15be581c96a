"""A child process that reads its input on stdin and sends messages on stdout while it works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from condatui_core.proc.child import (
    GRACE,
    STDERR,
    STDOUT,
    Child,
    ChildWroteTooMuchError,
    LastOutput,
    start_child,
    wait_at_most,
)
from condatui_core.proc.frames import LENGTH
from condatui_core.text import last_lines

_MOST_WORDS = 16 << 10
"""Bytes of stderr that are kept."""


class _Messages(LastOutput):
    """Keeps the end of stderr, and buffers stdout until it is read; if the buffer is full, the process has to wait."""

    def __init__(self) -> None:
        super().__init__(_MOST_WORDS)
        self.stream = asyncio.StreamReader()
        self._dropping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        stdout = transport.get_pipe_transport(STDOUT)
        assert isinstance(stdout, asyncio.ReadTransport)
        self._stdout = stdout
        self.stream.set_transport(stdout)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == STDOUT and not self._dropping:
            self.stream.feed_data(data)
        elif fd == STDERR:
            super().pipe_data_received(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if fd == STDOUT:
            self.stream.feed_eof()

    def drop(self) -> None:
        """Read on and drop the data: a pipe that is not read does not report that it was closed."""
        self._dropping = True
        self._stdout.resume_reading()


class MessageChild:
    """A process while it works; made by `message_child`."""

    def __init__(self, argv: Sequence[str], child: Child, watcher: _Messages, *, most_bytes: int, grace: float) -> None:
        self._argv = argv
        self._child = child
        self._watcher = watcher
        self._most_bytes = most_bytes
        self._grace = grace

    async def message(self) -> bytes:
        """Wait for the next message; raises EOFError if none comes, ChildWroteTooMuchError for one that is too long."""
        try:
            length = int.from_bytes(await self._watcher.stream.readexactly(LENGTH), "big")
            if length > self._most_bytes:
                raise ChildWroteTooMuchError(self._argv, self._most_bytes)
            return await self._watcher.stream.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise EOFError("the process has ended before it had said everything") from error

    async def wait(self) -> int | None:
        """Wait until the process exits, for its grace at most; its exit code, or None if it still runs."""
        return await self._child.wait(self._grace)

    async def last_words(self) -> str:
        """The last lines of its stderr, after it has closed or the grace is over."""
        await wait_at_most(self._watcher.closed, self._grace)
        return last_lines(self._watcher.text(STDERR), 40)


@asynccontextmanager
async def message_child(
    argv: Sequence[str], environ: Mapping[str, str], stdin: bytes, *, most_bytes: int, grace: float = GRACE
) -> AsyncGenerator[MessageChild, None]:
    """Start a process that reads `stdin` to its end; leaving the context ends it with all its descendants.

    `most_bytes` is the limit of one message. Raises ChildNotStartedError.
    """
    watcher = _Messages()
    child = await start_child(argv, environ, watcher, stdin=stdin, grace=grace)
    try:
        yield MessageChild(argv, child, watcher, most_bytes=most_bytes, grace=grace)
    finally:
        watcher.drop()
        await child.end()
