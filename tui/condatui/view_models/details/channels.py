"""The channels that the packages came from, of one environment and of all."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.channel_codes import NO_CODES, ChannelCodes
from condatui.view_models.format import short_bytes
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.analyses.channel_shares import ChannelTotal, Origins, Share, origins
from condatui_core.analyses.channels import PYPI, UNKNOWN
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import sanitize

# The channels of one environment


COLUMNS = (
    TableColumn("channel", "channel", 24),
    TableColumn("code", "code", 5),
    TableColumn("packages", "packages", 8, align="right"),
    TableColumn("requested", "requested", 9, align="right", priority=2),
    TableColumn("noarch", "noarch", 6, align="right", priority=4),
    TableColumn("size", "size", 5, align="right", priority=1),
    TableColumn("url", "url", 80, flexible=True, priority=3),
)


class ChannelsModel:
    """Channels as rows, one for each base URL, most packages first; after them the origins of pip's packages."""

    def __init__(
        self,
        environment: Environment,
        config: ChannelConfig,
        *,
        glyphs: Glyphs = UNICODE,
        codes: ChannelCodes = NO_CODES,
    ) -> None:
        self._rows = _rows(origins(environment.contents, config)) if environment.contents else ()
        self._codes = codes
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The base URL; the label if there is none."""
        share = self._rows[index]
        return share.base_url or share.label

    def copied(self, index: int) -> str:
        """What is copied of a row: the base URL; empty if there is none."""
        return self._rows[index].base_url or ""

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        share = self._rows[index]
        # pip does not record what was requested, nor platforms.
        requested = self._glyphs.nothing if _is_pip(share) else str(share.requested)
        return (
            Text(sanitize(share.label)),
            Text(self._code(share), styles.DIM),
            Text(str(share.packages)),
            Text(requested),
            Text(self._glyphs.nothing if _is_pip(share) else str(share.noarch)),
            Text(short_bytes(share.bytes)),
            Text(sanitize(share.base_url or ""), styles.DIM),
        )

    def _code(self, share: Share) -> str:
        """What a narrow list of environments calls the channel; one that shares its name goes by its URL there."""
        return "" if _is_pip(share) else self._codes.get(share.label) or self._codes.get(share.base_url or "", "")


def _rows(shares: Origins) -> tuple[Share, ...]:
    conda = (share for share in shares.channels if not _is_pip(share))
    pip = (replace(share, label=PYPI if share.label == "index" else f"{PYPI} {share.label}") for share in shares.pip)
    return (*conda, *pip)


def _is_pip(share: Share) -> bool:
    return share.base_url is None and share.label != UNKNOWN


# The channels of all environments


TOTALS_COLUMNS = (
    TableColumn("channel", "channel", 24),
    TableColumn("environments", "environments", 12, align="right"),
    TableColumn("packages", "packages", 8, align="right"),
    TableColumn("requested", "requested", 9, align="right", priority=2),
    TableColumn("noarch", "noarch", 6, align="right", priority=4),
    TableColumn("size", "size", 6, align="right", priority=1),
    TableColumn("url", "url", 80, flexible=True, priority=3),
)


class ChannelTotalsModel:
    """Channels as rows in the order given, one for each base URL."""

    def __init__(self, totals: Sequence[ChannelTotal], *, glyphs: Glyphs = UNICODE) -> None:
        self._totals = totals
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return TOTALS_COLUMNS

    def __len__(self) -> int:
        return len(self._totals)

    def key(self, index: int) -> str:
        """The base URL; the name if there is none."""
        total = self._totals[index]
        return total.base_url or total.channel

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        total = self._totals[index]
        # pip does not record what was requested, nor platforms.
        by_pip = total.channel == PYPI and total.base_url is None
        return (
            Text(sanitize(total.channel)),
            Text(str(total.environments)),
            Text(str(total.packages)),
            Text(self._glyphs.nothing if by_pip else str(total.requested)),
            Text(self._glyphs.nothing if by_pip else str(total.noarch)),
            Text(f"{self._glyphs.approximately}{short_bytes(total.bytes)}"),
            Text(sanitize(total.base_url or ""), styles.DIM),
        )
