"""One of a few, chosen by the arrow keys on one line."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click, Key
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from condatui.view_models.form import ChoiceField, words_of
from condatui.view_models.signs import Signs
from condatui.view_models.units import shorten_middle
from condatui.widgets.segments import segments_of
from condatui.widgets.shapes import shapes_for

_LEAST = 12
"""Cells that the words keep, however narrow the line is."""


class ChoiceLine(Widget, can_focus=True):
    """Shows what is chosen; left, right and space choose another, a letter goes to the next that begins with it."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", show=False),
        Binding("right,space", "turn(1)", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice--chosen", "choice--focused"}

    class Changed(Message):
        """Another one is chosen."""

    def __init__(self, field: ChoiceField, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._field = field
        self._shapes = shapes_for(signs)
        self._ellipsis = signs.ellipsis
        self.value = field.value

    @property
    def text(self) -> str:
        """What stands there."""
        return self._line().plain

    def render_line(self, y: int) -> Strip:
        """What is chosen, between the signs of what the arrows do."""
        style = self.rich_style
        line = self._line() if y == 0 else Text()
        return Strip(segments_of(line, self.app.console, style)).crop_extend(0, self.size.width, style)

    def _line(self) -> Text:
        chosen = self.get_component_rich_style("choice--focused" if self.has_focus else "choice--chosen", partial=True)
        words = words_of(self._field, self.value)
        place = f" {self._index + 1}/{len(self._field.choices)}" if len(self._field.choices) > 2 else ""
        room = self.size.width - len(f"{self._shapes.left}  {self._shapes.right}{place}")
        words = shorten_middle(words, max(room, _LEAST), self._ellipsis)
        return Text.assemble(
            (f"{self._shapes.left} ", "dim"), (words, chosen), (f" {self._shapes.right}", "dim"), (place, "dim")
        )

    @property
    def _index(self) -> int:
        values = [value for value, _ in self._field.choices]
        return values.index(self.value) if self.value in values else 0

    def _choose(self, index: int) -> None:
        value = self._field.choices[index % len(self._field.choices)][0]
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Changed())

    def action_turn(self, steps: int) -> None:
        """Choose the one so many further; the last is followed by the first."""
        self._choose(self._index + steps)

    def on_key(self, event: Key) -> None:
        """Go to the next that begins with a letter."""
        letter = event.character
        if letter is None or not letter.isalnum():
            return
        event.stop()
        count = len(self._field.choices)
        after = (index % count for index in range(self._index + 1, self._index + 1 + count))
        wanted = (index for index in after if self._field.choices[index][1].lower().startswith(letter.lower()))
        self._choose(next(wanted, self._index))

    def on_click(self, event: Click) -> None:
        """Choose the next."""
        event.stop()
        self.focus()
        self.action_turn(1)

    def watch_has_focus(self, value: bool) -> None:
        """Show whether the keys go here."""
        super().watch_has_focus(value)
        self.refresh()
