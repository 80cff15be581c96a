"""Choosing the columns of place 1 while its table shows them."""

from __future__ import annotations

import pytest

from condatui.view_models.environments.columns import CHOICES, ColumnChoice
from condatui_core.errors import CondatuiError
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import inventory, research
from support.pilots import Driver, opened


def bench(*columns: str, read_only: bool = False) -> FakeWorkbench:
    settings = Settings(watch_seconds=0, columns=columns, read_only=read_only)
    return FakeWorkbench(inventory(research()), settings=settings)


def header(driver: Driver) -> list[str]:
    """The titles of the table of environments."""
    return driver.text.splitlines()[1].replace("▴", "").replace("▾", "").split()


def test_a_choice_has_the_shown_columns_first_and_keeps_its_order() -> None:
    choice = ColumnChoice.of(("mark", "name", "disk", "python"))
    assert choice.order[:3] == ("disk", "python", "packages")
    assert choice.chosen == ("disk", "python")
    assert choice.moved("disk", 1).turned("packages").chosen == ("python", "disk", "packages")
    assert choice.moved("disk", -1) == choice
    assert choice.turned("disk").turned("python").chosen == ("name",)


async def test_columns_are_turned_off_and_moved_while_the_table_shows_it_and_are_kept() -> None:
    workbench = bench("python", "disk", "findings")
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        assert header(driver) == ["name", "python", "disk", "findings"]
        await driver.press("vertical_line", "J", "K", "J", "up", "space")
        assert header(driver) == ["name", "python", "findings"]
        await driver.press("enter")
        await driver.until(lambda: "The columns stay so: /nowhere/settings.yaml" in driver.text)
        assert workbench.written_settings == {"columns": ("python", "findings")}
        assert driver.place.table.has_focus


async def test_leaving_brings_the_former_columns_back_and_writes_nothing() -> None:
    workbench = bench("python", "disk")
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("vertical_line", "space", "alt+down")
        assert header(driver) == ["name", "disk"]
        await driver.press("escape")
        assert header(driver) == ["name", "python", "disk"]
        assert not workbench.written_settings


async def test_it_begins_with_all_that_is_on_at_any_width_and_knows_the_usual_ones() -> None:
    workbench = bench()
    async with opened(workbench=workbench, size=(60, 30)) as driver:
        usual = header(driver)
        assert not {"used", "inodes"} & {*usual}
        await driver.press("vertical_line", "enter")
        await driver.pilot.pause()
        assert not workbench.written_settings  # nothing was changed
        await driver.press("vertical_line", "down")
        assert "not shown now: when it was last used" in driver.text
        assert "not shown now: what df gains" not in driver.text
        await driver.press("space")
        assert "packages" not in header(driver)
        assert "not shown now: when it was" not in driver.text, "a chosen column stays: the table scrolls"
        await driver.press("backspace")
        assert header(driver) == usual
        await driver.press("home", "space", "enter")
        await driver.until(lambda: workbench.written_settings)
        assert workbench.written_settings["columns"] == CHOICES[1:]
        await driver.pilot.resize_terminal(200, 30)
        assert {"used", "inodes"} <= {*header(driver)}


async def test_what_cannot_be_written_holds_until_the_end_and_says_so() -> None:
    workbench = bench("python", "disk", read_only=True)
    async with opened(workbench=workbench, size=(100, 30)) as driver:
        await driver.press("vertical_line", "space", "enter")
        await driver.until(lambda: "These columns hold until you leave. condatui is read-only" in driver.text)
        assert header(driver) == ["name", "disk"]


def test_a_column_that_there_is_not_ends_the_start_with_the_one_that_is_meant() -> None:
    from condatui.app import CondatuiApp
    from support.inventories import NOW

    with pytest.raises(CondatuiError) as refused:
        CondatuiApp(bench("chanels"), host="x", clock=lambda: NOW)  # type: ignore[arg-type]
    assert refused.value.hint == "Did you mean `channels`?"
