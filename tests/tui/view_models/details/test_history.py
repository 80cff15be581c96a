from __future__ import annotations

from condatui.view_models.details.history import HistoryModel
from condatui.view_models.glyphs import ASCII
from support.inventories import environment, research


def test_revisions_come_newest_first() -> None:
    model = HistoryModel(research())
    assert [tuple(cell.plain for cell in model.cells(index)) for index in range(len(model))] == [
        ("1", "–", "", "−1", "conda remove b"),
        ("0", "2026-02-19 12:00", "+2", "", "conda create -n research"),
    ]
    assert [model.key(index) for index in range(len(model))] == ["1", "0"]


def test_poor_fonts_have_a_minus_too() -> None:
    assert HistoryModel(research(), glyphs=ASCII).cells(0)[3].plain == "-1"


def test_what_is_not_read_has_no_rows() -> None:
    assert len(HistoryModel(environment("new"))) == 0
