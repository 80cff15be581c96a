"""A plan, and the key or the typed word that confirms it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from condatui.widgets.line import wrap_indented
from condatui.widgets.line_input import LineInput
from condatui.widgets.lines_pane import LinesPane


class PlanView(Vertical):
    """`enter` confirms the plan, after the user has typed a word if it demands one; `esc` leaves; the lines scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab,shift+tab", "switch", show=False),
        Binding("y", "copy", show=False, id="copy"),
        Binding("space", "switch_request", show=False, id="environments.mark"),
    ]

    class Accepted(Message):
        """The user confirms the plan."""

        def __init__(self, typed: str) -> None:
            super().__init__()
            self.typed = typed
            """The typed word; empty if the plan demands none."""

    class Copied(Message):
        """The user asks for the commands on the clipboard."""

    class Switched(Message):
        """The user asks for the plan with what it leaves out, or without what it takes along."""

    class PlanLeft(Message):
        """The user leaves the plan without confirming it."""

    class Lines(LinesPane):
        """The lines of the plan; `enter` confirms it."""

        def lines_of(self, text: Text, width: int) -> list[Text]:
            """Wrap a text; continued lines are indented."""
            return wrap_indented(text, self.app.console, width)

        def action_open(self) -> None:
            """Confirm the plan."""
            self.post_message(PlanView.Accepted(""))

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._text = Text()

    def compose(self) -> ComposeResult:
        """The plan and, below it, the line for the word."""
        yield self.Lines(id="plan-lines")
        with Horizontal(id="plan-confirm"):
            yield Static(id="plan-question")
            yield LineInput(id="plan-word")

    def on_mount(self) -> None:
        """Hide the line for the word."""
        self.query_one("#plan-confirm").display = False

    @property
    def text(self) -> str:
        """The text that is shown."""
        return self.query_one(LinesPane).text

    @property
    def asks_for_word(self) -> bool:
        """Whether the user has to type a word."""
        return bool(self.query_one("#plan-confirm").display)

    @property
    def ends_below(self) -> bool:
        """Whether there is more of the plan below what is visible."""
        return self.query_one(LinesPane).ends_below

    def needed_height(self, width: int) -> int:
        """The height in lines that shows all of it at a width in cells."""
        pane = self.query_one(self.Lines)
        return len(pane.lines_of(self._text, max(1, width))) + self.asks_for_word

    def show(self, text: Text, *, word: str = "") -> None:
        """Show a plan, or why there is none; the user has to type `word`, unless it is empty."""
        self._text = text
        self.query_one(LinesPane).set_text(text)
        self.query_one("#plan-confirm").display = bool(word)
        if word:
            self.query_one("#plan-question", Static).update(Content(f"Type {word} to go on: "))
            self.query_one("#plan-word", Input).value = ""

    def take_keys(self) -> None:
        """Focus the line for the word if there is one, else the plan."""
        self.screen.set_focus(self.query_one("#plan-word") if self.asks_for_word else self.query_one(LinesPane))

    def action_switch(self) -> None:
        """Move the focus from the word to the plan, to scroll it, and back."""
        if self.asks_for_word and self.screen.focused is self.query_one(LinesPane):
            self.take_keys()
        else:
            self.screen.set_focus(self.query_one(LinesPane))

    def action_copy(self) -> None:
        """Post that the user asks for the commands."""
        self.post_message(self.Copied())

    def action_switch_request(self) -> None:
        """Post that the user asks for the other plan."""
        self.post_message(self.Switched())

    def action_leave(self) -> None:
        """Leave the plan."""
        self.post_message(self.PlanLeft())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep each typed letter from the screen."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Post the typed word."""
        event.stop()
        self.post_message(self.Accepted(event.value))
