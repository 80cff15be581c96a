"""A table of any length that draws only the visible rows."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from condatui.actions.action import LIST_BINDINGS
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.view_models.table import (
    FittedColumn,
    TableColumn,
    TableModel,
    fit_awaiting,
    fit_columns,
    measure,
    total_width,
)
from condatui.widgets.line import TableLineMaker, segments_of

Cells = tuple[Text, ...]

_SIDEWAYS = 8
"""Cells that one key press scrolls a table sideways."""
_AMPLE = 10_000
"""A width, in cells, into which everything goes."""


class VirtualTable(ScrollView, can_focus=True):
    """A table over a model; its cursor stays on its row while rows come, go and change order."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_BINDINGS]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--header", "table--cursor", "table--cursor-elsewhere", "table--sign"}

    class CursorMoved(Message):
        """The cursor is on another row, because of a key or because its row is gone."""

        def __init__(self, table: VirtualTable, key: str | None, *, by_user: bool = True) -> None:
            super().__init__()
            self.table = table
            self.key = key
            """None if there are no rows."""
            self.by_user = by_user
            """Whether a key or a click moved it; otherwise other rows came, and its own is not among them."""

        @property
        def control(self) -> VirtualTable:
            """The table, for selectors."""
            return self.table

    class Selected(CursorMoved):
        """The user opens the row under the cursor."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._glyphs = glyphs
        self._shapes = shapes_for(glyphs)
        self._model: TableModel | None = None
        self._empty = Text()
        self._empty_lines: tuple[int, list[Text]] = (0, [])
        """The width and, wrapped to it, the lines that are shown where there are no rows."""
        self._needs: tuple[int, ...] = ()
        """The width of the contents of each column, in cells."""
        self._widest: tuple[int, ...] = ()
        """The same of all that was shown here, and of what its columns were kept free for."""
        self._columns: tuple[FittedColumn, ...] = ()
        self._laid_out_for = 0
        """The width of the widget that the columns are fitted to."""
        self._cursor = 0
        self._chosen_key: str | None = None
        """The key of the row that the user last went to: the cursor returns to it when the row comes back."""
        self._order = ("", "")
        self._strips: LRUCache[int, tuple[Cells, Strip]] = LRUCache(512)
        """By row index, the cells and the strip that was drawn from them."""
        self._plain: Style | None = None
        """The style of an ordinary row; kept, as it takes long to compute."""

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None if there are no rows."""
        return self._model.key(self._cursor) if self._model and self.row_count else None

    @property
    def cursor_row(self) -> int:
        """The index of the row under the cursor."""
        return self._cursor

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._model) if self._model is not None else 0

    def columns_with_room(self, model: TableModel) -> tuple[TableColumn, ...]:
        """The columns that this table would show of another model, as wide as it is; with those that it scrolls to."""
        return tuple(each.column for each in fit_columns(model.columns, measure(model), self.size.width - 1))

    def set_model(self, model: TableModel, *, empty: Text | None = None, fresh: bool = False) -> None:
        """Show other rows: the cursor stays on its key, and only lines that differ are redrawn.

        `empty` says why there are no rows. A `fresh` model is about another thing: the cursor starts at the top.
        """
        key, before = self.cursor_key, self._lines()
        needs = self._measure(model)
        widest = tuple(max(need, each.reserved) for need, each in zip(needs, model.columns, strict=True))
        if self._model is not None and (not fresh or _same_columns(self._model, model)):
            widest = _at_least(model, widest, self._model, self._widest)
            if not fresh:  # columns keep their places while data comes in
                needs = _at_least(model, needs, self._model, self._needs)
        self._forget_changed_rows(model)
        self._model, self._needs, self._widest = model, needs, widest
        self._empty, self._empty_lines = empty or Text(), (0, [])
        self._chosen_key = None if fresh else self._chosen_key or key
        self._cursor = self._row_of(self._chosen_key)
        self._strips.discard(self._cursor)
        self._fit()
        for y, (old, new) in enumerate(zip(before, self._lines(), strict=False)):
            if old != new:
                self.refresh_line(self.scroll_offset.y + y)
        if self.cursor_key != key:
            self.post_message(self.CursorMoved(self, self.cursor_key, by_user=False))

    def _forget_changed_rows(self, model: TableModel) -> None:
        """Drop the strips of all rows except those whose cells the new model shares with the old one."""
        for index in tuple(self._strips.keys()):
            cells, _ = self._strips[index]
            if index == self._cursor or index >= len(model) or model.cells(index) is not cells:
                self._strips.discard(index)

    def show_order(self, column: str, *, descending: bool) -> None:
        """Show in the header which column the rows are sorted by."""
        order = (column, self._glyphs.descending if descending else self._glyphs.ascending)
        if order != self._order:
            self._order = order
            self.refresh_line(self.scroll_offset.y)

    def settle(self) -> None:
        """Take the current row as the one that the user chose, even if the cursor is here because its row is hidden."""
        self._chosen_key = self.cursor_key

    def rest_at_top(self) -> None:
        """While the row that the user chose is hidden, let the cursor wait on the first one for it to come back."""
        chosen = self._chosen_key
        if self.cursor_key != chosen:
            self.go_to_row(0)
            self._chosen_key = chosen

    def go_to(self, key: str) -> None:
        """Put the cursor on the row with this key, if there is one."""
        self.go_to_row(self._row_of(key))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the widget, laid out for its width: at another one, Textual draws before it tells."""
        if self._laid_out_for != self.size.width:
            self._lay_out()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the widget: the header, or a visible row."""
        left, top = self.scroll_offset
        index = top + y - 1
        style = self._style(index) if y else self.get_component_rich_style("table--header")
        strip = self._row(index, style) if y else self._draw_header(style)
        strip = strip.crop_extend(left, left + self.size.width, style)
        return (strip if y else self._with_edges(strip, style)).simplify()

    def _with_edges(self, header: Strip, style: Style) -> Strip:
        """The visible part of the header, with a sign at each end behind which there are more columns."""
        left, width = self.scroll_offset.x, self.size.width
        if left > 0:
            header = Strip.join([Strip([Segment(self._shapes.left, style)]), header.crop(1, width)])
        if left + width < self.virtual_size.width:
            header = Strip.join([header.crop(0, width - 1), Strip([Segment(self._shapes.right, style)])])
        return header

    def _style(self, index: int) -> Style:
        if index != self._cursor or not self.row_count:
            return self._plain_style
        return self.get_component_rich_style("table--cursor" if self.has_focus else "table--cursor-elsewhere")

    @property
    def _plain_style(self) -> Style:
        if self._plain is None:
            self._plain = self.rich_style
        return self._plain

    def _row(self, index: int, style: Style) -> Strip:
        if self._model is None or index >= len(self._model):
            return self._empty_line(index)
        if drawn := self._strips.get(index):
            return drawn[1]
        lead = Segment(" ", style)
        if index == self._cursor:
            glyph = self._shapes.cursor if self.has_focus else self._shapes.cursor_elsewhere
            lead = Segment(glyph, style + self.get_component_rich_style("table--sign", partial=True))
        strip = self._draw_row(index, style, lead)
        self._strips[index] = (self._model.cells(index), strip)
        return strip

    def _draw_header(self, style: Style) -> Strip:
        return self._maker().header(style, *self._order)

    def _draw_row(self, index: int, style: Style, lead: Segment) -> Strip:
        cells = self._model.cells(index) if self._model is not None else ()
        return self._maker().row(cells, style, lead)

    def _empty_line(self, index: int) -> Strip:
        """A line below the rows; if there are no rows, a line of the text that says why."""
        width = max(1, self.size.width - 1)
        if self._empty_lines[0] != width:
            self._empty_lines = (width, [*self._empty.wrap(self.app.console, width)])
        lines = self._empty_lines[1]
        if self.row_count or index >= len(lines):
            return Strip.blank(1, self._plain_style)
        text = lines[index]
        indent = Segment(" ", self._plain_style)
        return Strip([indent, *segments_of(text, self.app.console, self._plain_style)])

    def _maker(self) -> TableLineMaker:
        return TableLineMaker(self.app.console, self._columns, self._glyphs.ellipsis)

    def _lines(self) -> list[Strip]:
        return [self.render_line(y) for y in range(self.size.height)]

    def _measure(self, model: TableModel) -> tuple[int, ...]:
        return measure(model)

    def _fit_columns(self, width: int) -> tuple[FittedColumn, ...]:
        columns = self._model.columns if self._model is not None else ()
        in_place = fit_columns(columns, self._widest, width)
        if in_place == fit_columns(columns, self._widest, _AMPLE):
            # There is room for what was shown before as well: columns keep their places from one thing to the next,
            # as over a slow line each cell that moves takes time.
            return in_place
        return fit_awaiting(columns, self._needs, width)

    def _fit(self) -> None:
        """Lay out the columns, and keep the cursor visible."""
        self._lay_out()
        self.virtual_size = Size(total_width(self._columns) + 1, self.row_count + 1)
        if self.scroll_offset.x and self.virtual_size.width <= self.size.width:
            self.scroll_to(x=0, animate=False, force=True)  # nothing is left to scroll to
        self._show_cursor()

    def _lay_out(self) -> None:
        """Fit the columns to the width, and forget what was drawn for another one."""
        columns = self._fit_columns(self.size.width - 1)
        if columns != self._columns or self._laid_out_for != self.size.width:
            self._columns, self._laid_out_for = columns, self.size.width
            self._strips.clear()

    def _row_of(self, key: str | None) -> int:
        """The index of the row with a key; if it is gone, of the row that is now where the cursor was."""
        if self._model is None or key is None:
            return 0
        count = len(self._model)
        near = max(0, min(self._cursor, count - 1))
        if count and self._model.key(near) == key:
            return near
        return next((row for row in range(count) if self._model.key(row) == key), near)

    def go_to_row(self, row: int, *, by_user: bool = True) -> None:
        """Put the cursor on the row with this index, or on the nearest row."""
        row = max(0, min(row, self.row_count - 1))
        if row == self._cursor or not self.row_count:
            return
        for changed in (self._cursor, row):
            self._strips.discard(changed)
            self._refresh_row(changed)
        self._cursor = row
        self._chosen_key = self.cursor_key
        self._show_cursor()
        self.post_message(self.CursorMoved(self, self.cursor_key, by_user=by_user))

    def _refresh_row(self, row: int) -> None:
        """Redraw what the cursor changes in a row."""
        self.refresh_line(row + 1)

    def _show_cursor(self) -> None:
        """Scroll by as little as makes the cursor visible."""
        page = max(1, self.size.height - 1)
        top = min(max(self.scroll_offset.y, self._cursor - page + 1), self._cursor)
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)

    def action_up(self) -> None:
        """Move the cursor one row up."""
        self.go_to_row(self._cursor - 1)

    def action_down(self) -> None:
        """Move the cursor one row down."""
        self.go_to_row(self._cursor + 1)

    def action_page_up(self) -> None:
        """Move the cursor one page up."""
        self.go_to_row(self._cursor - max(1, self.size.height - 2))

    def action_page_down(self) -> None:
        """Move the cursor one page down."""
        self.go_to_row(self._cursor + max(1, self.size.height - 2))

    def action_half_page_up(self) -> None:
        """Move the cursor half a page up."""
        self.go_to_row(self._cursor - max(1, (self.size.height - 1) // 2))

    def action_half_page_down(self) -> None:
        """Move the cursor half a page down."""
        self.go_to_row(self._cursor + max(1, (self.size.height - 1) // 2))

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self.go_to_row(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self.go_to_row(self.row_count - 1)

    def action_left(self) -> None:
        """Scroll to the left."""
        self.scroll_to(x=self.scroll_x - _SIDEWAYS, animate=False, force=True)

    def action_right(self) -> None:
        """Scroll to the right."""
        self.scroll_to(x=self.scroll_x + _SIDEWAYS, animate=False, force=True)

    def action_open(self) -> None:
        """Post that the user opens the row under the cursor."""
        if key := self.cursor_key:
            self.post_message(self.Selected(self, key))

    def on_click(self, event: Click) -> None:
        """Put the cursor on the clicked row; a double click opens it."""
        if event.y > 0:
            self.go_to_row(event.y - 1 + self.scroll_offset.y)
            if event.chain == 2:
                self.action_open()

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._fit()

    def watch_has_focus(self, value: bool) -> None:
        """Show in the cursor whether the table has the focus."""
        super().watch_has_focus(value)
        self._strips.discard(self._cursor)
        self._refresh_row(self._cursor)

    def notify_style_update(self) -> None:
        """Drop the strips in the old colours."""
        super().notify_style_update()
        self._strips.clear()
        self._plain = None


def _same_columns(one: TableModel, other: TableModel) -> bool:
    return [each.id for each in one.columns] == [each.id for each in other.columns]


def _at_least(
    model: TableModel, needs: tuple[int, ...], former: TableModel, widths: tuple[int, ...]
) -> tuple[int, ...]:
    """The widths that columns need, but none less than it was in the former model."""
    before = {each.id: width for each, width in zip(former.columns, widths, strict=True)}
    return tuple(max(need, before.get(each.id, 0)) for each, need in zip(model.columns, needs, strict=True))
