"""What keeps an environment where it is: the one rule for the keeper of a group and for all that could go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from condatui_core.records.environment import Environment
from condatui_core.records.finding import CleanupRole

Hold = Literal["kept", "frozen", "active", "in-use", "baseline", "base", "managed", "not-writable"]
"""Why an environment does not go: the user keeps it, it is frozen, active in this shell, run by processes, the
baseline, the base of a conda, managed by another tool, or not to be changed by this user."""

OF_REMOVAL_ALONE: frozenset[Hold] = frozenset({"kept", "baseline"})
"""What stands against a removal, and against no other change."""


def has_role(environment: Environment, role: CleanupRole) -> bool:
    """Whether a finding of the environment has this meaning for cleaning up."""
    return any(each.cleanup == role for each in environment.findings)


_HOLDS: tuple[tuple[Hold, Callable[[Environment], bool]], ...] = (
    ("kept", lambda each: each.keep is not None),
    ("frozen", lambda each: each.frozen or has_role(each, "frozen")),
    ("active", lambda each: each.active),
    ("in-use", lambda each: has_role(each, "in-use")),
    ("baseline", lambda each: each.baseline),
    ("base", lambda each: each.base),
    ("managed", lambda each: has_role(each, "managed")),
    ("not-writable", lambda each: each.writable is False or has_role(each, "not-writable")),
)


def holds_of(environment: Environment) -> tuple[Hold, ...]:
    """Why an environment does not go in any case, the strongest reason first; empty if it could."""
    return tuple(hold for hold, applies in _HOLDS if applies(environment))


def strength(environment: Environment) -> int:
    """The place of the strongest of these reasons, the lower the stronger; active and in use are equally strong."""
    places = (place for place, (hold, applies) in enumerate(_HOLDS) if hold != "active" and applies(environment))
    in_use = [hold for hold, _ in _HOLDS].index("in-use")
    return min((*places, in_use) if environment.active else places, default=len(_HOLDS))
