"""Remembers the digests of files that had to be read, for as long as the files stay as they were."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from condatui_core.disk.first_look import Inode, UndigestedFile
from condatui_core.disk.tree_store import read_document, write_document

_logger = logging.getLogger(__name__)
_FORMAT = 1
"""Raise this when the meaning of the stored rows changes."""
_MOST = 200_000
"""The most files that are remembered."""


class _Kept(Struct, frozen=True, array_like=True):
    writer: str
    digests: list[tuple[UndigestedFile, str]]


class KnownDigests:
    """Digests by inode, size, mtime and ctime. Nobody can set a ctime: what it states was not written since."""

    def __init__(self, directory: Path | None) -> None:
        self._file = directory / "digests" if directory else None
        kept = read_document(self._file, _Kept) if self._file else None
        self._digests = dict(kept.digests) if kept and kept.writer == _writer() else {}

    def of(self, files: Iterable[UndigestedFile]) -> dict[Inode, str]:
        """The digests of those that are as they were when they were read."""
        return {each.inode: self._digests[each] for each in files if each in self._digests}

    def keep(self, files: Iterable[UndigestedFile], digests: Mapping[Inode, str]) -> None:
        """Remember these instead of all others; a failure to write them is only logged."""
        if self._file is None:
            return
        rows = [(each, digests[each.inode]) for each in files if each.inode in digests][:_MOST]
        try:
            write_document(self._file, _Kept(_writer(), rows))
        except OSError as error:
            _logger.debug("the digests are not kept in %s: %s", self._file, error)


def _writer() -> str:
    return f"{_FORMAT} {os.uname().nodename}"
