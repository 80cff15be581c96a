"""Where the packages of all environments came from."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.table import Column
from condatui.view_models.units import format_bytes
from condatui_core.analyses.channels import PYPI
from condatui_core.analyses.origins import ChannelTotal
from condatui_core.printable import printable

COLUMNS = (
    Column("channel", "channel", 24),
    Column("environments", "environments", 12, align="right"),
    Column("packages", "packages", 8, align="right"),
    Column("requested", "requested", 9, align="right", priority=2),
    Column("noarch", "noarch", 6, align="right", priority=4),
    Column("size", "size", 6, align="right", priority=1),
    Column("url", "url", 80, flexible=True, priority=3),
)


class ChannelTotalsModel:
    """Channels as rows in the order given, told apart by their base URLs."""

    def __init__(self, totals: Sequence[ChannelTotal], *, signs: Signs = UNICODE) -> None:
        self._totals = totals
        self._signs = signs

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._totals)

    def key(self, index: int) -> str:
        """The base URL; the name where there is none."""
        total = self._totals[index]
        return total.base_url or total.channel

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        total = self._totals[index]
        # pip keeps no account of what was asked for, nor of platforms.
        by_pip = total.channel == PYPI and total.base_url is None
        return (
            Text(printable(total.channel)),
            Text(str(total.environments)),
            Text(str(total.packages)),
            Text(self._signs.nothing if by_pip else str(total.requested)),
            Text(self._signs.nothing if by_pip else str(total.noarch)),
            Text(f"{self._signs.approximately}{format_bytes(total.bytes)}"),
            Text(printable(total.base_url or ""), tones.DIM),
        )
