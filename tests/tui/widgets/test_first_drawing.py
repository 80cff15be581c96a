"""A widget that is drawn before Textual has told it of its size is laid out for that size all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from condatui.view_models.blocks import TextBlock
from condatui.view_models.glyphs import UNICODE
from condatui.view_models.table import TableColumn
from condatui.widgets.blocks_pane import BlocksPane
from condatui.widgets.headed_table import HeadedTable
from condatui.widgets.lines_pane import LinesPane, OutputPane
from condatui.widgets.virtual_table import VirtualTable

LONG = "a text that is longer than this terminal is wide, so that it goes on below"


class Rows:
    columns = (TableColumn("name", "name", 30), TableColumn("when", "when", 16, priority=1))

    def __len__(self) -> int:
        return 2

    def key(self, index: int) -> str:
        return str(index)

    def cells(self, index: int) -> tuple[Text, ...]:
        return Text(f"environment-with-a-long-name-{index}"), Text("2026-05-20 12:00")

    def heading(self, index: int) -> tuple[Text, Text] | None:
        return None if index else (Text("a group of alike environments"), Text("together 82 M"))


class Pictures(App[None]):
    """Mounts a widget and fills it at once, as a tab is at its first visit."""

    def __init__(self, shown: Widget, fill: Callable[[], None]) -> None:
        super().__init__()
        self._shown = shown
        self._fill = fill

    def compose(self) -> ComposeResult:
        yield Vertical()

    def on_mount(self) -> None:
        self.query_one(Vertical).mount(self._shown)
        self._fill()


def filled(kind: type[Widget]) -> tuple[Widget, Callable[[], None]]:
    if issubclass(kind, VirtualTable):
        table = kind(UNICODE)
        return table, lambda: table.set_model(Rows())
    if issubclass(kind, BlocksPane):
        blocks = kind(UNICODE)
        return blocks, lambda: blocks.show([TextBlock(Text(LONG)), TextBlock(Text(LONG))])
    assert issubclass(kind, LinesPane)
    pane = kind()
    return pane, lambda: pane.set_text(Text(LONG))


@pytest.mark.parametrize("kind", [VirtualTable, HeadedTable, LinesPane, OutputPane, BlocksPane])
async def test_the_first_drawing_is_as_the_last_one(kind: type[Widget], monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[tuple[Size, int], list[str]] = {}
    usual = kind.render_line

    def noted(widget: Widget, y: int) -> Strip:
        strip = usual(widget, y)
        drawn.setdefault((widget.size, y), []).append(strip.text.rstrip())
        return strip

    monkeypatch.setattr(kind, "render_line", noted)
    shown, fill = filled(kind)
    async with Pictures(shown, fill).run_test(size=(40, 8)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(61, 9)
        await pilot.pause()
        wide = [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]
    assert "environment-with-a-long-name-1" in "".join(wide) or LONG[:50] in "".join(wide)
    assert {size.width for size, _ in drawn} == {40, 61}
    assert {place: texts for place, texts in drawn.items() if len(set(texts)) > 1} == {}
