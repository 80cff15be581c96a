"""What is left out of an output makes no difference to what a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condatui.terminal.cell_style import PLAIN, CellStyle
from condatui.terminal.cells import TerminalCells

_STARTS, _WIDTH, _HEIGHT = 24, 60, 5
"""Columns in which a line can start, and the size: no line reaches beyond it, as Textual cuts each to the width."""
_SGR = (
    "1",
    "2",
    "3",
    "7",
    "4",
    "1;31",
    "38;5;42;48;5;7",
    "38;2;1;2;3;48;2;48;38;5",
    "2;39;49",
    "1;2;33",
    "9;44",
    "100",
)
_words = st.text(alphabet="ab  ·≈│", min_size=1, max_size=8) | st.sampled_from(["世界", "e\u0301a", "a🔬x", " "])
_segments = st.lists(st.tuples(st.sampled_from((*_SGR, "")), _words), min_size=1, max_size=4)
_lines = st.tuples(st.integers(1, _HEIGHT), st.integers(1, _STARTS), _segments)
_drawings = st.lists(_lines, min_size=1, max_size=4)
_others = st.sampled_from(["\x1b]52;c;YQ==\x07", "\x1b[?25l", "\x1b[?1049h", "\x1b[2J", "forget"])


def _drawing(lines: Sequence[tuple[int, int, Sequence[tuple[str, str]]]]) -> str:
    """Lines as Textual draws them, downwards: a place, then segments that each begin and end without a style."""
    downwards, last = sorted(lines, key=lambda line: line[0]), max(y for y, _, _ in lines)
    drawn = (f"\x1b[{y};{x}H{''.join(map(_segment, each))}" + "\n" * (y < last) for y, x, each in downwards)
    return "".join(drawn) + "\x1b[1;1H"


def _segment(segment: tuple[str, str]) -> str:
    style, text = segment
    return f"\x1b[{style}m{text}\x1b[0m" if style else text


def _terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(_WIDTH, _HEIGHT)
    return screen, pyte.Stream(screen)


def _shown(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """What a person sees: of a blank only what shows on it."""
    return [[_seen(screen.buffer[y][x]) for x in range(_WIDTH)] for y in range(_HEIGHT)]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    on_blanks = (cell.data, cell.bg, cell.reverse, cell.underscore, cell.strikethrough)
    if cell.data == " " and not any(on_blanks[2:]):
        return on_blanks
    return (*on_blanks, cell.fg, cell.bold, cell.italics)


@settings(max_examples=60)
@given(outputs=st.lists(_drawings.map(_drawing) | _others, max_size=8))
def test_a_terminal_shows_the_same(outputs: list[str]) -> None:
    cells = TerminalCells()
    (plain, everything), (sparing, changes) = _terminal(), _terminal()
    for output in outputs:
        if output == "forget":
            cells.forget()
            continue
        everything.feed(output)
        changes.feed(cells.changes(output))
        assert _shown(sparing) == _shown(plain)
        assert (sparing.cursor.y, sparing.cursor.x) == (plain.cursor.y, plain.cursor.x)


_ROW = "\x1b[3;1H\x1b[1;38;2;9;9;9mname\x1b[0m  \x1b[48;2;1;1;1m python 3.12 \x1b[0m\x1b[1;1H"


def test_what_stands_there_already_is_not_sent() -> None:
    cells = TerminalCells()
    assert "python 3.12" in cells.changes(_ROW)
    assert cells.changes(_ROW) == ""


def test_only_the_cells_that_differ_are_sent() -> None:
    cells = TerminalCells()
    cells.changes(_ROW)
    assert cells.changes(_ROW.replace("3.12", "3.14")) == "\x1b[3;18H\x1b[48;2;1;1;1m4\x1b[1;1H\x1b[0m"


def test_blanks_of_another_colour_look_the_same() -> None:
    cells = TerminalCells()
    cells.changes("\x1b[1;1H\x1b[31;44m  \x1b[0m\x1b[1;1H")
    assert cells.changes("\x1b[1;1H\x1b[1;32;44m  \x1b[0m\x1b[1;1H") == ""
    assert cells.changes("\x1b[1;1H\x1b[4;32;44m  \x1b[0m\x1b[1;1H") != ""  # unlike an underlined one


@pytest.mark.parametrize(
    "output", ["\x1b]52;c;YQ==\x07", "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\", "\x1b[?1000h", "\x1b[>25u"]
)
def test_what_changes_no_cell_is_sent_as_it_is(output: str) -> None:
    cells = TerminalCells()
    cells.changes(_ROW)
    assert cells.changes(output) == output
    assert cells.changes(_ROW) == ""


@pytest.mark.parametrize(
    "output", ["\x1b[?1049h", "\x1b[2J", "words without a place", "\x1b[1;1Hbell\x07", "\x1b]0;title"]
)
def test_after_what_may_change_cells_everything_is_sent(output: str) -> None:
    cells = TerminalCells()
    first = cells.changes(_ROW)
    assert cells.changes(output) == output
    assert cells.changes(_ROW) == first


def test_what_is_right_of_a_wide_character_is_sent_each_time() -> None:
    """Terminals differ in how wide it is."""
    cells = TerminalCells()
    row = "\x1b[1;1Hab世cd\x1b[1;1H"
    cells.changes(row)
    assert "世cd" in cells.changes(row)


@pytest.mark.parametrize(
    ("former", "style", "sequence"),
    [
        ("", "1;31", "\x1b[1;31m"),
        ("1;31", "", "\x1b[0m"),
        ("1;38;2;9;9;9;44", "38;2;9;9;9;44", "\x1b[22m"),
        ("1;2;31", "1;31", "\x1b[22;1m"),
        ("21;31", "31", "\x1b[0;31m"),
        ("31;44", "32;44", "\x1b[32m"),
        ("38;5;9;48;5;38", "48;5;38", "\x1b[39m"),
        ("31;48;2;1;2;3", "31", "\x1b[49m"),
        ("0;39;49", "", ""),
    ],
)
def test_the_way_to_another_style_is_short(former: str, style: str, sequence: str) -> None:
    assert PLAIN.after(style).sequence_from(PLAIN.after(former)) == sequence


def test_a_reset_ends_all_that_came_before_it() -> None:
    assert PLAIN.after("1;38;5;9;0;44") == CellStyle(background="44")
