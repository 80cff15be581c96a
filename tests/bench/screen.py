"""What a person waits for: the first picture, and a key press while everything loads."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from bench.measure import Line, median, percentile
from bench.tree import Tree
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
_RUNS = 5
_SIZE = {"columns": 160, "rows": 60}


def first_paint(tree: Tree, scratch: Path) -> Iterator[Line]:
    """From the start of the process until every name is on the screen, against an empty app with a table."""
    names = [prefix.name for prefix in tree.prefixes]
    environ = tree.environ(scratch / "paint")
    ours = [sys.executable, "-m", "condatui"]
    with Terminal(ours, environ=environ, **_SIZE) as terminal:  # fills the caches
        terminal.wait_for(lambda screen: _loaded(screen, names))
    empties, paints = [], []
    for _ in range(_RUNS):
        empties.append(_until([sys.executable, "-c", _EMPTY_APP], environ, ["ready"]))
        paints.append(_until(ours, environ, names))
    ratio = median(paints) / median(empties)
    yield Line("empty Textual app with a DataTable", f"{median(empties):.2f} s")
    yield Line(f"condatui with {len(names)} names", f"{median(paints):.2f} s = {ratio:.2f}", "at most 1.5")


def _loaded(screen: str, names: Sequence[str]) -> bool:
    return all(name in screen for name in names) and "reading" not in screen


def _until(argv: Sequence[str], environ: Mapping[str, str], texts: Sequence[str]) -> float:
    start = time.perf_counter()
    with Terminal(argv, environ=environ, **_SIZE) as terminal:
        terminal.wait_for(lambda screen: all(text in screen for text in texts))
        return time.perf_counter() - start


def keys_while_loading(tree: Tree, scratch: Path, label: str) -> Iterator[Line]:
    """From a key press until its row is drawn, from the first name on until all is read, nothing cached."""
    waits: list[float] = []
    environ = tree.environ(scratch / f"keys-{label}")
    with Terminal([sys.executable, "-m", "condatui"], environ=environ, **_SIZE) as terminal:
        terminal.wait_for("base")
        key = "j"
        while "reading" in terminal.screen or len(waits) < 20:
            start = time.perf_counter()
            terminal.press(key)
            terminal.wait_for_output()
            waits.append(time.perf_counter() - start)
            key = "k" if key == "j" else "j"
        memory = psutil.Process(terminal.pid).memory_info().rss
    p95 = percentile(waits, 95) * 1000
    yield Line(f"{label}: key press while loading, p95 of {len(waits)}", f"{p95:.0f} ms", "at most 50 ms")
    yield Line(f"{label}: resident memory when loaded", f"{memory / 1e6:.0f} MB", "under 200 MB at 200 × 300")
