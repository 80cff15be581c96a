"""How the user looks at the environments: which of them, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from condatui.view_models.environments import NO_COSTS, SORTS, Costs, descends, sort_environments
from condatui.view_models.filters import parse_filter
from condatui_core.records.environment import Environment


class Browsing(Struct, frozen=True):
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

    def next_sort(self) -> Browsing:
        """The same, ordered by the next column."""
        return replace(self, by=SORTS[(SORTS.index(self.by) + 1) % len(SORTS)], reverse=False)

    def reversed(self) -> Browsing:
        """The same, the other way round."""
        return replace(self, reverse=not self.reverse)

    def filtered(self, text: str) -> Browsing:
        """The same with another filter."""
        return replace(self, filter=text)
