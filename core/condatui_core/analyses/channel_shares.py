"""How much of an environment, and of all together, came from each channel, each platform and each of pip's origins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from msgspec import Struct

from condatui_core.analyses.channels import PYPI, channel_identity, channel_label
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

# Counts by short name


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


# Shares by channel, by platform, and by pip's origins


_NOARCH = "noarch"


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


def origins(contents: PrefixContents, config: ChannelConfig) -> Origins:
    """Divide an environment's packages and bytes by channel, by platform and by pip's origins."""
    asked = contents.requested_names
    platforms, pip = defaultdict[str, _Sum](_Sum), defaultdict[str, _Sum](_Sum)
    for package in contents.packages:
        platforms[_platform(package)].add_package(package, asked)
    for distribution in contents.pip_distributions:
        pip[distribution.origin].add(distribution.installed_bytes)
    return Origins(
        channels=channel_shares(contents, config),
        platforms=_sorted(
            Share(label, found.packages, found.bytes, requested=found.requested) for label, found in platforms.items()
        ),
        pip=_sorted(Share(label, found.packages, found.bytes) for label, found in pip.items()),
    )


def channel_shares(contents: PrefixContents, config: ChannelConfig) -> tuple[Share, ...]:
    """Divide an environment's packages and bytes by channel; everything that pip installed is one share."""
    asked = contents.requested_names
    by_url = defaultdict[str | None, _Sum](_Sum)
    for package in contents.packages:
        by_url[package.base_url].add_package(package, asked)
    channels = defaultdict[tuple[str, str], list[tuple[str | None, _Sum]]](list)
    for url, found in by_url.items():
        channels[channel_label(url, config), channel_identity(url, config)].append((url, found))
    if pip := contents.pip_distributions:
        installed = sum(each.installed_bytes for each in pip)
        channels[PYPI, ""].append((None, _Sum(packages=len(pip), bytes=installed)))
    return _sorted(
        Share(
            label,
            sum(found.packages for _, found in urls),
            sum(found.bytes for _, found in urls),
            max(urls, key=lambda pair: pair[1].packages)[0],
            sum(found.requested for _, found in urls),
            sum(found.noarch for _, found in urls),
            identity,
        )
        for (label, identity), urls in channels.items()
    )


class _Sum(Struct):
    """What packages with one origin come to."""

    packages: int = 0
    bytes: int = 0
    requested: int = 0
    noarch: int = 0

    def add(self, size: int) -> None:
        self.packages += 1
        self.bytes += size

    def add_package(self, package: PackageRecord, asked: Collection[str]) -> None:
        self.packages += 1
        self.bytes += package.installed_bytes
        self.requested += package.name in asked
        self.noarch += bool(package.noarch) or package.subdir == _NOARCH


def channel_totals(environments: Iterable[Iterable[Share]]) -> tuple[ChannelTotal, ...]:
    """Sum up the shares of environments by channel, the most bytes first."""
    shares: dict[tuple[str, str], list[Share]] = {}
    for each in environments:
        for share in each:
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
    return _NOARCH if record.noarch else record.subdir or "unknown"


def _sorted(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda share: (-share.packages, share.label, share.base_url or "")))
