from __future__ import annotations

import pytest

from condatui_core.text import counted


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 restore points"), (1, "1 restore point"), (2, "2 restore points"), (1234, "1,234 restore points")],
)
def test_one_of_a_thing_has_no_s(count: int, words: str) -> None:
    assert counted(count, "restore point") == words


def test_where_it_is_more_than_an_s_both_are_given() -> None:
    assert [counted(each, "process is", "processes are") for each in (1, 2)] == ["1 process is", "2 processes are"]
