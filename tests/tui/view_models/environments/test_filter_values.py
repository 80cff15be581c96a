"""What can be typed at the cursor of a filter."""

from __future__ import annotations

import pytest

from condatui.view_models.environments.filter_fields import FIELDS
from condatui.view_models.environments.filter_values import (
    NOTHING_KNOWN,
    Choices,
    KnownValues,
    choices_at,
    known_values,
)
from condatui.view_models.environments.filters import NONE_REMEMBERED, parse_filter
from condatui_core.records.prefix import Manager
from support.inventories import environment, finding, loaded, package, pip_package

ENVIRONMENTS = (
    loaded("a", [package("numpy"), package("scipy")], channels=(("conda-forge", 2), ("pkgs/main", 1)), python="3.9.18"),
    loaded("b", [package("numpy")], [pip_package("Flask")], channels=(("conda-forge", 1),), python="3.10.2"),
    environment("c", findings=(finding("stale"), finding("stale")), manager=Manager(tool="pixi"), state="orphan"),
    environment("d", host="gpu01", prefix="gpu01:/d", channels=(("odd name", 1), ("a\x1bb", 1))),
)
KNOWN = known_values(ENVIRONMENTS, "here")


def offered(text: str, known: KnownValues = KNOWN, remembered: dict[str, str] | None = None) -> list[str]:
    return [each.text for each in choices_at(text, len(text), known, remembered or NONE_REMEMBERED).choices]


def taken(text: str, choice: int = 0) -> str:
    """The filter once a choice is taken at its end."""
    found = choices_at(text, len(text), KNOWN, {})
    return f"{text[: found.begin]}{found.choices[choice].text}{text[found.end :]}"


def test_an_empty_filter_offers_what_is_remembered_and_then_every_field() -> None:
    assert offered("", remembered={"big": "disk:>5G"}) == ["@big", *(f"{field}:" for field in FIELDS)]
    assert offered("  ") == [f"{field}:" for field in FIELDS]


def test_fields_are_offered_by_their_beginning_and_a_name_offers_nothing() -> None:
    assert offered("f") == ["finding:", "frees:"]
    assert offered("nlp | !fr") == ["frees:"]
    assert offered("nlp") == offered("nlp ") == offered("nlp |") == offered('"f') == []
    assert offered("@b", remembered={"big": "x", "small": "y"}) == ["@big"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("channel:", ["defaults", "conda-forge", "main"]),
        ("channel:C", ["conda-forge"]),
        ("python:", ["3.10", "3.9"]),
        ("host:", ["here", "gpu01"]),
        ("gpu:", ["works", "broken", "elsewhere", "none", "unknown"]),
        ("gpu:wo", ["works"]),
        ("marked:", ["yes", "no"]),
        ("used:", [">90d", ">1y", "<7d", "never"]),
        ("package:", []),
        ("package:n", ["numpy"]),
        ("package:f", []),
        ("package:numpy>", []),
        ("gpu:works", []),
        ("nonsense:", []),
    ],
)
def test_values_are_those_that_a_field_has_and_those_that_environments_have(text: str, values: list[str]) -> None:
    assert offered(text) == values
    assert offered(f"nlp !{text}") == values


def test_each_finding_says_how_many_environments_have_it() -> None:
    found = choices_at("finding:st", 10, KNOWN, {}).choices
    assert [(each.text, each.meaning) for each in found] == [("stale", "1 environment"), ("stale-python", "none here")]


def test_what_is_taken_replaces_the_part_before_the_cursor_and_can_be_understood() -> None:
    assert taken("nlp cha") == "nlp channel:"
    assert taken("nlp !channel:d") == "nlp !channel:defaults"
    found = choices_at("gpu:wo disk:>1G", 6, KNOWN, {})
    assert (found.begin, found.end) == (4, 6)
    for field in FIELDS:
        for choice in choices_at(f"{field}:", len(field) + 1, KNOWN, {}).choices:
            assert parse_filter(f"{field}:{choice.text}").error == ""


def test_before_anything_is_known_there_are_only_the_values_that_are_always_there() -> None:
    assert offered("channel:", NOTHING_KNOWN) == ["defaults"]
    assert choices_at("python:", 7, NOTHING_KNOWN, {}) == Choices(7, 7)
