"""The palette: everything that can be done here, and every environment by name."""

from __future__ import annotations

import pytest
from textual.command import CommandList, CommandPalette
from textual.widgets import Input

from condatui.screens.environments import EnvironmentsScreen
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, environment, inventory
from support.other_machines import FLEET, others
from support.pilots import Driver, opened


async def choose(driver: Driver, key: str, offer: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, CommandPalette)
    await driver.press(*offer.lower())
    await driver.until(lambda: offer in driver.text)
    await driver.press("enter")
    await driver.until(lambda: not isinstance(driver.app.screen, CommandPalette))
    await driver.pilot.pause()


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_an_action_of_the_registry_is_done_from_the_palette(key: str) -> None:
    async with opened(inventory(environment("a"))) as driver:
        await choose(driver, key, "Reverse the order")
        await driver.until(lambda: driver.place.environment_query.reverse)


async def test_environments_of_a_few_machines_are_offered_with_theirs_and_those_of_hundreds_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for most, offered in ((10, True), (1, False)):
        monkeypatch.setattr("condatui.palette._MOST_NAMES", most)
        workbench = FakeWorkbench(inventory(environment("mine")))
        workbench.snapshots, workbench.others = "/snapshots", (others(*FLEET[:1]),)
        async with opened(workbench=workbench) as driver:
            await driver.until(lambda: len(driver.names) == 2)
            await driver.press("colon", *"go to ")
            await driver.until(lambda: "Go to mine" in driver.text)
            assert ("Go to nlp-exp on gpu01" in driver.text) is offered


async def test_a_second_enter_while_it_closes_does_nothing() -> None:
    async with opened(inventory(environment("a"))) as driver:
        await driver.press("colon", *"reverse the order")
        await driver.until(lambda: "Reverse the order" in driver.text)
        palette = driver.app.screen
        assert isinstance(palette, CommandPalette)
        list_of_it = palette.query_one(CommandList)
        list_of_it.highlighted = 0
        for _ in range(2):  # as two keys that arrive together
            list_of_it.action_select()
            palette.query_one(Input).post_message(Input.Submitted(palette.query_one(Input), ""))
        await driver.until(lambda: not isinstance(driver.app.screen, CommandPalette))
        await driver.pilot.pause()
        assert driver.place.environment_query.reverse


async def test_a_palette_that_is_closed_twice_closes_nothing_below_it() -> None:
    async with opened(inventory(environment("a"))) as driver:
        await driver.press("colon")
        palette = driver.app.screen
        assert isinstance(palette, CommandPalette)
        palette.dismiss()  # as an enter and an esc that arrive together
        palette.dismiss()
        await driver.until(lambda: not isinstance(driver.app.screen, CommandPalette))
        await driver.pilot.pause()
        assert isinstance(driver.app.screen, EnvironmentsScreen)


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_is_not_turned_before_there_are_lines(key: str) -> None:
    async with opened(inventory(environment("a"))) as driver:
        await driver.press("colon")
        palette = driver.app.screen
        list_of_it = palette.query_one(CommandList)
        await driver.until(lambda: list_of_it.option_count > 0)
        list_of_it.highlighted = 0
        list_of_it.styles.height = 0  # as before its first layout
        list_of_it._line_cache.clear()
        await driver.press(key)
        assert driver.app.screen is palette


async def test_an_environment_is_found_by_name_even_behind_a_filter() -> None:
    async with opened(inventory(environment("alpha"), environment("beta"), environment("gamma"))) as driver:
        await driver.press("slash", *"alpha", "enter")
        await choose(driver, "colon", "Go to gamma")
        await driver.until(lambda: driver.cursor == f"{ROOT}/envs/gamma")
        assert driver.place.table.has_focus


async def test_an_environment_is_found_from_the_log() -> None:
    async with opened(inventory(environment("alpha"), environment("beta"))) as driver:
        await driver.press("at")
        await choose(driver, "colon", "Go to beta")
        await driver.until(lambda: isinstance(driver.app.screen, EnvironmentsScreen))
        assert driver.cursor == f"{ROOT}/envs/beta"


async def test_the_palette_shows_where_the_settings_are_and_copies_that() -> None:
    workbench = FakeWorkbench(inventory(environment("a")))
    async with opened(workbench=workbench, size=(160, 50)) as driver:
        file = str(workbench.locations.settings_file)
        await driver.press("colon", *"settings")
        await driver.until(lambda: f"{file}; `condatui config --edit` edits it" in driver.text)
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, CommandPalette))
        await choose(driver, "colon", "Settings file")
        assert driver.app.clipboard == file


async def test_the_palette_tells_the_keys_and_why_something_is_off() -> None:
    async with opened(inventory(), size=(120, 60)) as driver:
        await driver.press("colon")
        await driver.until(lambda: "Mark  space" in driver.text)
        assert "Off: There is no environment under the cursor." in driver.text


async def test_with_ascii_signs_the_palette_draws_nothing_else() -> None:
    workbench = FakeWorkbench(inventory(environment("a")), settings=Settings(watch_seconds=0, ascii=True))
    async with opened(workbench=workbench, size=(60, 15)) as driver:
        await driver.press("colon", *"clo")
        await driver.until(lambda: "Make an environment like this one" in driver.text)
        assert driver.text.isascii(), driver.text
