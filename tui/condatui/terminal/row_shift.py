"""Rows that stand a few rows higher or lower than before: a terminal moves them itself, in twenty bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from condatui.terminal.cell_row import CellRow

_FEWEST = 3
"""So many rows that have moved are worth it."""
_APART = 3
"""Rows that have moved alike belong together if no more rows than this less one lie between them."""


class RowShift(NamedTuple):
    """The rows from `top` to `bottom` move up; those that come in are not known."""

    top: int
    bottom: int
    up: int
    """By how many rows; below 0 they move down."""

    def after(self, former: Mapping[int, CellRow], rows: Mapping[int, CellRow]) -> dict[int, CellRow]:
        """What the terminal shows after it, of the former rows and of those that it moves."""
        shown = {y: former.get(y) or rows[y] for y in range(self.top, self.bottom + 1)}
        return {**former, **{y: shown.get(y + self.up) or CellRow() for y in shown}}


def likely_shift(former: Mapping[int, CellRow], rows: Mapping[int, CellRow]) -> RowShift | None:
    """The move after which most rows are right; `former` has the rows that have changed, as they were."""
    width = max((len(row.characters) for row in rows.values()), default=0)

    def is_known(y: int) -> bool:
        return y in rows and rows[y].is_known(width) and former.get(y, rows[y]).is_known(width)

    moved = _moved({y: row for y, row in former.items() if is_known(y)}, rows)
    found = [(up, group) for up, ys in moved.items() for group in _groups(ys) if len(group) >= _FEWEST]
    if not found:
        return None
    up, group = max(found, key=lambda each: len(each[1]))
    top, bottom = min(group[0], group[0] + up), max(group[-1], group[-1] + up)
    # What is not known cannot be drawn again where it came from.
    return RowShift(top, bottom, up) if all(map(is_known, range(top, bottom + 1))) else None


def _moved(former: Mapping[int, CellRow], rows: Mapping[int, CellRow]) -> dict[int, list[int]]:
    """By how far they have moved up, the rows that stood elsewhere before."""
    places: dict[str, list[int]] = {}
    for y, row in former.items():
        places.setdefault("".join(filter(None, row.characters)), []).append(y)
    moved: dict[int, list[int]] = {}
    for y in sorted(former):
        for before in places.get("".join(filter(None, rows[y].characters)), ()):
            if before != y and former[before] == rows[y]:
                moved.setdefault(before - y, []).append(y)
    return moved


def _groups(ys: Sequence[int]) -> Iterable[Sequence[int]]:
    """Ascending numbers of rows, cut where they are far apart."""
    start = 0
    for index, (one, other) in enumerate(pairwise(ys), 1):
        if other - one > _APART:
            yield ys[start:index]
            start = index
    yield ys[start:]
