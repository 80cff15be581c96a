"""Match names and paths against the patterns of a policy."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from condatui_core.records.environment import Environment


def fits(pattern: str, text: str) -> bool:
    """Whether a text is one of a pattern such as `prod-*`; a slash at the end of a pattern makes no difference."""
    return any(text == each or fnmatchcase(text, each) for each in (pattern, pattern.rstrip("/") or "/"))


def names_environment(patterns: Iterable[str], environment: Environment) -> bool:
    """Whether one of the patterns is of an environment: of its name, its path or a link to it."""
    spellings = (environment.name, environment.prefix, *environment.aliases)
    return any(fits(pattern, each) for pattern in patterns for each in spellings)
