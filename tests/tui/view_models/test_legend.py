"""The help explains every sign that a place can show, in the signs of this terminal."""

from __future__ import annotations

import pytest

from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs
from condatui.view_models.legend import legend
from support.inventories import environment, inventory
from support.pilots import opened


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("place", ["environments", "compare", "cleanup", "jobs", "restore"])
def test_a_sign_with_a_meaning_is_explained_with_it(place: str, glyphs: Glyphs) -> None:
    ((title, signs),) = legend(place, glyphs).items()
    assert title == "What the signs mean"
    assert len({meaning for _, meaning in signs}) == len(signs) > 3
    assert all(sign and meaning for sign, meaning in signs)


def test_a_place_without_signs_explains_none() -> None:
    assert not legend("log", UNICODE)


async def test_the_help_of_environments_explains_what_stands_behind_a_name() -> None:
    async with opened(inventory(environment("a")), size=(120, 200)) as driver:
        await driver.press("question_mark")
        for words in (
            "← ",
            "before a name: it is listed through this symlink too",
            "⌂ ",
            "◊ ",
            "frozen: conda refuses",
        ):
            assert words in driver.text
