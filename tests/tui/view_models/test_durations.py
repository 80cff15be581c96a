from __future__ import annotations

import pytest

from condatui.view_models.format import format_seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 00"),
        (3599, "59 min 59"),
        (3600, "1 h 00"),
        (7620, "2 h 07"),
    ],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert format_seconds(seconds) == words
