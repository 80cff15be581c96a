"""Blocks of text with a cursor: how it moves through long and short ones."""

from __future__ import annotations

from rich.text import Text
from textual.app import App, ComposeResult

from condatui.view_models.blocks import TextBlock
from condatui.view_models.glyphs import UNICODE
from condatui.widgets.blocks_pane import BlocksPane
from support.pilots import screen_lines


class _App(App[None]):
    def compose(self) -> ComposeResult:
        yield BlocksPane(UNICODE)


def block(name: str, lines: int) -> TextBlock:
    return TextBlock(Text("\n".join(f"{name}{number}" for number in range(lines))), name, apart=True)


async def test_a_block_taller_than_the_pane_is_scrolled_through_before_the_cursor_leaves_it() -> None:
    app = _App()
    async with app.run_test(size=(20, 4)) as pilot:
        pane = app.query_one(BlocksPane)
        pane.focus()
        pane.show([block("a", 1), block("b", 6), block("c", 1)], fresh=True)
        await pilot.pause()
        assert screen_lines(app) == ["▌a0", "", " b0", " b1"]
        await pilot.press("j")
        assert screen_lines(app) == ["▌b0", " b1", " b2", " b3"]
        await pilot.press("j", "j")
        assert screen_lines(app) == [" b2", " b3", " b4", " b5"]
        assert pane.block is not None
        assert pane.block.to_copy == "b"
        await pilot.press("j")
        assert screen_lines(app) == [" b4", " b5", "", "▌c0"]
        await pilot.press("k", "k")
        assert screen_lines(app) == ["▌a0", "", " b0", " b1"]
        await pilot.press("pagedown")
        assert screen_lines(app) == [" b2", " b3", " b4", " b5"]
        await pilot.press("pagedown")
        assert screen_lines(app) == [" b4", " b5", "", "▌c0"]


async def test_a_block_that_is_gone_leaves_the_cursor_on_the_last_one() -> None:
    app = _App()
    async with app.run_test(size=(20, 4)) as pilot:
        pane = app.query_one(BlocksPane)
        pane.focus()
        pane.show([block("a", 1), block("b", 1)], fresh=True)
        await pilot.press("j")
        pane.show([block("a", 1)])
        await pilot.pause()
        assert screen_lines(app)[0] == "▌a0"
        pane.show([])
        await pilot.press("j", "k", "home", "end", "pageup")
        assert pane.block is None
