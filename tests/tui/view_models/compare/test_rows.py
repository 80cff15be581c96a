from __future__ import annotations

import pytest

from condatui.view_models.compare.cells import build_words
from condatui.view_models.compare.rows import CYCLE, SORTS, ComparisonQuery
from condatui_core.records.comparison import Cell
from condatui_core.records.prefix import History, PrefixContents
from support.comparisons import compared
from support.inventories import PYTORCH, environment, loaded, package, pip_package

LEFT = environment(
    "left",
    contents=PrefixContents(
        packages=(
            package("build", build="py311_0"),
            package("channel"),
            package("equal", installed_bytes=5_000_000),
            package("only-left"),
            package("version", "1.0", installed_bytes=9_000_000),
        ),
        history=History(requested=(("equal", "equal"),)),
    ),
)
RIGHT = loaded(
    "right",
    [package("build"), package("channel", base_url=PYTORCH), package("equal"), package("version", "2.0")],
    [pip_package("Torch", "2.5")],
)
ROWS = compared(LEFT, RIGHT).rows


def names(query: ComparisonQuery) -> list[str]:
    return [row.name for row in query.of(ROWS)]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("all", ["build", "channel", "equal", "only-left", "torch", "version"]),
        ("differing", ["build", "channel", "only-left", "torch", "version"]),
        ("missing", ["only-left", "torch"]),
        ("version", ["version"]),
        ("build", ["build"]),
        ("channel", ["channel"]),
        ("requested", ["equal"]),
        ("same", ["equal"]),
    ],
)
def test_kinds(kind: str, shown: list[str]) -> None:
    assert names(ComparisonQuery(kind=kind)) == shown


def test_one_key_goes_through_all_kinds_and_back_to_the_first() -> None:
    query, seen = ComparisonQuery(), []
    for _ in CYCLE:
        seen.append(query.kind)
        query = query.next_kind()
    assert tuple(seen) == CYCLE
    assert query == ComparisonQuery()
    assert query.next_kind(-1).kind == "all"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("LEFT", ["only-left"]),
        ("torch", ["channel", "torch"]),
        ("torch 2.5", ["torch"]),
        ("py311", ["build"]),
        ("!torch", ["build", "equal", "only-left", "version"]),
        ("  ", ["build", "channel", "equal", "only-left", "torch", "version"]),
        ("!", ["build", "channel", "equal", "only-left", "torch", "version"]),
    ],
)
def test_words_are_found_in_names_versions_builds_and_channels(text: str, shown: list[str]) -> None:
    assert names(ComparisonQuery(kind="all", text=text)) == shown


def test_orders() -> None:
    assert names(ComparisonQuery(kind="all", by="status")) == [
        "only-left",
        "torch",
        "version",
        "build",
        "channel",
        "equal",
    ]
    assert names(ComparisonQuery(kind="all", by="size"))[:2] == ["version", "equal"]
    assert names(ComparisonQuery(kind="all", by="size", reverse=True))[-2:] == ["equal", "version"]
    assert [ComparisonQuery().next_sort().by, ComparisonQuery(by=SORTS[-1]).next_sort().by] == ["status", "name"]
    assert ComparisonQuery(by="size").descending
    assert not ComparisonQuery(by="size").reversed().descending


def test_what_a_file_demands_beyond_the_build_string_stands_in_its_place() -> None:
    def words(**demanded: str) -> str:
        return build_words("a", Cell(name="a", source="conda", constraint="*", **demanded))  # type: ignore[arg-type]

    assert words() == ""
    assert words(build="py_0", digest="0" * 32) == "py_0"
    assert words(build_numbers=">=2") == "[build_number=>=2]"
    assert words(digest="0" * 32) == f"[md5={'0' * 32}]"
    assert words(build_numbers="0", digest="0" * 64) == f"[build_number=0,sha256={'0' * 64}]"
