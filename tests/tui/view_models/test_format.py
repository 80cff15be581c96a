from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from condatui.view_models.format import (
    format_age,
    kept_in_place,
    padded,
    short_bytes,
    shorten_middle,
    shorten_text,
)
from condatui_core.text import format_bytes
from support.inventories import NOW


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 K"),
        (9_949, "9.9 K"),
        (9_950, "10 K"),
        (999_499, "999 K"),
        (999_500, "1.0 M"),
        (412_000_000, "412 M"),
        (5_100_000_000, "5.1 G"),
        (2_000_000_000_000_000_000, "2.0 E"),
    ],
)
def test_bytes_have_one_unit_style_of_at_most_five_cells(count: int, text: str) -> None:
    assert short_bytes(count) == text
    assert short_bytes(-count) == (f"-{text}" if count else text)


@given(st.integers(min_value=0, max_value=10**20))
def test_no_byte_count_is_wider_than_its_column(count: int) -> None:
    assert len(short_bytes(count)) <= 5


def test_bytes_in_a_sentence_are_spelled_with_their_unit() -> None:
    assert [format_bytes(17), format_bytes(3_400_000_000)] == ["17 B", "3.4 GB"]


@pytest.mark.parametrize(
    ("days", "text"),
    [(-1, "today"), (0, "today"), (3, "3 d"), (400, "400 d"), (730, "2.0 y"), (1085, "2.9 y"), (3700, "10 y")],
)
def test_ages_are_short(days: int, text: str) -> None:
    assert format_age(NOW - timedelta(days=days), NOW) == text


def test_an_age_counts_the_days_of_the_readers_zone() -> None:
    """23:30 in Greenwich is already the next day two hours further east."""
    then = datetime(2026, 5, 19, 23, 30, tzinfo=timezone.utc)
    assert format_age(then, NOW) == "today"
    assert format_age(then, NOW.astimezone(timezone.utc)) == "1 d"


@pytest.mark.parametrize(
    ("text", "cells", "short"),
    [
        ("bert-finetune", 13, "bert-finetune"),
        ("bert-finetune-final-v2", 12, "bert-f…al-v2"),
        ("漢字漢字漢字", 7, "漢…漢字"),
        ("e\u0301" * 6, 3, "e\u0301…e\u0301"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
    ],
)
def test_a_name_is_cut_in_the_middle(text: str, cells: int, short: str) -> None:
    assert shorten_middle(text, cells) == short


def test_poor_fonts_get_their_own_ellipsis() -> None:
    assert shorten_middle("bert-finetune-final-v2", 12, "..") == "bert-..al-v2"


@given(st.text(max_size=40), st.integers(min_value=0, max_value=30), st.sampled_from(["…", ".."]))
def test_a_cut_never_takes_more_cells_than_there_are(text: str, cells: int, ellipsis: str) -> None:
    assert cell_len(shorten_middle(text, cells, ellipsis)) <= max(cells, 0)


def test_a_styled_text_is_cut_like_a_plain_one_and_keeps_its_styles() -> None:
    text = Text.assemble("bert-finetune", ("-final-v2", "dim"))
    short = shorten_text(text, 12)
    assert short.plain == shorten_middle(text.plain, 12)
    assert [(short.plain[span.start : span.end], span.style) for span in short.spans] == [("al-v2", "dim")]


@given(st.text(max_size=10), st.integers(0, 30))
def test_padding_counts_cells(text: str, cells: int) -> None:
    assert cell_len(padded(text, cells)) == cell_len(padded(text, cells, align="right")) == max(cells, cell_len(text))


def test_a_name_from_right_to_left_stays_in_its_column() -> None:
    """Marks on both sides take no cell, and keep the numbers of the next column out of the name's direction."""
    hebrew = Text("סביבה-2", "bold")
    assert kept_in_place(hebrew).plain == "\u200eסביבה-2\u200e"
    assert kept_in_place(hebrew).cell_len == hebrew.cell_len
    for plain in (Text("env"), Text("環境"), Text("naïve")):
        assert kept_in_place(plain) is plain
