"""Names that others chose: they crash nothing, and nothing of them reaches the terminal but what can be read."""

from __future__ import annotations

import pytest

from condatui_core.records.environment import Environment
from support.inventories import finding, inventory, loaded, package, pip_package
from support.pilots import Driver, opened
from support.tiers import thorough

HOSTILE = (
    "x [/y] z [bold red] [@click=app.quit]here[/] $primary",
    "\x1b]0;title\x07\x1b[2J two\nlines\tand a tab\r \u202eright to left zero\u200bwidth caf\udce9",
    "环境环境环境环境 e\u0301\u0301\u0301\u0301combining 🦊 fox 👩‍💻",
    "a" * 400,
    "",
)


def hostile(name: str, number: int) -> Environment:
    """An environment in which everything that others choose is called so."""
    return loaded(
        name,
        [package(name, name, build=name, base_url=f"https://host/{name}")],
        [pip_package(name, name)],
        prefix=f"/envs/{number}/{name}",
        python=name,
        aliases=(f"/links/{name}",),
        channels=((name, 1),),
        findings=(finding(name, message=name, remedy=name, evidence=(name,)),),
    )


@pytest.mark.parametrize("size", [(80, 24), *thorough([((160, 50),)])])
async def test_hostile_names_are_harmless_wherever_they_are_shown(size: tuple[int, int]) -> None:
    environments = (hostile(name, number) for number, name in enumerate(HOSTILE))
    problems = tuple(finding(message=name, remedy=name) for name in HOSTILE)
    async with opened(inventory(*environments, problems=problems), size=size) as driver:
        for environment in driver.place.shown:
            assert driver.cursor == environment.prefix
            await driver.press("space", "y", "k", "enter")
            for _ in range(4):
                await driver.press("right_square_bracket")
                assert_harmless(driver, size)
            await driver.press("escape", "j")
        assert len(driver.app.session.marked) == len(HOSTILE)


async def test_hostile_names_are_harmless_in_the_palette_and_the_filter() -> None:
    size = (100, 60)
    async with opened(inventory(*(hostile(name, 0) for name in HOSTILE)), size=size) as driver:
        await driver.press("slash", *"[/b]", "enter", "escape", "colon", *"go to")
        await driver.until(lambda: "Go to x [/y] z [bold red]" in driver.text)
        assert_harmless(driver, size)


def assert_harmless(driver: Driver, size: tuple[int, int]) -> None:
    lines = driver.text.splitlines()
    assert all(character.isprintable() or character == "\u3000" for line in lines for character in line)
    assert len(lines) <= size[1]
    assert driver.app.is_running
