"""The form of an action: a few fields, each with a suggested answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from condatui_core.text import sanitize

Answers = Mapping[str, str]
"""The answers by field id."""

YES, NO = "yes", ""


@dataclass(frozen=True, slots=True)
class TextField:
    """A field to type in."""

    id: str
    label: str
    value: str = ""
    """The suggested answer until the user edits it; it may follow from other answers."""
    example: str = ""
    """The dim text that an empty field shows."""


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A field with a few choices."""

    id: str
    label: str
    choices: tuple[tuple[str, str], ...]
    """(value, label) pairs; the labels are printable."""
    value: str
    find: bool = False
    """Whether there may be many of them: what is typed then finds those with it in their labels."""


Field = TextField | ChoiceField


@dataclass(frozen=True, slots=True)
class Form:
    """The fields for the current answers."""

    title: str
    """One line, such as `Clone nlp-base`."""
    fields: tuple[Field, ...]
    """All fields, hidden ones included; always the same ids."""
    hidden: frozenset[str] = frozenset()
    """The ids of the fields that are hidden for the current answers."""
    first: str = ""
    """The id of the field that gets the focus first, with its text selected, so that typing replaces it; empty for
    the first field, whose text is not selected."""

    @property
    def answers(self) -> Answers:
        """The suggested answers."""
        return {field.id: field.value for field in self.fields}


def yes_or_no(id: str, label: str) -> ChoiceField:  # noqa: A002 - the name in fields
    """A field with the choices yes and no; it says no at first."""
    return ChoiceField(id, label, ((NO, "no"), (YES, "yes")), NO)


def choice_label(field: ChoiceField, value: str) -> str:
    """The label of a value; the value itself if it is not among the choices."""
    return dict(field.choices).get(value, sanitize(value))
