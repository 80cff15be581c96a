"""A pipe that a process and its descendants write to, of which the end is kept: nobody has to read along."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from condatui_core.proc.child import wait_at_most

_KEPT = 16 << 10
"""Bytes that are kept of the end."""
_SECONDS = 1.0
"""How long the last bytes may take once the process has ended: a descendant that nothing ends may hold the pipe."""


class KeptOutput(asyncio.Protocol):
    """Keeps the end of what is written to a pipe."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        """What a process gets as its stdout and stderr."""
        self._data = bytearray()
        self._closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Keep the end of it."""
        self._data += data
        del self._data[: max(0, len(self._data) - _KEPT)]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that nobody can write to it any more."""
        self._closed.set()

    async def last_lines(self, count: int) -> tuple[str, ...]:
        """The last lines that are not empty. For when the process has ended: no other can be given it any more."""
        self.let_go()
        await wait_at_most(self._closed, _SECONDS)
        lines = self._data.decode("utf-8", "replace").splitlines()
        return tuple([each for each in lines if each.strip()][-count:])

    def let_go(self) -> None:
        """Close the end that processes write to; may be called twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@asynccontextmanager
async def kept_output() -> AsyncIterator[KeptOutput]:
    """Open such a pipe, for as long as this lasts. Raises OSError if there is none to be had."""
    reading, writing = os.pipe()
    kept, transport = KeptOutput(writing), None
    try:
        stream = os.fdopen(reading, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: kept, stream)
        yield kept
    finally:
        kept.let_go()
        if transport:
            transport.close()
