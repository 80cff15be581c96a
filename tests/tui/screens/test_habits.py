"""Keys as in vi and lazygit, in every place: first and last line, half pages, the way out, a help that filters."""

from __future__ import annotations

import pytest

from support.inventories import inventory, loaded, package
from support.pilots import Driver, opened
from support.tiers import thorough

MANY = inventory(*(loaded(f"env-{number:02}", [package("python")]) for number in range(40)))


def row(driver: Driver) -> int:
    return driver.place.table.cursor_row


async def test_first_last_and_half_pages() -> None:
    async with opened(MANY, size=(80, 24)) as driver:
        await driver.press("G")
        assert row(driver) == 39
        await driver.press("g")
        assert row(driver) == 0
        half = (driver.place.table.size.height - 1) // 2
        assert half > 2
        await driver.press("ctrl+d", "ctrl+d")
        assert row(driver) == 2 * half
        await driver.press("ctrl+u")
        assert row(driver) == half


@pytest.mark.parametrize("place", ["3", *thorough(["2", "4", "5"])])
async def test_escape_leads_out_of_every_place(place: str) -> None:
    async with opened(MANY) as driver:
        await driver.press(place, "question_mark", "escape")
        assert driver.app.current_mode != "environments"
        await driver.press("escape")
        assert driver.app.current_mode == "environments"
        await driver.press("escape", "escape")
        assert driver.place.table.has_focus


_OPENED = (
    *("slash", "question_mark", "at", "colon", "f", "enter", "z", "e", "p", "n", "N", "d", "C", "B", "M", "u"),
    *("right_square_bracket", "P", "v", "c", "3", "4", "5", "W"),
)
"""The keys that open something in place 1, or lead elsewhere."""
_DEEP = 4
"""So many times one has to leave at most."""


async def test_escape_leads_out_of_whatever_a_key_has_opened() -> None:
    async with opened(MANY, size=(100, 30)) as driver:
        for key in _OPENED:
            await driver.press("escape", key)
            await driver.press(*_DEEP * ["escape"])
            app = driver.app
            assert (app.current_mode, len(app.screen_stack)) == ("environments", 1), key
            assert driver.place.panel is None, key
            assert not driver.place.help_is_open, key
            assert driver.place.table.display and driver.place.table.has_focus, key


@pytest.mark.parametrize("size", [(80, 12), (140, 40)])
@pytest.mark.parametrize("focused", [(), ("enter",)], ids=["table", "details"])
async def test_zoom_toggles(size: tuple[int, int], focused: tuple[str, ...]) -> None:
    async with opened(MANY, size=size) as driver:
        await driver.press(*focused)
        before = driver.place.table.display, driver.place.detail.display
        await driver.press("z")
        zoomed = driver.place.table.display, driver.place.detail.display
        assert sum(zoomed) == 1
        await driver.press("z")
        await driver.until(lambda: driver.place.table.display)
        if all(before):
            assert (driver.place.table.display, driver.place.detail.display) == before


async def test_escape_undoes_the_zoom_of_the_matrix() -> None:
    async with opened(MANY, size=(120, 40)) as driver:
        await driver.press("space", "space", "c", "z")
        assert driver.app.screen.has_class("-zoom-table")
        await driver.press("escape")
        assert not driver.app.screen.has_class("-zoom-table")
        assert driver.app.current_mode == "compare"


async def test_the_help_narrows_while_one_types() -> None:
    async with opened(MANY, size=(100, 40)) as driver:
        await driver.press("question_mark")
        assert "type to filter" in driver.text
        assert "Reverse the order" in driver.text
        await driver.press(*"gpu")
        await driver.until(lambda: "Reverse the order" not in driver.text)
        assert "Let PyTorch and the like compute" in driver.text
        await driver.press(*" zzz")
        await driver.until(lambda: "No key here has these words." in driver.text)
        await driver.press("escape")
        await driver.until(lambda: "Reverse the order" in driver.text)
        await driver.press("escape")
        assert not driver.place.help_is_open
        assert driver.place.table.has_focus
        assert row(driver) == 0  # no letter did what it does in the place


async def test_the_help_scrolls_while_its_filter_has_the_keys_and_its_key_closes_it() -> None:
    async with opened(MANY, size=(80, 24)) as driver:
        await driver.press("question_mark")
        assert "Mark or unmark" in driver.text
        await driver.press("pagedown")
        await driver.until(lambda: "Mark or unmark" not in driver.text)
        await driver.press("pageup")
        await driver.until(lambda: "Mark or unmark" in driver.text)
        await driver.press(*"sort", "question_mark")
        assert not driver.place.help_is_open
        await driver.press("question_mark")
        await driver.until(lambda: "Mark or unmark" in driver.text)


async def test_checking_all_gpus_asks_first() -> None:
    async with opened(MANY, size=(100, 30)) as driver:
        await driver.until(lambda: len(driver.app.session.gpus.results) == 40)
        await driver.press("T")
        assert "No environment of yours has PyTorch or the like." in driver.text
        assert driver.place.panel is None


async def test_zoom_once_more_leaves_details_that_a_low_terminal_cannot_show_beside_the_table() -> None:
    async with opened(MANY, size=(80, 12)) as driver:
        await driver.press("enter")
        assert not driver.place.table.display
        await driver.press("z")
        await driver.until(lambda: driver.place.table.display and driver.place.table.has_focus)
        await driver.press("j")
        assert row(driver) == 1
