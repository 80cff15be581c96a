"""What a key press sends to the terminal, in bytes: what a slow line over SSH feels."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.measure import Line, percentile
from bench.tree import Tree
from support.terminal import Terminal

_QUIET = 0.5
"""Seconds after which nothing more is expected."""
_MOVES = 20
_PAGES = 4
_COLUMNS, _ROWS = 140, 40
_PANELS = (
    ("export", "e", "dependencies:"),
    ("pack", "p", "ignore missing"),
    ("clone", "n", "without downloads"),
    ("remove", "d", "restore point"),
    ("the help", "?", "type to filter"),
)
"""Name, key and a text by which it is known."""


def place_1(tree: Tree, scratch: Path) -> Iterator[Line]:
    """What moves, pages and panels send in place 1, once everything is read and measured."""
    argv, environ = [sys.executable, "-m", "condatui"], tree.environ(scratch / "sent")
    with Terminal(argv, environ=environ, columns=_COLUMNS, rows=_ROWS) as terminal:
        terminal.wait_for("on disk", seconds=120)
        terminal.wait_for(lambda screen: "measuring" not in screen and "reading" not in screen, seconds=120)
        yield _line("started and loaded", [settled(terminal)])
        terminal.press("g" + 5 * "j")
        yield _line("cursor move at rest", [sent(terminal, key) for key in _MOVES * "jjk"], "at most 1,500 bytes")
        held = [sent(terminal, key * 10) // 10 for key in "jk" * 3]
        yield _line("each of ten moves in a row", held, "at most 1,500 bytes")
        pages = [sent(terminal, key) for key in _PAGES * ("\x1b[6~", "\x1b[5~")]
        yield _line("page down or up", pages, "at most 10 KB")
        for name, key, text in _PANELS:
            opened, closed = _opened(terminal, key, text), sent(terminal, "\x1b")
            yield _line(f"{name} opened", [opened], "at most 12 KB")
            yield _line(f"{name} closed", [closed], "at most 12 KB")


def _opened(terminal: Terminal, key: str, text: str) -> int:
    """Bytes until a panel stands; what it shows may take its time."""
    before = settled(terminal)
    terminal.press(key)
    terminal.wait_for(text)
    return settled(terminal) - before


def _line(what: str, figures: Sequence[int], promised: str = "") -> Line:
    middle, most = percentile(figures, 50), percentile(figures, 95)
    figure = f"p50 {middle:,}, p95 {most:,}" if len(figures) > 1 else f"{middle:,}"
    return Line(f"place 1 at {_COLUMNS}×{_ROWS}, bytes sent: {what}", figure, promised)


def sent(terminal: Terminal, keys: str) -> int:
    """Bytes until nothing more comes, the details that follow the cursor included."""
    before = settled(terminal)
    terminal.press(keys)
    return settled(terminal) - before


def settled(terminal: Terminal) -> int:
    """Wait until nothing was received for a while; returns how much has come by then."""
    received, quiet_since = -1, time.monotonic()
    while time.monotonic() - quiet_since < _QUIET:
        _ = terminal.screen
        if terminal.bytes_received != received:
            received, quiet_since = terminal.bytes_received, time.monotonic()
        time.sleep(0.01)
    return received
