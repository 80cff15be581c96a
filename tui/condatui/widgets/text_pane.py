"""Text to read, in lines that are moved through as those of a table."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from condatui.actions import bindings
from condatui.widgets.indented import wrap_indented


class TextPane(VerticalScroll, can_focus=True):
    """A text of any length."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]

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
