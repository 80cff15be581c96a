"""Text in lines: below a table, growing at its end, or moved through as a table is."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from condatui.actions.action import LIST_BINDINGS
from condatui.widgets.line import segments_of, wrap_indented

# Text to read, in lines that are moved through as those of a table.


class TextPane(VerticalScroll, can_focus=True):
    """A text of any length."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_BINDINGS]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._text = Text()

    @property
    def text(self) -> str:
        """What stands there."""
        return self._text.plain

    def compose(self) -> ComposeResult:
        """The text, as tall as it is."""
        yield Static()

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        self._draw()

    def set_text(self, text: Text, *, fresh: bool = False) -> None:
        """Show another text; a `fresh` one is of another thing and starts at its top."""
        if text == self._text and text.spans == self._text.spans:
            return
        self._text = text
        self._draw()
        if fresh:
            self.scroll_home(animate=False)

    def _draw(self) -> None:
        """What goes on below stands further in, so that one sees what belongs together."""
        if (width := self.scrollable_content_region.width) > 0:
            lines = wrap_indented(self._text, self.app.console, width)
            for static in self.query(Static):
                static.update(Text("\n").join(lines))

    def action_up(self) -> None:
        """One line up."""
        self.scroll_up(animate=False)

    def action_down(self) -> None:
        """One line down."""
        self.scroll_down(animate=False)

    def action_page_up(self) -> None:
        """A page up."""
        self.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        """A page down."""
        self.scroll_page_down(animate=False)

    def action_first(self) -> None:
        """To the first line."""
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        """To the last line."""
        self.scroll_end(animate=False)

    def action_left(self) -> None:
        """Text is as wide as its place: there is nothing to the left."""

    def action_right(self) -> None:
        """Text is as wide as its place: there is nothing to the right."""

    def action_open(self) -> None:
        """There is nothing behind a text."""


# Text below a table that changes with every move of its cursor: only what differs is sent.


_NO_LINE = Text()


class LinesPane(Widget, can_focus=True):
    """A text of a few lines, wrapped to its place and moved through as a table."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_BINDINGS]

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


# Text that grows at its end, and is followed there.


class OutputPane(LinesPane):
    """Shows what is new at the end, unless the user has moved up to read."""

    def lines_of(self, text: Text, width: int) -> list[Text]:
        """What goes on below stands further in."""
        return wrap_indented(text, self.app.console, width)

    def show_output(self, text: Text, *, fresh: bool, follow: bool) -> None:
        """Show a text; a `fresh` one is of another thing and starts at its top, or at its end if followed."""
        follows = follow and (fresh or self._top >= len(self._lines) - self.size.height)
        top = 0 if fresh else self._top
        self.set_text(text, top=len(text.plain) if follows else top)
