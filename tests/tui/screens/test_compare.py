"""Place 2: what is compared, which rows are seen, where the cursor is, and what can be taken along."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui.screens.compare import CompareScreen
from condatui.view_models.compare.detail import cell_detail
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.matrix_table import MatrixTable
from condatui_core.records.environment import Environment, Inventory
from condatui_core.settings import Locations, Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import environment, inventory, loaded, package
from support.pilots import Driver, opened
from support.tiers import thorough

NAMES = ("alpha", "beta", "gamma")


def packages(numpy: str, *others: str) -> list[object]:
    return [package("numpy", numpy), package("python", "3.11.9"), *map(package, others)]


def machine(**changed: Environment) -> Inventory:
    usual = {
        "alpha": loaded("alpha", packages("1.26.4", "zlib")),  # type: ignore[arg-type]
        "beta": loaded("beta", packages("2.0.1", "scipy")),  # type: ignore[arg-type]
        "gamma": loaded("gamma", packages("1.26.4")),  # type: ignore[arg-type]
    }
    return inventory(*{**usual, **changed}.values())


def wide(count: int) -> Inventory:
    return inventory(*(loaded(f"env-{number:02}", [package("numpy", f"1.{number}")]) for number in range(count)))


def screen(driver: Driver) -> CompareScreen:
    place = driver.app.screen
    assert isinstance(place, CompareScreen)
    return place


def rows(driver: Driver) -> list[str]:
    return [row.name for row in screen(driver).shown]


def details_follow(driver: Driver) -> bool:
    """Whether the details are those of the cell under the cursor."""
    subject, glyphs = screen(driver).cell, driver.app.session.glyphs
    return screen(driver).query_one(LinesPane).text == (cell_detail(subject, glyphs=glyphs).plain if subject else "")


def columns(driver: Driver) -> list[str]:
    compared = screen(driver).compared
    return [each.environment.name for each in compared.subjects] if compared else []


def under_cursor(driver: Driver) -> tuple[str, str]:
    subject = screen(driver).cell
    assert subject is not None
    return subject.row.name, columns(driver)[subject.column]


@asynccontextmanager
async def comparing(
    known: Inventory | None = None,
    *keys: str,
    size: tuple[int, int] = (80, 24),
    settings: Settings | None = None,
    home: Path = Path("/nowhere"),
) -> AsyncIterator[Driver]:
    """All environments compared, unless keys say which."""
    workbench = FakeWorkbench(known or machine(), settings=settings)
    workbench.locations = Locations(home=home, config=home, cache=home, state=home)
    async with opened(workbench=workbench, size=size) as driver:
        await driver.press(*(keys or ("a", "c")))
        await driver.until(lambda: screen(driver).compared is not None)
        await driver.pilot.pause()
        yield driver


async def test_it_says_why_it_is_empty_and_which_key_fills_it() -> None:
    async with opened(machine()) as driver:
        await driver.press("2")
        assert "Nothing is compared yet" in driver.text
        assert "c compares them" in " ".join(driver.text.split())


async def test_the_marked_environments_stand_side_by_side() -> None:
    async with comparing(None, "space", "space", "c") as driver:
        assert columns(driver) == ["alpha", "beta"]
        assert rows(driver) == ["numpy", "scipy", "zlib"]
        assert "alpha reference" in driver.text
        assert "beta 25 %" in driver.text
        assert "↑ 2.0.1" in driver.text
        assert "same 1 · version 1 · build 0 · channel 0 · missing 2" in driver.text


async def test_one_marked_is_compared_with_the_one_under_the_cursor() -> None:
    async with comparing(None, "space", "j", "c") as driver:
        assert columns(driver) == ["alpha", "gamma"]


async def test_one_alone_cannot_be_compared_and_the_key_says_so() -> None:
    async with opened(machine()) as driver:
        await driver.press("c")
        assert "Comparing takes two environments" in driver.text
        assert not isinstance(driver.app.screen, CompareScreen)


async def test_what_cannot_be_read_is_named_as_the_reason() -> None:
    known = inventory(loaded("alpha", packages("1")), environment("zombie", state="orphan"))  # type: ignore[arg-type]
    async with opened(known, size=(120, 24)) as driver:
        await driver.press("a", "c")
        assert "zombie cannot be compared: its state is orphan." in driver.text
        assert not isinstance(driver.app.screen, CompareScreen)


async def test_what_is_left_out_of_a_comparison_is_said() -> None:
    known = machine(zombie=environment("zombie", state="orphan"))
    async with opened(known, size=(80, 24)) as driver:
        await driver.press("a", "c")
        await driver.until(lambda: columns(driver) == list(NAMES))
        assert "─ zombie cannot be compared: its state is orphan. ─" in driver.text
        assert " differing · same " in driver.text


async def test_a_kind_without_rows_says_so_and_counts_no_columns() -> None:
    async with comparing(None, "space", "space", "c") as driver:
        await driver.press("f", "f", "f")
        assert "no rows of this kind: build" in driver.text
        assert "There are no rows of this kind: build. f goes on to the next." in driver.text
        assert "columns" not in driver.text.splitlines()[-2]


async def test_more_than_twenty_are_too_many() -> None:
    async with opened(wide(21)) as driver:
        await driver.press("a", "c")
        assert "21 are too many to compare: 20 at most." in driver.text


async def test_what_is_no_environment_is_left_out() -> None:
    async with comparing(machine(beta=environment("beta", state="orphan"))) as driver:
        assert columns(driver) == ["alpha", "gamma"]


async def test_kinds_go_round() -> None:
    async with comparing() as driver:
        seen = []
        for _ in range(7):
            seen.append((screen(driver).comparison_query.kind, rows(driver)))
            await driver.press("f")
        assert seen == [
            ("differing", ["numpy", "scipy", "zlib"]),
            ("missing", ["scipy", "zlib"]),
            ("version", ["numpy"]),
            ("build", []),
            ("channel", []),
            ("requested", []),
            ("all", ["numpy", "python", "scipy", "zlib"]),
        ]
        assert screen(driver).comparison_query.kind == "differing"
        await driver.press("F")
        assert screen(driver).comparison_query.kind == "all"


async def test_nothing_differs_says_which_key_shows_the_rest() -> None:
    same = loaded("beta", packages("1.26.4", "zlib"))  # type: ignore[arg-type]
    async with comparing(machine(beta=same), "space", "space", "c") as driver:
        assert "Nothing differs" in driver.text
        await driver.press("F")
        assert rows(driver) == ["numpy", "python", "zlib"]


async def test_a_filter_narrows_and_escape_clears_it() -> None:
    async with comparing() as driver:
        await driver.press("slash", *"sci")
        assert driver.text.splitlines()[-1].strip() == "enter keep  esc clear  ! inverse"
        await driver.press("enter")
        assert "? help" in driver.text
        assert rows(driver) == ["scipy"]
        assert "filter `sci`" in driver.text
        await driver.press("escape")
        assert rows(driver) == ["numpy", "scipy", "zlib"]
        assert driver.app.screen.query_one(MatrixTable).cursor_key == "scipy"  # where the user has kept the filter
        await driver.press("slash", *"x [/]", "enter")
        assert "No such package matches `x [/]`" in driver.text


async def test_sorting_by_status_and_size() -> None:
    async with comparing() as driver:
        await driver.press("s")
        assert rows(driver) == ["scipy", "zlib", "numpy"]
        assert "by status" in driver.text
        await driver.press("S")
        assert rows(driver) == ["numpy", "zlib", "scipy"]


async def test_another_reference_turns_the_signs_and_the_similarities() -> None:
    async with comparing() as driver:
        await driver.press("greater_than_sign")
        await driver.until(lambda: "beta reference" in driver.text)
        assert driver.text.count("↓ 1.26.4") == 2
        assert "alpha 25 %" in driver.text
        await driver.press("less_than_sign", "less_than_sign")
        await driver.until(lambda: "gamma reference" in driver.text)


async def test_references_asked_for_quickly_add_up() -> None:
    async with comparing() as driver:
        for _ in range(2):
            screen(driver).action_turn(1)  # the second before the first is computed
        await driver.until(lambda: "gamma reference" in driver.text)
        assert screen(driver).table.cursor_column == 2


@pytest.mark.parametrize("size", [(80, 24), (80, 12)])
def on_the_screen(driver: Driver) -> list[bool]:
    """Whether the matrix and the cell are shown."""
    return [bool(driver.app.screen.query_one(each).display) for each in ("#matrix", "#cell")]


@pytest.mark.parametrize("size", [(80, 24), (80, 12)])
async def test_zoom_gives_the_room_and_takes_it_back_and_what_has_the_focus_is_seen(size: tuple[int, int]) -> None:
    async with comparing(size=size) as driver:
        before = on_the_screen(driver)
        await driver.press("z")
        assert on_the_screen(driver) == [True, False]
        await driver.press("tab")
        assert on_the_screen(driver)[1] and screen(driver).query_one("#cell").has_focus
        await driver.press("tab", "z", "z")
        assert on_the_screen(driver) == before
        for key in ("tab", "z", "tab", "z", "tab"):
            await driver.press(key)
            assert driver.app.focused is not None and driver.app.focused.display, key


async def test_the_cursor_goes_from_cell_to_cell_and_the_details_follow() -> None:
    async with comparing() as driver:
        await driver.press("right")
        await driver.until(lambda: "numpy 2.0.1 in beta  ↑ newer than 1.26.4 in alpha" in driver.text)
        assert under_cursor(driver) == ("numpy", "beta")
        await driver.press("j", "h", "h")
        await driver.until(lambda: "scipy is not in alpha  ● the reference" in driver.text)
        assert under_cursor(driver) == ("scipy", "alpha")


async def test_jumping_goes_to_what_differs_in_the_column() -> None:
    async with comparing() as driver:
        await driver.press("F", "right_square_bracket")
        assert under_cursor(driver) == ("scipy", "alpha")
        await driver.press("home", "l", "l", "right_square_bracket")
        assert under_cursor(driver) == ("zlib", "gamma")
        await driver.press("right_square_bracket")
        assert "No difference after this one." in driver.text
        await driver.press("left_square_bracket")
        assert "No difference before this one." in driver.text


async def test_columns_that_do_not_fit_scroll_while_the_names_stay() -> None:
    async with comparing(wide(20), size=(100, 24)) as driver:
        assert "env-00" in driver.text
        assert "env-19" not in driver.text
        assert "columns 1 to 4 of 20" in driver.text
        await driver.press(*["l"] * 19)
        assert "env-19" in driver.text
        assert "env-00 " not in driver.text.splitlines()[1]
        assert "numpy" in driver.text.splitlines()[2]
        assert under_cursor(driver) == ("numpy", "env-19")
        await driver.press(*["h"] * 19)
        assert "columns 1 to 4 of 20" in driver.text


@pytest.mark.parametrize(("count", "size"), [(2, (80, 24)), (8, (200, 50))])
async def test_so_many_columns_fit(count: int, size: tuple[int, int]) -> None:
    async with comparing(wide(count), size=size) as driver:
        header = driver.text.splitlines()[1]
        assert all(f"env-{number:02}" in header for number in range(count))
        assert all(len(line) <= size[0] for line in driver.text.splitlines())


async def test_a_click_puts_the_cursor_into_the_cell() -> None:
    async with comparing() as driver:
        table = driver.app.screen.query_one(MatrixTable)
        x = driver.text.splitlines()[2].index("↑")
        await driver.pilot.click(MatrixTable, offset=(x, 1))
        assert (table.cursor_row, table.cursor_column) == (0, 1)


async def test_the_place_is_as_it_was_left() -> None:
    async with comparing() as driver:
        await driver.press("f", "j", "l", "1")
        assert driver.place.table.has_focus
        await driver.press("2")
        assert screen(driver).comparison_query.kind == "missing"
        assert under_cursor(driver) == ("zlib", "beta")


async def test_comparing_others_starts_at_the_top_left() -> None:
    async with comparing() as driver:
        await driver.press("j", "l", "1", "a", "home", "space", "space", "c")
        await driver.until(lambda: columns(driver) == ["alpha", "beta"])
        await driver.pilot.pause()
        assert under_cursor(driver) == ("numpy", "alpha")


async def test_an_environment_that_changes_is_compared_anew_in_place() -> None:
    async with comparing() as driver:
        await driver.press("j", "greater_than_sign")
        await driver.until(lambda: "beta reference" in driver.text)
        driver.workbench.script = (machine(beta=loaded("beta", packages("2.1", "scipy", "attrs"))),)  # type: ignore[arg-type]
        await driver.press("r")
        await driver.until(lambda: "attrs" in rows(driver))
        assert under_cursor(driver) == ("scipy", "beta")
        assert "beta reference" in driver.text


async def test_environments_that_are_not_read_yet_are_waited_for() -> None:
    workbench = FakeWorkbench(replace(machine(beta=environment("beta")), pending=1))
    async with opened(workbench=workbench) as driver:
        await driver.press("a", "c")
        assert "Reading and comparing" in driver.text
        workbench.script = (machine(),)
        await driver.press("r")
        await driver.until(lambda: columns(driver) == list(NAMES))


async def test_what_cannot_be_read_is_not_waited_for() -> None:
    async with opened(machine(beta=environment("beta"), gamma=environment("gamma"))) as driver:
        await driver.press("a", "c")
        assert "Fewer than two of them can be read" in driver.text


async def test_enter_goes_into_the_cell_and_escape_out_of_it() -> None:
    async with comparing() as driver:
        await driver.press("enter")
        assert driver.app.screen.query_one(LinesPane).has_focus
        await driver.press("z")
        assert not driver.app.screen.query_one(MatrixTable).display
        await driver.press("escape")
        assert driver.app.screen.query_one(MatrixTable).has_focus
        await driver.press("z")
        assert driver.app.screen.query_one(MatrixTable).display


async def test_a_cell_a_row_and_the_matrix_are_copied() -> None:
    async with comparing() as driver:
        await driver.press("y")
        assert driver.app.clipboard == "conda-forge::numpy=1.26.4=h0_0"
        await driver.press("Y")
        assert driver.app.clipboard.splitlines()[:2] == ["numpy", "  alpha: 1.26.4 h0_0 conda-forge"]
        await driver.press("M")
        assert driver.app.clipboard.startswith("| package | status | alpha | beta | gamma |")
        assert "clipboard: 3 rows as Markdown" in driver.text


async def test_what_is_too_large_for_the_clipboard_is_not_copied() -> None:
    many = [package(f"package-{number}-{'x' * 60}") for number in range(1500)]
    async with comparing(inventory(loaded("a", many), loaded("b"))) as driver:
        await driver.press("M")
        assert "too much for a terminal's clipboard" in driver.text
        assert driver.app.clipboard == ""


async def test_saving_asks_where_and_writes_what_is_shown(tmp_path: Path) -> None:
    async with comparing(home=tmp_path) as driver:
        await driver.press("f", "w")
        assert "save as ~/compare-alpha-beta-gamma.md" in driver.text
        await driver.press("enter")
        await driver.until(lambda: "Saved 2 rows" in driver.text)
        lines = (tmp_path / "compare-alpha-beta-gamma.md").read_text().splitlines()
        assert [line.split()[1] for line in lines[2:4]] == ["scipy", "zlib"]
        assert driver.app.screen.query_one(MatrixTable).has_focus


async def test_a_file_that_is_there_is_replaced_only_if_said_twice(tmp_path: Path) -> None:
    file = tmp_path / "compare-alpha-beta-gamma.json"
    file.write_text("mine")
    async with comparing(home=tmp_path) as driver:
        await driver.press("w", "backspace", "backspace", *"json", "enter")
        await driver.until(lambda: "This file exists: enter once more replaces it" in driver.text)
        assert file.read_text() == "mine"
        await driver.press("enter")
        await driver.until(lambda: "Saved 3 rows" in driver.text)
        assert len(json.loads(file.read_text())["packages"]) == 3


async def test_a_name_that_says_no_format_and_a_directory_that_is_not_there(tmp_path: Path) -> None:
    async with comparing(home=tmp_path, size=(120, 24)) as driver:
        await driver.press("w", *["backspace"] * 3, "enter")
        assert "The end of the name chooses the format: .md, .csv, .json." in driver.text
        await driver.press(*"/no.md", "enter")
        await driver.until(lambda: "cannot be written" in driver.text)
        await driver.press("escape")
        assert "same 1" in driver.text
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("size", [(60, 15), (200, 50), *thorough([((80, 24),)])])
async def test_with_ascii_signs_nothing_else_is_drawn(size: tuple[int, int]) -> None:
    async with comparing(size=size, settings=Settings(watch_seconds=0, ascii=True)) as driver:
        for keys in (("j",), ("l", "s"), ("f",), ("F", "F"), ("w",), ("escape", "question_mark")):
            await driver.press(*keys)
            await driver.until(lambda: details_follow(driver))
            assert driver.text.isascii(), driver.text
