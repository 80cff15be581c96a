"""What stands in the cells of the terminal, so that only the cells that change are sent to it.

Textual draws widgets anew as a whole, and the whole screen when a panel opens: 3 kB for a move of the cursor, 50 kB for
a panel, of which few cells are new. Over a slow line each kilobyte is felt.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

from condatui.terminal.cell_row import CellRow
from condatui.terminal.cell_style import PLAIN, RESET, CellStyle
from condatui.terminal.pen import Pen
from condatui.terminal.sending import send_changes

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


class TerminalCells:
    """The characters and styles that a terminal shows, as far as they are known."""

    def __init__(self) -> None:
        self._rows: dict[int, CellRow] = {}
        self._cursor: tuple[int, int] | None = None
        """Where the last drawing has left the cursor, as row and column; None if that is not known."""
        self._style: CellStyle | None = None
        """In which style the terminal writes; None if that is not known."""
        self._size: tuple[int, int] | None = None
        """Its columns and rows; None if they are not known."""

    def forget(self, size: tuple[int, int] | None = None) -> None:
        """Take no cell as known any more: whatever is drawn next is sent.

        After a change of the size pass the new one, in columns and rows: what is still drawn for a larger terminal
        comes to stand in other cells of it.
        """
        self._size = size or self._size
        self._rows.clear()
        self._cursor = self._style = None

    def changes(self, data: str) -> str:
        """What of this output makes a difference to the terminal, in a shorter form; empty if nothing does."""
        if _NO_DRAWING.search(data):
            return data if _LEAVES_CELLS.fullmatch(data) else self._as_it_is(data)
        drawing = _Drawing(self._rows, Pen(self._cursor, self._style or PLAIN), self._size)
        try:
            drawing.draw(data)
        except _ElsewhereError:
            return self._as_it_is(data)
        begin, changes = RESET if self._style is None else "", drawing.finish()
        self._cursor = drawing.cursor
        if not changes:
            return ""
        self._style = drawing.style
        return begin + changes

    def _as_it_is(self, data: str) -> str:
        """An output that is not understood, for which the terminal is in its own style as Textual takes it to be."""
        begin = "" if self._style == PLAIN else RESET
        self.forget()
        self._style = PLAIN
        return begin + data


class _ElsewhereError(Exception):
    """A text is written without a word on where, or beyond the edge of the terminal."""


class _Drawing:
    """Follows one drawing as a terminal would, and writes what it changes."""

    def __init__(self, rows: dict[int, CellRow], pen: Pen, size: tuple[int, int] | None) -> None:
        self._rows = rows
        self._pen = pen
        self._size = size
        self._place: tuple[int, int] | None = None
        """Where the drawing writes next, as row and column."""
        self._style = PLAIN
        self._in_doubt = False
        """Whether the terminal may be elsewhere in this row: how wide it draws some characters differs."""
        self._former: dict[int, CellRow] = {}
        """The rows that have changed and are not sent yet, as the terminal shows them."""

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Where the terminal's cursor is, as row and column; None if that is not known."""
        return None if self._in_doubt else self._pen.place

    @property
    def style(self) -> CellStyle:
        """In which style the terminal writes."""
        return self._pen.style

    def draw(self, data: str) -> None:
        """Follow a drawing."""
        for token in _TOKEN.finditer(data):
            value = token[token.lastgroup or 0]
            match token.lastgroup:
                case "place":
                    row, _, column = value.partition(";")
                    self._begin_at(int(row or 1) - 1, int(column or 1) - 1)
                case "style":
                    self._style = self._style.after(value)
                case "newline":
                    self._place = None
                case _:
                    self._write(value)

    def finish(self) -> str:
        """What has to be sent."""
        self._send_changed()
        if self._place and not self._in_doubt:
            self._pen.go(*self._place)
        return self._pen.sent

    def _begin_at(self, y: int, x: int) -> None:
        if self._in_doubt:
            self._pen.place = None
        self._place, self._in_doubt = (y, x), False

    def _write(self, text: str) -> None:
        if self._place is None:
            raise _ElsewhereError
        y, x = self._place
        after = x + cell_len(text)
        if self._size and (after > self._size[0] or y >= self._size[1]):
            raise _ElsewhereError
        if (row := self._rows.get(y)) is None:
            row = self._rows[y] = CellRow()
        if self._in_doubt or not _is_narrow(text):
            self._send_at_once(y, x, text)
            row.blot(x)
        elif not row.shows(x, characters := [*text], styles := _styles(text, self._style)):
            if y not in self._former:
                self._former[y] = row.copy()
            row.put(x, characters, styles)
        self._place = (y, after)

    def _send_at_once(self, y: int, x: int, text: str) -> None:
        """Send a text after all that was drawn before it: the terminal may show it over other cells as well."""
        if not self._in_doubt:
            self._send_changed()
            self._pen.go(y, x)
        self._in_doubt = True
        self._pen.take(self._style)
        self._pen.write(text)

    def _send_changed(self) -> None:
        if self._former:
            self._pen = send_changes(self._pen, self._former, self._rows)
            self._former.clear()


@lru_cache(maxsize=4096)
def _styles(text: str, style: CellStyle) -> list[CellStyle]:
    """By character, what its cell shows of a style; a list that is only read."""
    blank = style.on_blanks
    return [blank if each == " " else style for each in text]


@lru_cache(maxsize=4096)
def _is_narrow(text: str) -> bool:
    """Whether each character takes one cell on every terminal."""
    return text.isascii() or all(get_character_cell_size(each) == 1 for each in text)
