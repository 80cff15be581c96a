"""What a table shows, and how its columns share the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

# What a table widget needs to know of what it shows.


class TableColumn(Struct, frozen=True):
    """One column of a table."""

    id: str
    """What `sort` and tests call it."""
    title: str
    width: int
    """Cells at most; the contents may need less."""
    align: Literal["left", "right"] = "left"
    cut: Literal["middle", "end"] = "middle"
    """Where a cell loses what does not fit: names differ at their ends, sentences begin with what matters."""
    flexible: bool = False
    """Whether it takes the room that is left over (and gives it up first)."""
    priority: int = 0
    """Columns of the highest number leave first when the terminal is narrow; 0 stays always."""


class TableModel(Protocol):
    """Rows by index, made when they are looked at: a table may have thousands and shows forty."""

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        ...

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """The identity of a row, which the cursor follows when rows move."""
        ...

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row, one a column, uncut; foreign text in them is printable and never markup."""
        ...


# How the columns of a table share the width of a terminal.


# How the columns of a table share the width of a terminal.


_LEAST = 12
"""Cells that a column keeps when it gives way: less says nothing."""
_COMFORTABLE = 20
"""Cells that a column of words keeps before other columns leave for it."""
_MEASURED = 1000
"""Rows that are looked at to find out how wide a column must be."""


class FittedColumn(Struct, frozen=True):
    """A column that has found its place."""

    index: int
    """Which cell of a row it shows."""
    column: TableColumn
    width: int
    """Cells."""
    gap: int = 0
    """Empty cells behind it."""


def measure(model: TableModel) -> tuple[int, ...]:
    """How wide the contents of each column are; of many rows, a sample spread over them all."""
    widths = [len(column.title) for column in model.columns]
    count = len(model)
    for index in range(0, count, max(1, -(-count // _MEASURED))):
        for position, cell in enumerate(model.cells(index)):
            widths[position] = max(widths[position], cell.cell_len)
    return tuple(widths)


def fit_columns(columns: Sequence[TableColumn], contents: Sequence[int], width: int) -> tuple[FittedColumn, ...]:
    """Choose and size the columns for a width: words are cut first, then columns leave, then words are cut to the bone.

    What does not fit even then is for scrolling.
    """
    wanted = [
        FittedColumn(index, column, _wanted_width(column, need))
        for index, (column, need) in enumerate(zip(columns, contents, strict=True))
    ]
    fitted = with_gaps(_those_with_room(wanted, width))
    for least in (_COMFORTABLE, _LEAST):
        fitted = _give_way(fitted, width, least, [column.column.id for column in fitted if column.column.flexible])
        fitted = _give_way(
            fitted, width, least, [column.column.id for column in fitted if column.column.align == "left"]
        )
    return fitted


def total_width(fitted: Iterable[FittedColumn]) -> int:
    """Cells that the columns take together."""
    return sum(column.width + column.gap for column in fitted)


def with_gaps(fitted: Sequence[FittedColumn]) -> tuple[FittedColumn, ...]:
    """Two empty cells between columns, one after a column of signs, none at the end."""
    if not fitted:
        return ()
    spaced = [replace(column, gap=2 if column.column.title else 1) for column, _ in pairwise(fitted)]
    return (*spaced, replace(fitted[-1], gap=0))


def _wanted_width(column: TableColumn, need: int) -> int:
    if not column.title:
        return column.width  # signs come and go, and the rest does not move for them
    return need if column.flexible else min(need, max(column.width, len(column.title)))


def _those_with_room(wanted: Sequence[FittedColumn], width: int) -> Sequence[FittedColumn]:
    """Let the columns of the highest number leave, the rightmost first, until the others have room to be of use."""
    staying = list(wanted)
    while _least_width(staying) > width:
        leaving = max(staying, key=lambda column: (column.column.priority, column.index), default=None)
        if leaving is None or not leaving.column.priority:
            break
        staying.remove(leaving)
    return staying


def _least_width(fitted: Sequence[FittedColumn]) -> int:
    given = (replace(column, width=min(column.width, _comfort(column.column))) for column in fitted)
    return total_width(with_gaps(tuple(given)))


def _comfort(column: TableColumn) -> int:
    """What a column keeps before others leave for it: numbers are never cut, words may be."""
    return _COMFORTABLE if column.flexible or column.align == "left" else column.width


def _give_way(
    fitted: tuple[FittedColumn, ...], width: int, least: int, giving: Sequence[str]
) -> tuple[FittedColumn, ...]:
    """Take what is missing from the widest of the giving columns, cell by cell, until each has the least."""
    widths = {column.column.id: column.width for column in fitted}
    missing = total_width(fitted) - width
    while missing > 0:
        widest = max(giving, key=lambda name: widths[name], default=None)
        if widest is None or widths[widest] <= least:
            break
        widths[widest] -= 1
        missing -= 1
    return tuple(replace(column, width=widths[column.column.id]) for column in fitted)
