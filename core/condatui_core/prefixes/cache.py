"""Prefixes that were read before, in memory and on disk, for as long as nothing has changed in them."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

import condatui_core
from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.prefix import read_prefix, read_variables
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import History, PrefixContents, Revision

# When a prefix was last changed, by a handful of stats: what tells an old reading from one that still holds.


_MARKED = (
    "conda-meta",
    "conda-meta/history",
    "conda-meta/pinned",
    "conda-meta/frozen",
    "conda-meta/state",
    "conda-meta/created_at",
    # A python that comes or goes is a new name in one of these.
    "lib",
    "lib64",
    "Lib",
)
_RACY = 2_000_000_000
"""Nanoseconds; some file systems keep times in steps of one second, or of two."""

_DAY = 86_400_000_000_000


class Stamp(Struct, frozen=True, array_like=True):
    """What stat says of one path; all zero if it is not there."""

    path: str
    """Relative to the prefix."""
    modified: int = 0
    """Nanoseconds since 1970."""
    changed: int = 0
    """Nanoseconds since 1970; tells what was put in place with an old modification time."""
    inode: int = 0
    size: int = 0


Stamps = tuple[Stamp, ...]


def stamps(prefix: str) -> Stamps:
    """Stamp all that changes when packages come or go: conda-meta with its files, and every site-packages.

    Both conda and pip write anew rather than in place, so the directories tell of the files in them.
    """
    return stamp(prefix, (*_MARKED, *site_packages_candidates(prefix)))


def stamp(prefix: str, paths: Iterable[str]) -> Stamps:
    """Stamp paths of a prefix: the second look at what `stamps` has found, without a directory listed."""
    return tuple(_stamp(prefix, path) for path in paths)


def stamped_site_packages(known: Stamps) -> tuple[str, ...]:
    """The site-packages among the paths stamped, there or not."""
    return tuple(each.path for each in known if each.path.endswith("/site-packages"))


def too_fresh(known: Stamps, now: int) -> bool:
    """Whether something was changed so shortly before `now` that another change might leave the same stamp."""
    times = (time for each in known for time in (each.modified, each.changed))
    # What lies further ahead was set by hand, and will not become true for years.
    return any(now - _RACY < time < now + _DAY for time in times)


def _stamp(prefix: str, path: str) -> Stamp:
    try:
        status = os.stat(os.path.join(prefix, path))
    except OSError:
        return Stamp(path)
    return Stamp(path, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)


# Equal records kept once: on one machine two hundred environments hold the same few thousand packages.


_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class SharedRecords:
    """Hands out one object for all that are equal, for as long as it lives itself."""

    def __init__(self) -> None:
        self._packages: dict[PackageRecord, PackageRecord] = {}
        self._distributions: dict[Distribution, Distribution] = {}
        self._texts: dict[str, str] = {}

    def share(self, contents: PrefixContents) -> PrefixContents:
        """Make the same contents of records that other prefixes may hold as well."""
        return msgspec.structs.replace(
            contents,
            packages=tuple(self._packages.setdefault(each, each) for each in contents.packages),
            distributions=tuple(self._distributions.setdefault(each, each) for each in contents.distributions),
            history=self._history(contents.history),
        )

    def _history(self, history: History) -> History:
        return msgspec.structs.replace(history, revisions=tuple(self._revision(each) for each in history.revisions))

    def _revision(self, revision: Revision) -> Revision:
        added, removed = self._share_texts(revision.added), self._share_texts(revision.removed)
        return msgspec.structs.replace(revision, added=added, removed=removed)

    def _share_texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._texts.setdefault(each, each) for each in texts)


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


class _CacheFile(Struct, frozen=True, array_like=True):
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
                _log_passed_over(prefix, "another condatui wrote it")
                return None
            if not _still(prefix, file.stamps):
                _log_passed_over(prefix, "the prefix has changed")
                return None
            contents = _CONTENTS.decode(file.contents)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            _log_passed_over(prefix, error)
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
            data = msgspec.msgpack.encode(_CacheFile(self._fingerprint, os.fsencode(prefix), known.stamps, encoded))
            put_in_cache(self._path(prefix), data)
        except (OSError, UnicodeEncodeError, OverflowError) as error:
            _logger.debug("what is in %s is not remembered: %s", prefix, error)


def _log_passed_over(prefix: str, why: object) -> None:
    _logger.debug("passed over what is remembered of %s: %s", prefix, why)


def _still(prefix: str, known: Stamps) -> bool:
    return stamp(prefix, (each.path for each in known)) == known


def _variables(prefix: str, known: Stamps, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    there = any(each.path == "conda-meta/state" and each.inode for each in known)
    return read_variables(prefix, problems) if there else ()


def _fingerprint() -> str:
    """What must be the same for a file to be understood: the types down to each field, and who wrote it."""
    types = repr(msgspec.inspect.type_info(PrefixContents))
    return hashlib.sha256(f"{_FORMAT} {condatui_core.__version__} {types}".encode()).hexdigest()[:16]


_FILE = msgspec.msgpack.Decoder(_CacheFile)
_CONTENTS = msgspec.msgpack.Decoder(PrefixContents)
