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


class Origins(Struct, frozen=True, kw_only=True):
    """One environment divided up; in each of the three, most packages first."""

    channels: tuple[Share, ...]
    """One a base URL, and one for all that pip installed."""
    platforms: tuple[Share, ...]
    """conda's packages by platform directory, `noarch` among them."""
    pip: tuple[Share, ...]
    """pip's distributions by origin: `index`, `vcs`, `local`, `editable`, `url`, `unknown`."""


_Entry = tuple[str, str | None, int, bool]
"""Label, base URL, bytes, requested."""


def origins(contents: PrefixContents, config: ChannelConfig) -> Origins:
    """Divide an environment's packages and bytes by channel, by platform and by pip's ways."""
    asked = contents.requested_names
    pip = contents.pip_distributions
    by_channel: list[_Entry] = [
        (channel_name(each.base_url, config), each.base_url, each.installed_bytes, each.name in asked)
        for each in contents.packages
    ]
    by_channel += [(PYPI, None, each.installed_bytes, False) for each in pip]
    return Origins(
        channels=_shares(by_channel),
        platforms=_shares(
            (_platform(each), None, each.installed_bytes, each.name in asked) for each in contents.packages
        ),
        pip=_shares((each.origin, None, each.installed_bytes, False) for each in pip),
    )


def _platform(record: PackageRecord) -> str:
    return "noarch" if record.noarch else record.subdir or "unknown"


def _shares(entries: Iterable[_Entry]) -> tuple[Share, ...]:
    totals: dict[tuple[str, str | None], tuple[int, int, int]] = {}
    for label, base_url, size, requested in entries:
        packages, total, asked = totals.get((label, base_url), (0, 0, 0))
        totals[label, base_url] = (packages + 1, total + size, asked + requested)
    shares = [
        Share(label, packages, total, base_url, asked) for (label, base_url), (packages, total, asked) in totals.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.packages, share.label, share.base_url or "")))
