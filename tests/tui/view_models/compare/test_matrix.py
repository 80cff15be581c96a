from __future__ import annotations

import pytest

from condatui.view_models.compare.cells import CellLayout, cell_text
from condatui.view_models.compare.matrix import MatrixModel, Measures, fit_matrix
from condatui.view_models.glyphs import ASCII, UNICODE
from condatui_core.records.comparison import Cell, Comparison, Row
from condatui_core.records.package import Replacement
from condatui_core.records.prefix import History, PrefixContents
from support.comparisons import compared, row_of
from support.inventories import PYTORCH, environment, loaded, package, pip_package

ROOMY = CellLayout(10, 20, 12)


def versions(*stated: str | None) -> Comparison:
    return compared(*(loaded(f"e{index}", [package("x", each)] if each else []) for index, each in enumerate(stated)))


def texts(comparison: Comparison, name: str, layout: CellLayout = ROOMY) -> list[str]:
    row = row_of(comparison, name)
    return [
        cell_text(row, column, layout, UNICODE, reference=column == comparison.reference).plain
        for column in range(len(comparison.columns))
    ]


def test_every_way_to_differ_has_a_sign_of_its_own() -> None:
    assert [text[:2] for text in texts(versions("2.0", "2.0", "3.0", "1.0", None), "x")] == [
        "  ",
        "  ",
        "↑ ",
        "↓ ",
        "−",
    ]
    lacking = compared(loaded("a"), loaded("b", [package("x")]), loaded("c"))
    assert [text.strip()[:1] for text in texts(lacking, "x")] == ["–", "+", "–"]
    builds = compared(loaded("a", [package("x")]), loaded("b", [package("x", build="h9")]))
    assert [text[:1] for text in texts(builds, "x")] == [" ", "≠"]


def test_what_differs_is_bright_and_the_rest_dim() -> None:
    row = row_of(versions("2.0", "3.0", "2.0"), "x")
    styles = [
        {str(span.style) for span in cell_text(row, column, ROOMY, UNICODE, reference=column == 0).spans}
        for column in range(3)
    ]
    assert styles == [{"dim"}, {"green", "dim"}, {"dim"}]
    assert cell_text(row, 0, ROOMY, UNICODE, reference=True).spans[0].start > 2  # its version is plain


def test_without_room_for_all_a_cell_says_what_differs() -> None:
    builds = compared(
        loaded("a", [package("x", build="cpu_0"), package("y")]),
        loaded("b", [package("x", build="cuda126_py311_h1234567_0"), package("y", base_url=PYTORCH)]),
    )
    assert texts(builds, "x", CellLayout(6, 12, 0))[1] == "≠ 1.0     cuda12…567_0"
    assert texts(builds, "y", CellLayout(6, 12, 0))[1] == "≠ 1.0     pytorch"
    assert texts(builds, "x", CellLayout(9, 0, 0))[1] == "≠ cuda…67_0"
    assert texts(builds, "y", CellLayout(9, 0, 0))[1] == "≠ pytorch"


def test_pip_says_its_own_name_and_what_it_replaced() -> None:
    replaced = Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.0.1")
    contents = PrefixContents(packages=(package("numpy", "1.26.4"),), replaced=(replaced,))
    comparison = compared(environment("a", contents=contents), loaded("b", [package("numpy", "1.26.4")]))
    assert texts(comparison, "numpy", CellLayout(6, 30, 0))[0] == "  2.0.1   pip over 1.26.4 h0_0"


def test_a_constraint_that_is_not_met_says_so() -> None:
    cells = (Cell(name="x", source="conda", constraint=">=2", satisfied=False), Cell(name="x", source="conda"))
    row = Row(name="x", status="version", requested=False, cells=cells, signs=("=", "≠"))
    assert cell_text(row, 0, ROOMY, UNICODE, reference=True).plain == "  >=2 unmet"


def test_foreign_text_is_printable_and_no_markup() -> None:
    comparison = compared(loaded("a", [package("x", "[/b]\x1b[31m")]), loaded("b"))
    model = MatrixModel(comparison, comparison.rows, Measures.of(comparison.rows))
    assert "\x1b" not in "".join(cell.plain for cell in model.cells(0))
    assert "[/b]" in model.cells(0)[2].plain


@pytest.mark.parametrize("width", range(1, 90, 4))
def test_a_cell_takes_no_more_than_its_room(width: int) -> None:
    layout = CellLayout(12, 30, 14).within(width)
    assert layout.width <= max(width, 3)


@pytest.mark.parametrize(("columns", "width", "in_sight"), [(2, 79, 2), (8, 199, 8), (12, 199, 8), (20, 30, 1)])
def test_columns_share_the_terminal_and_the_rest_scrolls(columns: int, width: int, in_sight: int) -> None:
    measures = Measures(24, CellLayout(11, 26, 12))
    fit = fit_matrix(measures, columns, width)
    assert fit.columns == in_sight
    used = fit.name + (7 if fit.size else 0) + fit.columns * (fit.cell_width + 2)
    assert used <= max(width, 36)


def test_two_rows_of_one_name_have_keys_of_their_own() -> None:
    comparison = compared(loaded("a", [package("graphviz", file_count=3)]), loaded("b", [], [pip_package("graphviz")]))
    model = MatrixModel(comparison, comparison.rows, Measures.of(comparison.rows))
    assert len(comparison.rows) == 2
    assert len({model.key(0), model.key(1)}) == 2


def test_titles_tell_the_reference_and_how_much_the_others_are_like_it() -> None:
    left, right = [package(name) for name in "abc"], [package(name) for name in "ab"]
    comparison = compared(loaded("left", left), loaded("right-hand-environment", right))
    model = MatrixModel(comparison, comparison.rows, Measures.of(comparison.rows))
    assert model.title(0, 30).plain == "  left reference"
    assert model.title(0, 14).plain == "  left ●"
    assert model.title(1, 20).plain == "  right-…onment 66 %"
    assert model.title(1, 40).plain == "  right-hand-environment 66 % alike"


def test_requested_packages_carry_their_sign() -> None:
    contents = PrefixContents(packages=(package("x"),), history=History(requested=(("x", "x"),)))
    comparison = compared(environment("a", contents=contents), loaded("b", [package("y")]))
    model = MatrixModel(comparison, comparison.rows, Measures.of(comparison.rows))
    assert [model.name(row, 10).plain for row in range(2)] == ["▪ x", "  y"]


def test_with_ascii_signs_nothing_else_is_drawn() -> None:
    comparison = compared(
        loaded("a", [package("x", "1.0"), package("y", "2.0"), package("z")]),
        loaded("b", [package("x", "2.0"), package("y", "1.0"), package("w")]),
    )
    model = MatrixModel(comparison, comparison.rows, Measures.of(comparison.rows), glyphs=ASCII)
    drawn = [cell.plain for row in range(len(model)) for cell in model.cells(row)]
    assert all(text.isascii() for text in (*drawn, model.title(0, 8).plain, model.title(1, 8).plain))
