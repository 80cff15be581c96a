"""What a command writes, line by line as it comes."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from condatui_core.proc.output import LastOutput
from condatui_core.text import mask_credentials, sanitize

# JSON over many lines, as conda answers: to a reader, how long it was says enough.


_CLOSING = {b"{": b"}", b"[": b"]"}
_LAST_LINES = 20
"""Of a document that never ends."""


class JsonFolding:
    """Lets the lines of one stream through; of a document that begins and ends at the margin only its length."""

    def __init__(self) -> None:
        self._closing = b""
        self._count = 0
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)

    def fold(self, lines: list[bytes]) -> Iterator[bytes]:
        """Yield the lines that are not inside of a document."""
        for line in lines:
            if not self._closing:
                self._closing = _CLOSING.get(line.rstrip(), b"")
                self._count = 0
            if not self._closing:
                yield line
                continue
            self._count += 1
            self._last.append(line)
            if line.rstrip() == self._closing:
                yield b"%d lines of JSON" % self._count
                self._closing = b""
                self._last.clear()

    def rest(self) -> list[bytes]:
        """The last lines of a document that has no end, since the program has."""
        rest, self._closing = [*self._last], b""
        self._last.clear()
        return rest


_LONGEST = 2000
"""Characters of a line that are shown."""
_MOST_PENDING = 64 * 1024
"""Bytes after which a line that has no end is taken for one."""
_MOST_AT_ONCE = 200
"""Lines that are told at once; the last ones."""
_PACE = 0.05
"""Seconds between two tellings."""
_ONLY_PROGRESS = re.compile(rb"(?:\r *\d{1,3} ?%)+")
"""What is no line, but was told while it came."""
_PERCENT = re.compile(r"(\d{1,3})(?:\.\d+)?\s?%")


class LineOutput(LastOutput):
    """Tells every line, fit to be shown, and how far a progress line says that it is.

    Of what comes faster than it can be read, the last lines are told. Of the bytes, too, the last are kept: what a
    command came to is at the end.
    """

    def __init__(
        self, most_bytes: int, *, tell: Callable[[Sequence[str]], None], progress: Callable[[int], None]
    ) -> None:
        super().__init__(most_bytes)
        self._tell = tell
        self._progress = progress
        self._pending: dict[int, bytes] = {}
        self._folding: dict[int, JsonFolding] = {}
        self._lines: deque[bytes] = deque(maxlen=_MOST_AT_ONCE)
        self._count = 0
        self._pausing = False

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what came, and tell the lines that are whole."""
        super().pipe_data_received(fd, data)
        *whole, pending = (self._pending.pop(fd, b"") + data).replace(b"\0", b"\n").split(b"\n")
        if len(pending) > _MOST_PENDING:
            whole, pending = [*whole, pending], b""
        self._pending[fd] = pending
        self._gather([*self._folding.setdefault(fd, JsonFolding()).fold(whole)])
        if b"\r" in pending:
            self._tell_percent(pending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what did not end with a line break."""
        self._pausing = True
        for fd, folding in self._folding.items():
            told = _ONLY_PROGRESS.fullmatch(self._pending[fd])
            self._gather([*folding.fold([] if told else [self._pending[fd]]), *folding.rest()])
        self._tell_lines()
        self._pending.clear()
        super().connection_lost(exc)

    def _gather(self, lines: Sequence[bytes]) -> None:
        """Tell these lines at once, or with those that come while the last ones are read."""
        self._lines += lines
        self._count += len(lines)
        if lines and not self._pausing:
            self._tell_lines()
            self._pausing = True
            asyncio.get_running_loop().call_later(_PACE, self._go_on)

    def _go_on(self) -> None:
        self._pausing = False
        waiting, self._lines = [*self._lines], deque(maxlen=_MOST_AT_ONCE)
        self._count -= len(waiting)
        self._gather(waiting)

    def _tell_lines(self) -> None:
        shown = [line for each in self._lines if (line := _shown(each))]
        if self._count > len(self._lines):
            shown.insert(0, f"… {self._count - len(self._lines):,} lines …")
        self._lines.clear()
        self._count = 0
        if shown:
            self._tell(shown)

    def _tell_percent(self, pending: bytes) -> None:
        """A progress line is written again and again, each time after a carriage return."""
        found = _PERCENT.findall(pending[-_LONGEST:].decode("utf-8", "replace"))
        if found and int(found[-1]) <= 100:
            self._progress(int(found[-1]))


def _shown(line: bytes) -> str:
    """The last thing that stood in a line, fit to be shown."""
    visible = next((part for part in reversed(line.split(b"\r")) if part.strip()), b"")
    text = visible[: 4 * _LONGEST].decode("utf-8", "surrogateescape").rstrip()
    return sanitize(mask_credentials(text))[:_LONGEST]
