"""A few fields at the bottom of a place."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from condatui.view_models.form import Answers, Field, Form, TextField
from condatui.view_models.signs import Signs
from condatui.widgets.choice_line import ChoiceLine


class FormBar(Vertical):
    """A line a field. It tells every change, and when the user goes on or leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Handled before the next key is looked at: over a slow line a key and what is typed after it arrive together.
        Binding("tab,down", "next", show=False, priority=True),
        Binding("shift+tab,up", "previous", show=False, priority=True),
        Binding("enter", "answer", show=False),
        Binding("escape", "leave", show=False),
    ]

    class Changed(Message):
        """An answer is another one than before."""

    class Answered(Message):
        """The user goes on with the answers as they are."""

    class Left(Message):
        """The user wants none of it."""

    def __init__(self, form: Form, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
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
        self.post_message(self.Changed())

    def on_choice_line_changed(self, event: ChoiceLine.Changed) -> None:
        """Another choice."""
        event.stop()
        self.post_message(self.Changed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on."""
        event.stop()
        self.action_answer()

    def action_answer(self) -> None:
        """Go on with the answers as they are."""
        self.post_message(self.Answered())

    def action_leave(self) -> None:
        """Want none of it."""
        self.post_message(self.Left())

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
