"""The query of place 2: which rows of a comparison are shown, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from condatui_core.records.comparison import Row


_STATUSES = ("missing", "version", "build", "channel", "same")

KINDS: Mapping[str, Callable[[Row], bool]] = MappingProxyType(
    {
        "all": lambda row: row.status in _STATUSES,
        "differing": lambda row: row.status != "same",
        "missing": lambda row: row.status == "missing",
        "version": lambda row: row.status == "version",
        "build": lambda row: row.status == "build",
        "channel": lambda row: row.status == "channel",
        "requested": lambda row: row.requested,
        "same": lambda row: row.status == "same",
    }
)
"""By kind, the test whether a row is of this kind."""

CYCLE: tuple[str, ...] = ("differing", "missing", "version", "build", "channel", "requested", "all")
"""The kinds that one key cycles through."""

TITLES: Mapping[str, str] = MappingProxyType({"missing": "only some have it"})
"""The titles of kinds whose title is not their name."""

_ORDERS: Mapping[str, Callable[[Row], Any]] = MappingProxyType(
    {
        "status": lambda row: _STATUSES.index(row.status),
        "size": lambda row: -size_of(row),
    }
)

SORTS: tuple[str, ...] = ("name", *_ORDERS)
"""What rows can be sorted by: `status` puts the greatest difference first, `size` the largest."""


def size_of(row: Row) -> int:
    """The installed bytes of the largest cell of a row, as the records state them."""
    return max(cell.bytes for cell in row.cells if cell)


class ComparisonQuery(Struct, frozen=True):
    """A kind of rows, a text to find, and an order."""

    kind: str = CYCLE[0]
    text: str = ""
    """Words that must all occur in the name, version, build or channel; a leading `!` inverts the test."""
    by: str = SORTS[0]
    reverse: bool = False

    def of(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The rows that pass, in the order of the query; rows that are equal in it keep the order given, by name."""
        wanted = KINDS[self.kind]
        inverse, words = _words(self.text)
        passing = [row for row in rows if wanted(row) and (not words or _has(row, words) != inverse)]
        if self.by in _ORDERS:
            passing.sort(key=_ORDERS[self.by])
        return tuple(reversed(passing) if self.reverse else passing)

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return (self.by == "size") != self.reverse

    @property
    def title(self) -> str:
        """The title of the kind."""
        return TITLES.get(self.kind, self.kind)

    def next_kind(self, steps: int = 1) -> ComparisonQuery:
        """The query for the kind so many steps further."""
        return replace(self, kind=CYCLE[(CYCLE.index(self.kind) + steps) % len(CYCLE)])

    def next_sort(self) -> ComparisonQuery:
        """The query in the next order."""
        return replace(self, by=SORTS[(SORTS.index(self.by) + 1) % len(SORTS)], reverse=False)

    def reversed(self) -> ComparisonQuery:
        """The query in the reverse order."""
        return replace(self, reverse=not self.reverse)

    def filtered(self, text: str) -> ComparisonQuery:
        """The query with another text."""
        return replace(self, text=text)


def _words(text: str) -> tuple[bool, tuple[str, ...]]:
    stripped = text.strip().casefold()
    inverse = stripped.startswith("!")
    return inverse, tuple(stripped[inverse:].split())


def _has(row: Row, words: Sequence[str]) -> bool:
    cells = {(cell.name, cell.version, cell.constraint, cell.build, cell.channel) for cell in row.cells if cell}
    text = "\n".join((row.name, *("\n".join(each) for each in cells))).casefold()
    return all(word in text for word in words)
