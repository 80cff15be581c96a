"""What the places that ask for a line of text have in common: the question, which replaces the status line."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult

from condatui.screens.place import PlaceScreen
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.format import shorten_text
from condatui.widgets.input_bars import PromptBar
from condatui.widgets.line import Line
from condatui_core.text import sanitize


class PromptingPlace(PlaceScreen):
    """A place that asks for one thing; `prompt_help` and what becomes of the answer are its own."""

    prompt_help = ""
    """What can be typed, and the keys that take and leave it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._refusal = ""
        """Why the answer is not taken."""

    def compose_status(self) -> ComposeResult:
        """The status, and the question that replaces it."""
        yield Line(id="status")
        yield PromptBar(id="prompt")

    @property
    def is_asking(self) -> bool:
        """Whether the user is typing an answer."""
        return self.query_one(PromptBar).display

    def ask(self, question: str, answer: str, *, edited: bool = False) -> None:
        """Replace the status line by a question, with an answer that what is typed replaces unless it is `edited`."""
        self._refusal = ""
        self.query_one("#status").display = False
        self.query_one(PromptBar).ask(question, answer, edited=edited)
        self.draw_bottom()

    def refuse(self, why: str) -> None:
        """Say why the answer is not taken; the question stays."""
        self._refusal = why
        self.draw_bottom()

    @on(PromptBar.PromptLeft)
    def close_prompt(self) -> None:
        """Show the status line again, and focus the body."""
        self.query_one(PromptBar).display = False
        self.query_one("#status").display = True
        self.focus_body()
        self.draw_bottom()

    def hints(self, width: int) -> Text:
        """The hints; while the user types, what can be typed or why it is refused."""
        if not self.is_asking:
            return super().hints(width)
        text = Text(sanitize(self._refusal), styles.WARNING) if self._refusal else Text(self.prompt_help)
        return shorten_text(text, width, self.session.glyphs.ellipsis)
