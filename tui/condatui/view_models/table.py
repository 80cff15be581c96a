"""The model of a table, and how its columns share the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

# The model of a table


class TableColumn(Struct, frozen=True):
    """One column of a table."""

    id: str
    """The name of the column for sorting and tests."""
    title: str
    width: int
    """The largest width in cells; the contents may need less."""
    align: Literal["left", "right"] = "left"
    cut: Literal["middle", "end"] = "middle"
    """Where a cell is cut: a name in the middle, as names differ at their ends; a sentence at its end."""
    flexible: bool = False
    """Whether the column takes the room that is left over; it also shrinks first."""
    priority: int = 0
    """Columns with the highest number leave first in a narrow terminal; 0 always stays."""
    comfort: int = 0
    """The width that a column of text keeps while other columns can still leave or shrink; 0 is the usual one."""
    reserved: int = 0
    """The cells that it keeps for contents that may still come, where all columns have room."""
    brief: bool = False
    """Whether it says in short what the column before it says: it is shown in place of that where there is less room,
    and its cell in place of one that would be cut."""


class TableModel(Protocol):
    """Rows by index, made when they are drawn, as a table may have thousands and shows forty."""

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        ...

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """The identity of a row, which the cursor follows when rows move."""
        ...

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row, one for each column, uncut; foreign text in them is printable and never markup."""
        ...


# How columns share a width


_LEAST = 12
"""The least width to which a column shrinks, in cells."""
_COMFORTABLE = 20
"""The width that a column of text keeps while other columns can still leave, in cells."""
_MEASURED = 1000
"""The largest number of rows that are measured."""


class FittedColumn(Struct, frozen=True):
    """A column with its width in a table."""

    index: int
    """The index of the cell of a row that it shows."""
    column: TableColumn
    width: int
    """Cells."""
    gap: int = 0
    """Empty cells after it."""
    brief: int | None = None
    """The index of the cell that is shown where this one would be cut; None if there is none."""


def measure(model: TableModel, rows: Iterable[int] | None = None) -> tuple[int, ...]:
    """The width of the contents of each column, in these rows or else in those of `rows_to_measure`."""
    widths = [len(column.title) for column in model.columns]
    for index in rows_to_measure(model) if rows is None else rows:
        for position, cell in enumerate(model.cells(index)):
            widths[position] = max(widths[position], cell.cell_len)
    return tuple(widths)


def rows_to_measure(model: TableModel) -> range:
    """The rows that columns have room for; of many rows, a sample spread over all of them."""
    count = len(model)
    return range(0, count, max(1, -(-count // _MEASURED)))


def fit_columns(columns: Sequence[TableColumn], contents: Sequence[int], width: int) -> tuple[FittedColumn, ...]:
    """Choose and size the columns for a width: text shrinks first, then columns leave, then text shrinks to the least.

    Before any leaves, those that have a brief form take it. If they do not fit even then, the table scrolls sideways.
    With more room there are never fewer columns.
    """
    wanted = _wanted(columns, contents)
    in_full = _in_full(wanted)
    fitted = with_gaps(in_full if _least_width(in_full) <= width else _those_with_room(_in_brief(wanted), width))
    for least in (_COMFORTABLE, _LEAST):
        fitted = _give_way(fitted, width, least, [column.column.id for column in fitted if column.column.flexible])
        fitted = _give_way(
            fitted, width, least, [column.column.id for column in fitted if column.column.align == "left"]
        )
    return fitted


def fit_awaiting(columns: Sequence[TableColumn], contents: Sequence[int], width: int) -> tuple[FittedColumn, ...]:
    """`fit_columns` with the cells that columns reserve for what is still to come, as far as all have room.

    The column that reserves the most goes without first. One that takes what is left over gives way as far as to its
    comfort; nothing else does.
    """
    kept = [max(need, column.reserved) for column, need in zip(columns, contents, strict=True)]
    while not _has_room(columns, kept, width):
        most = max(range(len(kept)), key=lambda index: kept[index] - contents[index], default=0)
        if not kept or kept[most] == contents[most]:
            break
        kept[most] = contents[most]
    return fit_columns(columns, kept, width)


def _has_room(columns: Sequence[TableColumn], contents: Sequence[int], width: int) -> bool:
    """Whether there is room for all contents, if those that take what is left over have no more than their comfort."""
    wanted = _in_full(_wanted(columns, contents))
    widths = [min(each.width, _comfort(each.column)) if each.column.flexible else each.width for each in wanted]
    given = [replace(each, width=least) for each, least in zip(wanted, widths, strict=True)]
    return total_width(with_gaps(given)) <= width


def total_width(fitted: Iterable[FittedColumn]) -> int:
    """The width of all columns together, in cells."""
    return sum(column.width + column.gap for column in fitted)


def with_gaps(fitted: Sequence[FittedColumn]) -> tuple[FittedColumn, ...]:
    """Add gaps: two cells between columns, one after a column without a title, none at the end."""
    if not fitted:
        return ()
    spaced = [replace(column, gap=2 if column.column.title else 1) for column, _ in pairwise(fitted)]
    return (*spaced, replace(fitted[-1], gap=0))


def _wanted(columns: Sequence[TableColumn], contents: Sequence[int]) -> Sequence[FittedColumn]:
    pairs = zip(columns, contents, strict=True)
    return [FittedColumn(index, column, _wanted_width(column, need)) for index, (column, need) in enumerate(pairs)]


def _wanted_width(column: TableColumn, need: int) -> int:
    if not column.title:
        return column.width  # glyphs come and go, and the other columns do not move for them
    return need if column.flexible else min(need, max(column.width, len(column.title)))


def least_width(columns: Sequence[TableColumn]) -> int:
    """The width from which on all of these columns are there in full, whatever they contain."""
    return _least_width(_in_full([FittedColumn(index, each, each.width) for index, each in enumerate(columns)]))


def _in_full(wanted: Sequence[FittedColumn]) -> Sequence[FittedColumn]:
    """The columns without the brief forms of others, which know where those are."""
    briefs = {each.index for each in wanted if each.column.brief}
    return [
        replace(each, brief=each.index + 1 if each.index + 1 in briefs else None)
        for each in wanted
        if each.index not in briefs
    ]


def _in_brief(wanted: Sequence[FittedColumn]) -> Sequence[FittedColumn]:
    """The columns without those that have a brief form."""
    before_brief = {each.index - 1 for each in wanted if each.column.brief}
    return [each for each in wanted if each.index not in before_brief]


def _those_with_room(wanted: Sequence[FittedColumn], width: int) -> Sequence[FittedColumn]:
    """Drop the columns with the highest priority number, the rightmost first, until the others have useful widths."""
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
    """The width that a column keeps while others can leave: numbers are never cut, text may be."""
    return column.comfort or _COMFORTABLE if column.flexible or column.align == "left" else column.width


def _give_way(
    fitted: tuple[FittedColumn, ...], width: int, least: int, giving: Sequence[str]
) -> tuple[FittedColumn, ...]:
    """Take the missing cells one by one from the widest of the `giving` columns, until each has the least width."""
    widths = {column.column.id: column.width for column in fitted}
    floors = {each.column.id: least if least < _COMFORTABLE else _comfort(each.column) for each in fitted}
    missing = total_width(fitted) - width
    while missing > 0:
        able = (name for name in giving if widths[name] > floors[name])
        widest = max(able, key=lambda name: widths[name], default=None)
        if widest is None:
            break
        widths[widest] -= 1
        missing -= 1
    return tuple(replace(column, width=widths[column.column.id]) for column in fitted)
