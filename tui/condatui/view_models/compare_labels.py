"""What the columns of a comparison are called, and how much alike they are."""

from __future__ import annotations

from collections import Counter

from condatui_core.printable import printable
from condatui_core.records.comparison import Column, Comparison, Summary


def labels_of(comparison: Comparison) -> tuple[str, ...]:
    """Call the columns by their names, and those that share one by where they lie."""
    uses = Counter(column.label for column in comparison.columns)
    return tuple(printable(each.label if uses[each.label] == 1 else _place(each)) for each in comparison.columns)


def _place(column: Column) -> str:
    return column.file or column.prefix or column.label


def similarity_label(comparison: Comparison, column: int) -> str:
    """How much of a column is like the reference: `93 %`; 100 only where nothing differs."""
    return f"{int(comparison.similarity[comparison.reference][column] * 100)} %"


def summary_words(summary: Summary, separator: str) -> str:
    """How many rows have which status: `same 195 · version 9 · build 4 · channel 2 · missing 7`."""
    counts = ((field, getattr(summary, field)) for field in summary.__struct_fields__)
    return f" {separator} ".join(f"{field} {count}" for field, count in counts)
