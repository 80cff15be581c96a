"""A one-line widget that redraws only what has changed, and texts and table cells as terminal lines."""

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

from condatui.view_models.format import kept_in_place, padded, shorten_middle, shorten_text
from condatui.view_models.table import FittedColumn

# Rich texts as segments of a line


def segments_of(text: Text, console: Console, style: Style) -> Iterable[Segment]:
    """The segments of a one-line text, its own styles over the style of its place."""
    # Text.render leaves out the style of the whole text where no part of it has another style.
    base = style + console.get_style(text.style, default=Style.null()) if text.style else style
    if not text.spans and text.plain.isprintable():
        return (Segment(text.plain, base),)
    return Segment.apply_style(text.render(console), base)


def segments_of_successive_spans(text: Text, console: Console, style: Style) -> Iterable[Segment]:
    """`segments_of` in a third of the time, for a text whose spans follow one another without overlap."""
    plain, end = text.plain, 0
    base = style + console.get_style(text.style) if text.style else style
    for span in text.spans:
        if span.start > end:
            yield Segment(plain[end : span.start], base)
        yield Segment(plain[span.start : span.end], base + console.get_style(span.style))
        end = span.end
    if end < len(plain):
        yield Segment(plain[end:], base)


# Wrapped lines that are indented below their first line


_DEEPER = 2
"""Cells of further indent for the lines that continue a line."""
_LEAST = 20
"""Cells that a continued line keeps, however deep its indent."""


def wrap_indented(text: Text, console: Console, width: int) -> list[Text]:
    """A text as lines of at most this width; a line that is too long continues below, indented a little further."""
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


# A line that redraws only what has changed


LineMaker = Callable[[int], Text]
"""Makes a line for a width in cells; the widget cuts a longer line at its end."""


class Line(Widget):
    """One line of text, made for the current width and redrawn only where it has changed."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._make: LineMaker = _nothing
        self._shown = Text()

    @property
    def text(self) -> str:
        """The current text."""
        return self._made().plain

    def draw(self, make: LineMaker) -> None:
        """Show the line that `make` makes, now and whenever the width changes."""
        self._make = make
        made = self._made()
        if not _same(self._shown, made):
            start, end = _changed(self._shown, made)
            self.refresh(Region(start, 0, end - start, 1))

    def render_line(self, y: int) -> Strip:
        """The line; parts without a style take that of the widget."""
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
    """The first and the last cell in which two texts differ; all cells if their styles differ."""
    width = max(one.cell_len, other.cell_len)
    if one.spans != other.spans or one.style != other.style or len(one) != one.cell_len or len(other) != other.cell_len:
        return 0, width
    start = _common_prefix(one.plain, other.plain)
    end = width - _common_prefix(one.plain[:start:-1], other.plain[:start:-1]) if len(one) == len(other) else width
    return start, end


def _common_prefix(one: str, other: str) -> int:
    """The number of leading characters that are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _nothing(_width: int) -> Text:
    return Text()


# Table rows as lines of a terminal


class TableLineMaker(Struct, frozen=True):
    """Sets cells side by side, each cut and aligned to its column, after one cell for the cursor."""

    console: Console
    columns: Sequence[FittedColumn]
    ellipsis: str

    def row(self, cells: Sequence[Text], style: Style, lead: Segment) -> Strip:
        """A row of the table."""
        segments = [lead]
        for column in self.columns:
            cell = cells[column.index]
            if column.brief is not None and cell.cell_len > column.width:
                cell = cells[column.brief]
            segments.extend(self._cell(cell, column, style))
        return Strip(segments)

    def header(self, style: Style, sorted_by: str, glyph: str) -> Strip:
        """The titles; the column that rows are sorted by gets the glyph of the order in its gap."""
        titles = (self._title(column, glyph if column.column.id == sorted_by else "") for column in self.columns)
        return Strip([Segment(f" {''.join(titles)}", style)])

    def _title(self, column: FittedColumn, glyph: str) -> str:
        title = kept_in_place(Text(shorten_middle(column.column.title, column.width, self.ellipsis))).plain
        if column.column.align == "right":
            title = padded(title, column.width, align="right")
        return padded(f"{title}{glyph}", column.width + column.gap)

    def _cell(self, cell: Text, column: FittedColumn, style: Style) -> Iterable[Segment]:
        text = kept_in_place(shorten_text(cell, column.width, self.ellipsis, cut=column.column.cut))
        room = " " * (column.width - text.cell_len)
        before, after = (room, "") if column.column.align == "right" else ("", room)
        yield Segment(before, style)
        if text:
            yield from segments_of(text, self.console, style)
        yield Segment(after + " " * column.gap, style)
