"""The table: what it makes, where its cursor is, and what it draws anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip

from condatui.view_models.glyphs import ASCII, UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui.widgets.virtual_table import VirtualTable
from support.pilots import screen_lines


class Rows:
    """A model of given keys that counts the rows it was asked for."""

    columns = (TableColumn("name", "name", 30), TableColumn("size", "size", 8, align="right"))

    def __init__(self, keys: Sequence[str], size: str = "1 M") -> None:
        self.keys = keys
        self.size = size
        self.made: set[int] = set()

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        return self.keys[index]

    def cells(self, index: int) -> tuple[Text, ...]:
        self.made.add(index)
        return Text(self.keys[index]), Text(self.size)


class TableApp(App[None]):
    """A table and nothing else."""

    CSS = "VirtualTable { scrollbar-size: 0 0; }"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.table = VirtualTable(glyphs)
        self.moves: list[str | None] = []
        self.selected: list[str | None] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_virtual_table_cursor_moved(self, event: VirtualTable.CursorMoved) -> None:
        self.moves.append(event.key)

    def on_virtual_table_selected(self, event: VirtualTable.Selected) -> None:
        self.selected.append(event.key)


@asynccontextmanager
async def table_of(
    keys: Sequence[str], *, size: tuple[int, int] = (40, 10), glyphs: Glyphs = UNICODE
) -> AsyncIterator[tuple[TableApp, VirtualTable, Pilot[None]]]:
    app = TableApp(glyphs)
    async with app.run_test(size=size) as pilot:
        app.table.set_model(Rows(keys))
        await pilot.pause()
        app.moves.clear()
        yield app, app.table, pilot


class DrawnTable(VirtualTable):
    """Keeps every row that it has drawn, with the width that it had then."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.drawn: list[tuple[int, str]] = []

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if self.size.width:
            self.drawn.append((self.size.width, strip.text))
        return strip


async def test_what_is_drawn_first_at_a_width_is_laid_out_for_it() -> None:
    name = "hubmap-organ-segmentation-004"
    app = TableApp(UNICODE)
    app.table = table = DrawnTable(UNICODE)
    table.set_model(Rows([name]))  # before there is any width
    async with app.run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(24, 4)
        await pilot.pause()
        await pilot.resize_terminal(50, 4)
        await pilot.pause()
    rows = {
        width: {text.strip() for drawn, text in table.drawn if drawn == width and "hub" in text}
        for width in (60, 24, 50)
    }
    assert rows == {60: {f"▌{name}   1 M"}, 24: {"▌hubmap-o…tion-004   1 M"}, 50: {f"▌{name}   1 M"}}


LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


async def test_of_thirty_thousand_rows_only_a_sample_and_what_is_seen_are_made() -> None:
    async with table_of(()) as (app, table, pilot):
        model = Rows([f"package-{number}" for number in range(30_000)])
        table.set_model(model)
        await pilot.press("end")
        assert table.cursor_key == "package-29999"
        assert "package-29999" in screen_lines(app)[-1]
        assert len(model.made) < 1100


class Remembered(Rows):
    """A model whose cells are the same objects as long as a row is the same, as those of place 1."""

    def __init__(self, former: Remembered | None, changed: Mapping[str, str]) -> None:
        keys = former.keys if former else tuple(changed)
        super().__init__(keys)
        self.kept: dict[str, tuple[Text, ...]] = dict(former.kept) if former else {}
        self.kept.update({key: (Text(text), Text("1 M")) for key, text in changed.items()})

    def cells(self, index: int) -> tuple[Text, ...]:
        self.made.add(index)
        return self.kept[self.keys[index]]


async def test_of_many_rows_that_change_few_are_made_at_once_and_all_have_room_in_the_end() -> None:
    keys = [f"environment-{number:03}" for number in range(1000)]
    async with table_of(()) as (app, table, pilot):
        first = Remembered(None, {key: key for key in keys})
        table.set_model(first)
        await pilot.pause()
        changed = Remembered(first, {key: f"{key}-changed" for key in keys})
        table.set_model(changed)
        assert len(changed.made) <= 200
        await pilot.pause()
        assert len(changed.made) == 1000
        longer = Remembered(changed, {keys[900]: "one that is much longer"})
        table.set_model(longer)
        await pilot.pause()
        table.go_to_row(900)
        await pilot.pause()
        row = next(line for line in screen_lines(app) if "▌" in line)
        assert row.split() == ["▌one", "that", "is", "much", "longer", "1", "M"]


async def test_what_is_measured_later_moves_the_columns_then() -> None:
    keys = [f"environment-{number:03}" for number in range(300)]
    async with table_of(()) as (app, table, pilot):
        first = Remembered(None, {key: key for key in keys})
        table.set_model(first)
        await pilot.pause()
        changed = {key: f"{key}." for key in keys} | {keys[-1]: "one that is much longer"}
        table.set_model(Remembered(first, changed))
        await pilot.pause()
        assert screen_lines(app)[1] == "▌environment-000.          1 M"


async def test_more_rows_do_not_lay_the_whole_screen_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with table_of(LETTERS) as (app, table, pilot):
        layouts: list[object] = []
        monkeypatch.setattr(app.screen, "_refresh_layout", lambda *given, **named: layouts.append((given, named)))
        table.set_model(Rows([*LETTERS, "one more"]))
        await pilot.pause()
        await pilot.press("end")
        assert table.cursor_key == "one more"
        assert screen_lines(app)[-1].startswith("▌one more")
        assert not layouts


async def test_keys_move_the_cursor_and_the_table_follows() -> None:
    async with table_of(LETTERS) as (app, table, pilot):
        await pilot.press("j", "down", "k")
        assert table.cursor_key == "b"
        await pilot.press("pagedown")
        assert table.cursor_key == "j"
        assert "▌j" in screen_lines(app)[-1]
        await pilot.press("home")
        assert (table.cursor_key, screen_lines(app)[1].split()[0]) == ("a", "▌a")
        await pilot.press("up")
        assert app.moves[-1] == "a"
        await pilot.press("enter")
        assert app.selected == ["a"]


async def test_the_header_stays_when_the_rows_scroll() -> None:
    async with table_of(LETTERS) as (app, _table, pilot):
        await pilot.press("end")
        assert screen_lines(app)[0].split() == ["name", "size"]


async def test_the_cursor_follows_its_row_into_another_order() -> None:
    async with table_of(LETTERS) as (app, table, pilot):
        await pilot.press("j", "j")
        app.moves.clear()
        table.set_model(Rows(LETTERS[::-1]))
        await pilot.pause()
        assert table.cursor_key == "c"
        assert any(line.startswith("▌c") for line in screen_lines(app))
        assert app.moves == []


async def test_the_cursor_returns_to_its_row_when_the_row_returns() -> None:
    async with table_of(LETTERS) as (app, table, pilot):
        await pilot.press("j", "j", "j")
        app.moves.clear()
        table.set_model(Rows(["a", "z"]))
        assert table.cursor_key == "z"
        table.set_model(Rows(LETTERS))
        await pilot.pause()
        assert table.cursor_key == "d"
        assert app.moves == ["z", "d"]


async def test_rows_that_come_in_above_do_not_move_the_cursor_off_its_row() -> None:
    async with table_of(LETTERS[5:]) as (_app, table, pilot):
        await pilot.press("j")
        table.set_model(Rows(LETTERS))
        assert table.cursor_key == "g"


async def test_another_thing_starts_at_the_top() -> None:
    async with table_of(LETTERS) as (_app, table, pilot):
        await pilot.press("end")
        table.set_model(Rows(LETTERS[::-1]), fresh=True)
        assert (table.cursor_key, table.scroll_offset.y) == ("z", 0)


async def test_columns_keep_their_places_from_one_thing_to_the_next_while_there_is_room() -> None:
    async with table_of(["a" * 12, "b"]) as (app, table, pilot):
        where = screen_lines(app)[1].index("1 M")
        table.set_model(Rows(["c"]), fresh=True)
        await pilot.pause()
        assert screen_lines(app)[1].index("1 M") == where
        table.set_model(Rows(["d" * 20]), fresh=True)
        await pilot.pause()
        assert screen_lines(app)[1].index("1 M") == where + 8
        await pilot.resize_terminal(20, 10)
        table.set_model(Rows(["e"]), fresh=True)
        await pilot.pause()
        assert screen_lines(app)[1].index("1 M") < where


async def test_no_rows_says_why() -> None:
    async with table_of(()) as (app, table, pilot):
        table.set_model(Rows(()), empty=Text("Nothing matches: esc clears the filter, and everything is back again."))
        await pilot.press("j", "enter")
        assert [line.strip() for line in screen_lines(app)[1:3]] == [
            "Nothing matches: esc clears the filter,",
            "and everything is back again.",
        ]
        assert table.cursor_key is None


async def test_a_move_of_the_cursor_draws_two_lines() -> None:
    async with table_of(LETTERS) as (_app, table, pilot):
        drawn = _record(table)
        await pilot.press("j")
        assert set(drawn) == {1, 2}


async def test_a_model_with_one_other_row_draws_one_line() -> None:
    async with table_of(("a", "b", "c")) as (_app, table, pilot):
        drawn = _record(table)
        table.set_model(Rows(("a", "B", "c")))
        drawn.clear()
        await pilot.pause()
        assert set(drawn) == {2}


def _record(table: VirtualTable) -> list[int]:
    """The lines that are drawn from now on."""
    drawn: list[int] = []
    draw = table.render_line

    def render_line(y: int) -> Strip:
        drawn.append(y)
        return draw(y)

    table.render_line = render_line  # type: ignore[method-assign]
    return drawn


async def test_the_order_shows_in_the_header_without_moving_it() -> None:
    async with table_of(("a",)) as (app, table, pilot):
        before = screen_lines(app)[0]
        table.show_order("size", descending=True)
        await pilot.pause()
        assert screen_lines(app)[0] == f"{before}▾"


async def test_names_are_cut_in_the_middle_and_numbers_never() -> None:
    async with table_of(("bert-finetune-large-experiment-v2",), size=(24, 5)) as (app, _table, _pilot):
        assert screen_lines(app)[1] == "▌bert-fin…iment-v2   1 M"


async def test_a_table_wider_than_the_terminal_scrolls_sideways() -> None:
    async with table_of(("a-name-of-some-length",), size=(14, 5)) as (app, _table, pilot):
        assert "1 M" not in screen_lines(app)[1]
        await pilot.press("right")
        assert "1 M" in screen_lines(app)[1]
        await pilot.press("left", "left")
        assert screen_lines(app)[1].startswith("▌a-name")


async def test_ascii_signs_draw_nothing_else() -> None:
    async with table_of(("a-name-that-is-longer-than-thirty-cells-wide",), glyphs=ASCII) as (app, table, pilot):
        table.show_order("name", descending=False)
        await pilot.pause()
        assert all(line.isascii() for line in screen_lines(app))


async def test_a_click_puts_the_cursor_there() -> None:
    async with table_of(LETTERS) as (_app, table, pilot):
        await pilot.click(VirtualTable, offset=(2, 4))
        assert table.cursor_key == "d"


async def test_messages_name_their_table() -> None:
    messages: list[Message] = []
    app = TableApp(UNICODE)
    async with app.run_test(message_hook=messages.append) as pilot:
        app.table.set_model(Rows(LETTERS))
        await pilot.press("j")
        moved = [message for message in messages if isinstance(message, VirtualTable.CursorMoved)]
        assert moved[-1].control is app.table
