"""Records of whether conda can still build what a file describes."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from condatui_core.records.drift import Drift


class ChannelIndex(Struct, frozen=True, kw_only=True):
    """The index of one channel, by which conda solves."""

    channel: str
    """Its location, without credentials."""
    at: datetime | None = None
    """When conda last saw that it was current; None if no cache has it."""


class Solution(Struct, frozen=True, kw_only=True):
    """Whether conda can build what a file asks of it."""

    solvable: bool | None
    """None if that cannot be told, or if nothing has to be solved and archives would have to be downloaded."""
    reason: tuple[str, ...] = ()
    """Why not, or why it cannot be told: conda's own words, line by line."""
    solved: bool = False
    """Whether conda was asked; a list of archives needs no solving."""
    offline: bool = True
    """Whether the caches of this machine alone gave the answer."""
    differs: tuple[Drift, ...] = ()
    """How the environment differs from what conda would build today, in what conda installs."""
    to_download: tuple[str, ...] = ()
    """What no cache has, by name, version and build."""
    download_bytes: int = 0
    """Bytes of these archives, as far as they are known."""
    indexes: tuple[ChannelIndex, ...] = ()
    """The indexes of the channels that the file names, or that conda is configured with."""
    not_part: tuple[str, ...] = ()
    """What conda was not asked for, and why: a sentence each."""
