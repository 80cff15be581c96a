"""Text to read: what goes on below stands further in, whatever the width."""

from __future__ import annotations

from rich.text import Text
from textual.app import App, ComposeResult

from condatui.widgets.lines_pane import TextPane
from support.pilots import screen_lines


class Reading(App[None]):
    def compose(self) -> ComposeResult:
        yield TextPane()


async def test_what_goes_on_below_stands_further_in_at_any_width() -> None:
    app = Reading()
    async with app.run_test(size=(40, 8)) as pilot:
        app.query_one(TextPane).set_text(Text("head\n  evidence that is longer than this terminal is wide"))
        await pilot.pause()
        assert screen_lines(app)[:3] == ["head", "  evidence that is longer than this", "    terminal is wide"]
        await pilot.resize_terminal(30, 8)
        await pilot.pause()
        assert screen_lines(app)[1:4] == ["  evidence that is longer than", "    this terminal is wide", ""]
