"""The matrix: a package a row, an environment a column."""

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

# What the columns of a comparison are called, and how much alike they are.


def labels_of(comparison: Comparison) -> tuple[str, ...]:
    """Call the columns by their names, and those that share one by where they lie."""
    uses = Counter(column.label for column in comparison.columns)
    return tuple(sanitize(each.label if uses[each.label] == 1 else _place(each)) for each in comparison.columns)


def _place(column: Column) -> str:
    return column.file or column.prefix or column.label


def similarity_label(comparison: Comparison, column: int) -> str:
    """How much of a column is like the reference: `93 %`; 100 only where nothing differs."""
    return f"{int(comparison.similarity[comparison.reference][column] * 100)} %"


def summary_words(summary: Summary, separator: str) -> str:
    """How many rows have which status: `same 195 · version 9 · build 4 · channel 2 · missing 7`."""
    counts = ((field, getattr(summary, field)) for field in summary.__struct_fields__)
    return f" {separator} ".join(f"{field} {count}" for field, count in counts)


# The matrix: a package a row, an environment a column.


_NAME, _LEAST_NAME = 30, 16
"""Cells for the name at most, and where there are few."""
_SIZE, _GAP = 5, 2
_ROOMY = 100
"""Cells of a terminal that has room for the size."""
_LEAST_CELL = 18
"""Cells in which a version and something about it can be read."""
_TITLE = 24
"""Cells for the name of an environment, where its cells need fewer."""
_REFERENCE = "reference"
FROZEN = 2
"""Columns that stay in sight: the name and the size."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What the parts of a matrix need, whichever of its rows are shown: it does not jump about."""

    name: int
    cell: CellLayout

    @staticmethod
    def of(rows: Sequence[Row], *, whole: bool = False) -> Measures:
        """Measure rows, which for thousands of them is no work for an event loop; `whole` cuts nothing off."""
        name = max([len("package"), *(len(row.name) for row in rows)]) + 2
        return Measures(name if whole else min(name, _NAME), layout_of(rows, whole=whole))


class MatrixModel:
    """Rows of a comparison; the first two columns are the name and the size, the others those of the comparison."""

    def __init__(
        self, comparison: Comparison, rows: Sequence[Row], measures: Measures, *, signs: Glyphs = UNICODE
    ) -> None:
        self.comparison = comparison
        self.rows = rows
        self.measures = measures
        self._signs = signs
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
        """The name and who is behind it: conda's `graphviz` and pip's are two rows."""
        row = self.rows[index]
        if self._uses[row.name] == 1:
            return row.name
        behind = sorted({f"{cell.source}:{cell.name}" for cell in row.cells if cell})
        return " ".join((row.name, *behind))

    def cells(self, index: int) -> tuple[Text, ...]:
        """All cells of a row, in the room that they need."""
        layout = self.measures.cell
        compared = (self.cell(index, column, layout) for column in range(len(self.comparison.columns)))
        return (self.name(index, self.measures.name), self.size(index), *compared)

    def name(self, index: int, width: int) -> Text:
        """The package, with a sign if anybody asked for it."""
        row = self.rows[index]
        name = shorten_middle(sanitize(row.name), width - 2, self._signs.ellipsis)
        sign = self._signs.requested if row.requested else ""
        return Text(f"{sign:<2}{name}", styles.DIM if row.status == "same" else styles.PLAIN)

    def size(self, index: int) -> Text:
        """Installed bytes of the largest cell."""
        size = size_of(self.rows[index])
        return Text(short_bytes(size) if size else self._signs.nothing, styles.DIM)

    def cell(self, index: int, column: int, layout: CellLayout) -> Text:
        """The cell of a row in a column of the comparison."""
        reference = column == self.comparison.reference
        return cell_text(self.rows[index], column, layout, self._signs, reference=reference)

    def title(self, column: int, width: int) -> Text:
        """What stands above a column of the comparison: its name, and that it is the reference or how like that."""
        reference = column == self.comparison.reference
        label = self._columns[FROZEN + column].title
        note = similarity_label(self.comparison, column)
        if reference:
            note = _REFERENCE if len(label) + len(_REFERENCE) + 3 <= width else self._signs.mark
        name = shorten_middle(label, width - len(note) - 3, self._signs.ellipsis)
        return Text.assemble("  ", (name, styles.STRONG if reference else styles.PLAIN), f" {note}")


@dataclass(frozen=True, slots=True)
class MatrixFit:
    """How a matrix shares a width."""

    name: int
    size: bool
    """Whether there is room for it."""
    cell: CellLayout
    cell_width: int
    columns: int
    """So many columns of the comparison are in sight at once."""


def fit_matrix(measures: Measures, columns: int, width: int) -> MatrixFit:
    """Give the name its room, and what is left to as many columns as can be read; cells are cut before columns go."""
    size = width >= _ROOMY
    name = measures.name if size else min(measures.name, max(_LEAST_NAME, width // 4))
    room = width - name - (_GAP + _SIZE if size else 0)
    least = min(measures.cell.width, _LEAST_CELL)
    fitting = max(1, min(columns, room // (least + _GAP)))
    cell_width = min(max(measures.cell.width, _TITLE), max(1, room // fitting - _GAP))
    name = min(measures.name, name + max(0, room - fitting * (cell_width + _GAP)))
    return MatrixFit(name, size, measures.cell.within(cell_width), cell_width, fitting)
