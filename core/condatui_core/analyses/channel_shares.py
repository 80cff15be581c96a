"""How much of an environment, and of all together, came from each channel, each platform and each of pip's origins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

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
    urls = {each.base_url for each in contents.packages}  # a few, of hundreds of packages
    labels = {url: channel_label(url, config) for url in urls}
    identities = {url: channel_identity(url, config) for url in urls}
    by_channel = [
        _OriginEntry(
            labels[each.base_url],
            each.installed_bytes,
            each.base_url,
            each.name in asked,
            _platform(each) == "noarch",
            identities[each.base_url],
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
