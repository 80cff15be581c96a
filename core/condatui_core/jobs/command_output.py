"""Splits the output of a running command into lines and reports each one."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from condatui_core.conda.progress import PROGRESS_BEGINNING, CondaProgress, ProgressReader
from condatui_core.proc.child import STDOUT, LastOutput
from condatui_core.text import mask_credentials, sanitize

# JSON documents that span many lines, such as conda's answers: readers only see their length


_CLOSING = {b"{": b"}", b"[": b"]"}
_LAST_LINES = 20
"""Lines of a document without an end that are shown."""


class JsonFolder:
    """Passes the lines of one stream on, and replaces a document that begins and ends at the margin by its length."""

    def __init__(self) -> None:
        self._closing = b""
        self._count = 0
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)

    def fold(self, lines: list[bytes]) -> Iterator[bytes]:
        """Yield the lines outside of documents, and one line for each document."""
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
        """The last lines of a document that the program has not finished."""
        rest, self._closing = [*self._last], b""
        self._last.clear()
        return rest


_LONGEST = 2000
"""Characters of a line that are shown at most."""
_MOST_PENDING = 64 * 1024
"""Bytes after which text without a line break counts as a line."""
_MOST_AT_ONCE = 200
"""Lines that are reported at once at most; of more, the last ones."""
_PACE = 0.05
"""Seconds between two reports."""
_ONLY_PROGRESS = re.compile(rb"(?:\r *\d{1,3} ?%)+")
"""Text that is no line: its percentages were reported while it came."""
_PERCENT = re.compile(r"(\d{1,3})(?:\.\d+)?\s?%")


class LineOutput(LastOutput):
    """Reports every line, sanitized, the percentage that a progress line shows, and what a conda tells of its progress.

    If lines come faster than people can read, only the last ones are reported. Of the bytes, too, the last ones are
    kept, since a command states its result at the end.
    """

    def __init__(
        self,
        most_bytes: int,
        *,
        on_lines: Callable[[Sequence[str]], None],
        on_percent: Callable[[int], None],
        on_conda: Callable[[CondaProgress], None],
    ) -> None:
        super().__init__(most_bytes)
        self._on_lines = on_lines
        self._on_percent = on_percent
        self._on_conda = on_conda
        self._conda = ProgressReader()
        self._pending: dict[int, bytes] = {}
        self._folders: dict[int, JsonFolder] = {}
        self._lines: deque[bytes] = deque(maxlen=_MOST_AT_ONCE)
        self._count = 0
        self._pausing = False

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep the data, and report the lines that are complete."""
        super().pipe_data_received(fd, data)
        *whole, pending = (self._pending.pop(fd, b"") + data).replace(b"\0", b"\n").split(b"\n")
        if len(pending) > _MOST_PENDING:
            whole, pending = [*whole, pending], b""
        self._pending[fd] = pending
        lines = self._without_progress(whole) if fd == STDOUT else whole
        self._gather([*self._folders.setdefault(fd, JsonFolder()).fold(lines)])
        if b"\r" in pending:
            self._report_percent(pending)

    def _without_progress(self, lines: list[bytes]) -> list[bytes]:
        """The lines but those by which a conda tells of its progress, which is reported."""
        if not any(line.startswith(PROGRESS_BEGINNING) for line in lines):
            return lines
        others = [line for line in lines if not self._conda.read(line)]
        if len(others) < len(lines):
            self._on_conda(self._conda.now)
        return others

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the text that did not end with a line break."""
        self._pausing = True
        for fd, folder in self._folders.items():
            only_progress = _ONLY_PROGRESS.fullmatch(self._pending[fd])
            self._gather([*folder.fold([] if only_progress else [self._pending[fd]]), *folder.rest()])
        self._report_lines()
        self._pending.clear()
        super().connection_lost(exc)

    def _gather(self, lines: Sequence[bytes]) -> None:
        """Report these lines at once, or after the pause that follows the last report."""
        self._lines += lines
        self._count += len(lines)
        if lines and not self._pausing:
            self._report_lines()
            self._pausing = True
            asyncio.get_running_loop().call_later(_PACE, self._report_pending)

    def _report_pending(self) -> None:
        self._pausing = False
        waiting, self._lines = [*self._lines], deque(maxlen=_MOST_AT_ONCE)
        self._count -= len(waiting)
        self._gather(waiting)

    def _report_lines(self) -> None:
        shown = [line for each in self._lines if (line := _shown(each))]
        if self._count > len(self._lines):
            shown.insert(0, f"… {self._count - len(self._lines):,} lines …")
        self._lines.clear()
        self._count = 0
        if shown:
            self._on_lines(shown)

    def _report_percent(self, pending: bytes) -> None:
        """A progress line is written again and again, each time after a carriage return."""
        found = _PERCENT.findall(pending[-_LONGEST:].decode("utf-8", "replace"))
        if found and int(found[-1]) <= 100:
            self._on_percent(int(found[-1]))


def _shown(line: bytes) -> str:
    """The text that a terminal would show for a line, sanitized: what follows its last carriage return."""
    visible = next((part for part in reversed(line.split(b"\r")) if part.strip()), b"")
    text = visible[: 4 * _LONGEST].decode("utf-8", "surrogateescape").rstrip()
    return sanitize(mask_credentials(text))[:_LONGEST]
