"""The panel at the bottom of a place, which takes the keys until it is closed."""

from __future__ import annotations

from rich.text import Text
from textual.containers import Vertical
from textual.message import Message

from condatui.view_models import styles
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui_core.text import sanitize


def titled_rule(title: str, width: int, glyphs: Glyphs) -> Text:
    """The upper edge of a panel, with its title."""
    rule = shapes_for(glyphs).rule
    line = Text.assemble((f"{rule} ", styles.DIM), (sanitize(title), styles.STRONG), " ")
    line.truncate(max(0, width - 1))
    return line.append(rule * max(0, width - line.cell_len), styles.DIM)


class BottomPanel(Vertical):
    """Covers the lower part of a place; a dialog would redraw the whole screen."""

    class PanelClosed(Message):
        """The user closes the panel."""

        def __init__(self, notice: str = "") -> None:
            super().__init__()
            self.notice = notice
            """The result, for the status line."""

    class HintsChanged(Message):
        """The hints of the panel have changed."""

        def can_replace(self, message: Message) -> bool:
            """Drop an earlier message that is not handled yet: one redrawing shows all changes."""
            return isinstance(message, BottomPanel.HintsChanged)

    def take_keys(self) -> None:
        """Focus the widget that takes the keys."""

    def fit(self) -> None:
        """Set the height that the contents need and the screen has."""

    def hints(self) -> Text:
        """The hints for the keys of the panel, or why the last key did nothing."""
        return Text()
