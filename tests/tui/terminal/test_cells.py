"""What is left out of an output makes no difference to what a terminal shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from condatui.terminal.cell_style import PLAIN, CellStyle
from condatui.terminal.cells import TerminalCells

_STARTS, _WIDTH, _HEIGHT = 24, 60, 9
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
_LISTED = (
    *("beta", "alpha", "≈alpha", "gamma", "beta", "", "delta", "alpha", "zeta", "eta", "theta", "iota"),
    *("世界", "kappa", "lambda", "mu", "nu", "xi", "beta", "alpha"),
)
"""Rows of a list that is scrolled, among them equal ones, a blank one and one whose width is in doubt."""
_scrolled = st.tuples(st.integers(0, len(_LISTED) - _HEIGHT), st.sampled_from((*_SGR, "")), st.integers(0, _HEIGHT))
_others = st.sampled_from(["\x1b]52;c;YQ==\x07", "\x1b[?25l", "\x1b[?1049h", "\x1b[2J", "forget"])


def _drawing(lines: Sequence[tuple[int, int, Sequence[tuple[str, str]]]]) -> str:
    """Lines as Textual draws them, downwards: a place, then segments that each begin and end without a style."""
    downwards, last = sorted(lines, key=lambda line: line[0]), max(y for y, _, _ in lines)
    drawn = (f"\x1b[{y};{x}H{''.join(map(_segment, each))}" + "\n" * (y < last) for y, x, each in downwards)
    return "".join(drawn) + "\x1b[1;1H"


def _filled(word: str, width: int) -> str:
    """So many cells: the word again and again."""
    count = width // (cell_len(word) + 1)
    words = f"{word} " * count
    return words + " " * (width - cell_len(words))


def _list(scrolled: tuple[int, str, int]) -> str:
    """All rows of the terminal: a list from some row on, one of its rows in another style."""
    top, style, cursor = scrolled
    styles = [style if y == cursor else "48;2;18;18;18" for y in range(_HEIGHT)]
    return _drawing([(y + 1, 1, [(styles[y], _filled(_LISTED[top + y], _WIDTH - 2))]) for y in range(_HEIGHT)])


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


def _compare(outputs: Sequence[str]) -> None:
    """A terminal that gets everything against one that gets the changes."""
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


@settings(max_examples=60)
@given(outputs=st.lists(_drawings.map(_drawing) | _others, max_size=8))
def test_a_terminal_shows_the_same(outputs: list[str]) -> None:
    _compare(outputs)


@settings(max_examples=60)
@given(outputs=st.lists(_scrolled.map(_list) | _drawings.map(_drawing), min_size=2, max_size=8))
def test_a_terminal_shows_the_same_of_what_is_scrolled(outputs: list[str]) -> None:
    _compare(outputs)


_ROW = "\x1b[3;1H\x1b[1;38;2;9;9;9mname\x1b[0m  \x1b[48;2;1;1;1m python 3.12 \x1b[0m\x1b[1;1H"


def test_what_stands_there_already_is_not_sent() -> None:
    cells = TerminalCells()
    assert "python 3.12" in cells.changes(_ROW)
    assert cells.changes(_ROW) == ""


def test_only_the_cells_that_differ_are_sent() -> None:
    cells = TerminalCells()
    cells.changes(_ROW)
    assert cells.changes(_ROW.replace("3.12", "3.14")) == "\x1b[3;18H4\x1b[H"  # in the colours of the last drawing


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
    first = cells.changes(_ROW).removeprefix("\x1b[0m")
    assert cells.changes(output) == f"\x1b[0m{output}"
    assert cells.changes(output) == output  # only once, as an output may come in parts
    assert cells.changes(_ROW) == first


def test_what_another_program_may_have_written_has_an_end() -> None:
    cells = TerminalCells()
    first = cells.changes(_ROW)
    cells.forget()
    assert cells.changes(_ROW) == first
    assert first.startswith("\x1b[0m")


@pytest.mark.parametrize("beyond", ["\x1b[9;1Hold\x1b[1;1H", "\x1b[2;35Hold name\x1b[1;1H"])
def test_after_a_drawing_for_a_larger_terminal_everything_is_sent(beyond: str) -> None:
    """Between a resize and the new layout: a terminal shows in its last row what is drawn below it."""
    cells = TerminalCells()
    cells.forget((40, 5))
    first = cells.changes(_ROW).removeprefix("\x1b[0m")
    assert cells.changes(beyond) == f"\x1b[0m{beyond}"
    assert cells.changes(_ROW) == first
    cells.forget()  # the size stays
    assert cells.changes(beyond) == f"\x1b[0m{beyond}"
    cells.forget((80, 9))
    cells.changes(_ROW)
    cells.changes(beyond)
    assert cells.changes(_ROW) == ""


def test_what_is_right_of_a_wide_character_is_sent_each_time() -> None:
    """Terminals differ in how wide it is."""
    cells = TerminalCells()
    row = "\x1b[1;1Hab世cd\x1b[1;1H"
    cells.changes(row)
    assert "世cd" in cells.changes(row)


def test_a_place_after_a_wide_character_is_told() -> None:
    """Though it would be where the terminal stands if it drew that as wide as condatui takes it."""
    drawn = TerminalCells().changes("\x1b[1;1H世\x1b[1;3Hb\x1b[1;1H")
    assert drawn == "\x1b[0m\x1b[H世\x1b[1;3Hb\x1b[H"


_BLUE, _GREY = "38;2;10;20;250;48;2;18;18;18", "38;2;153;153;153;48;2;18;18;18"


def _two_columns(rows: int, blue: str = _BLUE, grey: str = _GREY) -> str:
    return _drawing([(y, 1, [(blue, f"row {y}     "), (grey, f"build {y}")]) for y in range(1, rows + 1)])


def test_long_colours_are_sent_once_and_not_in_each_row() -> None:
    drawn = TerminalCells().changes(_two_columns(3))
    assert drawn == (
        f"\x1b[0m\x1b[H\x1b[{_BLUE}mrow 1     \x1b[2Hrow 2     \x1b[3Hrow 3     "
        "\x1b[1;11H\x1b[38;2;153;153;153mbuild 1\x1b[2;11Hbuild 2\x1b[3;11Hbuild 3\x1b[H"
    )


def test_short_styles_are_sent_as_they_come() -> None:
    drawn = TerminalCells().changes(_two_columns(2, "1", "2"))
    assert drawn == ("\x1b[0m\x1b[H\x1b[1mrow 1     \x1b[0;2mbuild 1\x1b[2H\x1b[0;1mrow 2     \x1b[0;2mbuild 2\x1b[H")


def test_a_few_cells_that_are_the_same_are_sent_in_place_of_a_jump() -> None:
    cells = TerminalCells()
    cells.changes("\x1b[1;1Ha 12 b 1234567 c\x1b[1;1H")
    assert cells.changes("\x1b[1;1HA 12 B 1234567 C\x1b[1;1H") == "A 12 B\x1b[9CC\x1b[H"


_NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")


def _names(top: int, rows: int = 5, without: int | None = None) -> str:
    lines = [(y + 1, 1, [("44", _filled(_NAMES[top + y], 50))]) for y in range(rows) if y != without]
    return _drawing(lines)


def test_rows_that_have_moved_are_moved_by_the_terminal() -> None:
    cells = TerminalCells()
    cells.changes(_names(0))
    assert cells.changes(_names(1)) == f"\x1b[1;5r\x1b[1H\x1b[M\x1b[r\x1b[5H{_filled('zeta', 50)}\x1b[H"
    assert cells.changes(_names(0)) == f"\x1b[1;5r\x1b[1H\x1b[L\x1b[r\x1b[H{_filled('alpha', 50)}\x1b[H"
    assert cells.changes(_names(2)).startswith("\x1b[1;5r\x1b[1H\x1b[2M\x1b[r")


def test_a_row_that_is_not_known_is_not_moved() -> None:
    """It could not be drawn again where it came from."""
    cells = TerminalCells()
    cells.changes(_names(0, 9))
    cells.changes("\x1b[5;1H世界\x1b[1;1H")
    others = _names(1, 9, without=4)
    assert re.findall(r"\x1b\[[\d;]*[MLr]", cells.changes(others)) == []


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
