"""What a person waits for: the first picture, and a key press while everything loads."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from bench.measure import Line, median, percentile, seconds
from bench.tree import Tree
from condatui.view_models.glyphs import UNICODE_SHAPES
from support.terminal import Terminal

_EMPTY_APP = """
from textual.app import App
from textual.widgets import DataTable
class Empty(App):
    def compose(self):
        yield DataTable()
    def on_mount(self):
        self.query_one(DataTable).add_columns('name', 'ready')
Empty().run()
"""
_RUNS = 10
_PROMISED = "at most 1.5"
_FEWEST_KEYS = 40
_SIZE = {"columns": 160, "rows": 120}


def first_paint(tree: Tree, scratch: Path) -> Iterator[Line]:
    """From the start of the process until every name is on the screen, against an empty app with a table."""
    names = [prefix.name for prefix in tree.prefixes]
    environ = tree.environ(scratch / "paint")
    ours = [sys.executable, "-m", "condatui"]
    with Terminal(ours, environ=environ, **_SIZE) as terminal:  # fills the caches
        terminal.wait_for(lambda screen: _loaded(screen, names))
    runs = [
        (_until([sys.executable, "-c", _EMPTY_APP], environ, ["ready"]), _until(ours, environ, names))
        for _ in range(_RUNS)
    ]
    for what, part in (("", 0), (", processor time", 1)):
        empty, paint = (median([run[part] for run in each]) for each in zip(*runs, strict=True))
        yield Line(f"empty Textual app with a DataTable{what}", f"{empty:.2f} s")
        yield Line(f"condatui with {len(names)} names{what}", f"{paint:.2f} s = {paint / empty:.2f}", _PROMISED)


def _loaded(screen: str, names: Sequence[str]) -> bool:
    return all(name in screen for name in names) and "reading" not in screen


def _until(argv: Sequence[str], environ: Mapping[str, str], texts: Sequence[str]) -> tuple[float, float]:
    """The seconds until these texts are drawn, and the processor time that the program has taken until then."""
    with Terminal(argv, environ=environ, **_SIZE) as terminal:
        seconds = terminal.seconds_until_drawn(texts)
        return seconds, time.clock_gettime(_processor_clock(terminal.pid))


def _processor_clock(pid: int) -> int:
    """The number of the clock that tells the processor time of another process, as clock_getcpuclockid(3) has it."""
    return (~pid << 3) | 2


def keys_while_loading(tree: Tree, scratch: Path, label: str) -> Iterator[Line]:
    """From a key press until the cursor is drawn on another row, from the first name on until all is read."""
    waits: list[float] = []
    environ = tree.environ(scratch / f"keys-{label}")  # an empty home: nothing is cached
    with Terminal([sys.executable, "-m", "condatui"], environ=environ, **_SIZE) as terminal:
        terminal.wait_for("base")
        while "reading" in terminal.screen or len(waits) < _FEWEST_KEYS:
            waits += [terminal.answer_seconds(key, UNICODE_SHAPES.cursor) for key in "jk"]
        memory = psutil.Process(terminal.pid).memory_info().rss
    p95 = percentile(waits, 95) * 1000
    yield Line(f"{label}: key press while loading, p95 of {len(waits)}", f"{p95:.0f} ms", "at most 50 ms")
    yield Line(f"{label}: resident memory when loaded", f"{memory / 1e6:.0f} MB", "under 200 MB at 200 × 300")


def keys_while_measuring(tree: Tree, scratch: Path) -> Iterator[Line]:
    """From a key press until the cursor is drawn on another row, while the disk is walked from end to end."""
    waits: list[float] = []
    environ = tree.environ(scratch / "measuring")
    with Terminal([sys.executable, "-m", "condatui"], environ=environ, **_SIZE) as terminal:
        terminal.wait_for("measuring", seconds=60)
        while "measuring" in terminal.screen:
            waits += [terminal.answer_seconds(key, UNICODE_SHAPES.cursor) for key in "jk"]
        terminal.press("R")  # everything once more, so that there are enough of them
        terminal.wait_for("measuring", seconds=60)
        while "measuring" in terminal.screen:
            waits += [terminal.answer_seconds(key, UNICODE_SHAPES.cursor) for key in "jk"]
    p95, longest = (percentile(waits, percent) * 1000 for percent in (95, 100))
    yield Line(f"key press while the disk is walked, p95 of {len(waits)}", f"{p95:.0f} ms", "at most 50 ms")
    yield Line("  the longest of them", f"{longest:.0f} ms")
    yield from _marking(environ)


def _mark(terminal: Terminal, count: int) -> None:
    """Mark one more row; only the cells that change are sent, so it is looked for on the screen."""
    terminal.press(" ")
    terminal.wait_for(lambda screen: f"{count} marked" in screen)


def _marking(environ: Mapping[str, str]) -> Iterator[Line]:
    """From marking a row until the footer says what the set frees."""
    with Terminal([sys.executable, "-m", "condatui"], environ=environ, **_SIZE) as terminal:
        terminal.wait_for("on disk", seconds=60)
        terminal.wait_for(lambda screen: "measuring" not in screen and "reading" not in screen, seconds=60)
        waits = [seconds(partial(_mark, terminal, count)) for count in range(1, 31)]
    yield Line("a row marked until the footer says what the set frees, p95", f"{percentile(waits, 95) * 1000:.0f} ms")
