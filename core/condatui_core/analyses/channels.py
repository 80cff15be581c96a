"""Channels: their locations, their short names, and which of their URLs lead to one channel."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
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


def split_platform(source: str) -> tuple[str, str]:
    """A channel and its platform, of `conda-forge/linux-64` or a URL; the platform is empty if there is none."""
    match = _PLATFORM.search(source.rstrip("/"))
    return (source[: match.start()], match[0][1:]) if match else (source.rstrip("/"), "")


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
