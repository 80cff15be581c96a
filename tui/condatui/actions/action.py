"""What a key does, in words and as Textual calls it; and the keys that move through lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from textual.binding import Binding

from condatui.actions.context import ActionContext

# What a key does, in words and as Textual calls it.


Place = Literal["everywhere", "list", "environments", "compare", "cleanup", "jobs", "restore", "log"]
"""Where an action holds; `list` is anything with lines to move through, wherever it stands."""


class KeyAction(Struct, frozen=True):
    """One thing that a key does."""

    id: str
    """A public, stable word, which settings use to give it other keys."""
    title: str
    """What the palette calls it."""
    keys: str
    """Its default keys as Textual names them, separated by commas; empty if only the palette has it."""
    help: str
    """One sentence."""
    call: str
    """The Textual action that does it."""
    places: tuple[Place, ...] = ("everywhere",)
    group: str = "Everywhere"
    """The heading it stands under in the help."""
    hint: str = ""
    """What the bottom line calls it; empty if it does not stand there."""
    why_not: Callable[[ActionContext], str | None] | None = None
    """Says why it cannot be done now, None if it can."""
    asks: bool = False
    """Whether it opens something that takes the keys, such as a line to type in. Then the app itself handles its key
    before it looks at the next one: over a slow line a key and what is typed after it arrive together."""

    def reason(self, action_context: ActionContext) -> str | None:
        """Why it cannot be done as things stand; None if it can."""
        return self.why_not(action_context) if self.why_not else None

    @property
    def binding(self) -> Binding:
        """The action as a screen, a widget or the app declares it among its `BINDINGS`; its id makes it remappable.

        What can be off goes through the app, which says why; the rest goes straight to where it is done.
        """
        call = f"app.perform('{self.id}')" if self.why_not or self.asks else self.call
        return Binding(self.keys, call, self.title, id=self.id, tooltip=self.help, show=False, priority=self.asks)


# The keys that move through lines, wherever there are lines.


_MOVING: tuple[tuple[str, str, str, str], ...] = (
    ("up", "Up", "up,k", "One line up."),
    ("down", "Down", "down,j", "One line down."),
    ("page_up", "Page up", "pageup", "One page up."),
    ("page_down", "Page down", "pagedown", "One page down."),
    ("first", "First line", "home", "To the first line."),
    ("last", "Last line", "end", "To the last line."),
    ("left", "Left", "left,h", "To the columns on the left, where a table is wider than its place."),
    ("right", "Right", "right,l", "To the columns on the right."),
)

ON_LISTS = (
    *(KeyAction(f"list.{name}", title, keys, text, name, ("list",), "Moving") for name, title, keys, text in _MOVING),
    KeyAction(
        "list.open",
        "Open",
        "enter",
        "Into the details of the line under the cursor.",
        "open",
        ("list",),
        "Moving",
        "open",
    ),
)

LIST_BINDINGS = [each.binding for each in ON_LISTS]
"""What anything with lines to move through declares as its `BINDINGS`."""
