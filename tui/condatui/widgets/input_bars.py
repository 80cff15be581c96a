"""The lines at the bottom in which a filter is typed or one thing is asked for."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

# The line in which a filter is typed.


class FilterBar(Horizontal):
    """Opens in place, tells every change while it is typed in, and closes with the filter kept or cleared."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", show=False),
        Binding("tab,down", "keep", show=False),
    ]

    class FilterChanged(Message):
        """The filter reads otherwise than before."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class FilterClosed(Message):
        """The user is done with the filter."""

        def __init__(self, *, kept: bool) -> None:
            super().__init__()
            self.kept = kept
            """Whether the filter stays."""

    def compose(self) -> ComposeResult:
        """The key that opened it, and the text."""
        yield Static("/")
        yield Input(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Blinking would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False
        self.display = False

    def open(self, text: str) -> None:
        """Take the keys, with the filter as it is now."""
        self.display = True
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)  # at once: the next key is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        event.stop()
        self.post_message(self.FilterChanged(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Close and leave the filter as it is."""
        self.post_message(self.FilterClosed(kept=True))

    def action_clear(self) -> None:
        """Close and show everything again."""
        self.query_one(Input).value = ""
        self.post_message(self.FilterClosed(kept=False))


# The line in which one thing is asked for, in place of the status.


class PromptBar(Horizontal):
    """Asks in place; `enter` answers and `esc` does not. It stays open until it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    class PromptAnswered(Message):
        """The user has typed an answer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class PromptLeft(Message):
        """The user wants none of it."""

    def compose(self) -> ComposeResult:
        """The question and the answer."""
        yield Static(id="question")
        yield Input(compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Blinking would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False
        self.display = False

    def ask(self, question: str, answer: str) -> None:
        """Take the keys, with an answer to start from."""
        self.display = True
        self.query_one(Static).update(Content(f"{question} "))
        field = self.query_one(Input)
        field.value = answer
        field.cursor_position = len(answer)
        self.screen.set_focus(field)  # at once: the next key is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Nobody else wants to know of every letter."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        event.stop()
        self.post_message(self.PromptAnswered(event.value))

    def action_leave(self) -> None:
        """Do not answer."""
        self.post_message(self.PromptLeft())
