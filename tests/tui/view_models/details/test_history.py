from __future__ import annotations

from condatui.view_models.details.history import HistoryModel
from condatui.view_models.glyphs import ASCII
from condatui_core.records.revision import HistoryPackage, RevisionFacts, RevisionMove
from support.inventories import NOW, environment, research

FACTS = (
    RevisionFacts(
        number=0,
        by="ada",
        moves=(
            RevisionMove(name="a", kind="added", after=HistoryPackage("a", "1", "0")),
            RevisionMove(name="b", kind="added", after=HistoryPackage("b", "2", "0")),
        ),
        requested=(("b", "b"),),
    ),
    RevisionFacts(
        number=1, moves=(RevisionMove(name="b", kind="removed", before=HistoryPackage("b", "2", "0")),), present=True
    ),
)


def rows(model: HistoryModel) -> list[tuple[str, ...]]:
    return [tuple(cell.plain for cell in model.cells(index)) for index in range(len(model))]


def test_revisions_come_newest_first_and_at_once_with_what_costs_nothing() -> None:
    model = HistoryModel(research(), zone=NOW.tzinfo)
    assert rows(model) == [
        ("1", "–", "…", "−1", "", "conda remove b"),
        ("0", "2026-02-19 12:00", "…", "+2", "", "conda create -n research"),
    ]
    assert [model.key(index) for index in range(len(model))] == ["1", "0"]
    assert [line.plain for line in model.lines(0)] == ["$ conda remove b", "Looking for its packages…"]


def test_what_was_found_out_stands_in_its_row() -> None:
    model = HistoryModel(research(), FACTS, zone=NOW.tzinfo)
    assert rows(model) == [
        ("1", "–", "now", "− b 2", "", "conda remove b"),
        ("0", "2026-02-19 12:00", "✓", "+ b 2  + a 1", "ada", "conda create -n research"),
    ]
    assert [line.plain for line in model.lines(1)] == [
        "$ conda create -n research",
        "Going back downloads nothing: every package is on this machine.",
    ]


def test_poor_fonts_have_a_minus_too() -> None:
    assert HistoryModel(research(), glyphs=ASCII).cells(0)[3].plain == "-1"
    assert HistoryModel(research(), FACTS, glyphs=ASCII).cells(0)[3].plain == "- b 2"


def test_what_is_not_read_has_no_rows() -> None:
    assert len(HistoryModel(environment("new"))) == 0
