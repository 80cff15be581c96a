from __future__ import annotations

import csv
import io
import json

from condatui.view_models.compare.export import cell_spec, comma_separated, json_document, markdown, row_text
from condatui_core.records.comparison import Cell
from support.comparisons import compared, row_of
from support.inventories import loaded, package, pip_package

COMPARISON = compared(
    loaded("left", [package("numpy", "1.26.4", build="py311_0")], [pip_package("rich", "13|9")]),
    loaded("right", [package("numpy", "2.0.1", build="py311_0")]),
)


def test_markdown_is_a_table_whatever_is_in_it() -> None:
    assert markdown(COMPARISON, COMPARISON.rows).splitlines() == [
        "| package | status | left | right |",
        "| --- | --- | --- | --- |",
        "| numpy | version | 1.26.4 py311_0 conda-forge | 2.0.1 py311_0 conda-forge |",
        "| rich | missing | 13\\|9 pip pypi | – |",
        "",
        "same 0 · version 1 · build 0 · channel 0 · missing 1",
    ]


def test_csv_has_a_column_for_each_part() -> None:
    rows = list(csv.DictReader(io.StringIO(comma_separated(COMPARISON, COMPARISON.rows))))
    assert rows[0]["left version"] == "1.26.4"
    assert rows[0]["right build"] == "py311_0"
    assert rows[1]["right channel"] == ""
    assert [row["status"] for row in rows] == ["version", "missing"]


def test_json_is_the_document_of_the_command() -> None:
    document = json.loads(json_document(COMPARISON, COMPARISON.rows[:1]))
    assert [row["name"] for row in document["packages"]] == ["numpy"]
    assert document["summary"]["missing"] == 1


def test_a_path_that_is_no_utf8_is_written_so_that_python_reads_it_back() -> None:
    odd = compared(loaded("a", prefix="/x/\udcff"), loaded("b"))
    assert json.loads(json_document(odd, ()))["environments"][0]["prefix"] == "/x/\udcff"


def test_a_row_as_text() -> None:
    assert row_text(COMPARISON, row_of(COMPARISON, "rich")).splitlines() == [
        "rich",
        "  left: 13|9 pip pypi",
        "  right: missing",
    ]


def test_a_cell_as_it_is_asked_for() -> None:
    assert cell_spec(COMPARISON.rows[0].cells[0] or Cell(name="", source="conda")) == (
        "conda-forge::numpy=1.26.4=py311_0"
    )
    assert cell_spec(Cell(name="rich", source="pypi", version="13.9", channel="pypi")) == "rich==13.9"
    assert cell_spec(Cell(name="numpy", source="conda", constraint=">=2")) == "numpy>=2"
    assert cell_spec(Cell(name="x", source="conda", version="1", channel="<unknown>")) == "x=1"
