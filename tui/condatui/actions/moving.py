"""The keys that move through lines, wherever there are lines."""

from __future__ import annotations

from condatui.actions.action import Action

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
    *(Action(f"list.{name}", title, keys, text, name, ("list",), "Moving") for name, title, keys, text in _MOVING),
    Action(
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
