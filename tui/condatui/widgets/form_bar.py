"""A form at the bottom of a place: one field on each line."""

from __future__ import annotations

from collections.abc import Sequence
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

from condatui.view_models import styles
from condatui.view_models.form import Answers, ChoiceField, Field, Form, TextField, choice_label
from condatui.view_models.format import shorten_middle
from condatui.view_models.glyphs import Glyphs, shapes_for
from condatui.widgets.input_bars import ready_to_be_replaced
from condatui.widgets.line import segments_of
from condatui.widgets.line_input import LineInput

# A choice on one line, made with the arrow keys


_LEAST = 12
"""Cells that the chosen label keeps, however narrow the line is."""


_STEPS = {"left": -1, "right": 1, "space": 1}
"""By key, how many values it goes on."""


class ChoiceLine(Widget, can_focus=True):
    """Shows the chosen value; left, right and space choose another, a letter the next that begins with it.

    Among many values, what is typed finds those that have it in their labels, and the keys go from one to the next.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice--chosen", "choice--focused"}

    class ChoiceChanged(Message):
        """The user has chosen another value."""

    def __init__(self, field: ChoiceField, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._field = field
        self._shapes = shapes_for(glyphs)
        self._ellipsis = glyphs.ellipsis
        self.value = field.value
        self._typed = ""
        """What a label must have in it, where values are found by typing."""

    @property
    def text(self) -> str:
        """What the line shows."""
        return self._line().plain

    def render_line(self, y: int) -> Strip:
        """The chosen value between two arrows."""
        style = self.rich_style
        line = self._line() if y == 0 else Text()
        return Strip(segments_of(line, self.app.console, style)).crop_extend(0, self.size.width, style)

    def _line(self) -> Text:
        chosen = self.get_component_rich_style("choice--focused" if self.has_focus else "choice--chosen", partial=True)
        label = choice_label(self._field, self.value)
        place = self._place()
        room = self.size.width - len(f"{self._shapes.left}  {self._shapes.right}{place}")
        label = shorten_middle(label, max(room, _LEAST), self._ellipsis)
        return Text.assemble(
            (f"{self._shapes.left} ", styles.DIM),
            (label, chosen),
            (f" {self._shapes.right}", styles.DIM),
            (place, styles.DIM),
        )

    def _place(self) -> str:
        """Which of how many it is, and what they were found by."""
        shown = self._found(self._typed)
        place = f" {self._index + 1}/{len(shown)}" if len(self._field.choices) > 2 else ""
        if not self._field.find or not self.has_focus:
            return place
        return f"{place} with `{self._typed}`" if self._typed else f"{place}  type to find"

    def _found(self, typed: str) -> Sequence[tuple[str, str]]:
        """The values whose labels have this in them, those first that begin with it; all for an empty text."""
        wanted = typed.casefold()
        found = [each for each in self._field.choices if wanted in each[1].casefold()]
        return sorted(found, key=lambda each: not each[1].casefold().startswith(wanted)) if wanted else found

    @property
    def _index(self) -> int:
        values = [value for value, _ in self._found(self._typed)]
        return values.index(self.value) if self.value in values else 0

    def _choose(self, index: int) -> None:
        shown = self._found(self._typed)
        value = shown[index % len(shown)][0]
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.ChoiceChanged())

    def action_turn(self, steps: int) -> None:
        """Choose the value so many steps further; after the last comes the first."""
        self._choose(self._index + steps)

    def on_key(self, event: Key) -> None:
        """Turn, or choose the next value that begins with the typed letter.

        A binding would be looked up where the focus is by then: tab, which may arrive at the same time, has moved it.
        """
        if steps := _STEPS.get(event.key):
            event.stop()
            self.action_turn(steps)
            return
        letter = event.character
        if self._field.find and (event.key == "backspace" or (letter and letter.isprintable())):
            event.stop()
            self._find(self._typed[:-1] if event.key == "backspace" else self._typed + (letter or ""))
            return
        if letter is None or not letter.isalnum():
            return
        event.stop()
        count = len(self._field.choices)
        after = (index % count for index in range(self._index + 1, self._index + 1 + count))
        wanted = (index for index in after if self._field.choices[index][1].lower().startswith(letter.lower()))
        self._choose(next(wanted, self._index))

    def _find(self, typed: str) -> None:
        """Choose the first value with this in its label; what no label has in it is not taken."""
        if self._found(typed):
            self._typed = typed
            if typed:
                self._choose(0)
            self.refresh()

    def on_click(self, event: Click) -> None:
        """Choose the next value."""
        event.stop()
        self.focus()
        self.action_turn(1)

    def watch_has_focus(self, value: bool) -> None:
        """Show whether this line has the focus."""
        super().watch_has_focus(value)
        self._typed = ""
        self.refresh()


class FormBar(Vertical):
    """One line for each field; posts each change, and that the user confirms or leaves the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority bindings act before the next key is read: over a slow line, keys arrive together.
        Binding("tab,down", "next", show=False, priority=True),
        Binding("shift+tab,up", "previous", show=False, priority=True),
        Binding("enter", "answer", show=False),
        Binding("escape", "leave", show=False),
    ]

    class FormChanged(Message):
        """An answer has changed."""

    class FormAnswered(Message):
        """The user confirms the answers."""

    class FormLeft(Message):
        """The user leaves the form without confirming."""

    def __init__(self, form: Form, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._form = form
        self._glyphs = glyphs
        self._touched: set[str] = set()
        """The text fields that the user has edited: their answers no longer follow from other answers."""
        self._given = dict(form.answers)
        """By text field, the answer that the form suggests."""
        self._last: Widget | None = None
        """The widget that had the focus last."""

    def compose(self) -> ComposeResult:
        """On each line, a label and an answer."""
        for field in self._form.fields:
            with Horizontal(classes="field", id=f"row-{field.id}"):
                yield Static(Content(field.label), classes="label")
                yield self._answer(field)

    def _answer(self, field: Field) -> Widget:
        if not isinstance(field, TextField):
            return ChoiceLine(field, self._glyphs, id=f"field-{field.id}")
        return ready_to_be_replaced(LineInput(field.value, field.example, id=f"field-{field.id}"))

    @property
    def answers(self) -> Answers:
        """The current answers by field id."""
        return {field.id: self._value(field.id) for field in self._form.fields}

    def on_mount(self) -> None:
        """Hide the fields that are hidden from the start."""
        self.show_form(self._form)

    @property
    def row_count(self) -> int:
        """The number of visible fields."""
        return sum(1 for row in self.query(".field") if row.display)

    def show_form(self, form: Form) -> None:
        """Show the form for changed answers: hide and show fields, and fill in those that the user has not edited."""
        for field in form.fields:
            self.query_one(f"#row-{field.id}").display = field.id not in form.hidden
            if isinstance(field, TextField) and field.id not in self._touched:
                self._given[field.id] = field.value
                _fill(self.query_one(f"#field-{field.id}", Input), field.value)

    def take_keys(self) -> None:
        """Focus the field that had the focus last; at first, the field that most users want to change."""
        first = self._last or (self.query_one(f"#field-{self._form.first}") if self._form.first else None)
        self.screen.set_focus(first or self._visible_answers()[0])  # at once: the next key is meant for it
        if isinstance(first, Input) and self._last is None:
            first.action_select_all()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Remember which field has the focus."""
        self._last = event.widget

    def on_input_changed(self, event: Input.Changed) -> None:
        """Remember that the user has edited the field."""
        event.stop()
        name = (event.input.id or "").removeprefix("field-")
        if event.value != self._given[name]:
            self._touched.add(name)
        self.post_message(self.FormChanged())

    def on_choice_line_choice_changed(self, event: ChoiceLine.ChoiceChanged) -> None:
        """Post the change."""
        event.stop()
        self.post_message(self.FormChanged())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Confirm the answers."""
        event.stop()
        self.action_answer()

    def action_answer(self) -> None:
        """Confirm the answers."""
        self.post_message(self.FormAnswered())

    def action_leave(self) -> None:
        """Leave the form."""
        self.post_message(self.FormLeft())

    def action_next(self) -> None:
        """Focus the next field; after the last comes the first."""
        self._move(1)

    def action_previous(self) -> None:
        """Focus the previous field."""
        self._move(-1)

    def _move(self, steps: int) -> None:
        fields = self._visible_answers()
        focused = self.screen.focused  # a widget's own has_focus changes later
        at = next((index for index, each in enumerate(fields) if each is focused), -1)
        self.screen.set_focus(fields[(at + steps) % len(fields)])

    def _visible_answers(self) -> list[Widget]:
        rows = [row for row in self.query(".field") if row.display]
        return [row.children[1] for row in rows]

    def _value(self, id: str) -> str:  # noqa: A002 - the identity of a field
        for answer in self.query(f"#field-{id}"):
            return answer.value if isinstance(answer, Input | ChoiceLine) else ""
        return self._form.answers[id]  # not composed yet: the answers are those that the form suggests


def _fill(answer: Input, value: str) -> None:
    if answer.value != value:
        with answer.prevent(Input.Changed):
            answer.value = value
        answer.cursor_position = len(value)
