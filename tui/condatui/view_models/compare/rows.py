"""How a comparison is looked at: which of its rows, and in which order."""

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
"""The kinds of rows that can be asked for."""

CYCLE: tuple[str, ...] = ("differing", "missing", "version", "build", "channel", "requested", "all")
"""The kinds that one key goes through."""

TITLES: Mapping[str, str] = MappingProxyType({"missing": "only some have it"})
"""What a kind is called where that is not its own word."""

_ORDERS: Mapping[str, Callable[[Row], Any]] = MappingProxyType(
    {
        "status": lambda row: _STATUSES.index(row.status),
        "size": lambda row: -size_of(row),
    }
)

SORTS: tuple[str, ...] = ("name", *_ORDERS)
"""What rows can be sorted by: `status` shows the gravest first, `size` the largest."""


def size_of(row: Row) -> int:
    """Installed bytes of the largest of a row's cells, as the records state them."""
    return max(cell.bytes for cell in row.cells if cell)


class ComparisonQuery(Struct, frozen=True):
    """A kind of rows, a text to find and an order."""

    kind: str = CYCLE[0]
    text: str = ""
    """Words that must all be in the name, the version, the build or the channel; `!` in front turns it round."""
    by: str = SORTS[0]
    reverse: bool = False

    def of(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The rows that are seen, in their order; rows that are equal in it stay as they are given, by name."""
        wanted = KINDS[self.kind]
        inverse, words = _words(self.text)
        seen = [row for row in rows if wanted(row) and (not words or _has(row, words) != inverse)]
        if self.by in _ORDERS:
            seen.sort(key=_ORDERS[self.by])
        return tuple(reversed(seen) if self.reverse else seen)

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return (self.by == "size") != self.reverse

    @property
    def title(self) -> str:
        """The kind in words."""
        return TITLES.get(self.kind, self.kind)

    def next_kind(self, steps: int = 1) -> ComparisonQuery:
        """The same, of the next kind."""
        return replace(self, kind=CYCLE[(CYCLE.index(self.kind) + steps) % len(CYCLE)])

    def next_sort(self) -> ComparisonQuery:
        """The same, in the next order."""
        return replace(self, by=SORTS[(SORTS.index(self.by) + 1) % len(SORTS)], reverse=False)

    def reversed(self) -> ComparisonQuery:
        """The same, the other way round."""
        return replace(self, reverse=not self.reverse)

    def filtered(self, text: str) -> ComparisonQuery:
        """The same with another text."""
        return replace(self, text=text)


def _words(text: str) -> tuple[bool, tuple[str, ...]]:
    stripped = text.strip().casefold()
    inverse = stripped.startswith("!")
    return inverse, tuple(stripped[inverse:].split())


def _has(row: Row, words: Sequence[str]) -> bool:
    cells = {(cell.name, cell.version, cell.constraint, cell.build, cell.channel) for cell in row.cells if cell}
    text = "\n".join((row.name, *("\n".join(each) for each in cells))).casefold()
    return all(word in text for word in words)
