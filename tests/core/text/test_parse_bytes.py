"""Sizes as people write them."""

from __future__ import annotations

import pytest

from condatui_core.errors import UsageError
from condatui_core.text import parse_bytes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("20G", 20_000_000_000),
        (" 500 MB ", 500_000_000),
        ("1.5 t", 1_500_000_000_000),
        ("17 B", 17),
        ("4096", 4096),
        ("2 GiB", 2 << 30),
        ("0", 0),
    ],
)
def test_a_size_with_its_unit(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "G", "-1G", "20 gigs", "1e9", "٢G", "20G 5M", "20i", "20iB", "\x1b[31m"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size") as refused:
        parse_bytes(text)
    assert refused.value.title.isprintable()


@pytest.mark.parametrize("text", ["9" * 400, "9" * 400 + "G", "1" + "0" * 30, "20E"])
def test_a_size_beyond_all_disks_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no size that a disk can have"):
        parse_bytes(text)
