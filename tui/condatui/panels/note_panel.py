"""The line in which the user types why an environment stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from condatui.messages import KeepProposed
from condatui.panels.base import BottomPanel
from condatui_core.records.environment import Environment
from condatui_core.text import counted, sanitize


class NotePanel(BottomPanel):
    """Asks why the chosen environments stay; `enter` keeps them with that note."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, chosen: Sequence[Environment]) -> None:
        super().__init__()
        self._chosen = tuple(chosen)

    def compose(self) -> ComposeResult:
        """The question, and the note that is there already."""
        one = self._chosen[0] if len(self._chosen) == 1 else None
        subject = sanitize(one.name) if one else counted(len(self._chosen), "environment")
        with Horizontal(classes="field"):
            yield Static(Content(f"Why {subject} {'stays' if one else 'stay'}: "), classes="question")
            yield Input(one.keep.note if one and one.keep else "", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Take one line, with a cursor that does not blink: blinking would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False
        self.styles.height = 1

    def take_keys(self) -> None:
        """Focus the line."""
        self.screen.set_focus(self.query_one(Input))

    def hints(self) -> Text:
        """What the keys do."""
        return Text("enter keep  esc leave  without a note, the one that is there stays")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Propose to keep them with this note, and close."""
        event.stop()
        self.post_message(self.PanelClosed())  # first: closing clears the status line
        self.post_message(KeepProposed(self._chosen, event.value))

    def action_leave(self) -> None:
        """Close without keeping anything."""
        self.post_message(self.PanelClosed())
