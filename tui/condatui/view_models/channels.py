"""Where the packages of an environment came from."""

from __future__ import annotations

from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.table import Column
from condatui.view_models.units import format_bytes
from condatui_core.analyses.channels import PYPI, UNKNOWN
from condatui_core.analyses.origins import Origins, Share, origins
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig

COLUMNS = (
    Column("channel", "channel", 24),
    Column("packages", "packages", 8, align="right"),
    Column("requested", "requested", 9, align="right", priority=2),
    Column("noarch", "noarch", 6, align="right", priority=4),
    Column("size", "size", 5, align="right", priority=1),
    Column("url", "url", 80, flexible=True, priority=3),
)


class ChannelsModel:
    """Channels as rows, told apart by their base URLs, most packages first; then pip's, by where pip had them from."""

    def __init__(self, environment: Environment, config: ChannelConfig, *, signs: Signs = UNICODE) -> None:
        self._rows = _rows(origins(environment.contents, config)) if environment.contents else ()
        self._signs = signs

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The base URL; the label where there is none."""
        share = self._rows[index]
        return share.base_url or share.label

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        share = self._rows[index]
        # pip keeps no account of what was asked for, nor of platforms.
        asked = self._signs.nothing if _is_pip(share) else str(share.requested)
        return (
            Text(printable(share.label)),
            Text(str(share.packages)),
            Text(asked),
            Text(self._signs.nothing if _is_pip(share) else str(share.noarch)),
            Text(format_bytes(share.bytes)),
            Text(printable(share.base_url or ""), tones.DIM),
        )


def _rows(shares: Origins) -> tuple[Share, ...]:
    conda = (share for share in shares.channels if not _is_pip(share))
    pip = (replace(share, label=PYPI if share.label == "index" else f"{PYPI} {share.label}") for share in shares.pip)
    return (*conda, *pip)


def _is_pip(share: Share) -> bool:
    return share.base_url is None and share.label != UNKNOWN
