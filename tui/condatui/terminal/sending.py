"""What has to be sent to a terminal so that it shows other rows: of several ways the shortest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from condatui.terminal.cell_row import CellRow, Run
from condatui.terminal.cell_style import CellStyle
from condatui.terminal.pen import Pen
from condatui.terminal.row_shift import likely_shift

_SHIFTS = 2
"""So many groups of rows are moved at most: the table and what is below it."""


def send_changes(pen: Pen, former: Mapping[int, CellRow], rows: Mapping[int, CellRow]) -> Pen:
    """Let the terminal show `rows` where it shows `former`; returns the pen that has done it in the fewest bytes."""
    best = _draw(pen, former, rows)
    for _ in range(_SHIFTS):
        if (shift := likely_shift(former, rows)) is None:
            break
        pen, former = pen.copy(), shift.after(former, rows)
        pen.shift(*shift)
        best = min(best, _draw(pen, former, rows), key=_length)
    return best


def _length(pen: Pen) -> int:
    return len(pen.sent)


def _draw(pen: Pen, former: Mapping[int, CellRow], rows: Mapping[int, CellRow]) -> Pen:
    """Draw what differs: row by row, or style by style, as moves are short where colours are long."""
    runs = [run for y in sorted(former) for run in rows[y].runs_since(former[y], y)]
    by_row, by_style = pen.copy(), pen.copy()
    _send(by_row, runs, rows)
    groups = _by_style(runs)
    while groups:
        style = min(groups, key=lambda each: len(each.sequence_from(by_style.style)))
        _send(by_style, groups.pop(style), rows)
    return min(by_row, by_style, key=_length)


def _by_style(runs: Iterable[Run]) -> dict[CellStyle, Sequence[Run]]:
    """Runs by their style, each group in order; blanks go with any style that shows the same on them."""
    groups: dict[CellStyle, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.style, []).append(run)
    for blank in [style for style, group in groups.items() if all(run.blank for run in group)]:
        others = (style for style in groups if style != blank and style.on_blanks == blank)
        if (other := next(others, None)) is not None:
            groups[other] = sorted((*groups[other], *groups.pop(blank)), key=lambda run: (run.y, run.x))
    return {**groups}


def _send(pen: Pen, runs: Iterable[Run], rows: Mapping[int, CellRow]) -> None:
    for run in runs:
        _reach(pen, run, rows[run.y])
        if not (run.blank and pen.style.on_blanks == run.style):
            pen.take(run.style)
        pen.write(run.text)


def _reach(pen: Pen, run: Run, row: CellRow) -> None:
    """Move to the begin of a run; what stands before it is written again where a jump over it is not shorter."""
    y, x = pen.place or (-1, 0)
    if y == run.y and 0 < run.x - x <= len(pen.way_to(run.y, run.x)):
        for style in (pen.style, run.style):
            if between := row.text_in(style, x, run.x):
                pen.take(style)
                pen.write(between)
                return
    pen.go(run.y, run.x)
