"""Channels by their short names, as conda shows them, and how much of an environment came from each."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from urllib.parse import unquote

from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents

UNKNOWN = "<unknown>"
"""The channel of a record that does not say where it came from, in conda's own spelling."""
PYPI = "pypi"
"""The channel of what pip installed, as conda calls it."""


@lru_cache(maxsize=4096)
def channel_name(base_url: str | None, config: ChannelConfig) -> str:
    """Shorten a channel's base URL to the name conda gives it under this configuration.

    A multichannel of the user's gives its own name to its members; those of `defaults` keep theirs (`pkgs/main`),
    because which of them it was matters. Else conda's rules: custom channels, then the alias, then the path.
    """
    if not base_url:
        return UNKNOWN
    location = _without_scheme(base_url)
    for name, members in config.custom_multichannels:
        if name != "defaults" and any(location == _without_scheme(member) for member in members):
            return name
    for name, url in sorted(config.custom_channels, key=lambda pair: -len(pair[0])):
        rest = _below(location, _without_scheme(url))
        if rest is not None:
            return unquote("/".join(part for part in (name, rest) if part))
    below_alias = _below(location, _without_scheme(config.channel_alias))
    return unquote(below_alias) if below_alias else _name_by_path(base_url, location)


def channel_counts(contents: PrefixContents, config: ChannelConfig) -> tuple[tuple[str, int], ...]:
    """Count the packages of an environment by channel name, most first; pip's are under `pypi`.

    Two channels that only share a short name are told apart by their base URLs.
    """
    by_url = Counter(record.base_url for record in contents.packages)
    names = {url: channel_name(url, config) for url in by_url}
    shared = {name for name, uses in Counter(names.values()).items() if uses > 1}
    counts: Counter[str] = Counter()
    for url, packages in by_url.items():
        counts[url if url and names[url] in shared else names[url]] += packages
    if pip := len(contents.pip_distributions):
        counts[PYPI] += pip
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _without_scheme(url: str) -> str:
    return url.partition("://")[2].rstrip("/") if "://" in url else url.rstrip("/")


def _below(location: str, parent: str) -> str | None:
    """What follows `parent` in `location`, whole path parts only; None if it lies elsewhere."""
    if location == parent:
        return ""
    return location[len(parent) + 1 :] if parent and location.startswith(parent + "/") else None


def _name_by_path(base_url: str, location: str) -> str:
    host, _, path = location.partition("/")
    if base_url.startswith("file:") or not host:
        return unquote(location.rpartition("/")[2])
    # Anaconda's repository server keeps its channels below /conda, which conda leaves out of the name.
    return unquote(path.removeprefix("conda/")) or host
