"""What keys do to what could go: a part of the registry."""

from __future__ import annotations

from condatui.action import Action
from condatui.standing import not_choosable

ON_CLEANUP = (
    Action(
        "cleanup.choose",
        "Choose",
        "space",
        "Choose what is under the cursor, or not, and go to the next.",
        "screen.choose",
        ("cleanup",),
        "Cleanup",
        "choose",
        not_choosable,
    ),
    Action(
        "cleanup.choose_all",
        "Choose all",
        "a,*",
        "Choose all that can be chosen; none if all are.",
        "screen.choose_all",
        ("cleanup",),
        "Cleanup",
        "all",
    ),
)
