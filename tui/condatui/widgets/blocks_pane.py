"""A text in blocks with a cursor, so that the block under it can be copied."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.message import Message

from condatui.view_models.blocks import TextBlock, joined
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.widgets.line import wrap_indented
from condatui.widgets.lines_pane import LinesPane


class BlocksPane(LinesPane):
    """Blocks of text; the cursor goes from one to the next, and through a block that is taller than the pane."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"block--sign"}

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._shapes = shapes_for(glyphs)
        self._blocks: tuple[TextBlock, ...] = ()
        self._starts: list[int] = []
        """By block, the index of its first line."""
        self._cursor = 0

    @property
    def block(self) -> TextBlock | None:
        """The block under the cursor."""
        return self._blocks[self._cursor] if self._blocks else None

    def show(self, blocks: Sequence[TextBlock], *, fresh: bool = False) -> None:
        """Show other blocks; `fresh` ones are about another thing: the cursor starts at the first."""
        self._blocks = tuple(blocks)
        self._cursor = 0 if fresh else max(0, min(self._cursor, len(self._blocks) - 1))
        self.set_text(joined(self._blocks), top=0 if fresh else self._top)
        self._redraw(self._cursor)

    class Opened(Message):
        """The user opens the block under the cursor."""

        def __init__(self, block: TextBlock) -> None:
            super().__init__()
            self.block = block

    def action_open(self) -> None:
        """Post that the user opens the block under the cursor."""
        if block := self.block:
            self.post_message(self.Opened(block))

    def watch_has_focus(self, value: bool) -> None:
        """Show in the cursor whether the pane has the focus."""
        super().watch_has_focus(value)
        self._redraw(self._cursor)

    def action_up(self) -> None:
        """Go to the block above, or to what lies above of this one."""
        if self._cursor and self._starts[self._cursor] >= self._top:
            self._go_to(self._cursor - 1)
        else:
            self._scroll_by(-1)

    def action_down(self) -> None:
        """Go to the block below, or to what lies below of this one."""
        if self._cursor + 1 < len(self._blocks) and self._end(self._cursor) <= self._top + self.size.height:
            self._go_to(self._cursor + 1)
        else:
            self._scroll_by(1)

    def action_page_up(self) -> None:
        """Go one page up, and to the first block that begins there."""
        super().action_page_up()
        self._follow()

    def action_page_down(self) -> None:
        """Go one page down, and to the first block that begins there."""
        super().action_page_down()
        self._follow()

    def action_half_page_up(self) -> None:
        """Go half a page up, and to the first block that begins there."""
        super().action_half_page_up()
        self._follow()

    def action_half_page_down(self) -> None:
        """Go half a page down, and to the first block that begins there."""
        super().action_half_page_down()
        self._follow()

    def action_first(self) -> None:
        """Go to the first block."""
        super().action_first()
        self._go_to(0)

    def action_last(self) -> None:
        """Go to the last block."""
        super().action_last()
        self._go_to(len(self._blocks) - 1)

    def _go_to(self, block: int) -> None:
        """Put the cursor on a block, and scroll by as little as shows all of it, or else its beginning."""
        if not 0 <= block < len(self._blocks):
            return
        before, self._cursor = self._cursor, block
        self._redraw(before)
        self._redraw(block)
        start, end = self._starts[block], self._end(block)
        top = min(max(self._top, end - self.size.height), start)
        self._scroll_by(top - self._top)

    def _follow(self) -> None:
        """Put the cursor on the first block that begins in what is visible, or else on the one that fills it."""
        visible = range(self._top, self._top + self.size.height)
        if not self._blocks or self._starts[self._cursor] in visible:
            return
        beginning = (block for block, start in enumerate(self._starts) if start in visible)
        self._cursor = next(beginning, bisect_right(self._starts, self._top) - 1)
        self.refresh()

    def _end(self, block: int) -> int:
        """The index of the line after the last one of a block."""
        after = block + 1
        return self._starts[after] - self._blocks[after].apart if after < len(self._blocks) else len(self._lines)

    def _redraw(self, block: int) -> None:
        if block < len(self._starts):
            self._refresh_line(self._starts[block] - self._top, 1)

    def _wrap(self) -> None:
        """Wrap each block, with a cell in front of its lines for the cursor."""
        self._lines, self._starts = [], []
        width = max(1, self.size.width - 2)
        for index, block in enumerate(self._blocks):
            if block.apart and index:
                self._lines.append(Text())
            self._starts.append(len(self._lines))
            self._lines += [Text(" ").append_text(line) for line in wrap_indented(block.text, self.app.console, width)]

    def _visible_lines(self) -> list[Text]:
        lines = super()._visible_lines()
        at = self._starts[self._cursor] - self._top if self._starts else -1
        if 0 <= at < len(lines):
            sign = self._shapes.cursor if self.has_focus else self._shapes.cursor_elsewhere
            style = self.get_component_rich_style("block--sign", partial=True)
            lines[at] = Text.assemble((sign, style), lines[at][1:])
        return lines
