"""The orders in which environments can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from packaging.version import InvalidVersion, Version

from condatui_core.records.environment import Environment

_Key = Callable[[Environment], Any]
"""What to sort by, of whatever type compares with its like; None where it is not known."""

_SEVERITIES = ("note", "warning", "error")


def _python(environment: Environment) -> Version | None:
    try:
        return Version(environment.python)
    except InvalidVersion:
        return None


def _packages(environment: Environment) -> int | None:
    contents = environment.contents
    return len(contents.packages) + len(contents.pip_distributions) if contents else None


def _used(environment: Environment) -> float | None:
    return environment.last_used.at.timestamp() if environment.last_used else None


def _findings(environment: Environment) -> tuple[int, int]:
    gravest = max((_SEVERITIES.index(finding.severity) for finding in environment.findings), default=-1)
    return gravest, len(environment.findings)


_KEYS: Mapping[str, _Key] = MappingProxyType(
    {
        "size": lambda environment: environment.managed_bytes or None,
        "packages": _packages,
        "python": _python,
        "used": _used,
        "findings": _findings,
    }
)

SORTS: tuple[str, ...] = ("name", *_KEYS)
"""What environments can be sorted by: the ids of their columns."""


def descends(by: str, reverse: bool) -> bool:
    """Whether this order shows the greatest first, as all but `name` do unless reversed."""
    return (by != "name") != reverse


def sort_environments(environments: Sequence[Environment], by: str, reverse: bool = False) -> tuple[Environment, ...]:
    """Sort by one of SORTS: `name` keeps the order given, the others show the greatest first.

    `reverse` turns the order round. What is not known stays last either way, equals keep the order given.
    """
    if by == "name":
        return tuple(reversed(environments) if reverse else environments)
    key = _KEYS[by]
    known = [environment for environment in environments if key(environment) is not None]
    unknown = [environment for environment in environments if key(environment) is None]
    return (*sorted(known, key=key, reverse=descends(by, reverse)), *unknown)
