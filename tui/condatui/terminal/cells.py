"""What stands in the cells of the terminal, so that only the cells that change are sent to it.

Textual draws widgets anew as a whole, and the whole screen when a panel opens: 3 kB for a move of the cursor, 50 kB for
a panel, of which few cells are new. Over a slow line each kilobyte is felt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

from condatui.terminal.cell_style import PLAIN, CellStyle

_TOKEN = re.compile(
    r"\x1b\[(?P<place>\d+;\d+|)H|\x1b\[(?P<style>[\d;]*)m|(?P<newline>\n)|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)
"""What a drawing consists of."""
_NO_DRAWING = re.compile(r"\x1b(?!\[(?:(?:\d+;\d+)?H|[\d;]*m))|[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_LEAVES_CELLS = re.compile(
    r"""(?:\x1b\[\?(?!1049|1047|47)[\d;]*(?:h|l|\$p)  # a mode, but not the one that shows another screen
         |\x1b\[[<>=][\d;]*u                          # the protocol of the keyboard
         |\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)           # the clipboard, a title
         |\x1bP[^\x1b]*(?:\x1b[^\\][^\x1b]*)*\x1b\\   # what tmux or screen passes on
         |\x07)+""",
    re.VERBOSE,
)
"""What changes no cell."""
_JOINED = 4
"""So many cells that are the same are sent between two that change: a jump over them takes as many bytes."""


class TerminalCells:
    """The characters and styles that a terminal shows, as far as they are known."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._cursor: tuple[int, int] | None = None
        """Where the last drawing has left the cursor, as row and column."""

    def forget(self) -> None:
        """Take no cell as known any more, as after a change of the size: whatever is drawn next is sent as it is."""
        self._rows.clear()
        self._cursor = None

    def changes(self, data: str) -> str:
        """What of this output makes a difference to the terminal, in a shorter form; empty if nothing does."""
        if _NO_DRAWING.search(data):
            if not _LEAVES_CELLS.fullmatch(data):
                self.forget()
            return data
        drawing = _Drawing(self._rows)
        try:
            drawing.draw(data)
        except _UnknownPlaceError:
            self.forget()
            return data
        former, self._cursor = self._cursor, drawing.cursor
        return drawing.finish(former)


class _UnknownPlaceError(Exception):
    """A text is written without a word on where."""


@dataclass(slots=True)
class _Row:
    """The known cells of a row, from its left; None is a cell that is not known."""

    characters: list[str | None] = field(default_factory=list)
    styles: list[CellStyle | None] = field(default_factory=list)

    def reach(self, width: int) -> None:
        """Have at least so many cells."""
        if (missing := width - len(self.characters)) > 0:
            self.characters += [None] * missing
            self.styles += [None] * missing

    def put(self, x: int, characters: Sequence[str], styles: Sequence[CellStyle]) -> list[int]:
        """Put characters into cells from the column `x` on; returns which of them differ from what was there."""
        end = x + len(characters)
        self.reach(end)
        former, former_styles = self.characters[x:end], self.styles[x:end]
        if former == characters and former_styles == styles:
            return []
        self.characters[x:end], self.styles[x:end] = characters, styles
        pairs = enumerate(zip(former, characters, former_styles, styles, strict=True))
        return [index for index, (old, new, was, now) in pairs if old != new or was != now]

    def blot(self, x: int) -> None:
        """Take the cells from the column `x` on as unknown."""
        del self.characters[x:], self.styles[x:]


class _Drawing:
    """Follows one drawing as a terminal would, and writes what it changes."""

    def __init__(self, rows: dict[int, _Row]) -> None:
        self.cursor: tuple[int, int] | None = None
        """Where the drawing writes next, as row and column."""
        self._rows = rows
        self._style = PLAIN
        self._in_doubt = False
        """Whether the terminal may be elsewhere in this row: how wide it draws some characters differs."""
        self._sent: list[str] = []
        self._pen: tuple[int, int] | None = None
        """Where the terminal writes next; None is unknown, as before the first move."""
        self._pen_style = PLAIN

    def draw(self, data: str) -> None:
        """Follow a drawing."""
        for token in _TOKEN.finditer(data):
            value = token[token.lastgroup or 0]
            match token.lastgroup:
                case "place":
                    row, _, column = value.partition(";")
                    self.cursor, self._in_doubt = (int(row or 1) - 1, int(column or 1) - 1), False
                case "style":
                    self._style = self._style.after(value)
                case "newline":
                    self.cursor = None
                case _:
                    self._write(value)

    def finish(self, former: tuple[int, int] | None) -> str:
        """What has to be sent; `former` is where the cursor was before."""
        if self.cursor and self.cursor != (self._pen if self._sent else former):
            self._go(*self.cursor)
        if self._pen_style != PLAIN:
            self._sent.append(PLAIN.sequence_from(self._pen_style))
        return "".join(self._sent)

    def _write(self, text: str) -> None:
        if self.cursor is None:
            raise _UnknownPlaceError
        y, x = self.cursor
        if (row := self._rows.get(y)) is None:
            row = self._rows[y] = _Row()
        if self._in_doubt or not _is_narrow(text):
            self._in_doubt = True
            row.blot(x)
            self._send(y, x, text)
        else:
            for start, end in _runs(row.put(x, [*text], _styles(text, self._style))):
                self._send(y, x + start, text[start:end])
        self.cursor = (y, x + cell_len(text))

    def _send(self, y: int, x: int, text: str) -> None:
        if (y, x) != self._pen:
            self._go(y, x)
        if not text.isspace() or self._pen_style.on_blanks != self._style.on_blanks:
            self._sent.append(self._style.sequence_from(self._pen_style))
            self._pen_style = self._style
        self._sent.append(text)
        self._pen = (y, x + cell_len(text))

    def _go(self, y: int, x: int) -> None:
        ahead = self._pen and self._pen[0] == y and x - self._pen[1]
        self._sent.append(f"\x1b[{ahead}C" if ahead and ahead > 0 else f"\x1b[{y + 1};{x + 1}H")
        self._pen = (y, x)


@lru_cache(maxsize=4096)
def _styles(text: str, style: CellStyle) -> list[CellStyle]:
    """By character, what its cell shows of a style; a list that is only read."""
    blank = style.on_blanks
    return [blank if each == " " else style for each in text]


@lru_cache(maxsize=4096)
def _is_narrow(text: str) -> bool:
    """Whether each character takes one cell on every terminal."""
    return text.isascii() or all(get_character_cell_size(each) == 1 for each in text)


def _runs(changed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Start and end of the stretches that have to be sent."""
    if not changed:
        return
    start = last = changed[0]
    for index in changed[1:]:
        if index - last > _JOINED:
            yield start, last + 1
            start = index
        last = index
    yield start, last + 1
