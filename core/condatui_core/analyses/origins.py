"""How much of an environment came from where: by channel, by platform, and by the way pip got it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from condatui_core.analyses.channels import PYPI, channel_name
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents


class Share(Struct, frozen=True):
    """What one origin brought into an environment."""

    label: str
    """A channel's short name, a platform directory, or pip's way of getting a distribution."""
    packages: int
    bytes: int
    """Installed, as the records state it."""
    base_url: str | None = None
    """Of a channel: what it is told apart by; None for `<unknown>` and for pip's."""
    requested: int = 0
    """How many of the packages the user asked for."""
    noarch: int = 0
    """How many of the packages are for any platform."""


class ChannelTotal(Struct, frozen=True, kw_only=True):
    """What one channel brought into all environments; bytes that environments share by hard links count in each."""

    channel: str
    """Its short name; `pypi` for all that pip installed."""
    base_url: str | None
    environments: int
    """How many have something from it."""
    packages: int
    requested: int
    noarch: int
    bytes: int


class Origins(Struct, frozen=True, kw_only=True):
    """One environment divided up; in each of the three, most packages first."""

    channels: tuple[Share, ...]
    """One a base URL, and one for all that pip installed."""
    platforms: tuple[Share, ...]
    """conda's packages by platform directory, `noarch` among them."""
    pip: tuple[Share, ...]
    """pip's distributions by origin: `index`, `vcs`, `local`, `editable`, `url`, `unknown`."""


class _OriginEntry(Struct, frozen=True):
    """One package as it is counted."""

    label: str
    bytes: int
    base_url: str | None = None
    requested: bool = False
    noarch: bool = False


def origins(contents: PrefixContents, config: ChannelConfig) -> Origins:
    """Divide an environment's packages and bytes by channel, by platform and by pip's ways."""
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
    """Sum up environments by channel, most bytes first."""
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
