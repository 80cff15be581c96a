"""The bottom lines in which the user types a filter or answers one question."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

# The filter


class FilterBar(Horizontal):
    """Replaces the status line, posts each change of the filter, and closes with the filter kept or cleared."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", show=False),
        Binding("tab,down", "keep", show=False),
    ]

    class FilterChanged(Message):
        """The text of the filter has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class FilterClosed(Message):
        """The user closes the filter."""

        def __init__(self, *, kept: bool) -> None:
            super().__init__()
            self.kept = kept
            """Whether the filter stays."""

    def compose(self) -> ComposeResult:
        """The key that opens the filter, and the text."""
        yield Static("/")
        yield Input(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Start hidden, with a cursor that does not blink: blinking would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False
        self.display = False

    def open(self, text: str) -> None:
        """Show and focus the line, filled with the current filter."""
        self.display = True
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)  # at once: the next key is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply the filter while the user types."""
        event.stop()
        self.post_message(self.FilterChanged(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Close and keep the filter."""
        self.post_message(self.FilterClosed(kept=True))

    def action_clear(self) -> None:
        """Close and clear the filter."""
        self.query_one(Input).value = ""
        self.post_message(self.FilterClosed(kept=False))


# One question in place of the status


class PromptBar(Horizontal):
    """Replaces the status line; `enter` answers and `esc` does not. The screen hides it again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    class PromptAnswered(Message):
        """The user has typed an answer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class PromptLeft(Message):
        """The user leaves the question without an answer."""

    def compose(self) -> ComposeResult:
        """The question and the answer."""
        yield Static(id="question")
        yield Input(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Start hidden, with a cursor that does not blink: blinking would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False
        self.display = False

    def ask(self, question: str, answer: str) -> None:
        """Show and focus the question, with a suggested answer."""
        self.display = True
        self.query_one(Static).update(Content(f"{question} "))
        field = self.query_one(Input)
        field.value = answer
        field.cursor_position = len(answer)
        self.screen.set_focus(field)  # at once: the next key is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep each typed letter from the screen."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Post the answer."""
        event.stop()
        self.post_message(self.PromptAnswered(event.value))

    def action_leave(self) -> None:
        """Leave the question without an answer."""
        self.post_message(self.PromptLeft())
