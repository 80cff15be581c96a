"""Text that grows at its end, and is followed there."""

from __future__ import annotations

from rich.text import Text

from condatui.widgets.indented import wrap_indented
from condatui.widgets.lines_pane import LinesPane


class OutputPane(LinesPane):
    """Shows what is new at the end, unless the user has moved up to read."""

    def lines_of(self, text: Text, width: int) -> list[Text]:
        """What goes on below stands further in."""
        return wrap_indented(text, self.app.console, width)

    def show_output(self, text: Text, *, fresh: bool, follow: bool) -> None:
        """Show a text; a `fresh` one is of another thing and starts at its top, or at its end if followed."""
        follows = follow and (fresh or self._top >= len(self._lines) - self.size.height)
        top = 0 if fresh else self._top
        self.set_text(text, top=len(text.plain) if follows else top)
