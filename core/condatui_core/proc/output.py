"""Collects the output of a child process within bounds, and notes when it exits and when its pipes close."""

from __future__ import annotations

import asyncio

STDOUT, STDERR = 1, 2


class ChildWatcher(asyncio.SubprocessProtocol):
    """Notes when a process exits; its output is dropped."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        """Set when the process has exited, or has to be ended."""
        self.closed = asyncio.Event()
        """Set when the process has exited and no descendant holds its pipes any more."""

    def process_exited(self) -> None:
        """Note that the process has exited; descendants may still run."""
        self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that the process has exited and its pipes are closed."""
        self.closed.set()


class Output(ChildWatcher):
    """Collects what a process writes, up to a number of bytes for each of stdout and stderr; a process that writes more
    has to be ended.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.most_bytes = most_bytes
        self.written = {STDOUT: bytearray(), STDERR: bytearray()}
        self.too_much = False
        """Whether it wrote more than the limit."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep the data, as far as there is room."""
        written = self.written[fd]
        written += data[: self.most_bytes - len(written)]
        if len(written) >= self.most_bytes:
            self.too_much = True
            self.over.set()

    def text(self, stream: int) -> str:
        """The text of stdout or stderr; bytes that are not UTF-8 become surrogates, as in os.fsdecode."""
        return self.written[stream].decode("utf-8", "surrogateescape")


class LastOutput(Output):
    """Keeps the end of what a process writes rather than the beginning, so that it never has to be ended for that."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep the data; beyond the limit, keep only the last bytes, half as many as the limit."""
        written = self.written[fd]
        written += data
        if len(written) > self.most_bytes:
            del written[: len(written) - self.most_bytes // 2]
