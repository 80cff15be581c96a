"""The matrix: one row for each package, one column for each environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.compare.cells import CellLayout, cell_text, layout_of
from condatui.view_models.compare.rows import size_of
from condatui.view_models.format import short_bytes, shorten_middle
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.comparison import Column, Comparison, Row, Summary
from condatui_core.text import sanitize

# Labels of columns, their similarity, and the sums over all rows


def labels_of(comparison: Comparison) -> tuple[str, ...]:
    """The labels of the columns: their names; for columns that share a name, their paths."""
    uses = Counter(column.label for column in comparison.columns)
    return tuple(sanitize(each.label if uses[each.label] == 1 else _place(each)) for each in comparison.columns)


def _place(column: Column) -> str:
    return column.file or column.prefix or column.label


def similarity_label(comparison: Comparison, column: int) -> str:
    """How similar a column is to the reference: `93 %`; 100 only if nothing differs."""
    return f"{int(comparison.similarity[comparison.reference][column] * 100)} %"


def summary_words(summary: Summary, separator: str) -> str:
    """The number of rows of each status: `same 195 · version 9 · build 4 · channel 2 · missing 7`."""
    counts = ((field, getattr(summary, field)) for field in summary.__struct_fields__)
    return f" {separator} ".join(f"{field} {count}" for field, count in counts)


# The matrix


_NAME, _LEAST_NAME = 30, 16
"""The largest width of the name, and the least that a narrow terminal leaves it, in cells."""
_SIZE, _GAP = 5, 2
_ROOMY = 100
"""The width in cells from which on the size is shown."""
_LEAST_CELL = 18
"""The smallest width of a cell in which a version and something about it can be read."""
_TITLE = 24
"""The width that the name of an environment gets even if its cells need less."""
_REFERENCE = "reference"
FROZEN = 2
"""The number of columns that do not scroll: the name and the size."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The widths that all rows of a matrix need; they do not depend on the filter, so the columns keep their places."""

    name: int
    cell: CellLayout

    @staticmethod
    def of(rows: Sequence[Row], *, whole: bool = False) -> Measures:
        """Measure rows; to be called in a thread, as thousands of rows take a while. `whole` sets no limit."""
        name = max([len("package"), *(len(row.name) for row in rows)]) + 2
        return Measures(name if whole else min(name, _NAME), layout_of(rows, whole=whole))


class MatrixModel:
    """A comparison as rows; the first two columns are the name and the size, the others those of the comparison."""

    def __init__(
        self, comparison: Comparison, rows: Sequence[Row], measures: Measures, *, glyphs: Glyphs = UNICODE
    ) -> None:
        self.comparison = comparison
        self.rows = rows
        self.measures = measures
        self._glyphs = glyphs
        self._uses = Counter(row.name for row in rows)
        self._columns = (
            TableColumn("name", "package", measures.name),
            TableColumn("size", "size", 5, align="right"),
            *(TableColumn(str(index), label, measures.cell.width) for index, label in enumerate(labels_of(comparison))),
        )

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The name, the size, and a column for each of the comparison."""
        return self._columns

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> str:
        """The name; with its sources if it is not unique, such as `graphviz` of conda and of pip."""
        row = self.rows[index]
        if self._uses[row.name] == 1:
            return row.name
        sources = sorted({f"{cell.source}:{cell.name}" for cell in row.cells if cell})
        return " ".join((row.name, *sources))

    def cells(self, index: int) -> tuple[Text, ...]:
        """All cells of a row, uncut."""
        layout = self.measures.cell
        compared = (self.cell(index, column, layout) for column in range(len(self.comparison.columns)))
        return (self.name(index, self.measures.name), self.size(index), *compared)

    def name(self, index: int, width: int) -> Text:
        """The package, with a glyph if it was requested."""
        row = self.rows[index]
        name = shorten_middle(sanitize(row.name), width - 2, self._glyphs.ellipsis)
        glyph = self._glyphs.requested if row.requested else ""
        return Text(f"{glyph:<2}{name}", styles.DIM if row.status == "same" else styles.PLAIN)

    def size(self, index: int) -> Text:
        """The installed bytes of the largest cell."""
        size = size_of(self.rows[index])
        return Text(short_bytes(size) if size else self._glyphs.nothing, styles.DIM)

    def cell(self, index: int, column: int, layout: CellLayout) -> Text:
        """The cell of a row in a column of the comparison."""
        reference = column == self.comparison.reference
        return cell_text(self.rows[index], column, layout, self._glyphs, reference=reference)

    def title(self, column: int, width: int) -> Text:
        """The title of a column of the comparison: its name, and that it is the reference or how similar to it."""
        reference = column == self.comparison.reference
        label = self._columns[FROZEN + column].title
        share = similarity_label(self.comparison, column)
        note, short = (_REFERENCE, self._glyphs.mark) if reference else (f"{share} alike", share)
        if len(label) + len(note) + 3 > width:
            note = short
        name = shorten_middle(label, width - len(note) - 3, self._glyphs.ellipsis)
        return Text.assemble("  ", (name, styles.STRONG if reference else styles.PLAIN), f" {note}")


@dataclass(frozen=True, slots=True)
class MatrixFit:
    """The widths of a matrix in a terminal."""

    name: int
    size: bool
    """Whether the size is shown."""
    cell: CellLayout
    cell_width: int
    columns: int
    """The number of columns of the comparison that are visible at once."""


def fit_matrix(measures: Measures, columns: int, width: int) -> MatrixFit:
    """Give the name its width, and share the rest among as many columns as stay readable; cells are cut first."""
    size = width >= _ROOMY
    name = measures.name if size else min(measures.name, max(_LEAST_NAME, width // 4))
    room = width - name - (_GAP + _SIZE if size else 0)
    least = min(measures.cell.width, _LEAST_CELL)
    fitting = max(1, min(columns, room // (least + _GAP)))
    cell_width = min(max(measures.cell.width, _TITLE), max(1, room // fitting - _GAP))
    name = min(measures.name, name + max(0, room - fitting * (cell_width + _GAP)))
    return MatrixFit(name, size, measures.cell.within(cell_width), cell_width, fitting)
