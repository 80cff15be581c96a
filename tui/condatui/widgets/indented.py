"""Lines that are wrapped below where they begin, so that one can still see what belongs together."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

_DEEPER = 2
"""Cells that what goes on stands further in."""
_LEAST = 20
"""Cells that a line keeps, however far in it begins."""


def wrap_indented(text: Text, console: Console, width: int) -> list[Text]:
    """The lines of a text on a place of this width; what does not fit goes on below, a little further in."""
    return [part for line in text.split("\n", allow_blank=True) for part in _wrap(line, console, width)]


def _wrap(line: Text, console: Console, width: int) -> list[Text]:
    if line.cell_len <= width:
        return [line]
    indent = min(len(line.plain) - len(line.plain.lstrip()) + _DEEPER, max(0, width - _LEAST))
    first, *_ = line.wrap(console, width)
    rest = line[len(first.plain) :]
    while rest.plain.startswith(" "):
        rest = rest[1:]
    room = max(1, width - indent)
    return [first, *(Text(" " * indent).append_text(part) for part in rest.wrap(console, room) if rest)]
