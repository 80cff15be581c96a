"""Loading: names at once, more comes in without moving anything, failures stand where they can be read."""

from __future__ import annotations

import asyncio

import pytest

from condatui.app import CondatuiApp
from condatui.messages import InventoryLoaded
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.errors import CondaError
from condatui_core.records.environment import Inventory
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, ROOT, environment, inventory, loaded, package
from support.pilots import Driver, opened, screen_lines

NAMES = ("alpha", "beta", "gamma", "delta")


def names_only() -> Inventory:
    return Inventory(environments=tuple(map(environment, NAMES)), pending=4, asking_conda=True)


def all_read() -> Inventory:
    return inventory(*(loaded(name, [package("numpy")], managed_bytes=1000) for name in NAMES))


async def test_the_first_picture_has_the_names_before_anything_is_read() -> None:
    gate = asyncio.Event()
    workbench = FakeWorkbench(gate, all_read(), first=names_only())
    async with opened(workbench=workbench) as driver:
        assert driver.names == list(NAMES)
        assert "looking for conda" in driver.text
        assert "Not read yet." in driver.text
        gate.set()
        await driver.until(lambda: not driver.app.session.loading)
        assert "numpy" in driver.text


async def test_a_first_inventory_needs_no_glance() -> None:
    workbench = FakeWorkbench(asyncio.Event())
    app = CondatuiApp(workbench, host="gpu07", clock=lambda: NOW, first=names_only())  # type: ignore[arg-type]
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        assert "alpha" in "\n".join(screen_lines(app))


async def test_what_comes_in_moves_neither_cursor_nor_scroll_nor_draws_lines_that_stay() -> None:
    gate = asyncio.Event()
    workbench = FakeWorkbench(gate, all_read(), first=names_only())
    async with opened(workbench=workbench, size=(100, 12)) as driver:
        await driver.press("j", "j")
        scroll = driver.place.table.scroll_offset
        driver.messages.clear()
        gate.set()
        await driver.until(lambda: not driver.app.session.loading)
        assert driver.cursor == f"{ROOT}/envs/gamma"
        assert driver.place.table.scroll_offset == scroll
        assert [
            moved.key for moved in driver.posted(VirtualTable.CursorMoved) if moved.table is driver.place.table
        ] == []


async def test_every_inventory_reaches_the_screen_as_a_message() -> None:
    async with opened(names_only(), all_read()) as driver:
        assert driver.posted(InventoryLoaded)[-1].inventory == all_read()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CondaError("conda cannot be started.", "[Errno 13] [/opt]", "chmod it"), "✗ conda cannot be started."),
        (ValueError("odd [/thing]\x1b[31m"), "✗ Looking at the environments failed."),
    ],
)
async def test_a_failure_stands_above_until_a_reload_goes_well(error: Exception, words: str) -> None:
    async with opened(all_read(), error) as driver:
        assert words in driver.text
        assert "\x1b" not in driver.text
        await driver.press("j", "j")
        assert words in driver.text
        assert driver.names == list(NAMES)
        driver.workbench.script = (all_read(),)
        await driver.press("r")
        await driver.until(lambda: words not in driver.text)
        assert driver.workbench.loads == [False, False]


async def test_marks_on_what_is_gone_go_too() -> None:
    async with opened(all_read()) as driver:
        await driver.press("space", "space")
        driver.workbench.script = (inventory(loaded("alpha")),)
        await driver.press("r")
        await driver.until(lambda: driver.names == ["alpha"])
        assert driver.app.session.marked == {f"{ROOT}/envs/alpha"}


async def test_a_reload_in_the_middle_of_loading_starts_over() -> None:
    workbench = FakeWorkbench(asyncio.Event(), first=names_only())
    async with opened(workbench=workbench) as driver:
        workbench.script = (all_read(),)
        await driver.press("r")
        await driver.until(lambda: not driver.app.session.loading)
        assert workbench.loads == [False, False]
        assert driver.app.session.failure is None


async def test_changes_made_outside_are_loaded() -> None:
    workbench = FakeWorkbench(all_read(), settings=Settings(watch_seconds=0.01))
    async with opened(workbench=workbench) as driver:
        await driver.until(lambda: workbench.looks >= 2)
        assert workbench.loads == [False]
        workbench.script = (inventory(loaded("new")),)
        workbench.changes = True
        await driver.until(lambda: driver.names == ["new"])
        assert workbench.loads == [False, False]


async def test_nobody_watches_when_told_not_to() -> None:
    async with opened(all_read()) as driver:
        assert not [worker for worker in driver.app.workers if worker.group == "watch"]


async def test_the_app_leaves_at_once_though_conda_is_asked() -> None:
    workbench = FakeWorkbench(asyncio.Event(), first=names_only())
    async with opened(workbench=workbench) as driver:
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running)


async def test_loading_keeps_details_where_the_user_reads_them() -> None:
    gate = asyncio.Event()
    many = tuple(package(f"package-{number:02}") for number in range(50))
    before, after = inventory(loaded("a", many), pending=1), inventory(loaded("a", many), loaded("b"))
    async with opened(workbench=FakeWorkbench(before, gate, after)) as driver:
        await driver.press("enter", "end")
        gate.set()
        await driver.until(lambda: driver.names == ["a", "b"])
        assert _packages(driver).cursor_key == "conda:package-49=1.0=h0_0"
        assert _packages(driver).has_focus


def _packages(driver: Driver) -> VirtualTable:
    return driver.place.query_one("#packages", VirtualTable)


async def test_reload_looks_for_changes_and_reload_all_believes_nothing() -> None:
    async with opened(inventory(environment("one"))) as driver:
        await driver.press("r")
        await driver.press("R")
        assert driver.workbench.loads == [False, False, True]
