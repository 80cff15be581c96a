"""The focus: after any number of tabs it rests on what takes the keys that the bottom line names."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from condatui.panels.help_panel import HelpPanel
from condatui.panels.line_panel import file_panel
from condatui.screens.restore import RestoreScreen
from condatui.widgets.input_bars import PromptBar
from condatui.widgets.lines_pane import LinesPane, TextPane
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, ROOT, inventory, loaded, research
from support.pilots import Driver, opened

POINTS = tuple(
    RestorePointSummary(
        id=f"id-{name}", name=name, prefix=f"{ROOT}/envs/{name}", at=NOW, bytes=2_000_000, packages=2, pip_packages=0
    )
    for name in ("old", "new")
)

PLACES = {
    "environments": (),
    "compare": ("2",),
    "cleanup": ("3",),
    "jobs": ("4",),
    "restore": ("5",),
    "log": ("@",),
    "keys": (",", "enter"),
    "browse": ("f",),
}


def bench() -> FakeWorkbench:
    workbench = FakeWorkbench(inventory(research()), settings=Settings(watch_seconds=0))
    workbench.jobs.points = POINTS
    return workbench


def takes_keys(driver: Driver) -> bool:
    """Whether what has the focus is shown and moves something with the keys of a list, or is a table."""
    focused = driver.app.screen.focused
    if focused is None or not focused.focusable:
        return False
    return isinstance(focused, (VirtualTable, LinesPane, TextPane))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_after_any_tabs_the_focus_rests_on_what_takes_the_keys(place: str, key: str) -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press(*PLACES[place])
        for _ in range(4):
            await driver.press(key)
            assert takes_keys(driver), (place, driver.app.screen.focused)
            if place in ("restore", "log", "keys", "browse"):
                focused = driver.app.screen.focused
                assert isinstance(focused, VirtualTable), "a text of which all is shown leaves the keys to the table"


async def test_enter_after_tab_does_what_the_bottom_line_says() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("5")
        await driver.until(lambda: "Looking for restore points" not in driver.text)
        await driver.press("tab", "j", "enter")
        assert driver.workbench.jobs.requests == [RestoreRequest(id="id-new")]


async def test_enter_in_details_that_scroll_does_what_the_bottom_line_says() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("5")
        await driver.until(lambda: "Looking for restore points" not in driver.text)
        place = driver.app.screen
        assert isinstance(place, RestoreScreen)
        details = place.query_one(LinesPane)
        details.set_text(details._text + "\n" * 40)  # more than is shown
        await driver.press("tab")
        assert place.focused is details
        await driver.press("enter")
        assert driver.workbench.jobs.requests == [RestoreRequest(id="id-old")]


@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_a_question_and_the_help_keep_the_keys(key: str) -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("3", "f", "1", key, "G")
        field = driver.app.screen.query_one(PromptBar).query_one(Input)
        assert (field.has_focus, field.value) == (True, "1G")
        await driver.press("escape", "question_mark", key, "c", "l")
        field = driver.app.screen.query_one(HelpPanel).query_one(Input)
        assert (field.has_focus, field.value) == (True, "cl")


async def test_a_second_goal_takes_the_place_of_the_first() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("3", "f", *"20G", "enter", "f", *"10M")
        field = driver.app.screen.query_one(PromptBar).query_one(Input)
        assert field.value == "10M"


async def test_the_arrow_keys_go_on_with_the_goal_that_is_there() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("3", "f", *"20G", "enter", "f", "end", "B")
        field = driver.app.screen.query_one(PromptBar).query_one(Input)
        assert field.value == "20GB"


async def test_a_path_that_is_offered_gives_way_to_what_is_typed() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.place.open_panel(file_panel(research(), "/home/me/old.yml"))
        await driver.press(*"new")
        assert driver.app.screen.query_one("LinePanel Input", Input).value == "new"


async def test_what_came_of_something_stays_while_its_row_goes() -> None:
    one, other, third = loaded("one"), loaded("other"), loaded("third")
    async with opened(inventory(one, other, third)) as driver:
        gone = driver.cursor
        driver.place.say("It was removed.")
        driver.app.session.inventory = inventory(other, third)
        driver.place.show_session()
        await driver.pilot.pause()
        assert driver.cursor != gone
        assert "It was removed." in driver.text
        await driver.press("j")
        assert "It was removed." not in driver.text


async def test_the_help_says_what_escape_does() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("question_mark")
        assert "esc leave" in driver.text
        await driver.press("c")
        assert "esc clear" in driver.text
        assert "esc leave" not in driver.text
        await driver.press("escape")
        assert "esc leave" in driver.text


async def test_the_examples_of_the_help_stand_apart_from_what_they_mean() -> None:
    async with opened(workbench=bench(), size=(80, 24)) as driver:
        await driver.press("question_mark", *"finding:")
        text = " ".join(driver.text.split())
        assert "finding:pip-over-conda has this finding" in text
