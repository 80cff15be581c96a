"""The line in which the user names the file that describes an environment."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from condatui.messages import VerifyProposed
from condatui.panels.base import BottomPanel
from condatui_core.records.environment import Environment
from condatui_core.text import sanitize


class FilePanel(BottomPanel):
    """Asks which file an environment is held against; `enter` does that, and the file is remembered."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, environment: Environment, file: str) -> None:
        """`file` is the one that is offered; empty if none is remembered."""
        super().__init__()
        self._environment = environment
        self._file = file if file == sanitize(file) else ""  # what cannot be typed cannot be offered

    def compose(self) -> ComposeResult:
        """The question, and the file that is remembered."""
        with Horizontal(classes="field"):
            yield Static(Content(f"Verify {sanitize(self._environment.name)} against the file: "), classes="question")
            yield Input(self._file, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Take one line, with a cursor that does not blink: blinking would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False
        self.styles.height = 1

    def take_keys(self) -> None:
        """Focus the line."""
        self.screen.set_focus(self.query_one(Input))

    def hints(self) -> Text:
        """What the keys do."""
        return Text("enter verify  esc leave  environment.yml, an explicit list, a lock file, requirements.txt")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Propose to verify against this file, and close."""
        event.stop()
        if file := event.value.strip():
            self.post_message(self.PanelClosed())  # first: closing clears the status line
            self.post_message(VerifyProposed(self._environment, file))

    def action_leave(self) -> None:
        """Close without verifying anything."""
        self.post_message(self.PanelClosed())
