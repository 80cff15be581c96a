"""What is shown in place of a place that has failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction
from condatui.actions.registry import bindings
from condatui.screens.place import PlaceScreen
from condatui.view_models import styles
from condatui.widgets.lines_pane import TextPane
from condatui_core.errors import CondatuiError
from condatui_core.text import sanitize


class FailureScreen(PlaceScreen):
    """Says what has failed and names the log; the other places and the jobs go on."""

    PLACE = "failure"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("failure")]

    _failure = CondatuiError("")
    _back = "environments"

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; the line of keys names the one that leaves it."""
        shown = (action for action in super().actions if action.id != "list.open")
        return (replace(action, hint="back") if action.id == "back" else action for action in shown)

    def compose_body(self) -> ComposeResult:
        """The message."""
        yield TextPane(id="failure")

    def on_mount(self) -> None:
        """Focus the message."""
        self.focus_body()

    def focus_body(self) -> None:
        """Focus the message."""
        self.query_one(TextPane).focus()

    def tell(self, failure: CondatuiError, back: str) -> None:
        """Show a failure; `back` is the place to go back to."""
        self._failure, self._back = failure, back
        title = (f"{self.session.glyphs.error} {sanitize(failure.title)}", styles.ERROR)
        details = "\n".join(f"  {sanitize(line)}" for line in f"{failure.detail}\n{failure.hint}".splitlines())
        rest = f"Jobs and marks are as they were. {self.session.key('back')} goes back to the place."
        self.query_one(TextPane).set_text(Text.assemble(title, f"\n{details}\n\n{rest}"), fresh=True)

    def action_copy(self) -> None:
        """Copy the message."""
        self.copy(str(self._failure))

    def action_back(self) -> None:
        """Leave the help, or go back to the place."""
        if self.help_is_open:
            self.close_help()
        else:
            self.app.switch_mode(self._back)
