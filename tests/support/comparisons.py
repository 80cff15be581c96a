"""Comparisons of environments made by hand."""

from __future__ import annotations

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.records.comparison import Comparison, Row
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents


def compared(*environments: Environment, reference: int = 0) -> Comparison:
    """Compare environments as the screens do."""
    listings = [
        environment_listing(each.prefix, each.name, each.contents or PrefixContents(), ChannelConfig())
        for each in environments
    ]
    return compare(listings, reference)


def row_of(comparison: Comparison, name: str) -> Row:
    """The row of a package."""
    [row] = [row for row in comparison.rows if row.name == name]
    return row
