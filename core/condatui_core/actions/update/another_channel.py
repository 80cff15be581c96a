"""Finds packages that come as the same build from another channel, which their names and versions do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from condatui_core.analyses.channels import channel_identity, channel_location
from condatui_core.conda.parsers import Transaction
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents

Swaps: TypeAlias = tuple[tuple[str, str], ...]
"""Packages, as `name-version-build`, each with the base URL of the channel that it comes from."""


def from_another_channel(contents: PrefixContents, transaction: Transaction) -> Swaps:
    """What a transaction puts in the place of the same build from another channel."""
    before = {each.dist_name: _identity(each.base_url) for each in contents.packages}
    added = ((each.dist_name, channel_location(each.base_url, None, "") or "") for each in transaction.added)
    return tuple((name, url) for name, url in added if name in before and before[name] != _identity(url))


def not_come(contents: PrefixContents, swaps: Swaps) -> Sequence[str]:
    """Those that an environment does not have from the other channel, as `name-version-build`."""
    there = {each.dist_name: _identity(each.base_url) for each in contents.packages}
    return [name for name, url in swaps if there.get(name) != _identity(url)]


def _identity(base_url: str | None) -> str:
    return channel_identity(base_url, ChannelConfig())
