"""What `y` copies in each tab of place 1."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from condatui.widgets.blocks_pane import BlocksPane
from support.inventories import finding, inventory, loaded, research
from support.pilots import Driver, opened

COMMAND = "/opt/miniforge3/envs/research/bin/python -m pip uninstall numpy"


async def turn_to(driver: Driver, tab: str) -> None:
    """Show a tab, and go into it."""
    while driver.place.detail.tab != tab:
        await driver.press("right_square_bracket")
    await driver.press("tab")


@pytest.mark.parametrize(
    ("tab", "keys", "copied"),
    [
        ("packages", "", "numpy=1.26.4=py310hb13e2d6_0"),
        ("packages", "j", "numpy==2.0.1"),
        ("channels", "", "https://conda.anaconda.org/conda-forge"),
        ("history", "", "conda remove b"),
        ("history", "j", "conda create -n research"),
        ("health", "", COMMAND),
        ("health", "j", "last used  3 d ago: bin/python3.11 was read"),
    ],
)
async def test_what_is_under_the_cursor_is_copied(tab: str, keys: str, copied: str) -> None:
    found = replace(research().findings[0], command=COMMAND)
    async with opened(inventory(replace(research(), findings=(found,))), size=(80, 24)) as driver:
        await turn_to(driver, tab)
        await driver.press(*keys, "y")
        assert driver.app.clipboard == copied
        assert "Sent to the terminal's clipboard" in driver.text


@pytest.mark.parametrize(("tab", "keys"), [("channels", "j"), ("history", ""), ("gpu", "")])
async def test_where_there_is_nothing_to_copy_it_is_said_and_the_clipboard_stays(tab: str, keys: str) -> None:
    """The prefix in the place of a URL or a command would be a surprise when it is pasted."""
    pip_alone = replace(research(), contents=replace(research().contents, packages=()))  # type: ignore[type-var]
    shown = pip_alone if tab == "channels" else loaded("empty")
    async with opened(inventory(shown)) as driver:
        await turn_to(driver, tab)
        await driver.press(*keys, "y")
        assert "There is nothing to copy here." in driver.text
        assert driver.app.clipboard == ""


async def test_the_cursor_goes_from_finding_to_finding_and_stays_visible() -> None:
    several = tuple(
        finding(message=f"finding {number}", command=f"mend {number}", evidence=("one", "two", "three"))
        for number in range(6)
    )
    async with opened(inventory(loaded("alpha", findings=several)), size=(80, 24)) as driver:
        await turn_to(driver, "health")
        pane = driver.place.query_one(BlocksPane)
        for number in range(6):
            assert pane.block is not None
            assert pane.block.to_copy == f"mend {number}"
            (line,) = (line for line in driver.text.splitlines() if line.startswith("▌"))
            assert line.startswith(f"▌! finding {number}")
            await driver.press("j")
        await driver.press("home", "y")
        assert driver.app.clipboard == "mend 0"
        await driver.press("end", "k", "y")
        assert driver.app.clipboard == "mend 4"
        await driver.press("tab")
        assert "▏! finding 4" in driver.text
