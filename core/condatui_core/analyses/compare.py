"""Compare environments side by side: which packages are equal, and how the others differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from msgspec.structs import replace

from condatui_core.analyses.columns import align
from condatui_core.analyses.similarity import (
    ComparedLine,
    Ranks,
    builds_agree,
    judge,
    satisfies,
    similarity_matrix,
    versions_agree,
)
from condatui_core.records.comparison import Cell, Comparison, Listing, Row, Sign, Status, Summary

Cells = tuple[Cell | None, ...]


def compare(listings: Sequence[Listing], reference: int = 0) -> Comparison:
    """Compare listings; `reference` is the index of the column that the signs refer to."""
    lines = [judge(each.name, _checked(each.cells)) for each in align(listings)]
    rows = tuple(_row(line, reference) for line in lines)
    return Comparison(
        columns=tuple(listing.column for listing in listings),
        rows=rows,
        summary=_summary(rows),
        similarity=similarity_matrix(lines, len(listings)),
        reference=reference,
    )


def with_reference(comparison: Comparison, reference: int) -> Comparison:
    """Make the signs refer to another column; nothing else depends on the reference."""
    rows = tuple(
        row if row.status == "same" else replace(row, signs=_signs(judge(row.name, row.cells), reference))
        for row in comparison.rows
    )
    return replace(comparison, rows=rows, reference=reference)


def _summary(rows: Sequence[Row]) -> Summary:
    counts = Counter(row.status for row in rows)
    return Summary(
        same=counts["same"],
        version=counts["version"],
        build=counts["build"],
        channel=counts["channel"],
        missing=counts["missing"],
    )


def _row(line: ComparedLine, reference: int) -> Row:
    status = "same" if line.uniform else _status(line)
    return Row(
        name=line.name,
        status=status,
        requested=any(cell.requested for cell in line.cells if cell),
        cells=line.cells,
        signs=tuple("=" for _ in line.cells) if status == "same" else _signs(line, reference),
    )


def _checked(cells: Cells) -> Cells:
    """Check every constraint of a row against the versions in it."""
    if not any(cell and cell.constraint for cell in cells):
        return cells
    versions = {cell.version for cell in cells if cell and cell.version}
    return tuple(replace(cell, satisfied=_met(cell, versions)) if cell and cell.constraint else cell for cell in cells)


def _met(constrained: Cell, versions: set[str]) -> bool | None:
    answers = {satisfies(version, constrained) for version in versions}
    return False if False in answers else (True in answers or None)


def _status(line: ComparedLine) -> Status:
    present = [cell for cell in line.cells if cell]
    if len(present) < len(line.cells):
        return "missing"
    if _versions_differ(present, line.ranks):
        return "version"
    if _builds_differ(present):
        return "build"
    return "same" if line.of_one_channel else "channel"


def _versions_differ(cells: Sequence[Cell], ranks: Ranks) -> bool:
    if len(set(ranks.values())) > 1:
        return True
    asking = [cell for cell in cells if not cell.version]
    return any(not versions_agree(one, other, ranks) for one in asking for other in cells)


def _builds_differ(cells: Sequence[Cell]) -> bool:
    if len({cell.build for cell in cells} - {""}) < 2 and not any(each.build_numbers or each.digest for each in cells):
        return False
    return any(not builds_agree(left, right) for left, right in combinations(cells, 2))


def _signs(line: ComparedLine, reference: int) -> tuple[Sign, ...]:
    return tuple(_sign(line, reference, index) for index in range(len(line.cells)))


def _sign(line: ComparedLine, reference_index: int, index: int) -> Sign:
    reference, cell, ranks = line.cells[reference_index], line.cells[index], line.ranks
    if reference is None:
        return "+" if cell else "="
    if cell is None:
        return "−"
    if cell.version and reference.version and ranks[cell.version] != ranks[reference.version]:
        return "↑" if ranks[cell.version] > ranks[reference.version] else "↓"
    agree = versions_agree(cell, reference, ranks) and builds_agree(cell, reference)
    return "=" if agree and line.channels_agree(index, reference_index) else "≠"
