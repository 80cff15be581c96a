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
"""conda's name for the channel of packages that pip installed, and the location of wheels that conda installed."""

_ARCHIVES = (".conda", ".tar.bz2", ".tar.gz", ".zip")
_WHEEL = ".whl"
_PLATFORM = re.compile(r"/(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi|unknown)-[a-z0-9_]+)$")


def channel_location(channel: str | None, url: str | None, subdir: str) -> str | None:
    """The channel's base URL, without platform, file name, credentials and trailing slash.

    As in conda, the record's channel takes precedence over the URL of the archive, in which an old host name or a
    mirror does not make another channel. A bare channel name is returned unchanged if there is no URL.
    A wheel that no channel is stated for came from an index of Python packages: its channel is `pypi`.
    """
    channel = None if channel in (None, "", UNKNOWN) else channel
    stated = _without_fragment(channel if channel and "://" in channel else url or channel or "")
    if not stated:
        return None
    if stated.endswith(_WHEEL):
        return PYPI
    directory, _, file_name = stated.rpartition("/")
    return _location(directory if file_name.endswith(_ARCHIVES) else stated, subdir)


def _without_fragment(url: str) -> str:
    """The URL without the digest (`#sha256=…`) and the query that follow a file's name."""
    return url.partition("#")[0].partition("?")[0]


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
    for alias in (config.channel_alias, *config.migrated_channel_aliases):
        if below_alias := _below(location, _without_scheme(alias)):
            return unquote(below_alias)
    return _name_by_path(base_url, location)


def channel_urls(name: str, config: ChannelConfig) -> tuple[str, ...]:
    """Where conda looks for a channel, by its name or URL: one base URL, or those of a multichannel's members."""
    for known, members in config.custom_multichannels:
        if name == known:
            return members
    if "://" in name:
        return (channel_location(name, None, "") or name,)
    for known, url in config.custom_channels:
        if name == known or name.startswith(f"{known}/"):
            return (channel_location(url + name[len(known) :], None, "") or "",)
    return (channel_location(f"{config.channel_alias}/{name}", None, "") or "",)


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


# The identity of a channel: several URLs may lead to one


_PUBLIC_ALIASES = ("https://conda.anaconda.org", "https://conda.binstar.org", "https://repo.anaconda.cloud/repo")
"""Anaconda's servers, whatever the alias of an installation is; such an alias usually mirrors the first."""
_COPIED = ("main", "free", "r", "pro", "msys2")
"""The members of `defaults` of which anaconda.org has copies under these names: `main` is `pkgs/main`."""
ANACONDA_NAMES = tuple(f"pkgs/{name}" for name in (*_COPIED, "mro", "archive"))
"""Anaconda's own channels."""
_MIRRORED = re.compile(rf"^[^/]+/(?:.+/)?(?P<name>{'|'.join(ANACONDA_NAMES)}|conda-forge|bioconda)$")
"""A host and a path at whose end a host offers a channel that everybody knows: prefix.dev, a proxy, a university."""


@lru_cache(maxsize=4096)
def channel_identity(base_url: str | None, config: ChannelConfig) -> str:
    """What all URLs of one channel have in common; empty for an unknown channel.

    It is the channel's name if the configuration, anaconda.org or a mirror of a well-known channel gives it one,
    otherwise its location. The scheme, credentials and `/label/main` make no difference.
    """
    if not base_url:
        return ""
    location = _without_scheme(strip_credentials(base_url))
    name = unquote(location) if "://" not in base_url else _given_name(location, config)
    if name is None and not base_url.startswith("file:"):
        mirrored = _MIRRORED.match(location.removesuffix("/label/main"))
        name = mirrored["name"] if mirrored else None
    if name:
        name = name.removesuffix("/label/main")
        return f"pkgs/{name}" if name in _COPIED and _is_of_anaconda(base_url, config) else name
    return base_url.rstrip("/") if base_url.startswith("file:") else f"https://{location}"


def _is_of_anaconda(channel: str, config: ChannelConfig) -> bool:
    """Whether anaconda.org serves a channel; where an alias leads elsewhere, its `main` may be anything."""
    location = _without_scheme(strip_credentials(channel if "://" in channel else f"{config.channel_alias}/{channel}"))
    return any(_below(location, _without_scheme(alias)) for alias in _PUBLIC_ALIASES)


def _given_name(location: str, config: ChannelConfig) -> str | None:
    """The name that the configuration or anaconda.org gives a location; None if they give none."""
    for name, url in sorted(config.custom_channels, key=lambda pair: -len(pair[0])):
        rest = _below(location, _without_scheme(url))
        if rest is not None:
            return unquote("/".join(part for part in (name, rest) if part))
    for alias in (config.channel_alias, *config.migrated_channel_aliases, *_PUBLIC_ALIASES):
        if rest := _below(location, _without_scheme(alias)):
            return unquote(rest)
    return None


def channel_label(base_url: str | None, config: ChannelConfig) -> str:
    """The short name to show for a channel, the same for each of its URLs."""
    identity = channel_identity(base_url, config)
    for name, members in config.custom_multichannels:
        if identity and name != "defaults" and any(identity == channel_identity(each, config) for each in members):
            return name
    return identity if identity and "://" not in identity else channel_name(base_url, config)


def same_package(one: PackageRecord, other: PackageRecord, config: ChannelConfig) -> bool:
    """Whether two records are of one package: one build, by the digest of its archive or from one channel."""
    if (one.name, one.version, one.build) != (other.name, other.version, other.build):
        return False
    if (one.md5 and one.md5 == other.md5) or (one.sha256 and one.sha256 == other.sha256):
        return True
    return channel_identity(one.base_url, config) == channel_identity(other.base_url, config)


def channel_counts(contents: PrefixContents, config: ChannelConfig) -> tuple[tuple[str, int], ...]:
    """Count the packages of an environment by channel name, the largest count first; pip's are under `pypi`.

    Two channels with the same short name are counted separately, by their base URLs.
    """
    by_url = Counter(record.base_url for record in contents.packages)
    names = {url: channel_label(url, config) for url in by_url}
    identities = {(names[url], channel_identity(url, config)) for url in by_url}
    shared = {name for name, uses in Counter(name for name, _ in identities).items() if uses > 1}
    counts: Counter[str] = Counter()
    for url, packages in by_url.items():
        counts[url if url and names[url] in shared else names[url]] += packages
    if pip := len(contents.pip_distributions):
        counts[PYPI] += pip
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


# Shares of an environment by channel, by platform, and by pip's origins


class Share(Struct, frozen=True):
    """The packages that came into an environment from one origin."""

    label: str
    """A channel's short name, a platform directory, or the origin of pip's distributions."""
    packages: int
    bytes: int
    """Installed bytes, as the records state them."""
    base_url: str | None = None
    """The base URL of the channel, from which most of them came; None for `<unknown>` and for pip's."""
    requested: int = 0
    """The number of packages that the user requested."""
    noarch: int = 0
    """The number of packages for any platform."""
    identity: str = ""
    """What all URLs of the channel have in common; empty if there is none."""


class ChannelTotal(Struct, frozen=True, kw_only=True):
    """The packages from one channel in all environments; bytes shared by hard links count in each environment."""

    channel: str
    """The short name; `pypi` for everything that pip installed."""
    base_url: str | None
    """That from which most of them came, of several URLs of one channel."""
    environments: int
    """The number of environments with a package from it."""
    packages: int
    requested: int
    noarch: int
    bytes: int


class Origins(Struct, frozen=True, kw_only=True):
    """The origins of an environment's packages, each list sorted by descending number of packages."""

    channels: tuple[Share, ...]
    """One share per channel, and one for everything that pip installed."""
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
    identity: str = ""


def origins(contents: PrefixContents, config: ChannelConfig) -> Origins:
    """Divide an environment's packages and bytes by channel, by platform and by pip's origins."""
    asked = contents.requested_names
    pip = contents.pip_distributions
    by_channel = [
        _OriginEntry(
            channel_label(each.base_url, config),
            each.installed_bytes,
            each.base_url,
            each.name in asked,
            _platform(each) == "noarch",
            channel_identity(each.base_url, config),
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
    shares: dict[tuple[str, str], list[Share]] = {}
    for each in environments:
        for share in each.channels:
            shares.setdefault((share.label, share.identity), []).append(share)
    totals = [
        ChannelTotal(
            channel=label,
            base_url=max(found, key=lambda share: share.packages).base_url,
            environments=len(found),
            packages=sum(share.packages for share in found),
            requested=sum(share.requested for share in found),
            noarch=sum(share.noarch for share in found),
            bytes=sum(share.bytes for share in found),
        )
        for (label, _), found in shares.items()
    ]
    return tuple(sorted(totals, key=lambda total: (-total.bytes, total.channel, total.base_url or "")))


def _platform(record: PackageRecord) -> str:
    return "noarch" if record.noarch else record.subdir or "unknown"


def _shares(entries: Iterable[_OriginEntry]) -> tuple[Share, ...]:
    together: dict[tuple[str, str], list[_OriginEntry]] = {}
    for entry in entries:
        together.setdefault((entry.label, entry.identity), []).append(entry)
    shares = [
        Share(
            label,
            len(found),
            sum(entry.bytes for entry in found),
            Counter(entry.base_url for entry in found).most_common(1)[0][0],
            sum(entry.requested for entry in found),
            sum(entry.noarch for entry in found),
            identity,
        )
        for (label, identity), found in together.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.packages, share.label, share.base_url or "")))
