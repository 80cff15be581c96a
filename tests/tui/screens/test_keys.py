"""The list of keys: searched, changed, exchanged, reset, and written into the settings file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from condatui.panels.key_panel import KeyPanel
from condatui.screens.keys import KeysScreen
from condatui_core.settings import Locations, Settings
from condatui_core.settings_files.effective import read_settings
from support.fake_workbench import FakeWorkbench
from support.inventories import environment, inventory
from support.pilots import Driver, opened


def with_settings(directory: Path, text: str = "") -> FakeWorkbench:
    locations = Locations.of_user({"CONDATUI_HOME": str(directory)}, directory)
    if text:
        locations.config.mkdir()
        locations.settings_file.write_text(text)
    settings = read_settings(locations, {"CONDATUI_WATCH_SECONDS": "0"})
    workbench = FakeWorkbench(inventory(environment("a"), environment("b")), settings=settings)
    workbench.locations = locations
    return workbench


def keys_screen(driver: Driver) -> KeysScreen:
    assert isinstance(driver.app.screen, KeysScreen), driver.text
    return driver.app.screen


def stored(driver: Driver) -> Settings:
    return read_settings(driver.workbench.locations, {})


async def test_typing_narrows_the_keys_and_escape_leads_back(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path)) as driver:
        await driver.press("comma", *"half page")
        assert {each.id for each in keys_screen(driver).shown} == {"list.half_page_up", "list.half_page_down"}
        await driver.press("enter", "down")
        assert "every list; `list.half_page_down` in the settings" in driver.text
        await driver.press("escape", "escape")
        assert driver.place.table.has_focus


async def test_one_letter_finds_the_actions_that_have_this_key(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path)) as driver:
        await driver.press("comma", "s")
        found = {each.id for each in keys_screen(driver).shown}
        assert found == {"environments.sort", "compare.sort", "browse.sort", "nodes.sort"}


async def test_a_new_key_holds_at_once_and_in_the_file_the_footer_and_the_help(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path, "# mine\nascii: true\n")) as driver:
        await driver.press("comma", *"environments.mark", "enter", "enter")
        assert "The new key for Mark: press it" in driver.text
        await driver.press("i")
        await driver.until(lambda: "i is Mark from now on." in driver.text)
        assert driver.workbench.locations.settings_file.read_text() == (
            '# mine\nascii: true\nkeys:\n  environments.mark: "i"\n'
        )
        assert "1 changed by you" not in driver.text  # the notice stands there
        await driver.press("escape", "escape", "space")
        assert driver.app.session.marked == frozenset()
        await driver.press("i")
        assert len(driver.app.session.marked) == 1
        assert "i mark" in driver.text
        await driver.press("question_mark", *"unmark the environment")
        await driver.until(lambda: re.search(r"^ +i +Mark or unmark", driver.text, re.MULTILINE))


async def test_a_key_that_is_taken_is_named_and_exchanged_only_when_it_is_pressed_again(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path), size=(140, 30)) as driver:
        await driver.press("comma", *"environments.sort", "enter", "enter", "S")
        assert "S is Reverse the order (environments.reverse)" in driver.text
        assert "S again exchanges their keys  esc leave" in driver.text
        assert isinstance(keys_screen(driver).panel, KeyPanel)
        assert stored(driver).keys == {}
        await driver.press("S")
        await driver.until(lambda: "Exchanged with Reverse the order." in driver.text)
        assert stored(driver).keys == {"environments.sort": "S", "environments.reverse": "s"}
        await driver.press("x")
        await driver.until(lambda: "is as it was." in driver.text)
        assert stored(driver).keys == {}


@pytest.mark.parametrize(("key", "label"), [("ctrl+c", "ctrl+c"), ("enter", "enter"), ("ctrl+j", "enter")])
async def test_a_reserved_key_is_never_taken(tmp_path: Path, key: str, label: str) -> None:
    async with opened(workbench=with_settings(tmp_path)) as driver:
        await driver.press("comma", *"environments.sort", "enter", "enter", key, key)
        assert f"The key `{label}` is reserved: environments.sort cannot have it." in driver.text
        await driver.press("escape")
        assert keys_screen(driver).panel is None
        assert stored(driver).keys == {}


async def test_while_a_key_is_awaited_no_key_does_what_it_does_elsewhere(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path), size=(140, 30)) as driver:
        await driver.press("comma", *"environments.sort", "enter", "a")
        for key in ("q", "2", "colon", "tab", "ctrl+b"):
            await driver.press(key)
            assert isinstance(keys_screen(driver).panel, KeyPanel), key
        assert "ctrl+b may never arrive: tmux, screen or terminals take it." in driver.text
        await driver.press("i")
        await driver.until(lambda: "i is Sort by the next column from now on." in driver.text)
        assert stored(driver).keys == {"environments.sort": "s,i"}


async def test_keymaps_turn_and_the_own_keys_are_reset(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path, "keys: {quit: Q}\n")) as driver:
        await driver.press("comma", "enter", "m")
        await driver.until(lambda: "Keymap vi" in driver.text)
        assert stored(driver) == Settings(keymap="vi", keys={"quit": "Q"})
        await driver.press("X")
        assert "X again takes back all your keys, which are lost: Quit." in driver.text
        await driver.press("j", "X", "j")  # what was asked is not asked any more once something else is done
        assert stored(driver) == Settings(keymap="vi", keys={"quit": "Q"})
        await driver.press("X", "X")
        await driver.until(lambda: "All your keys are reset." in driver.text)
        assert stored(driver) == Settings(keymap="vi")
        await driver.press("escape", "v")
        assert len(driver.app.session.marked) == 1  # vi's key of Mark


async def test_other_keys_in_the_file_by_now_hold_and_are_not_written_over(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path)) as driver:
        driver.workbench.locations.config.mkdir()
        driver.workbench.locations.settings_file.write_text("keys: {quit: Q}\n")
        await driver.press("comma", *"environments.mark", "enter", "enter", "i")
        await driver.until(lambda: "The settings file has other keys by now" in driver.text)
        assert stored(driver).keys == {"quit": "Q"} == driver.app.session.keymap.own


async def test_read_only_leaves_the_keys_as_they_are(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path)) as driver:
        await driver.press("W", "comma", "enter", "m")
        await driver.until(lambda: "condatui is read-only: nothing is changed." in driver.text)
        assert not driver.workbench.locations.settings_file.exists()


async def test_a_settings_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with opened(workbench=with_settings(tmp_path, "{ascii: true}\n")) as driver:
        await driver.press("comma", "enter", "m")
        await driver.until(lambda: "cannot be changed in the settings file as that is written" in driver.text)
        assert driver.app.session.keymap.start == "condatui"
