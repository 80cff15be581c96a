"""When condatui itself has run something of a prefix: reading that as somebody's use would make every one look used."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.records.environment import LastUsed
from condatui_core.whole_files import put_in_cache

_STEP = timedelta(seconds=2)
"""Some file systems keep times in steps as coarse as this."""


class _OwnUse(Struct, frozen=True, array_like=True):
    begun: datetime
    ended: datetime
    before: LastUsed | None
    """What was known of its last use until then."""


class OwnUses:
    """One small file a prefix. Its methods touch the disk: call them in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def note(self, prefix: str, begun: datetime, ended: datetime, before: LastUsed | None) -> None:
        """Note that something of a prefix runs from then to then, and what its last use was until now.

        That this cannot be written is no reason not to run it.
        """
        try:
            put_in_cache(self._file(prefix), msgspec.msgpack.encode(_OwnUse(begun, ended, before)))
        except (OSError, UnicodeEncodeError):  # a full disk; a file among the evidence whose name is no UTF-8
            return

    def correct(self, prefix: str, used: LastUsed | None) -> LastUsed | None:
        """The last use of a prefix: the one before, if what seems to be the last was condatui's own."""
        if used is None:
            return None
        try:
            own = _DECODER.decode(self._file(prefix).read_bytes())
        except (OSError, msgspec.DecodeError):
            return used
        return own.before if own.begun - _STEP <= used.at <= own.ended + _STEP else used

    def _file(self, prefix: str) -> Path:
        return self._directory / hashlib.blake2b(os.fsencode(prefix), digest_size=12).hexdigest()


_DECODER = msgspec.msgpack.Decoder(_OwnUse)
