"""What is asked before something is done: a few fields, each with an answer to start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from condatui_core.text import sanitize

Answers = Mapping[str, str]
"""What the fields say, by their ids."""

YES, NO = "yes", ""


@dataclass(frozen=True, slots=True)
class TextField:
    """Something to type."""

    id: str
    label: str
    value: str = ""
    """What stands there until the user changes it; it may follow from other answers."""
    example: str = ""
    """What stands there, dim, while it is empty."""


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """One of a few."""

    id: str
    label: str
    choices: tuple[tuple[str, str], ...]
    """(value, words) pairs; the words are printable."""
    value: str


Field = TextField | ChoiceField


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as the answers are now."""

    title: str
    """One line: `Clone nlp-base`."""
    fields: tuple[Field, ...]
    """All that may be asked for, always the same."""
    hidden: frozenset[str] = frozenset()
    """The ids of those that are not, as the answers are now."""
    first: str = ""
    """The field that most want to change: there the keys go first, and what is typed takes the place of what stands
    there. Empty is the first one, which keeps what it says."""

    @property
    def answers(self) -> Answers:
        """What the fields say before anybody has touched them."""
        return {field.id: field.value for field in self.fields}


def yes_or_no(id: str, label: str, *, value: str = NO) -> ChoiceField:  # noqa: A002 - what an identity is called
    """A question that is answered by yes or no."""
    return ChoiceField(id, label, ((NO, "no"), (YES, "yes")), value)


def choice_label(field: ChoiceField, value: str) -> str:
    """What the choice of a value is called; the value itself if it is none of them."""
    return dict(field.choices).get(value, sanitize(value))
