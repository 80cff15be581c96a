"""The list above a line to type in: what can be typed at its cursor, each with what it means."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget

from condatui.view_models import styles
from condatui.view_models.environments.filter_values import Choice, Choices
from condatui.view_models.format import shorten_text
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.widgets.line import segments_of

_MOST = 8
"""The largest number of lines."""
_LEFT_FREE = 8
"""Lines of the screen that it leaves free: some rows of the place, and the lines around its body."""
_WIDEST = 32
"""Cells of what can be typed; the meaning follows."""


class ChoiceList(Widget):
    """Shows choices, and which one the arrow keys have reached; it never takes the keys itself."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"choices--chosen", "choices--sign"}

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._shapes = shapes_for(glyphs)
        self._ellipsis = glyphs.ellipsis
        self.offered = Choices()
        self._at: int | None = None
        """The index of the choice that the user has gone to; None before the first arrow key."""
        self._top = 0
        """The index of the first choice that is shown."""

    @property
    def chosen(self) -> Choice | None:
        """The choice that the user has gone to."""
        return None if self._at is None else self.offered.choices[self._at]

    @property
    def first(self) -> Choice | None:
        """What is taken without going anywhere: the choice that the user has gone to, or else the first."""
        return self.chosen or next(iter(self.offered.choices), None)

    def on_mount(self) -> None:
        """Start hidden."""
        self.display = False

    def offer(self, choices: Choices) -> None:
        """Show these choices; nothing is shown if there are none."""
        if choices == self.offered and self.display == bool(choices.choices):
            return
        self.offered, self._at, self._top = choices, None, 0
        self.display = bool(choices.choices)
        self.styles.height = min(_MOST, len(choices.choices), max(1, self.screen.size.height - _LEFT_FREE))
        self.refresh()

    def move(self, steps: int) -> None:
        """Go to the choice so many lines further; after the last comes the first."""
        count = len(self.offered.choices)
        if self._at is None:
            self._at = 0 if steps > 0 else count - 1
        else:
            self._at = (self._at + steps) % count
        height = int(self.styles.height.value) if self.styles.height else _MOST
        self._top = min(max(self._top, self._at - height + 1), self._at)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One choice and its meaning."""
        width, index = self.size.width, self._top + y
        if index >= len(self.offered.choices):
            return Strip.blank(width, self.rich_style)
        at = index == self._at
        style = self.get_component_rich_style("choices--chosen") if at else self.rich_style
        sign = style + self.get_component_rich_style("choices--sign", partial=True)
        lead = Segment(self._shapes.cursor if at else " ", sign if at else style)
        line = shorten_text(self._line(self.offered.choices[index]), width - 1, self._ellipsis, cut="end")
        return Strip([lead, *segments_of(line, self.app.console, style)]).crop_extend(0, width, style)

    def _line(self, choice: Choice) -> Text:
        widest = max(len(each.text) for each in self.offered.choices)
        return Text.assemble(choice.text.ljust(min(widest, _WIDEST)), "  ", (choice.meaning, styles.DIM))
