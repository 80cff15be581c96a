"""Two numbers of bytes beside each other read differently unless they are the same."""

from __future__ import annotations

import pytest

from condatui_core.text import format_apart


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (10_900_000, 10_400_000, ("11 MB", "10 MB")),
        (11_200_000, 10_900_000, ("11.2 MB", "10.9 MB")),
        (2_140_000, 2_110_000, ("2.14 MB", "2.11 MB")),
        (11_000_000, 11_000_000, ("11 MB", "11 MB")),
        (11_000_000, 10_999_999, ("11,000,000 bytes", "10,999,999 bytes")),
        (0, 999, ("0 B", "999 B")),
        (-11_200_000, -10_900_000, ("-11.2 MB", "-10.9 MB")),
    ],
)
def test_more_digits_where_two_would_read_the_same(first: int, second: int, words: tuple[str, str]) -> None:
    assert format_apart(first, second) == words
