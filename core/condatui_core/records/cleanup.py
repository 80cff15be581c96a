"""What could go from this machine, and why."""

from __future__ import annotations

from msgspec import Struct

from condatui_core.records.request import Cleanable


class Candidate(Struct, frozen=True, kw_only=True):
    """One thing that could go: an environment, what is left of one, or a part of a package cache."""

    key: str
    """Its identity."""
    path: str
    """The prefix, or the package cache."""
    name: str
    """What it is called."""
    part: Cleanable | None = None
    """Which part of a package cache; None for an environment."""
    reasons: tuple[str, ...] = ()
    """Why it could go, strongest first, in a few words each."""
    bytes: int = 0
    """What it occupies; 0 if that was not measured."""
    blocked: str = ""
    """Why it cannot be chosen; empty if it can."""


class Choice(Struct, frozen=True, kw_only=True):
    """What of all that is to go."""

    prefixes: tuple[str, ...] = ()
    cleaned: tuple[tuple[str, tuple[Cleanable, ...]], ...] = ()
    """(package cache, the parts of it that are cleaned) pairs."""
