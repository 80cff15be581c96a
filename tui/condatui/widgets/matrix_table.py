"""A table whose cursor is on one cell, and whose name column stays visible while the others scroll."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from condatui.view_models.compare.matrix import FROZEN, MatrixFit, MatrixModel, fit_matrix
from condatui.view_models.format import kept_in_place, padded
from condatui.view_models.table import FittedColumn, TableModel, with_gaps
from condatui.widgets.line import segments_of_successive_spans
from condatui.widgets.virtual_table import VirtualTable


class MatrixTable(VirtualTable):
    """Shows a comparison; only the visible columns are drawn, so that twenty cost no more than eight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"matrix--cell"}

    class ColumnMoved(Message):
        """The cursor has moved to another column."""

        def __init__(self, table: MatrixTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> MatrixTable:
            """The table, for selectors."""
            return self.table

    _matrix_fit: MatrixFit | None = None
    _column = 0
    _leftmost = 0
    """The first visible column."""

    @property
    def cursor_column(self) -> int:
        """The column of the comparison that the cursor is in."""
        return self._column

    @property
    def visible_columns(self) -> range:
        """The columns of the comparison that are drawn."""
        shown = self._matrix_fit.columns if self._matrix_fit else 0
        return range(self._leftmost, min(self._leftmost + shown, self._column_count))

    def set_matrix(self, matrix: MatrixModel, *, empty: Text, fresh: bool = False) -> None:
        """Show other rows, or another comparison; a `fresh` one starts at its top left."""
        if fresh:
            self._column = 0
            self.refresh()
        self._column = max(0, min(self._column, len(matrix.comparison.columns) - 1))
        self.set_model(matrix, empty=empty, fresh=fresh)

    def go_to_column(self, column: int) -> None:
        """Put the cursor into a column and scroll to it."""
        before, leftmost = self._column, self._leftmost
        self._column = max(0, min(column, self._column_count - 1))
        if self._column == before:
            return
        self._scroll_to_column()
        if self._leftmost != leftmost:
            self._fit()
            self.refresh()
        else:
            self._strips.discard(self.cursor_row)
            for changed in (before, self._column):
                self._refresh_cell(-1, FROZEN + changed)
                self._refresh_cell(self.cursor_row, FROZEN + changed)
        self.post_message(self.ColumnMoved(self))

    def action_left(self) -> None:
        """Move the cursor one column to the left."""
        self.go_to_column(self._column - 1)

    def action_right(self) -> None:
        """Move the cursor one column to the right."""
        self.go_to_column(self._column + 1)

    def on_click(self, event: Click) -> None:
        """Put the cursor into the clicked column."""
        edge = 1
        for fitted in self._columns:
            edge += fitted.width + fitted.gap
            if event.x < edge:
                self.go_to_column(fitted.index - FROZEN if fitted.index >= FROZEN else self._column)
                break

    @property
    def _matrix(self) -> MatrixModel | None:
        return self._model if isinstance(self._model, MatrixModel) else None

    @property
    def _column_count(self) -> int:
        return 0 if self._matrix is None else len(self._matrix.comparison.columns)

    def _scroll_to_column(self) -> None:
        shown = self._matrix_fit.columns if self._matrix_fit else 1
        least, most = self._column - shown + 1, min(self._column, max(0, self._column_count - shown))
        self._leftmost = max(least, min(self._leftmost, most))

    def _begin_to_measure(self, model: TableModel, *, fresh: bool) -> tuple[int, ...]:  # noqa: ARG002 - as in its base
        return (0,) * len(model.columns)  # the comparison brings its own measures

    def _fit_columns(self, width: int) -> tuple[FittedColumn, ...]:
        if self._matrix is None:
            return ()
        self._matrix_fit = fit = fit_matrix(self._matrix.measures, self._column_count, width)
        self._scroll_to_column()
        name, size, *compared = self._matrix.columns
        columns = [FittedColumn(0, name, fit.name)]
        if fit.size:
            columns.append(FittedColumn(1, size, size.width))
        columns += [FittedColumn(FROZEN + each, compared[each], fit.cell_width) for each in self.visible_columns]
        return with_gaps(columns)

    def _draw_header(self, style: Style) -> Strip:
        segments = [Segment(" ", style)]
        for fitted in self._columns:
            if fitted.index < FROZEN:
                glyph = self._order[1] if fitted.column.id == self._order[0] else ""
                title = padded(fitted.column.title, fitted.width, align="right")
                name = title if fitted.index else f"  {fitted.column.title}"
                segments.append(Segment(padded(f"{name}{glyph}", fitted.width + fitted.gap), style))
            else:
                segments += self._title(fitted, style)
        return Strip(segments)

    def _title(self, fitted: FittedColumn, style: Style) -> Iterator[Segment]:
        assert self._matrix is not None
        column = fitted.index - FROZEN
        if column == self._column:
            style += self.get_component_rich_style("table--sign", partial=True)
        title = kept_in_place(self._matrix.title(column, fitted.width))
        yield from segments_of_successive_spans(title, self.app.console, style)
        yield Segment(" " * (fitted.width + fitted.gap - title.cell_len), style)

    def _refresh_row(self, row: int) -> None:
        """Redraw only the name and the cell under the cursor: a whole row is a lot for a slow line."""
        self._refresh_cell(row, 0)
        self._refresh_cell(row, FROZEN + self._column)

    def _refresh_cell(self, row: int, index: int) -> None:
        """Redraw one cell and the gap before it; row -1 is the header."""
        start = 1
        for fitted in self._columns:
            if fitted.index == index:
                y = row + 1 - self.scroll_offset.y if row >= 0 else 0
                self.refresh(Region(start - 1, y, fitted.width + 1, 1))
            start += fitted.width + fitted.gap

    def _draw_row(self, index: int, style: Style, lead: Segment) -> Strip:
        segments, plain = [lead], self.rich_style
        cell_style = self.get_component_rich_style("matrix--cell") if index == self.cursor_row else plain
        for fitted in self._columns:
            here = style if not fitted.index else cell_style if fitted.index - FROZEN == self._column else plain
            segments += self._cell(index, fitted, here)
            segments.append(Segment(" " * fitted.gap, plain))
        return Strip(segments)

    def _cell(self, index: int, fitted: FittedColumn, style: Style) -> Iterator[Segment]:
        text = self._text(index, fitted)
        room = " " * (fitted.width - text.cell_len)
        if fitted.column.align == "right":
            yield Segment(room, style)
        yield from segments_of_successive_spans(text, self.app.console, style)
        if fitted.column.align == "left":
            yield Segment(room, style)

    def _text(self, index: int, fitted: FittedColumn) -> Text:
        assert self._matrix is not None and self._matrix_fit is not None
        if fitted.index == 0:
            return self._matrix.name(index, fitted.width)
        if fitted.index == 1:
            return self._matrix.size(index)
        return self._matrix.cell(index, fitted.index - FROZEN, self._matrix_fit.cell)
