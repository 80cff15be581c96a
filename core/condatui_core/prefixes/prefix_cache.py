"""Prefixes that were read before, in memory and on disk, for as long as nothing has changed in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

import condatui_core
from condatui_core.bounded_read import read_bounded
from condatui_core.prefixes.prefix import read_prefix, read_variables
from condatui_core.prefixes.prefix_stamps import Stamps, stamp, stamped_site_packages, stamps, too_fresh
from condatui_core.prefixes.shared_records import SharedRecords
from condatui_core.records.finding import Problem
from condatui_core.records.prefix import PrefixContents
from condatui_core.whole_files import put_in_cache

_FORMAT = 1
"""To be raised when the same files are to be read as something else though no record has another field."""
_LARGEST = 64 << 20
"""Bytes of one cached prefix."""


class _Known(Struct, frozen=True):
    """A prefix in memory."""

    stamps: Stamps
    contents: PrefixContents
    holds: bool
    """Whether equal stamps mean equal contents: not if it was read right after a change."""


class _File(Struct, frozen=True, array_like=True):
    """A prefix on disk."""

    fingerprint: str
    prefix: bytes
    stamps: Stamps
    contents: Raw
    """Decoded only if all of the above is as it must be."""


class PrefixCache:
    """Reads prefixes, each of them only once until something changes in it.

    Where nothing can be written it works all the same, from memory. Any thread may call it.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._directory = directory
        self._clock = clock
        self._fingerprint = _fingerprint()
        self._known: dict[str, _Known] = {}
        self._shared = SharedRecords()

    def read(self, prefix: str, *, refresh: bool = False) -> PrefixContents:
        """Read a prefix, from the cache unless something has changed or `refresh` asks for the prefix itself.

        What had problems is read again every time: the repair of a file in place leaves no stamp.
        """
        if not refresh:
            known = self._known.get(prefix)
            if known and not known.contents.problems and self.unchanged(prefix):
                return known.contents
            if (loaded := self._load(prefix)) is not None:
                return self._keep(prefix, loaded)
        return self._keep(prefix, self._read_anew(prefix))

    def unchanged(self, prefix: str) -> bool:
        """Whether a prefix is still what `read` has last returned, by a dozen stats; False if it was never read."""
        known = self._known.get(prefix)
        return known is not None and known.holds and _still(prefix, known.stamps)

    def _keep(self, prefix: str, known: _Known) -> PrefixContents:
        self._known[prefix] = known
        return known.contents

    def _read_anew(self, prefix: str) -> _Known:
        # Taken first: what changes while it is read has then changed since, and is read again.
        now = self._clock()
        taken = stamps(prefix)
        contents = self._shared.share(read_prefix(prefix, stamped_site_packages(taken)))
        known = _Known(taken, contents, holds=not too_fresh(taken, now))
        if contents.problems:
            self._discard(prefix)
        elif known.holds and contents.has_conda_meta:
            self._save(prefix, known)
        return known

    def _path(self, prefix: str) -> Path:
        return self._directory / hashlib.sha256(os.fsencode(prefix)).hexdigest()[:32]

    def _load(self, prefix: str) -> _Known | None:
        """Take a prefix from disk; None if it is not there, out of date, of another version or damaged."""
        try:
            file = _FILE.decode(read_bounded(str(self._path(prefix)), _LARGEST))
            if (file.fingerprint, file.prefix) != (self._fingerprint, os.fsencode(prefix)):
                return None
            if not _still(prefix, file.stamps):
                return None
            contents = _CONTENTS.decode(file.contents)
        except (OSError, UnicodeDecodeError, msgspec.DecodeError, RecursionError):
            return None
        problems: list[Problem] = []
        contents = msgspec.structs.replace(contents, variables=_variables(prefix, file.stamps, problems))
        return None if problems else _Known(file.stamps, self._shared.share(contents), holds=True)

    def _discard(self, prefix: str) -> None:
        """Take from disk what was true before something was damaged in place."""
        with contextlib.suppress(OSError):
            self._path(prefix).unlink()

    def _save(self, prefix: str, known: _Known) -> None:
        """Put a prefix on disk. A cache that cannot be written is no reason to trouble anybody."""
        # Variables may hold secrets, which stay where they are.
        contents = msgspec.structs.replace(known.contents, variables=())
        try:
            encoded = Raw(msgspec.msgpack.encode(contents))
            data = msgspec.msgpack.encode(_File(self._fingerprint, os.fsencode(prefix), known.stamps, encoded))
            put_in_cache(self._path(prefix), data)
        except (OSError, UnicodeEncodeError, OverflowError):
            return


def _still(prefix: str, known: Stamps) -> bool:
    return stamp(prefix, (each.path for each in known)) == known


def _variables(prefix: str, known: Stamps, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    there = any(each.path == "conda-meta/state" and each.inode for each in known)
    return read_variables(prefix, problems) if there else ()


def _fingerprint() -> str:
    """What must be the same for a file to be understood: the types down to each field, and who wrote it."""
    types = repr(msgspec.inspect.type_info(PrefixContents))
    return hashlib.sha256(f"{_FORMAT} {condatui_core.__version__} {types}".encode()).hexdigest()[:16]


_FILE = msgspec.msgpack.Decoder(_File)
_CONTENTS = msgspec.msgpack.Decoder(PrefixContents)
