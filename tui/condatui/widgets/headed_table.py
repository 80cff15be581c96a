"""A table in which some rows are headings of those below them and take the whole line."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from condatui.view_models.format import shorten_text
from condatui.view_models.table import TableModel
from condatui.widgets.line import segments_of
from condatui.widgets.virtual_table import VirtualTable

_APART = 2
"""Empty cells between the two parts of a heading, at least."""


@runtime_checkable
class HeadedModel(TableModel, Protocol):
    """A table model that says which rows are headings."""

    def heading(self, index: int) -> tuple[Text, Text] | None:
        """The left and the right part of a heading; None for a row with cells."""
        ...


class HeadedTable(VirtualTable):
    """Draws the headings of a `HeadedModel`; where one is too long for the line, its left part is cut at the end."""

    def _draw_row(self, index: int, style: Style, lead: Segment) -> Strip:
        heading = self._model.heading(index) if isinstance(self._model, HeadedModel) else None
        return self._draw_heading(*heading, style, lead) if heading else super()._draw_row(index, style, lead)

    def _draw_heading(self, left: Text, right: Text, style: Style, lead: Segment) -> Strip:
        room = self.size.width - 2 - right.cell_len - _APART
        left = shorten_text(left, max(0, room), self._glyphs.ellipsis, cut="end")
        gap = " " * (max(0, room) - left.cell_len + _APART)
        console = self.app.console
        return Strip(
            [
                lead,
                *segments_of(left, console, style),
                Segment(gap, style),
                *segments_of(right, console, style),
                Segment(" ", style),
            ]
        )
