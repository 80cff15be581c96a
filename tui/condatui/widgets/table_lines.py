"""The cells of a table as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from condatui.view_models.column_fit import FittedColumn
from condatui.view_models.format import shorten_text
from condatui.widgets.line import segments_of

# The cells of a table as lines of a terminal.


class LineMaker(Struct, frozen=True):
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
