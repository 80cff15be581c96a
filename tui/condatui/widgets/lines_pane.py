"""Panes of text that scroll with the keys of a table: a long text, a few lines below a table, growing output."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from condatui.actions.action import LIST_BINDINGS
from condatui.widgets.line import segments_of, wrap_indented


class TextOpened(Message):
    """The user presses `enter` in a text: the place does with it what its bottom line says of that key."""


# A text of any length


class TextPane(VerticalScroll, can_focus=True):
    """A text of any length that scrolls with the keys of a table."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_BINDINGS]

    def __init__(self, *, id: str | None = None, only_to_scroll: bool = False) -> None:  # noqa: A002 - Textual's word
        """A pane that is `only_to_scroll` takes the focus only while there is more text than it shows."""
        super().__init__(id=id)
        self._only_to_scroll = only_to_scroll
        self._text = Text()

    def allow_focus(self) -> bool:
        """Whether it takes the focus: keys that would move nothing leave it to the table."""
        return super().allow_focus() and (not self._only_to_scroll or self.max_scroll_y > 0)

    @property
    def text(self) -> str:
        """The text that is shown."""
        return self._text.plain

    def compose(self) -> ComposeResult:
        """The text, in its full height."""
        yield Static()

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        self._draw()

    def set_text(self, text: Text, *, fresh: bool = False) -> None:
        """Show another text; a `fresh` one is about another thing and starts at its top."""
        if text == self._text and text.spans == self._text.spans:
            return
        self._text = text
        self._draw()
        if fresh:
            self.scroll_home(animate=False)

    def _draw(self) -> None:
        """Wrap and draw the text; continued lines are indented."""
        if (width := self.scrollable_content_region.width) > 0:
            lines = wrap_indented(self._text, self.app.console, width)
            for static in self.query(Static):
                static.update(Text("\n").join(lines))

    def action_up(self) -> None:
        """Scroll one line up."""
        self.scroll_up(animate=False)

    def action_down(self) -> None:
        """Scroll one line down."""
        self.scroll_down(animate=False)

    def action_page_up(self) -> None:
        """Scroll one page up."""
        self.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        """Scroll one page down."""
        self.scroll_page_down(animate=False)

    def action_half_page_up(self) -> None:
        """Scroll half a page up."""
        self.scroll_relative(y=-max(1, self.size.height // 2), animate=False)

    def action_half_page_down(self) -> None:
        """Scroll half a page down."""
        self.scroll_relative(y=max(1, self.size.height // 2), animate=False)

    def action_first(self) -> None:
        """Scroll to the first line."""
        self.scroll_home(animate=False)

    def action_last(self) -> None:
        """Scroll to the last line."""
        self.scroll_end(animate=False)

    def action_left(self) -> None:
        """Do nothing: the text is wrapped to the width of the pane."""

    def action_right(self) -> None:
        """Do nothing: the text is wrapped to the width of the pane."""

    def action_open(self) -> None:
        """Post that the user presses enter: a text itself opens nothing."""
        self.post_message(TextOpened())


# A few lines below a table, which change with each move of its cursor


_NO_LINE = Text()


class LinesPane(Widget, can_focus=True):
    """A wrapped text of which only the lines that differ are redrawn; it scrolls with the keys of a table."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_BINDINGS]

    class Scrolled(Message):
        """Another part of the text is visible."""

    def __init__(self, *, id: str | None = None, only_to_scroll: bool = False) -> None:  # noqa: A002 - Textual's word
        """A pane that is `only_to_scroll` takes the focus only while there is more text than it shows."""
        super().__init__(id=id)
        self._only_to_scroll = only_to_scroll
        self._text = Text()
        self._lines: list[Text] = []
        self._wrapped_for = 0
        """The width that the lines are wrapped to."""
        self._top = 0

    @property
    def text(self) -> str:
        """The text that is shown."""
        return self._text.plain

    def allow_focus(self) -> bool:
        """Whether it takes the focus: keys that would move nothing leave it to the table."""
        return super().allow_focus() and (not self._only_to_scroll or len(self._lines) > self.size.height)

    @property
    def ends_below(self) -> bool:
        """Whether there is more of the text below what is visible."""
        return 0 < self.size.height < len(self._lines) - self._top

    def set_text(self, text: Text, *, top: int = 0) -> None:
        """Show another text from its line `top` on, or from as far down as fills the pane."""
        before = self._visible_lines()
        self._text = text
        self._rewrap()
        self._top = max(0, min(top, len(self._lines) - self.size.height))
        for y, (old, new) in enumerate(zip_longest(before, self._visible_lines(), fillvalue=_NO_LINE)):
            if old.plain != new.plain or old.spans != new.spans:
                self._refresh_line(y, max(cell_len(old.plain), cell_len(new.plain)))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part, wrapped for the width of the pane: at another one, Textual draws before it tells."""
        if self._wrapped_for != self.size.width:
            self._rewrap()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        lines, style = self._visible_lines(), self.rich_style
        text = lines[y] if y < len(lines) else _NO_LINE
        return Strip(segments_of(text, self.app.console, style)).crop_extend(0, self.size.width, style)

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        self._rewrap()
        self._scroll_by(0)
        self.refresh()
        self.post_message(self.Scrolled())

    def action_up(self) -> None:
        """Scroll one line up."""
        self._scroll_by(-1)

    def action_down(self) -> None:
        """Scroll one line down."""
        self._scroll_by(1)

    def action_page_up(self) -> None:
        """Scroll one page up."""
        self._scroll_by(-self.size.height)

    def action_page_down(self) -> None:
        """Scroll one page down."""
        self._scroll_by(self.size.height)

    def action_half_page_up(self) -> None:
        """Scroll half a page up."""
        self._scroll_by(-max(1, self.size.height // 2))

    def action_half_page_down(self) -> None:
        """Scroll half a page down."""
        self._scroll_by(max(1, self.size.height // 2))

    def action_first(self) -> None:
        """Scroll to the first line."""
        self._scroll_by(-len(self._lines))

    def action_last(self) -> None:
        """Scroll to the last line."""
        self._scroll_by(len(self._lines))

    def action_left(self) -> None:
        """Do nothing: the text is wrapped to the width of the pane."""

    def action_right(self) -> None:
        """Do nothing: the text is wrapped to the width of the pane."""

    def action_open(self) -> None:
        """Post that the user presses enter: a text itself opens nothing."""
        self.post_message(TextOpened())

    def _rewrap(self) -> None:
        self._wrap()
        self._wrapped_for = self.size.width

    def _wrap(self) -> None:
        self._lines = self.lines_of(self._text, max(1, self.size.width)) if self._text else []

    def lines_of(self, text: Text, width: int) -> list[Text]:
        """Wrap a text to lines of at most this width."""
        return [*text.wrap(self.app.console, width)]

    def _visible_lines(self) -> list[Text]:
        return self._lines[self._top : self._top + self.size.height]

    def _scroll_by(self, lines: int) -> None:
        top = max(0, min(self._top + lines, len(self._lines) - self.size.height))
        if top != self._top:
            self._top = top
            self.refresh()
            self.post_message(self.Scrolled())

    def _refresh_line(self, y: int, width: int) -> None:
        self.refresh(Region(0, y, min(width, self.size.width), 1))


# Output that grows at its end


class OutputPane(LinesPane):
    """Follows the end of a growing text, unless the user has scrolled up to read."""

    def lines_of(self, text: Text, width: int) -> list[Text]:
        """Wrap a text; continued lines are indented."""
        return wrap_indented(text, self.app.console, width)

    def show_output(self, text: Text, *, fresh: bool, follow: bool) -> None:
        """Show a text; a `fresh` one is about another thing and starts at its top, or at its end with `follow`."""
        follows = follow and (fresh or self._top >= len(self._lines) - self.size.height)
        top = 0 if fresh else self._top
        self.set_text(text, top=len(text.plain) if follows else top)
