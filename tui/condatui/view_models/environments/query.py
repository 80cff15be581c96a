"""Which environments are looked at, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from condatui.view_models.environments.filters import parse_filter
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from packaging.version import Version

    from condatui_core.records.disk import Cost


# The orders in which environments can be looked at.


Costs = Mapping[str, "Cost"]
"""What is known of the disk, by prefix."""

NO_COSTS: Costs = MappingProxyType({})

_Key = Callable[[Environment, Costs], Any]
"""What to sort by, of whatever type compares with its like; None where it is not known."""

_SEVERITIES = ("note", "warning", "error")


def _disk(environment: Environment, costs: Costs) -> int | None:
    cost = costs.get(environment.prefix)
    return cost.total if cost else environment.managed_bytes or None


def _frees(environment: Environment, costs: Costs) -> int | None:
    cost = costs.get(environment.prefix)
    return cost.frees if cost else None


def _python(environment: Environment, _costs: Costs) -> Version | None:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - the first picture is by name

    try:
        return Version(environment.python)
    except InvalidVersion:
        return None


def _packages(environment: Environment, _costs: Costs) -> int | None:
    contents = environment.contents
    return len(contents.packages) + len(contents.pip_distributions) if contents else None


def _used(environment: Environment, _costs: Costs) -> float | None:
    return environment.last_used.at.timestamp() if environment.last_used else None


def _findings(environment: Environment, _costs: Costs) -> tuple[int, int]:
    gravest = max((_SEVERITIES.index(finding.severity) for finding in environment.findings), default=-1)
    return gravest, len(environment.findings)


_KEYS: Mapping[str, _Key] = MappingProxyType(
    {
        "disk": _disk,
        "frees": _frees,
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


def sort_environments(
    environments: Sequence[Environment], by: str, reverse: bool = False, *, costs: Costs = NO_COSTS
) -> tuple[Environment, ...]:
    """Sort by one of SORTS: `name` keeps the order given, the others show the greatest first.

    `reverse` turns the order round. What is not known stays last either way, equals keep the order given.
    """
    if by == "name":
        return tuple(reversed(environments) if reverse else environments)
    key = _KEYS[by]
    keyed = [(key(environment, costs), environment) for environment in environments]
    known = [each for each in keyed if each[0] is not None]
    known.sort(key=itemgetter(0), reverse=descends(by, reverse))
    return (*(environment for _, environment in known), *(each for known_as, each in keyed if known_as is None))


# How the user looks at the environments: which of them, and in which order.


class EnvironmentQuery(Struct, frozen=True):
    """A filter and an order."""

    filter: str = ""
    """As it was typed."""
    by: str = SORTS[0]
    reverse: bool = False

    @property
    def filter_error(self) -> str:
        """Why the filter cannot be understood; empty if it can."""
        return parse_filter(self.filter).error

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return descends(self.by, self.reverse)

    def of(self, environments: Sequence[Environment], costs: Costs = NO_COSTS) -> tuple[Environment, ...]:
        """The environments that are seen, in their order."""
        wanted = parse_filter(self.filter)
        seen = [each for each in environments if wanted.matches(each)]
        return sort_environments(seen, self.by, self.reverse, costs=costs)

    def next_sort(self) -> EnvironmentQuery:
        """The same, ordered by the next column."""
        return replace(self, by=SORTS[(SORTS.index(self.by) + 1) % len(SORTS)], reverse=False)

    def reversed(self) -> EnvironmentQuery:
        """The same, the other way round."""
        return replace(self, reverse=not self.reverse)

    def filtered(self, text: str) -> EnvironmentQuery:
        """The same with another filter."""
        return replace(self, filter=text)
