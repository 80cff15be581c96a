"""Text below a table that changes with every move of its cursor: only what differs is sent."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from condatui.actions import bindings
from condatui.widgets.segments import segments_of

_NO_LINE = Text()


class LinesPane(Widget, can_focus=True):
    """A text of a few lines, wrapped to its place and moved through as a table."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._text = Text()
        self._lines: list[Text] = []
        self._top = 0

    @property
    def text(self) -> str:
        """What stands there."""
        return self._text.plain

    def set_text(self, text: Text, *, top: int = 0) -> None:
        """Show another text from its top, or from a line further down; never from so far that room is left below."""
        before = self._in_sight()
        self._text = text
        self._wrap()
        self._top = max(0, min(top, len(self._lines) - self.size.height))
        for y, (old, new) in enumerate(zip_longest(before, self._in_sight(), fillvalue=_NO_LINE)):
            if old.plain != new.plain or old.spans != new.spans:
                self._refresh_line(y, max(cell_len(old.plain), cell_len(new.plain)))

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        lines, style = self._in_sight(), self.rich_style
        text = lines[y] if y < len(lines) else _NO_LINE
        return Strip(segments_of(text, self.app.console, style)).crop_extend(0, self.size.width, style)

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        self._wrap()
        self._move(0)
        self.refresh()

    def action_up(self) -> None:
        """One line up."""
        self._move(-1)

    def action_down(self) -> None:
        """One line down."""
        self._move(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._move(-self.size.height)

    def action_page_down(self) -> None:
        """A page down."""
        self._move(self.size.height)

    def action_first(self) -> None:
        """To the first line."""
        self._move(-len(self._lines))

    def action_last(self) -> None:
        """To the last line."""
        self._move(len(self._lines))

    def action_left(self) -> None:
        """Text is as wide as its place: there is nothing to the left."""

    def action_right(self) -> None:
        """Text is as wide as its place: there is nothing to the right."""

    def action_open(self) -> None:
        """There is nothing behind a text."""

    def _wrap(self) -> None:
        self._lines = self.lines_of(self._text, max(1, self.size.width)) if self._text else []

    def lines_of(self, text: Text, width: int) -> list[Text]:
        """A text as lines of at most so many cells."""
        return [*text.wrap(self.app.console, width)]

    def _in_sight(self) -> list[Text]:
        return self._lines[self._top : self._top + self.size.height]

    def _move(self, lines: int) -> None:
        top = max(0, min(self._top + lines, len(self._lines) - self.size.height))
        if top != self._top:
            self._top = top
            self.refresh()

    def _refresh_line(self, y: int, width: int) -> None:
        self.refresh(Region(0, y, min(width, self.size.width), 1))
