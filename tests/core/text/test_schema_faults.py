"""What a document has wrong is said in plain words, wherever msgspec finds it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest

from condatui_core.text import schema_fault


class _Document(msgspec.Struct):
    count: int
    names: list[str] = []
    kind: Literal["x", "y"] = "x"
    days: Annotated[int, msgspec.Meta(ge=1)] = 1
    host: Annotated[str, msgspec.Meta(min_length=1)] = "a"
    most: int | None = None
    shares: dict[str, float] = {}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "`count` is missing"),
        ({"count": "x"}, "a whole number is expected, not a text, at `count`"),
        ({"count": 1, "names": [2]}, "a text is expected, not a whole number, at `names[0]`"),
        ({"count": 1, "most": "x"}, "a whole number or nothing is expected, not a text, at `most`"),
        ({"count": 1, "days": 0}, "a whole number >= 1 is expected, at `days`"),
        ({"count": 1, "host": ""}, "a text of a length >= 1 is expected, at `host`"),
        ({"count": 1, "kind": "z"}, "Invalid enum value 'z', at `kind`"),
        ({"count": 1, "shares": {"a": []}}, "a number is expected, not a list, at `shares[...]`"),
        ([], "a mapping is expected, not a list"),
    ],
)
def test_msgspecs_words_become_plain_ones(document: object, said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(document, _Document)
    assert schema_fault(str(raised.value)) == said


def test_anything_else_stays_as_it_is() -> None:
    assert schema_fault("Input data was truncated") == "Input data was truncated"
