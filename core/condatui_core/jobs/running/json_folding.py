"""JSON over many lines, as conda answers: for whoever watches, how long it was says enough."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

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
