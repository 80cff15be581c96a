"""What a child process writes, kept within bounds, and the moments when it exits and lets go of its pipes."""

from __future__ import annotations

import asyncio

STDOUT, STDERR = 1, 2


class ChildWatcher(asyncio.SubprocessProtocol):
    """Notes when a process exits; what it writes is dropped."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        """Set when the process has exited, or has to be ended."""
        self.closed = asyncio.Event()
        """Set when the process has exited and no descendant holds its pipes any more."""

    def process_exited(self) -> None:
        """Note that the process is gone; descendants may live on."""
        self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that the process is gone and its pipes are closed."""
        self.closed.set()


class Output(ChildWatcher):
    """Collects what a process writes, up to a number of bytes for each of stdout and stderr; one that writes more is
    to be ended.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.most_bytes = most_bytes
        self.written = {STDOUT: bytearray(), STDERR: bytearray()}
        self.too_much = False
        """Whether it wrote more than the limit."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what came, as far as there is room."""
        written = self.written[fd]
        written += data[: self.most_bytes - len(written)]
        if len(written) >= self.most_bytes:
            self.too_much = True
            self.over.set()

    def text(self, stream: int) -> str:
        """What was written to stdout or stderr; bytes that are no UTF-8 are surrogates, as os.fsdecode makes them."""
        return self.written[stream].decode("utf-8", "surrogateescape")


class LastOutput(Output):
    """Keeps the last of what a process writes rather than the first, so that there is never too much."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what came; half of what is kept goes when the limit is reached."""
        written = self.written[fd]
        written += data
        if len(written) > self.most_bytes:
            del written[: len(written) - self.most_bytes // 2]
