"""A few fields at the bottom of a place."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click, DescendantFocus, Key
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from condatui.view_models.form import Answers, ChoiceField, Field, Form, TextField, words_of
from condatui.view_models.format import shorten_middle
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.widgets.line import segments_of

# One of a few, chosen by the arrow keys on one line.


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

    class ChoiceChanged(Message):
        """Another one is chosen."""

    def __init__(self, field: ChoiceField, signs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
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
            self.post_message(self.ChoiceChanged())

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


class FormBar(Vertical):
    """A line a field. It tells every change, and when the user goes on or leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Handled before the next key is looked at: over a slow line a key and what is typed after it arrive together.
        Binding("tab,down", "next", show=False, priority=True),
        Binding("shift+tab,up", "previous", show=False, priority=True),
        Binding("enter", "answer", show=False),
        Binding("escape", "leave", show=False),
    ]

    class FormChanged(Message):
        """An answer is another one than before."""

    class FormAnswered(Message):
        """The user goes on with the answers as they are."""

    class FormLeft(Message):
        """The user wants none of it."""

    def __init__(self, form: Form, signs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._form = form
        self._signs = signs
        self._touched: set[str] = set()
        """The text fields whose answer the user has typed: it follows from nothing any more."""
        self._given = dict(form.answers)
        """What the text fields say without the user."""
        self._last: Widget | None = None
        """Where the keys went last."""

    def compose(self) -> ComposeResult:
        """A label and an answer a line."""
        for field in self._form.fields:
            with Horizontal(classes="field", id=f"row-{field.id}"):
                yield Static(Content(field.label), classes="label")
                yield self._answer(field)

    def _answer(self, field: Field) -> Widget:
        if not isinstance(field, TextField):
            return ChoiceLine(field, self._signs, id=f"field-{field.id}")
        answer = Input(field.value, field.example, compact=True, select_on_focus=False, id=f"field-{field.id}")
        answer.cursor_blink = False  # blinking would keep sending over a slow line
        return answer

    @property
    def answers(self) -> Answers:
        """What the fields say now."""
        return {field.id: self._value(field.id) for field in self._form.fields}

    def on_mount(self) -> None:
        """Hide what is not asked for from the start."""
        self.show_form(self._form)

    @property
    def row_count(self) -> int:
        """How many lines there are to see."""
        return sum(1 for row in self.query(".field") if row.display)

    def show_form(self, form: Form) -> None:
        """Show the same form as it is now: other fields may be hidden, and answers that nobody has typed follow."""
        for field in form.fields:
            self.query_one(f"#row-{field.id}").display = field.id not in form.hidden
            if isinstance(field, TextField) and field.id not in self._touched:
                self._given[field.id] = field.value
                _fill(self.query_one(f"#field-{field.id}", Input), field.value)

    def take_keys(self) -> None:
        """Let the keys go to where they were last; before that, to the field that most want to change."""
        first = self._last or (self.query_one(f"#field-{self._form.first}") if self._form.first else None)
        self.screen.set_focus(first or self._answers_in_sight()[0])  # at once: the next key is meant for it
        if isinstance(first, Input) and self._last is None:
            first.action_select_all()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Remember where the keys go."""
        self._last = event.widget

    def on_input_changed(self, event: Input.Changed) -> None:
        """Whoever types in a field means it."""
        event.stop()
        name = (event.input.id or "").removeprefix("field-")
        if event.value != self._given[name]:
            self._touched.add(name)
        self.post_message(self.FormChanged())

    def on_choice_line_choice_changed(self, event: ChoiceLine.ChoiceChanged) -> None:
        """Another choice."""
        event.stop()
        self.post_message(self.FormChanged())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on."""
        event.stop()
        self.action_answer()

    def action_answer(self) -> None:
        """Go on with the answers as they are."""
        self.post_message(self.FormAnswered())

    def action_leave(self) -> None:
        """Want none of it."""
        self.post_message(self.FormLeft())

    def action_next(self) -> None:
        """The keys go to the next field; the last is followed by the first."""
        self._move(1)

    def action_previous(self) -> None:
        """The keys go to the field before."""
        self._move(-1)

    def _move(self, steps: int) -> None:
        fields = self._answers_in_sight()
        focused = self.screen.focused  # a widget itself hears of it only later
        at = next((index for index, each in enumerate(fields) if each is focused), -1)
        self.screen.set_focus(fields[(at + steps) % len(fields)])

    def _answers_in_sight(self) -> list[Widget]:
        rows = [row for row in self.query(".field") if row.display]
        return [row.children[1] for row in rows]

    def _value(self, id: str) -> str:  # noqa: A002 - the identity of a field
        answer = self.query_one(f"#field-{id}")
        return answer.value if isinstance(answer, Input | ChoiceLine) else ""


def _fill(answer: Input, value: str) -> None:
    if answer.value != value:
        with answer.prevent(Input.Changed):
            answer.value = value
        answer.cursor_position = len(value)
