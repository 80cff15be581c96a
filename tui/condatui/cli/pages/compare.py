"""Print a comparison for people: as many columns side by side as fit the terminal, the others below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.compare.matrix import MatrixFit, MatrixModel, Measures, fit_matrix, summary_words
from condatui.view_models.format import shorten_text
from condatui_core.records.comparison import Comparison, Row

_GAP = "  "


def print_comparison(invocation: Invocation, comparison: Comparison, rows: Sequence[Row]) -> None:
    """Print the rows, then the number of rows with each status."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    measures = Measures.of(rows, whole=not printer.on_terminal)
    model = MatrixModel(comparison, rows, measures, glyphs=printer.glyphs)
    if rows:
        for lines in _blocks(model, printer):
            printer.text(Text("\n").join(lines))
            printer.text(Text())
    printer.text(Text(summary_words(comparison.summary, printer.glyphs.separator)))


def _blocks(model: MatrixModel, printer: Printer) -> Iterator[Iterable[Text]]:
    count = len(model.comparison.columns)
    fit = fit_matrix(model.measures, count, printer.width)
    for first in range(0, count, fit.columns):
        columns = range(first, min(first + fit.columns, count))
        yield _lines(model, columns, fit, printer)


def _lines(model: MatrixModel, columns: range, fit: MatrixFit, printer: Printer) -> Iterator[Text]:
    titles = (model.title(column, fit.cell_width) for column in columns)
    size = (Text("size", styles.DIM),) if fit.size else ()
    yield _line((Text("  package", styles.DIM), *size, *titles), fit, printer)
    for index in range(len(model)):
        cells = (model.cell(index, column, fit.cell) for column in columns)
        size = (model.size(index),) if fit.size else ()
        yield _line((model.name(index, fit.name), *size, *cells), fit, printer)


def _line(cells: Sequence[Text], fit: MatrixFit, printer: Printer) -> Text:
    widths = (fit.name, *((5,) if fit.size else ()), *(fit.cell_width for _ in cells))
    line = Text()
    for index, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        shown = shorten_text(cell, width, printer.glyphs.ellipsis).copy()
        shown.align("right" if fit.size and index == 1 else "left", width)
        line.append_text(shown).append(_GAP)
    line.rstrip()
    return line
