"""A plan to read, and the key or the word that has it carried out."""

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
from condatui.widgets.lines_pane import LinesPane


class PlanView(Vertical):
    """`enter` goes on, after a word was typed if one is wanted; `esc` leaves it, and the lines can be moved through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab,shift+tab", "switch", show=False),
        Binding("y", "copy", show=False, id="copy"),
    ]

    class Accepted(Message):
        """The user wants it done."""

        def __init__(self, typed: str) -> None:
            super().__init__()
            self.typed = typed
            """The word, where one is wanted."""

    class Copied(Message):
        """The user wants the commands on the clipboard."""

    class PlanLeft(Message):
        """The user wants none of it."""

    class Lines(LinesPane):
        """The plan; opening it is to go on."""

        def lines_of(self, text: Text, width: int) -> list[Text]:
            """What goes on below stands further in."""
            return wrap_indented(text, self.app.console, width)

        def action_open(self) -> None:
            """Go on."""
            self.post_message(PlanView.Accepted(""))

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._text = Text()

    def compose(self) -> ComposeResult:
        """The plan, and below it the line for the word."""
        yield self.Lines(id="plan-lines")
        with Horizontal(id="plan-confirm"):
            yield Static(id="plan-question")
            yield Input(compact=True, select_on_focus=False, id="plan-word")

    def on_mount(self) -> None:
        """No word is wanted yet, and blinking would keep sending over a slow line."""
        self.query_one("#plan-confirm").display = False
        self.query_one("#plan-word", Input).cursor_blink = False

    @property
    def text(self) -> str:
        """What stands there."""
        return self.query_one(LinesPane).text

    @property
    def asks_for_word(self) -> bool:
        """Whether a key is not enough."""
        return bool(self.query_one("#plan-confirm").display)

    def needed(self, width: int) -> int:
        """How many lines it takes to show all of it."""
        pane = self.query_one(self.Lines)
        return len(pane.lines_of(self._text, max(1, width))) + self.asks_for_word

    def show(self, text: Text, *, word: str = "") -> None:
        """Show a plan, or why there is none; `word`, if there is one, has to be typed to go on."""
        self._text = text
        self.query_one(LinesPane).set_text(text)
        self.query_one("#plan-confirm").display = bool(word)
        if word:
            self.query_one("#plan-question", Static).update(Content(f"Type {word} to go on: "))
            self.query_one("#plan-word", Input).value = ""

    def take_keys(self) -> None:
        """The keys go to the word if one is wanted, else to the lines."""
        self.screen.set_focus(self.query_one("#plan-word") if self.asks_for_word else self.query_one(LinesPane))

    def action_switch(self) -> None:
        """From the word to the lines, to move through them, and back."""
        if self.asks_for_word and self.screen.focused is self.query_one(LinesPane):
            self.take_keys()
        else:
            self.screen.set_focus(self.query_one(LinesPane))

    def action_copy(self) -> None:
        """Ask for the commands."""
        self.post_message(self.Copied())

    def action_leave(self) -> None:
        """Want none of it."""
        self.post_message(self.PlanLeft())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Nobody else wants to know of every letter."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on, if that is the word."""
        event.stop()
        self.post_message(self.Accepted(event.value))
