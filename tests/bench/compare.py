"""Environments side by side: what 2,000 packages × 12 environments cost the event loop, and a key press the line."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import DataTable

from bench.measure import Line, median
from bench.sent import sent
from bench.tree import Tree
from condatui.app import CondatuiApp
from condatui.screens.compare import CompareScreen
from condatui.screens.environments import EnvironmentsScreen
from condatui_core.records.environment import Inventory
from condatui_core.records.package import PackageRecord
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, inventory, loaded, package
from support.terminal import Terminal

PACKAGES, ENVIRONMENTS = 2000, 12
_PATIENCE = 60.0
_RUNS = 5
_SIZE = (200, 50)
_PROMISED = "under 50 ms"


@dataclass
class _Busy:
    """What the event loop did."""

    seconds: float = 0.0
    longest: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds * 1000:.0f} ms, longest {self.longest * 1000:.0f} ms"


@contextmanager
def _watched() -> Iterator[_Busy]:
    """Add up the time in which the event loop runs something, and so answers no key."""
    busy, run = _Busy(), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        start = time.thread_time()
        run(handle)
        took = time.thread_time() - start
        busy.seconds += took
        busy.longest = max(busy.longest, took)

    asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]
    try:
        yield busy
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]


async def _typical(action: Callable[[], Awaitable[object]]) -> _Busy:
    """Do it a few times; the median one."""
    runs = []
    for _ in range(_RUNS):
        with _watched() as busy:
            await action()
        runs.append(busy)
    return next(each for each in runs if each.seconds == median([one.seconds for one in runs]))


def machine() -> Inventory:
    """Environments of which every cell differs from its neighbours."""
    return inventory(*(loaded(f"env-{number:02}", [*_packages(number)]) for number in range(ENVIRONMENTS)))


def _packages(number: int) -> Iterator[PackageRecord]:
    for index in range(PACKAGES):
        version = f"1.{(index * 7 + number) % 5}.{index % 9}"
        yield package(f"package-{index:04}", version, build=f"py31{number % 3}_h{index:07x}_0", installed_bytes=index)


def matrix() -> Iterator[Line]:
    """Measure the screen, then a DataTable with the same cells."""
    yield from asyncio.run(_screen())
    yield from asyncio.run(_data_table())


async def _screen() -> list[Line]:
    app = CondatuiApp(FakeWorkbench(machine()), host="bench", clock=lambda: NOW)  # type: ignore[arg-type]
    label = f"compare {PACKAGES} × {ENVIRONMENTS}"
    async with app.run_test(size=_SIZE) as pilot:
        await _until(pilot, lambda: not app.session.loading and _shown(app.screen) == ENVIRONMENTS)
        await pilot.press("a")
        with _watched() as opening:
            start = time.perf_counter()
            await pilot.press("c")
            await _until(pilot, lambda: isinstance(app.screen, CompareScreen) and app.screen.compared is not None)
            opened = time.perf_counter() - start
        assert isinstance(app.screen, CompareScreen)
        screen = app.screen
        lines = [Line(f"{label}: the place made, beside it {opened:.2f} s in a thread", str(opening))]

        async def compare_anew() -> None:
            await pilot.press("c")
            await _until(pilot, lambda: screen.compared is not None)

        lines.append(Line(f"{label}: opening", str(await _typical(compare_anew)), _PROMISED))
        for what, keys in (("page down", "pagedown"), ("sort", "s"), ("next kind", "f"), ("reverse", "S")):
            lines.append(Line(f"{label}: {what}", str(await _typical(partial(pilot.press, keys))), _PROMISED))

        async def typing() -> None:
            await screen.action_filter()
            await pilot.press("7")
            await pilot.press("escape")

        lines.append(Line(f"{label}: a filter opened, typed and left", str(await _typical(typing)), _PROMISED))
    return lines


def _shown(screen: Screen[object]) -> int:
    return len(screen.shown) if isinstance(screen, EnvironmentsScreen) else 0


async def _until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < _PATIENCE, "the screen has not come to that"
        await pilot.pause(0.01)


class _Table(App[None]):
    def compose(self) -> ComposeResult:
        yield DataTable()


async def _data_table() -> list[Line]:
    app = _Table()
    async with app.run_test(size=_SIZE) as pilot:
        table = app.query_one(DataTable)
        rows = [
            (f"package-{index:04}", *(f"1.{(index * 7 + number) % 5}.{index % 9}" for number in range(ENVIRONMENTS)))
            for index in range(PACKAGES)
        ]

        async def fill() -> None:
            table.clear(columns=True)
            table.add_columns("package", *(f"env-{number}" for number in range(ENVIRONMENTS)))
            table.add_rows(rows)
            await pilot.pause()

        label = f"  a DataTable of {PACKAGES} × {ENVIRONMENTS}"
        lines = [Line(f"{label}: opening", str(await _typical(fill)))]
        lines.append(Line(f"{label}: page down", str(await _typical(partial(pilot.press, "pagedown")))))
    return lines


def bytes_sent(tree: Tree, scratch: Path) -> Iterator[Line]:
    """What a cursor move, a page and another kind send to the terminal, eight environments side by side."""
    environ = tree.environ(scratch / "compare")
    for columns, rows in ((80, 24), (140, 40), (200, 50)):
        with Terminal([sys.executable, "-m", "condatui"], environ=environ, columns=columns, rows=rows) as terminal:
            terminal.wait_for(lambda screen: "scale-0" in screen and "reading" not in screen)
            terminal.press("/scale\r")
            terminal.wait_for("filter `scale`")
            terminal.press(" " * 8 + "c")
            terminal.wait_for("differing")
            for what, keys, promised in (("cursor down", "j", "under 2 KB"), ("cursor right", "l", "under 2 KB")):
                figure = f"{sent(terminal, keys)} bytes"
                yield Line(f"compare 8 environments at {columns}×{rows}: {what}", figure, promised)
