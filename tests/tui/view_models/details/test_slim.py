"""What a service would not need, as rows and lines."""

from __future__ import annotations

from condatui.view_models.details.slim import SlimModel, SlimSubject, notes, notes_line, sum_line
from condatui.view_models.glyphs import ASCII, UNICODE
from support.slimmings import slimming

FOUND = slimming("/envs/hub")


def rows(model: SlimModel) -> list[list[str]]:
    return [[cell.plain for cell in model.cells(index)] for index in range(len(model))]


def test_the_largest_class_comes_first_and_what_stays_last() -> None:
    model = SlimModel(FOUND)
    assert [model.key(index) for index in range(len(model))] == [
        "developer-packages", "byte-code", "leaves", "tests", "conda-meta", "translations", "kept",
    ]  # fmt: skip


def test_bars_are_of_the_largest_class_and_every_byte_shows() -> None:
    found = rows(SlimModel(FOUND))
    assert [len(row[-1]) for row in found] == [14, 6, 3, 3, 1, 1, 0]
    assert found[0] == [
        "tools of developers",
        "developer-packages",
        "low",
        "412 M",
        "206 M",
        "371 M",
        "41201",
        "█" * 14,
    ]
    assert found[-1][2:5] == ["", "4.3 G", "–"]


def test_the_ascii_form_is_ascii() -> None:
    model = SlimModel(FOUND, glyphs=ASCII)
    subject = SlimSubject("/envs/hub", FOUND, "measured")
    lines = [line.plain for index in range(len(model)) for line in model.lines(index)]
    cells = [cell for row in rows(model) for cell in row]
    around = [make(subject, ASCII, 80).plain for make in (sum_line, notes_line)]
    assert all(text.isascii() for text in (*cells, *lines, *around))


def test_lines_say_why_and_which_packages_or_how_many_files() -> None:
    model = SlimModel(FOUND)
    why, what = model.lines(0)
    assert why.plain.startswith("Notebooks, linters")
    assert what.plain == "jupyterlab 300 M, black 112 M"
    assert model.lines(1)[1].plain == "18,001 files"


def test_the_sum_says_what_stays() -> None:
    line = sum_line(SlimSubject("/envs/hub", FOUND, "measured"), UNICODE, 100).plain
    assert line == "5.1 G on disk · a service needs 4.3 G (84 %) · image 3.9 G of 4.6 G"


def test_before_it_is_measured_and_where_it_cannot_be_the_line_says_so() -> None:
    assert "Looking at every file" in sum_line(SlimSubject("/envs/hub"), UNICODE, 80).plain
    impossible = SlimSubject("/envs/hub", state="impossible", why="It is gone:\n/envs/\x1bhub")
    assert sum_line(impossible, UNICODE, 80).plain.startswith("It is gone:")
    assert "\x1b" not in sum_line(impossible, UNICODE, 80).plain
    assert len(SlimModel(None)) == 0


def test_notes_are_sanitized_and_cut_but_their_number_is_told() -> None:
    assert not any("\x1b" in note for note in notes(FOUND))
    line = notes_line(SlimSubject("/envs/hub", FOUND, "measured"), UNICODE, 60)
    assert line.plain.startswith("! Cannot travel: mine is installed in place")
    assert line.plain.endswith("… (and 1 more)")
    assert line.cell_len <= 60
