"""Whatever sizes a terminal goes through, the layout comes to rest, and at the last of them."""

from __future__ import annotations

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message

from support.inventories import environment, inventory, loaded, package
from support.pilots import Driver, opened
from support.tiers import thorough

_SIZES = [
    (1, 1),
    (40, 100),
    (300, 100),
    (5, 2),
    (80, 24),
    (119, 10),
    (200, 5),
    (132, 14),
    (131, 13),
    (1, 50),
    (100, 30),
]
_ENOUGH = 60
"""Resizes of one screen after which a layout that has not come to rest never will."""


class _Between(Message):
    """What stands between two sizes in the queue of a screen, so that the later one does not replace the earlier."""


def _resize_screen(driver: Driver, *sizes: tuple[int, int]) -> None:
    for size in sizes:
        driver.app.screen.post_message(Resize(Size(*size), Size(*size)))
        driver.app.screen.post_message(_Between())


async def test_two_sizes_that_wait_together_do_not_alternate_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(inventory(environment("a"))) as driver:
        screen = driver.app.screen
        laid_out: list[Size] = []
        lay_out = screen._refresh_layout

        def count(size: Size | None = None, scroll: bool = False) -> None:
            laid_out.append(size or screen.size)
            assert len(laid_out) < _ENOUGH, "the layout does not come to rest"
            lay_out(size, scroll)

        monkeypatch.setattr(screen, "_refresh_layout", count)
        with driver.app.batch_update():  # as while the app ends
            _resize_screen(driver, (40, 100), driver.app.size)
            await driver.pilot.pause()
        assert screen.size == driver.app.size


@pytest.mark.parametrize("key", ["1", "colon"])
async def test_a_size_that_the_terminal_has_no_more_is_not_drawn(key: str) -> None:
    async with opened(inventory(environment("a"))) as driver:
        await driver.press(key)
        driver.app.screen.post_message(Resize(Size(40, 50), Size(40, 50)))
        await driver.pilot.pause()
        assert driver.app.screen.size == driver.app.size


@pytest.mark.parametrize(
    "keys",
    [
        ("1",),
        ("3",),
        ("colon",),
        ("n",),
        *thorough([(("2",),), (("4",),), (("5",),), (("at",),), (("question_mark",),)]),
    ],
)
async def test_every_place_comes_to_rest_at_every_size(keys: tuple[str, ...]) -> None:
    known = inventory(*(loaded(f"e{number}", [package("numpy", "1")]) for number in range(40)))
    async with opened(known) as driver:
        await driver.press(*keys)
        for size in _SIZES:
            await driver.pilot.resize_terminal(*size)
            await driver.pilot.pause()
            before = len(driver.posted(Resize))
            await driver.pilot.pause()
            await driver.pilot.pause()
            assert len(driver.posted(Resize)) == before, size
            assert driver.app.screen.size == Size(*size)
