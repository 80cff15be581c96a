"""The line that waits for the key that an action shall have."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widgets import Static

from condatui.actions.action import KeyAction
from condatui.actions.keymap import TAKEN_BY_TERMINALS, Keymap, check_reserved, key_label
from condatui.panels.base import BottomPanel
from condatui.view_models import styles
from condatui_core.settings import SettingError
from condatui_core.text import some_of


class _KeyField(Static, can_focus=True):
    """Takes every key that reaches the terminal, whatever it does elsewhere."""

    class Pressed(Message):
        """A key was pressed."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def on_key(self, event: Key) -> None:
        """Keep the key from everything else."""
        event.stop()
        event.prevent_default()
        self.post_message(self.Pressed(event.key))


class KeyPanel(BottomPanel):
    """Waits for one key; a key that means something else there is named, and pressed again it is exchanged."""

    class KeyChosen(Message):
        """The user has chosen a key."""

        def __init__(self, action: KeyAction, key: str, *, add: bool) -> None:
            super().__init__()
            self.action = action
            self.key = key
            self.add = add

    def __init__(self, action: KeyAction, keymap: Keymap, *, add: bool) -> None:
        """`add` leaves the action the keys that it has."""
        super().__init__()
        self._action = action
        self._keymap = keymap
        self._add = add
        self._warned_of = ""
        """The key that means something else, which the user has been told."""
        self._again = ""
        """What pressing it again does."""

    def compose(self) -> ComposeResult:
        """What is asked for, and what stands against the key that was pressed."""
        how = "Another key" if self._add else "The new key"
        yield _KeyField(Content(f"{how} for {self._action.title}: press it"), classes="question")
        yield Static(id="key-warning")

    def take_keys(self) -> None:
        """Take every key."""
        self.screen.set_focus(self.query_one(_KeyField))

    def hints(self) -> Text:
        """What pressing the key again does, and how to leave it."""
        return Text(f"{self._again or 'press the key'}  esc leave")

    def on__key_field_pressed(self, event: _KeyField.Pressed) -> None:
        """Take the key, or say why not."""
        event.stop()
        if event.key == "escape":
            self.post_message(self.PanelClosed())
            return
        if event.key != self._warned_of and (warning := self._against(event.key)):
            self.query_one("#key-warning", Static).update(Text(warning, styles.WARNING))
            self.post_message(self.HintsChanged())
            return
        self.post_message(self.PanelClosed())
        self.post_message(self.KeyChosen(self._action, event.key, add=self._add))

    def _against(self, key: str) -> str:
        """What stands against a key; empty for a free one. It counts once, except for a reserved key."""
        label = key_label(key)
        self._warned_of, self._again = "", ""
        try:
            check_reserved(self._action, key)
        except SettingError as error:
            return error.title
        if clashes := self._keymap.clashes(self._action, key):
            named = some_of([f"{each.title} ({each.id})" for each in clashes])
            how = "takes it away there" if self._add else "exchanges their keys"
            warning, again = f"{label} is {named}.", f"{label} again {how}"
        elif key in TAKEN_BY_TERMINALS:
            warning = f"{label} may never arrive: tmux, screen or terminals take it."
            again = f"{label} again takes it all the same"
        else:
            return ""
        self._warned_of, self._again = key, again
        return warning
