"""One line of text that costs what it changes; texts and the cells of a table as lines of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from condatui.view_models.format import shorten_text
from condatui.view_models.table import FittedColumn

# One line of text that costs what it changes, and texts as lines and segments.


# Rich text as the segments of a line.


def segments_of(text: Text, console: Console, style: Style) -> Iterable[Segment]:
    """A text of one line in its own styles over that of the place it stands in."""
    # Text.render leaves out the style of the text as a whole where no part of it has another.
    own = console.get_style(text.style, default=Style.null())
    return Segment.apply_style(text.render(console), style + own)


def segments_in_turn(text: Text, console: Console, style: Style) -> Iterable[Segment]:
    """The same for a text whose spans follow one another: a third of the work, where there are hundreds a screen."""
    plain, end = text.plain, 0
    base = style + console.get_style(text.style) if text.style else style
    for span in text.spans:
        if span.start > end:
            yield Segment(plain[end : span.start], base)
        yield Segment(plain[span.start : span.end], base + console.get_style(span.style))
        end = span.end
    if end < len(plain):
        yield Segment(plain[end:], base)


# Lines that are wrapped below where they begin, so that one can still see what belongs together.


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


# One line of text that costs what it changes.


LineMaker = Callable[[int], Text]
"""Makes a line for a width in cells; what is longer is cut at its end."""


class Line(Widget):
    """One line of text, made for the width there is and drawn again only if it comes out different."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._make: LineMaker = _nothing
        self._shown = Text()

    @property
    def text(self) -> str:
        """What stands there now."""
        return self._made().plain

    def draw(self, make: LineMaker) -> None:
        """Show what this makes, now and whenever the width changes."""
        self._make = make
        made = self._made()
        if not _same(self._shown, made):
            start, end = _changed(self._shown, made)
            self.refresh(Region(start, 0, end - start, 1))

    def render_line(self, y: int) -> Strip:
        """The line, styled as the widget is where its text has no style of its own."""
        width, style = self.size.width, self.rich_style
        if y:
            return Strip.blank(width, style)
        self._shown = self._made()
        return Strip(segments_of(self._shown, self.app.console, style)).crop_extend(0, width, style)

    def _made(self) -> Text:
        return self._make(self.size.width) if self.size.width else Text()


def _same(one: Text, other: Text) -> bool:
    return one.plain == other.plain and one.style == other.style and one.spans == other.spans


def _changed(one: Text, other: Text) -> tuple[int, int]:
    """Where two texts begin to differ and end to, in cells; that is all of it where their styles differ."""
    width = max(one.cell_len, other.cell_len)
    if one.spans != other.spans or one.style != other.style or len(one) != one.cell_len or len(other) != other.cell_len:
        return 0, width
    start = _alike(one.plain, other.plain)
    end = width - _alike(one.plain[:start:-1], other.plain[:start:-1]) if len(one) == len(other) else width
    return start, end


def _alike(one: str, other: str) -> int:
    """How many of the first characters are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _nothing(_width: int) -> Text:
    return Text()


# The cells of a table as lines of a terminal.


# The cells of a table as lines of a terminal.


class TableLineMaker(Struct, frozen=True):
    """Puts cells side by side, each cut and aligned to its column, behind one cell for the cursor."""

    console: Console
    columns: Sequence[FittedColumn]
    ellipsis: str

    def row(self, cells: Sequence[Text], style: Style, lead: Segment) -> Strip:
        """A row of the table."""
        segments = [lead]
        for column in self.columns:
            segments.extend(self._cell(cells[column.index], column, style))
        return Strip(segments)

    def header(self, style: Style, sorted_by: str, sign: str) -> Strip:
        """The titles; behind the one that is sorted by, the sign of the order, for which the gap has room."""
        titles = (_title(column, sign if column.column.id == sorted_by else "") for column in self.columns)
        return Strip([Segment(f" {''.join(titles)}", style)])

    def _cell(self, cell: Text, column: FittedColumn, style: Style) -> Iterable[Segment]:
        text = shorten_text(cell, column.width, self.ellipsis, cut=column.column.cut)
        room = " " * (column.width - text.cell_len)
        before, after = (room, "") if column.column.align == "right" else ("", room)
        yield Segment(before, style)
        if text:
            yield from segments_of(text, self.console, style)
        yield Segment(after + " " * column.gap, style)


def _title(column: FittedColumn, sign: str) -> str:
    title = column.column.title
    if column.column.align == "right":
        title = title.rjust(column.width)
    return f"{title}{sign}".ljust(column.width + column.gap)
