"""Text to read: what goes on below stands further in, whatever the width."""

from __future__ import annotations

from rich.text import Text
from textual.app import App, ComposeResult
from textual.strip import Strip

from condatui.widgets.lines_pane import LinesPane, TextPane
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


class DrawnLines(LinesPane):
    """Keeps the first line whenever it was drawn, with the width that the pane had then."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[int, str]] = []

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if not y:
            self.drawn.append((self.size.width, strip.text.rstrip()))
        return strip


async def test_what_is_drawn_first_at_a_width_is_wrapped_to_it() -> None:
    pane = DrawnLines()

    class Lines(App[None]):
        def compose(self) -> ComposeResult:
            yield pane

        def on_mount(self) -> None:
            pane.set_text(Text("conda create --name research --clone base"))

    async with Lines().run_test(size=(60, 4)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(30, 4)
        await pilot.pause()
    assert set(pane.drawn) == {(60, "conda create --name research --clone base"), (30, "conda create --name research")}
