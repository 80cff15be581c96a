"""The query of place 1: which environments are shown, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from condatui.view_models.environments.filter_fields import NO_COSTS, NO_FACTS, Costs, FilterFacts
from condatui.view_models.environments.filters import NONE_REMEMBERED, Filter, Remembered, parse_filter
from condatui_core.records.environment import Environment

if TYPE_CHECKING:
    from packaging.version import Version

    from condatui_core.analyses.versions import VersionKey


# Orders


_Key = Callable[[Environment, Costs], Any]
"""The sort key of an environment, of any type that can be ordered; None if it is unknown."""

_SEVERITIES = ("note", "warning", "error")


def _disk(environment: Environment, costs: Costs) -> int | None:
    cost = costs.get(environment.prefix)
    return cost.total if cost else environment.managed_bytes or None


def _frees(environment: Environment, costs: Costs) -> int | None:
    cost = costs.get(environment.prefix)
    return cost.frees if cost else None


def _inodes(environment: Environment, costs: Costs) -> int | None:
    cost = costs.get(environment.prefix)
    return (cost.inodes if cost else 0) or None


def _python(environment: Environment, _costs: Costs) -> Version | None:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - only this order needs it

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
        "inodes": _inodes,
        "packages": _packages,
        "python": _python,
        "used": _used,
        "findings": _findings,
    }
)

SORTS: tuple[str, ...] = ("name", *_KEYS)
"""What environments can always be sorted by: the ids of their columns."""

PACKAGE = "package:"
"""The beginning of the id of a column that shows what each environment has of a package; its name follows."""


def _package(name: str) -> _Key:
    """The key by the version of a package, as conda orders versions."""
    from condatui.view_models.environments.version_specs import package_finder  # noqa: PLC0415 - only filters need it
    from condatui_core.analyses.versions import version_key  # noqa: PLC0415 - as above

    finder = package_finder(name)

    def key(environment: Environment, _costs: Costs) -> VersionKey | None:
        found = finder.of(environment)
        return version_key(found.version, "conda") if found else None

    return key


def descends(by: str, reverse: bool) -> bool:
    """Whether this order puts the largest first, as all but `name` do unless reversed."""
    return (by != "name") != reverse


def sort_environments(
    environments: Sequence[Environment], by: str, reverse: bool = False, *, costs: Costs = NO_COSTS
) -> tuple[Environment, ...]:
    """Sort by one of SORTS, or by a package: `name` keeps the order given, the others put the largest first.

    `reverse` reverses the order. Environments whose key is unknown come last either way; equal ones keep their order.
    """
    if by == "name":
        return tuple(reversed(environments) if reverse else environments)
    key = _package(by.removeprefix(PACKAGE)) if by.startswith(PACKAGE) else _KEYS[by]
    keyed = [(key(environment, costs), environment) for environment in environments]
    known = [each for each in keyed if each[0] is not None]
    known.sort(key=itemgetter(0), reverse=descends(by, reverse))
    return (*(environment for _, environment in known), *(each for known_as, each in keyed if known_as is None))


# The query


class Selection(Struct, frozen=True):
    """What a query has found."""

    shown: tuple[Environment, ...]
    """The environments that pass the filter, in the order of the query."""
    unknown: int = 0
    """The number of those of which it is not known, or not known yet, whether they pass."""


class EnvironmentQuery(Struct, frozen=True):
    """A filter and an order."""

    filter: str = ""
    """The text that the user typed."""
    by: str = SORTS[0]
    reverse: bool = False
    remembered: Remembered = NONE_REMEMBERED
    """The filters that it may name."""

    @property
    def typed(self) -> Filter:
        """The filter as far as it can be understood while it is typed."""
        return parse_filter(self.filter, typed=True, remembered=self.remembered)

    @property
    def filter_error(self) -> str:
        """What is wrong with the filter so far, while it is typed; empty if nothing is."""
        return self.typed.error

    @property
    def kept_error(self) -> str:
        """What is wrong with the filter once it is kept, incomplete words too; empty if nothing is."""
        return parse_filter(self.filter, remembered=self.remembered).error

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that the filter is about, each of which has a column."""
        return self.typed.packages

    @property
    def sorts(self) -> tuple[str, ...]:
        """What can be sorted by now, in the order of the key: after the name the packages of the filter."""
        return SORTS[0], *(f"{PACKAGE}{each}" for each in self.packages), *SORTS[1:]

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return descends(self.by, self.reverse)

    def select(self, environments: Sequence[Environment], facts: FilterFacts = NO_FACTS) -> Selection:
        """The environments that pass the filter, in the order of the query, and how many may pass or not."""
        wanted = self.typed
        judged = [(wanted.judge(each, facts), each) for each in environments]
        passing = [each for passes, each in judged if passes]
        shown = sort_environments(passing, self.by, self.reverse, costs=facts.costs)
        return Selection(shown, unknown=sum(1 for passes, _ in judged if passes is None))

    def of(self, environments: Sequence[Environment], facts: FilterFacts = NO_FACTS) -> tuple[Environment, ...]:
        """The environments that pass the filter, in the order of the query."""
        return self.select(environments, facts).shown

    def next_sort(self) -> EnvironmentQuery:
        """The query, ordered by the next column."""
        return replace(self, by=self.sorts[(self.sorts.index(self.by) + 1) % len(self.sorts)], reverse=False)

    def reversed(self) -> EnvironmentQuery:
        """The query in the reverse order."""
        return replace(self, reverse=not self.reverse)

    def filtered(self, text: str) -> EnvironmentQuery:
        """The query with another filter; an order by a package that it is not about any more becomes that by name."""
        query = replace(self, filter=text)
        return query if query.by in query.sorts else replace(query, by=SORTS[0], reverse=False)
