"""conda's order of versions, held against conda itself; PEP 440's; and what is neither."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condatui_core.analyses.versions import Scheme, parse_conda_version, rank_versions, version_key
from support.conda_oracle import CondaOracle
from support.tiers import examples

REAL = (Path(__file__).parents[2] / "data" / "versions.txt").read_text(encoding="utf-8").split()

# From conda's documentation, from the oldest to the newest; those in one tuple are the same.
DOCUMENTED = (
    ("0.4", "0.4.0"),
    ("0.4.1.rc", "0.4.1.RC"),
    ("0.4.1",),
    ("0.5a1",),
    ("0.5b3",),
    ("0.5C1",),
    ("0.5",),
    ("0.9.6",),
    ("0.960923",),
    ("1.0",),
    ("1.1dev1",),
    ("1.1_",),
    ("1.1a1",),
    ("1.1.0dev1", "1.1.dev1"),
    ("1.1.a1",),
    ("1.1.0rc1",),
    ("1.1.0", "1.1"),
    ("1.1.0post1", "1.1.post1"),
    ("1.1post1",),
    ("1996.07.12",),
    ("1!0.4.1",),
    ("1!3.1.1.6",),
    ("2!0.4.1",),
)

pieces = st.sampled_from(
    [
        "0",
        "00",
        "1",
        "2",
        "10",
        "a",
        "b",
        "rc",
        "rc1",
        "dev",
        "dev3",
        "post",
        "post2",
        "p",
        "_",
        "*",
        "1a",
        "A",
        "1dev2",
    ]
)
texts = st.lists(st.tuples(pieces, st.sampled_from([".", ".", "_", "-", "+", "!", ""])), min_size=1, max_size=5)
versions = texts.map(lambda parts: "".join(piece + separator for piece, separator in parts)) | texts.map(
    lambda parts: "".join(piece + separator for piece, separator in parts).rstrip("._-+!")
)


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CondaOracle]:
    with CondaOracle(tmp_path_factory.mktemp("home")) as oracle:
        yield oracle


def compare_versions(left: str, right: str, scheme: Scheme) -> int:
    """1 if left is newer, -1 if older, 0 if they are equal."""
    mine, theirs = version_key(left, scheme), version_key(right, scheme)
    return 0 if mine == theirs else (-1 if mine < theirs else 1)


def test_the_documented_order_holds() -> None:
    for older, newer in pairwise(DOCUMENTED):
        for left, right in product(older, newer):
            assert compare_versions(left, right, "conda") == -1, (left, right)
            assert compare_versions(right, left, "conda") == 1, (left, right)
    for left, right in (pair for same in DOCUMENTED for pair in combinations(same, 2)):
        assert compare_versions(left, right, "conda") == 0, (left, right)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0.1_", "1.0.1a"),
        ("1.0.1a", "1.0.1"),
        ("1.0.2", "1.0.2.1"),
        ("2.1.0+cu118", "2.1.0+cu121"),
        ("2.1.0+cu121", "2.1.0"),  # letters come before nothing, behind a plus too
        ("9b", "9e"),
        ("1.9", "1.10"),
        ("2022a", "2024b"),
    ],
)
def test_some_orders_that_people_meet(older: str, newer: str) -> None:
    assert compare_versions(older, newer, "conda") == -1


def test_real_versions_are_ordered_as_conda_orders_them(conda: CondaOracle) -> None:
    """Neighbours in conda's order, and every tenth pair besides, so that it takes a second."""
    assert len(REAL) > 300
    pairs = [(left, right) for number, (left, right) in enumerate(combinations(REAL, 2)) if number % 10 == 0]
    pairs += pairwise(sorted(REAL, key=lambda version: version_key(version, "conda")))
    for left, right in pairs:
        assert compare_versions(left, right, "conda") == conda.compare(left, right), (left, right)


@settings(max_examples=examples(1500), deadline=None)
@given(left=versions, right=versions)
def test_any_versions_are_ordered_as_conda_orders_them(conda: CondaOracle, left: str, right: str) -> None:
    expected = conda.compare(left, right)
    valid = parse_conda_version(left) is not None and parse_conda_version(right) is not None
    assert valid == (expected is not None)
    if expected is not None:
        assert compare_versions(left, right, "conda") == expected
        assert (hash(parse_conda_version(left)) == hash(parse_conda_version(right))) or expected


@given(st.lists(st.text(max_size=12) | versions, min_size=3, max_size=3), st.sampled_from(["conda", "pep440"]))
def test_the_order_is_total_whatever_the_text(three: list[str], scheme: str) -> None:
    """Nothing raises, and the order of three is the order of every two of them."""
    for left, right in combinations(sorted(three, key=lambda text: version_key(text, scheme)), 2):
        assert compare_versions(left, right, scheme) <= 0  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "1..2", "1.2.3-4_5", "a!1", "1+2+3", "+1", "1.0~beta", "9" * 5000])
def test_what_breaks_the_rules_is_older_than_all_that_keeps_them(text: str) -> None:
    assert parse_conda_version(text) is None
    assert compare_versions(text, "0.0.1dev", "conda") == -1
    assert compare_versions(text, text, "conda") == 0


def test_what_breaks_the_rules_is_still_ordered_by_its_numbers() -> None:
    assert compare_versions("1.9~x", "1.10~x", "conda") == -1
    assert compare_versions("release one", "release two", "pep440") == -1


def test_pip_versions_follow_pep_440() -> None:
    assert compare_versions("2.1.0+cu121", "2.1.0", "pep440") == 1
    assert compare_versions("1.0", "1.0.0", "pep440") == 0
    assert compare_versions("2.0.0rc1", "2.0.0", "pep440") == -1
    assert compare_versions("2.0.0.post1", "2.0.0", "pep440") == 1
    # conda has it the other way round: to it a letter is a pre-release whatever it is.
    assert compare_versions("1.0.c1", "1.0.0rc1", "pep440") == 0


def test_ranks_number_versions_and_give_the_same_one_number() -> None:
    assert rank_versions(["1.10", "1.9", "1.9.0", "1.9rc1"], "conda") == {"1.9rc1": 0, "1.9": 1, "1.9.0": 1, "1.10": 2}
    assert rank_versions(["7"], "conda") == {"7": 0}
