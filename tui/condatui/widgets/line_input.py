"""The line to type in, of filters, questions and forms: each key takes effect after the one before it."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input

_NOT_HERE = frozenset(("enter", "ctrl+c"))
"""What leads on, or out: it is left to whatever holds the line."""
_EDITING = {
    key.strip(): binding.action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
    if key.strip() not in _NOT_HERE
}
"""By key, the action that moves the cursor, or deletes something."""


class LineInput(Input):
    """A line whose cursor does not blink, which would keep sending over a slow line.

    Keys that edit take effect at once. As bindings they come back from the app later than the letters that follow them,
    where all arrive together: after `ab`, backspace and `c`, the `c` would be gone.
    """

    def __init__(self, value: str = "", placeholder: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(value, placeholder, compact=True, select_on_focus=False, id=id)
        self.set_reactive(Input.cursor_blink, False)

    async def _on_key(self, event: events.Key) -> None:
        if action := _EDITING.get(event.key):
            event.stop()
            event.prevent_default()
            await self.run_action(action)
        else:
            await super()._on_key(event)
