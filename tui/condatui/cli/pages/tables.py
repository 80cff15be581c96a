"""Print view models as tables: fitted to the terminal, complete and plain in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import shorten_text
from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs
from condatui.view_models.table import FittedColumn, TableModel, fit_columns

_WHOLE = 1 << 20
"""Cells; wider than any line."""


class Printer:
    """Prints to stdout, styled and cut only on a terminal."""

    def __init__(self, *, ascii_only: bool) -> None:
        self._console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
        plain = ascii_only or not self._console.encoding.startswith("utf")
        self.glyphs: Glyphs = ASCII if plain else UNICODE

    @property
    def width(self) -> int:
        """The cells of a line: those of the terminal; elsewhere lines have any length."""
        return self._console.width if self.on_terminal else _WHOLE

    @property
    def on_terminal(self) -> bool:
        """Whether stdout is a terminal, so that lines are cut to its width."""
        return self._console.is_terminal

    def text(self, text: Text) -> None:
        """Print lines, uncut."""
        with self._console.capture() as capture:
            self._console.print(text, width=_WHOLE, no_wrap=True, overflow="ignore", crop=False)
        click.echo(capture.get(), nl=False, color=self._console.is_terminal)

    def table(self, model: TableModel) -> None:
        """Print all rows of a model; columns that do not fit the terminal are left out, the least important first."""
        rows = [model.cells(index) for index in range(len(model))]
        columns = self._fit(model, rows)
        titles = tuple(Text(column.title, styles.DIM) for column in model.columns)
        self.text(Text("\n").join(self._line(cells, columns) for cells in (titles, *rows)))

    def _fit(self, model: TableModel, rows: Sequence[Sequence[Text]]) -> list[FittedColumn]:
        """Fit the columns, without those for marks, which printed tables do not need."""
        everything = [
            FittedColumn(index, column, max([len(column.title), *(row[index].cell_len for row in rows)]))
            for index, column in enumerate(model.columns)
        ]
        seen = [each for each in everything if each.width]
        columns = [each.column if self.on_terminal else replace(each.column, flexible=True) for each in seen]
        fitted = fit_columns(columns, [each.width for each in seen], self.width)
        return [replace(each, index=seen[each.index].index) for each in fitted]

    def _line(self, cells: Sequence[Text], columns: Sequence[FittedColumn]) -> Text:
        line = Text()
        for column in columns:
            cut = column.column.cut
            cell = shorten_text(cells[column.index], column.width, self.glyphs.ellipsis, cut=cut).copy()
            cell.align(column.column.align, column.width)
            line.append_text(cell).append(" " * column.gap)
        line.rstrip()
        return line
