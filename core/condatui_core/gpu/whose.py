"""Whose environments are checked without being named."""

from __future__ import annotations

from collections.abc import Iterable

from condatui_core.records.environment import Environment

_ROOT = 0


def checked_unasked(environments: Iterable[Environment], *, euid: int) -> tuple[Environment, ...]:
    """Leave out those of other users if this is root: to check one is to run its Python, with all that root may do."""
    return tuple(each for each in environments if euid != _ROOT or each.owner in ("", "root"))
