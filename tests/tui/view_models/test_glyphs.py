from __future__ import annotations

import pytest
from msgspec.structs import astuple
from rich.cells import cell_len

from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs


def test_the_poor_set_is_ascii() -> None:
    assert all(sign.isascii() for sign in astuple(ASCII))


def test_every_rich_sign_takes_one_cell_and_no_terminal_makes_an_emoji_of_it() -> None:
    assert all(len(sign) == cell_len(sign) == 1 for sign in astuple(UNICODE))
    assert not {"✔", "✖", "▶", "❄", "⚠"} & set(astuple(UNICODE))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_severities_and_states_differ_without_colour(glyphs: Glyphs) -> None:
    assert len({glyphs.error, glyphs.warning, glyphs.note, glyphs.good}) == 4
    states = (glyphs.base, glyphs.active, glyphs.frozen, glyphs.kept, glyphs.baseline, glyphs.read_only)
    assert len(set(states)) == len(states)
    assert len({glyphs.requested, glyphs.pip, glyphs.replaced}) == 3
