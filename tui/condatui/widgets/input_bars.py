"""The bottom lines in which the user types a filter or answers one question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static
from textual.widgets.input import Selection

from condatui.view_models.environments.filter_values import Choice, Choices
from condatui.widgets.choice_list import ChoiceList
from condatui.widgets.line_input import LineInput

# The line to type in


_EXTENDING = frozenset("<>=~.,:*-_+/")
"""What goes on with a value that is complete already: `numpy` with `>=2`, `3.11` with `.7`."""


def ready_to_be_replaced(field: Input) -> Input:
    """Select all that a line offers: what is typed takes its place, and after an arrow key goes on with it.

    At once, for Textual selects it when the focus arrives, which may be later than the first letters.
    """
    field.selection = Selection(0, len(field.value))
    return field


class _Field(LineInput):
    """An input that some keys end at once, so that what is typed ahead goes to whatever gets the focus then.

    As bindings those keys would come back from the app later than the letters that follow them.
    """

    def __init__(
        self,
        endings: Mapping[str, Callable[[], None]],
        steps: Mapping[str, Callable[[], bool]] = MappingProxyType({}),
    ) -> None:
        """`endings` are the keys that end it, with what each of them does.

        `steps` are those that do something else where they can: each says whether it has.
        """
        super().__init__()
        self._endings = endings
        self._steps = steps
        self.ended = False
        """Whether it has been ended since it was opened."""
        self._loose_space = False
        """Whether it ends with a space that was put there for the user."""

    def complete(self, begin: int, end: int, text: str, *, whole: bool) -> None:
        """Put a text in the place of a part. After a `whole` word at the end a space lets the next one follow."""
        before, after = f"{self.value[:begin]}{text}", self.value[end:]
        self._loose_space = whole and not after
        space = " " if self._loose_space else ""
        self.value = f"{before}{space}{after}"
        self.cursor_position = len(before) + len(space)

    def _take_space_back(self, character: str | None) -> bool:
        """Take back the space that was put there if the key goes on with the word; whether the key is that space."""
        at_its_end = self.cursor_position == len(self.value) and self.value.endswith(" ")
        was_there, self._loose_space = self._loose_space and at_its_end, False
        if was_there and character in _EXTENDING:
            self.value = self.value.removesuffix(" ")
        return was_there and character == " "

    async def _on_key(self, event: events.Key) -> None:
        ending = self._endings.get(event.key)
        step = self._steps.get(event.key)
        if not self.ended and step is not None and step():
            event.stop()
            event.prevent_default()
            return
        if not self.ended and ending is None:
            if self._take_space_back(event.character):
                event.stop()
                event.prevent_default()
            else:
                await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        if self.ended or ending is None:
            self.app.post_message(events.Key(event.key, event.character))
        else:
            self.ended = True
            ending()


# The filter


class FilterBar(Horizontal):
    """Replaces the status line, posts each change of the filter, and closes with the filter kept or cleared."""

    class FilterChanged(Message):
        """The text of the filter has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class FilterClosed(Message):
        """The user closes the filter."""

        def __init__(self, *, kept: bool) -> None:
            super().__init__()
            self.kept = kept
            """Whether the filter stays."""

    def __init__(
        self,
        choices: ChoiceList | None = None,
        find: Callable[[str, int], Choices] = lambda _text, _cursor: Choices(),
        *,
        id: str | None = None,  # noqa: A002 - Textual's word
    ) -> None:
        """`find` finds what can be typed in a text at the place of its cursor, for `choices` to show."""
        super().__init__(id=id)
        self._choices = choices
        self._find = find

    def compose(self) -> ComposeResult:
        """The key that opens the filter, and the text."""
        yield Static("/")
        yield _Field(
            {"escape": self._clear, **dict.fromkeys(("enter", "tab", "shift+tab", "down"), self._keep)},
            {
                "enter": self._take_chosen,
                "tab": self._take_first,
                "down": lambda: self._move(1),
                "up": lambda: self._move(-1),
            },
        )

    def on_mount(self) -> None:
        """Start hidden."""
        self.display = False

    @property
    def is_typed_in(self) -> bool:
        """Whether it takes what the user types; it may stay visible after that."""
        return bool(self.display) and not self.query_one(_Field).ended

    def open(self, text: str) -> None:
        """Show and focus the line, filled with the current filter."""
        self.display = True
        field = self.query_one(_Field)
        field.ended = False
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)  # at once: the next key is meant for it
        self.offer()

    def offer(self) -> None:
        """Show what can be typed at the cursor, where that is not shown yet."""
        if self._choices is None:
            return
        field = self.query_one(_Field)
        self._choices.offer(Choices() if field.ended else self._find(field.value, field.cursor_position))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply the filter while the user types."""
        event.stop()
        self.offer()
        self.post_message(self.FilterChanged(event.value.rstrip() if self._choices is not None else event.value))

    def _keep(self) -> None:
        self.offer()
        self.post_message(self.FilterClosed(kept=True))

    def _clear(self) -> None:
        self.query_one(_Field).value = ""
        self.offer()
        self.post_message(self.FilterClosed(kept=False))

    # What can be typed. It is found anew for each of these keys, which may arrive together with the letters before it.

    def _move(self, steps: int) -> bool:
        self.offer()
        if self._choices is None or self._choices.first is None:
            return False
        self._choices.move(steps)
        return True

    def _take_first(self) -> bool:
        self.offer()
        return self._take(self._choices.first if self._choices is not None else None)

    def _take_chosen(self) -> bool:
        self.offer()
        return self._take(self._choices.chosen if self._choices is not None else None)

    def _take(self, choice: Choice | None) -> bool:
        if self._choices is None or choice is None:
            return False
        place = self._choices.offered
        self.query_one(_Field).complete(place.begin, place.end, choice.text, whole=not choice.text.endswith(":"))
        self.offer()
        return True


# One question in place of the status


class PromptBar(Horizontal):
    """Replaces the status line; `enter` answers and `esc` does not. The screen hides it again."""

    class PromptAnswered(Message):
        """The user has typed an answer."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class PromptLeft(Message):
        """The user leaves the question without an answer."""

    def compose(self) -> ComposeResult:
        """The question and the answer."""
        yield Static(id="question")
        # An answer may be refused, and then the question stays; tab would leave it open, with the keys elsewhere.
        yield _Field({"escape": self._leave}, dict.fromkeys(("tab", "shift+tab"), lambda: True))

    def on_mount(self) -> None:
        """Start hidden."""
        self.display = False

    def ask(self, question: str, answer: str, *, edited: bool = False) -> None:
        """Show and focus the question, with a suggested answer; what is typed goes on with one that is `edited`."""
        self.display = True
        self.query_one(Static).update(Content(f"{question} "))
        field = self.query_one(_Field)
        field.ended = False
        field.value = answer
        if edited:
            field.cursor_position = len(answer)
        else:
            ready_to_be_replaced(field)
        self.screen.set_focus(field)  # at once: the next key is meant for it

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep each typed letter from the screen."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Post the answer."""
        event.stop()
        self.post_message(self.PromptAnswered(event.value))

    def _leave(self) -> None:
        self.post_message(self.PromptLeft())
