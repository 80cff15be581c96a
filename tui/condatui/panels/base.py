"""What opens at the bottom of a place and takes the keys until it is left."""

from __future__ import annotations

from rich.text import Text
from textual.containers import Vertical
from textual.message import Message


class BottomPanel(Vertical):
    """Lies over the lower part of a place, which stays as it is: a dialog would draw the whole screen anew."""

    class PanelClosed(Message):
        """The user is done with the panel."""

        def __init__(self, notice: str = "") -> None:
            super().__init__()
            self.notice = notice
            """What came of it, for the status line."""

    class HintsChanged(Message):
        """Other keys do something now."""

        def can_replace(self, message: Message) -> bool:
            """One look at the panel sees them all."""
            return isinstance(message, BottomPanel.HintsChanged)

    def take_keys(self) -> None:
        """Let the keys go where they do something."""

    def fit(self) -> None:
        """Be as tall as there is need and room for."""

    def hints(self) -> Text:
        """What the keys do here, or why they do not."""
        return Text()
