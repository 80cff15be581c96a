"""The action of a key, and the keys that move through lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from textual.binding import Binding

from condatui.actions.context import ActionContext, ActsOn, not_on_these

# The action of a key


Place = Literal[
    "everywhere",
    "list",
    "environments",
    "compare",
    "cleanup",
    "jobs",
    "restore",
    "log",
    "failure",
    "browse",
    "nodes",
    "package",
    "keys",
]
"""Where an action applies; `list` is any widget with lines to move through, in any place."""


_NO_KEY = "f0"
"""What no keyboard sends: an action without a key needs a binding all the same, which the settings can give one."""


class KeyAction(Struct, frozen=True):
    """One thing that a key does."""

    id: str
    """Public and stable: the settings use it to assign other keys."""
    title: str
    """Its name in the palette."""
    keys: str
    """Its default keys as Textual names them, separated by commas; empty if only the palette offers it."""
    help: str
    """One sentence."""
    call: str
    """The Textual action that it runs."""
    places: tuple[Place, ...] = ("everywhere",)
    group: str = "Everywhere"
    """Its heading in the help."""
    hint: str = ""
    """Its name in the bottom line; empty if it is not listed there."""
    why_not: Callable[[ActionContext], str | None] | None = None
    """Gives the reason why it is off, None if it is on."""
    acts_on: ActsOn = ""
    """The environments that it does something to, or looks into on the disk: only those of this machine can be."""
    takes_keys: bool = False
    """Whether it opens something that takes the keys, such as a line to type in. The app then handles its key before
    it reads the next one: over a slow line, a key and the letters typed after it arrive together."""

    def reason(self, action_context: ActionContext) -> str | None:
        """Why it is off in this context; None if it is on."""
        if self.acts_on and (reason := not_on_these(action_context, self.acts_on)):
            return reason
        return self.why_not(action_context) if self.why_not else None

    @property
    def binding(self) -> Binding:
        """The action as an entry of `BINDINGS`; its id makes it remappable.

        An action that can be off goes through the app, which says why; the others run directly.
        """
        can_be_off = self.why_not or self.acts_on or self.takes_keys
        call = f"app.perform('{self.id}')" if can_be_off else self.call
        keys = self.keys or _NO_KEY
        return Binding(keys, call, self.title, id=self.id, tooltip=self.help, show=False, priority=self.takes_keys)


def reworded(actions: Iterable[KeyAction], words: Mapping[str, tuple[str, str]]) -> Iterator[KeyAction]:
    """The actions; those with these ids have another hint and another sentence in a place."""
    for action in actions:
        hint, text = words.get(action.id, (action.hint, action.help))
        yield replace(action, hint=hint, help=text)


# The keys that move through lists


_MOVING: tuple[tuple[str, str, str, str], ...] = (
    ("up", "Up", "up,k", "One line up."),
    ("down", "Down", "down,j", "One line down."),
    ("page_up", "Page up", "pageup", "One page up."),
    ("page_down", "Page down", "pagedown", "One page down."),
    ("half_page_up", "Half a page up", "ctrl+u", "Half a page up."),
    ("half_page_down", "Half a page down", "ctrl+d", "Half a page down."),
    ("first", "First line", "home,g", "To the first line."),
    ("last", "Last line", "end,G", "To the last line."),
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
"""The `BINDINGS` of a widget with lines to move through."""
