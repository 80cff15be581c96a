"""Channels: their locations, their short names, and how much of an environment came from each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import strip_credentials

# Locations of channels


UNKNOWN = "<unknown>"
"""The channel of a record that states none, in conda's own spelling."""
PYPI = "pypi"
"""conda's name for the channel of packages that pip installed."""

_WHEEL = ".whl"
_ARCHIVES = (".conda", ".tar.bz2", _WHEEL)
_PLATFORM = re.compile(r"/(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi|unknown)-[a-z0-9_]+)$")


def channel_location(channel: str | None, url: str | None, subdir: str) -> str | None:
    """The channel's base URL, without platform, file name, credentials and trailing slash.

    As in conda, the record's channel takes precedence over the URL of the archive, in which an old host name or a
    mirror does not make another channel. A bare channel name is returned unchanged if there is no URL.
    A wheel that no channel is stated for came from an index of Python packages: its channel is `pypi`.
    """
    channel = None if channel in (None, "", UNKNOWN) else channel
    stated = (channel if channel and "://" in channel else url or channel or "").partition("#")[0].partition("?")[0]
    if not stated:
        return None
    if channel in (None, PYPI) and stated.endswith(_WHEEL):
        return PYPI
    directory, _, file_name = stated.rpartition("/")
    return _location(directory if file_name.endswith(_ARCHIVES) else stated, subdir)


@lru_cache(maxsize=1024)
def _location(directory: str, subdir: str) -> str:
    """The channel's location by the directory of its archives; cached, as thousands of records share it."""
    location = strip_credentials(directory).rstrip("/")
    if subdir and location.endswith("/" + subdir):
        location = location[: -len(subdir) - 1]
    return _PLATFORM.sub("", location).rstrip("/")


# Short names of channels, as conda shows them


@lru_cache(maxsize=4096)
def channel_name(base_url: str | None, config: ChannelConfig) -> str:
    """Shorten a channel's base URL to the name that conda gives it under this configuration.

    Members of a user's multichannel get its name; those of `defaults` keep their own (`pkgs/main`), because the
    difference matters. Otherwise conda's rules apply: custom channels, then the alias, then the path.
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
    """Count the packages of an environment by channel name, the largest count first; pip's are under `pypi`.

    Two channels with the same short name are counted separately, by their base URLs.
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
    """The path of `location` below `parent`; None if it is elsewhere."""
    if location == parent:
        return ""
    return location[len(parent) + 1 :] if parent and location.startswith(parent + "/") else None


def _name_by_path(base_url: str, location: str) -> str:
    host, _, path = location.partition("/")
    if base_url.startswith("file:") or not host:
        return unquote(location.rpartition("/")[2])
    # Anaconda's repository server keeps its channels below /conda, which conda leaves out of the name.
    return unquote(path.removeprefix("conda/")) or host


# Shares of an environment by channel, by platform, and by pip's origins


class Share(Struct, frozen=True):
    """The packages that came into an environment from one origin."""

    label: str
    """A channel's short name, a platform directory, or the origin of pip's distributions."""
    packages: int
    bytes: int
    """Installed bytes, as the records state them."""
    base_url: str | None = None
    """The base URL that identifies a channel; None for `<unknown>` and for pip's."""
    requested: int = 0
    """The number of packages that the user requested."""
    noarch: int = 0
    """The number of packages for any platform."""


class ChannelTotal(Struct, frozen=True, kw_only=True):
    """The packages from one channel in all environments; bytes shared by hard links count in each environment."""

    channel: str
    """The short name; `pypi` for everything that pip installed."""
    base_url: str | None
    environments: int
    """The number of environments with a package from it."""
    packages: int
    requested: int
    noarch: int
    bytes: int


class Origins(Struct, frozen=True, kw_only=True):
    """The origins of an environment's packages, each list sorted by descending number of packages."""

    channels: tuple[Share, ...]
    """One share per base URL, and one for everything that pip installed."""
    platforms: tuple[Share, ...]
    """conda's packages by platform directory, `noarch` among them."""
    pip: tuple[Share, ...]
    """pip's distributions by origin: `index`, `vcs`, `local`, `editable`, `url`, `unknown`."""


class _OriginEntry(Struct, frozen=True):
    """One package and where it is counted."""

    label: str
    bytes: int
    base_url: str | None = None
    requested: bool = False
    noarch: bool = False


def origins(contents: PrefixContents, config: ChannelConfig) -> Origins:
    """Divide an environment's packages and bytes by channel, by platform and by pip's origins."""
    asked = contents.requested_names
    pip = contents.pip_distributions
    by_channel = [
        _OriginEntry(
            channel_name(each.base_url, config),
            each.installed_bytes,
            each.base_url,
            each.name in asked,
            _platform(each) == "noarch",
        )
        for each in contents.packages
    ]
    return Origins(
        channels=_shares((*by_channel, *(_OriginEntry(PYPI, each.installed_bytes) for each in pip))),
        platforms=_shares(
            _OriginEntry(_platform(each), each.installed_bytes, requested=each.name in asked)
            for each in contents.packages
        ),
        pip=_shares(_OriginEntry(each.origin, each.installed_bytes) for each in pip),
    )


def channel_totals(environments: Iterable[Origins]) -> tuple[ChannelTotal, ...]:
    """Sum up environments by channel, the most bytes first."""
    shares: dict[tuple[str, str | None], list[Share]] = {}
    for each in environments:
        for share in each.channels:
            shares.setdefault((share.label, share.base_url), []).append(share)
    totals = [
        ChannelTotal(
            channel=label,
            base_url=base_url,
            environments=len(found),
            packages=sum(share.packages for share in found),
            requested=sum(share.requested for share in found),
            noarch=sum(share.noarch for share in found),
            bytes=sum(share.bytes for share in found),
        )
        for (label, base_url), found in shares.items()
    ]
    return tuple(sorted(totals, key=lambda total: (-total.bytes, total.channel, total.base_url or "")))


def _platform(record: PackageRecord) -> str:
    return "noarch" if record.noarch else record.subdir or "unknown"


def _shares(entries: Iterable[_OriginEntry]) -> tuple[Share, ...]:
    together: dict[tuple[str, str | None], list[_OriginEntry]] = {}
    for entry in entries:
        together.setdefault((entry.label, entry.base_url), []).append(entry)
    shares = [
        Share(
            label,
            len(found),
            sum(entry.bytes for entry in found),
            base_url,
            sum(entry.requested for entry in found),
            sum(entry.noarch for entry in found),
        )
        for (label, base_url), found in together.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.packages, share.label, share.base_url or "")))
