"""How much alike environments are: of the names in either, the part with the same name, version and channel in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from condatui_core.analyses.agreement import Line, channel_identity, channels_agree, is_vague, judge, versions_agree
from condatui_core.analyses.alignment import align
from condatui_core.records.comparison import Cell, Listing

Matrix = tuple[tuple[float, ...], ...]
"""Symmetric, a row and a column for each column of a comparison; 1.0 on the diagonal."""


def similarities(listings: Sequence[Listing]) -> Matrix:
    """Compare every two listings: 1.0 is the same, 0.0 has nothing in common; two empty ones are the same."""
    return similarity_matrix((judge(each.name, each.cells) for each in align(listings)), len(listings))


def similarity_matrix(lines: Iterable[Line], size: int) -> Matrix:
    """Compare every two columns of rows that are aligned and judged already."""
    same = [[0] * size for _ in range(size)]
    either = [[0] * size for _ in range(size)]
    everywhere = (((1 << size) - 1),) * size
    ways = Counter(everywhere if line.uniform else _alike(line) for line in lines)
    # Most rows agree in one of a few ways; with each way counted once, twenty columns cost little more than two.
    for alike, rows in ways.items():
        for left, right in combinations(range(size), 2):
            if alike[left] or alike[right]:
                either[left][right] += rows
                same[left][right] += rows * (alike[left] >> right & 1)
    return tuple(tuple(_ratio(same, either, row, column) for column in range(size)) for row in range(size))


def _ratio(same: list[list[int]], either: list[list[int]], row: int, column: int) -> float:
    left, right = min(row, column), max(row, column)
    return same[left][right] / either[left][right] if either[left][right] else 1.0


def _alike(line: Line) -> tuple[int, ...]:
    """For each cell, the set of columns whose cells are the same as bits of a number; 0 where it is missing."""
    if any(cell and is_vague(cell) for cell in line.cells):
        return tuple(_agreeing(cell, line) for cell in line.cells)
    groups: dict[tuple[int, str], int] = {}
    keys = [(line.ranks[cell.version], channel_identity(cell)) if cell else None for cell in line.cells]
    for index, key in enumerate(keys):
        if key is not None:
            groups[key] = groups.get(key, 0) | 1 << index
    return tuple(groups[key] if key is not None else 0 for key in keys)


def _agreeing(cell: Cell | None, line: Line) -> int:
    if cell is None:
        return 0
    return sum(
        1 << index
        for index, other in enumerate(line.cells)
        if other is not None and versions_agree(cell, other, line.ranks) and channels_agree(cell, other)
    )
