"""A keeper and the members of its group in words, the same with signs of ASCII alone."""

from __future__ import annotations

import pytest

from condatui.view_models.alike import keeper_words, member_words
from condatui.view_models.environments.rows import findings_label
from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference, Relation
from support.inventories import finding


def _member(relation: Relation = "differs", **fields: object) -> AlikeMember:
    return AlikeMember(prefix="/opt/a", relation=relation, similarity=0.98, **fields)  # type: ignore[arg-type]


def _difference(name: str, order: str, *, requested: bool = False) -> PackageDifference:
    return PackageDifference(name=name, keeper="1", member="2", order=order, requested=requested)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (_member("identical"), "identical"),
        (_member("identical", builds=("a",)), "identical but for 1 build: a"),
        (_member("identical", builds=("a", "b", "c", "d")), "identical but for 4 builds: a, b, c, …"),
        (_member("subset", lacking=("a", "b")), "subset (2 fewer)"),
        (_member(extra=("a", "b", "c", "d")), "has 4 more: a, b, c, …"),
        (_member(differs=(_difference("a", "older"),)), "differs in 1: a ↑2"),
        (_member(differs=(_difference("a", "newer"),)), "differs in 1: a ↓2"),
        (_member(differs=(_difference("a", "same"),)), "differs in 1: a ≠2"),
        (_member(extra=("a",), lacking=("b",)), "has 1 more: a · lacks 1: b"),
    ],
)
def test_a_member_in_a_line(member: AlikeMember, words: str) -> None:
    assert member_words(member) == words


def test_of_many_differences_those_that_were_requested_are_named() -> None:
    differs = (*(_difference(name, "older") for name in "abcd"), _difference("z", "newer", requested=True))
    assert member_words(_member(differs=differs)) == "differs in 5: z ↓2, a ↑2, b ↑2, …"


def test_poor_fonts_have_signs_too() -> None:
    member = _member(differs=(_difference("a", "older"),), extra=("b",), lacking=("c",))
    assert member_words(member, ASCII) == "differs in 1: a ^2 | has 1 more: b | lacks 1: c"


def test_foreign_names_are_harmless() -> None:
    assert "\x1b" not in member_words(_member(extra=("\x1b[31m",)))
    assert "\x1b" not in keeper_words(AlikeGroup(keeper="/a", why=("\x1b[31m",), members=(_member(),)))


def test_a_keeper_says_how_many_are_alike_and_why_it_stays() -> None:
    group = AlikeGroup(keeper="/a", why=("frozen", "works on the GPU"), members=(_member(), _member()))
    assert keeper_words(group) == "3 alike, keep this: frozen, works on the GPU"


@pytest.mark.parametrize(("glyphs", "label"), [(UNICODE, "· stale ≈ nlp-exp 98 %"), (ASCII, "- stale ~ nlp-exp 98 %")])
def test_a_list_names_the_keeper_in_place_of_the_finding(glyphs: Glyphs, label: str) -> None:
    findings = (finding("stale", "note"), finding("duplicate", "note", label="nlp-exp 98 %", source="alike"))
    assert findings_label(findings, glyphs).plain == label
