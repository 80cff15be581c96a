"""A cache of prefixes that were read, in memory and on disk, valid until something changes in them."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

import condatui_core
from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.shared_records import SharedRecords, pack
from condatui_core.records.finding import Problem
from condatui_core.records.prefix import PrefixContents

if TYPE_CHECKING:
    from condatui_core.prefixes.conda_meta import RecordReader

# Stamps: a few stats show whether a prefix has changed since it was read


_MARKED = (
    "conda-meta",
    "conda-meta/history",
    "conda-meta/pinned",
    "conda-meta/frozen",
    "conda-meta/state",
    "conda-meta/created_at",
    # A python that comes or goes changes the names in one of these.
    "lib",
    "lib64",
    "Lib",
)
_RACY = 2_000_000_000
"""Nanoseconds; some file systems keep times in steps of one or two seconds."""

_DAY = 86_400_000_000_000


class Stamp(Struct, frozen=True, array_like=True):
    """What stat reports about one path; all zero if it does not exist."""

    path: str
    """Relative to the prefix."""
    modified: int = 0
    """Nanoseconds since 1970."""
    changed: int = 0
    """Nanoseconds since 1970; reveals a file that was put in place with an old modification time."""
    inode: int = 0
    size: int = 0


Stamps = tuple[Stamp, ...]


def stamps(prefix: str) -> Stamps:
    """Stamp everything that changes when packages come or go: conda-meta with its files, and every site-packages.

    Both conda and pip replace files rather than write in place, so a directory's stamp covers the files in it.
    """
    from condatui_core.prefixes.site_packages import site_packages_candidates  # noqa: PLC0415 - most are cached

    return stamp(prefix, (*_MARKED, *site_packages_candidates(prefix)))


def stamp(prefix: str, paths: Iterable[str]) -> Stamps:
    """Stamp the given paths of a prefix again, without listing a directory."""
    return tuple(_stamp(prefix, path) for path in paths)


def stamped_site_packages(known: Stamps) -> tuple[str, ...]:
    """The site-packages among the stamped paths, existing or not."""
    return tuple(each.path for each in known if each.path.endswith("site-packages"))


def existing_site_packages(known: Stamps) -> tuple[str, ...]:
    """The site-packages among the stamped paths that exist."""
    return tuple(each.path for each in known if each.inode and each.path.endswith("site-packages"))


def too_fresh(known: Stamps, now: int) -> bool:
    """Whether something changed so shortly before `now` that another change might leave the same stamp."""
    times = (time for each in known for time in (each.modified, each.changed))
    # A time further in the future was set by hand, and would count as too fresh for years.
    return any(now - _RACY < time < now + _DAY for time in times)


def _stamp(prefix: str, path: str) -> Stamp:
    try:
        status = os.stat(os.path.join(prefix, path))
    except OSError:
        return Stamp(path)
    return Stamp(path, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)


# The cache


_logger = logging.getLogger(__name__)

_FORMAT = 4
"""Raise this when the same files are to be read differently although no record's fields have changed."""
_LARGEST = 64 << 20
"""The most bytes of one cached prefix."""


class _Known(Struct, frozen=True):
    """A prefix in memory."""

    stamps: Stamps
    contents: PrefixContents
    holds: bool
    """Whether equal stamps mean equal contents: False if it was read right after a change."""


class _CacheFile(Struct, frozen=True, array_like=True):
    """A prefix on disk."""

    fingerprint: str
    prefix: bytes
    stamps: Stamps
    contents: Raw
    """The packed contents, unpacked only if the other fields match."""


class PrefixCache:
    """Reads each prefix only once until something changes in it.

    If nothing can be written, it works from memory. Any thread may call it.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._directory = directory
        self._clock = clock
        self._fingerprint = _fingerprint()
        self._known: dict[str, _Known] = {}
        self._shared = SharedRecords()
        self._reader: RecordReader | None = None
        self.reads_files = False
        """Whether something was not in the cache, or not any more, so that the files of a prefix were read."""

    def read(self, prefix: str, *, refresh: bool = False) -> PrefixContents:
        """Read a prefix, from the cache unless something has changed or `refresh` is True.

        A prefix with problems is read again every time: repairing a file in place does not change the stamps.
        """
        if not refresh and (kept := self.kept(prefix)) is not None:
            return kept
        return self._keep(prefix, self._read_from_disk(prefix))

    def kept(self, prefix: str) -> PrefixContents | None:
        """The contents of a prefix, if nothing has changed since they were read; otherwise None. Lists no directory."""
        known = self._known.get(prefix)
        if known and not known.contents.problems and self.unchanged(prefix):
            return known.contents
        loaded = self._load(prefix)
        return None if loaded is None else self._keep(prefix, loaded)

    def site_packages(self, prefix: str) -> tuple[str, ...]:
        """The site-packages that a prefix had when it was read last; none if it was never read."""
        known = self._known.get(prefix)
        return existing_site_packages(known.stamps) if known else ()

    def unchanged(self, prefix: str) -> bool:
        """Whether a prefix is still what `read` last returned, by a dozen stats; False if it was never read."""
        known = self._known.get(prefix)
        return known is not None and known.holds and _still(prefix, known.stamps)

    def _keep(self, prefix: str, known: _Known) -> PrefixContents:
        self._known[prefix] = known
        return known.contents

    def _read_from_disk(self, prefix: str) -> _Known:
        from condatui_core.prefixes.conda_meta import RecordReader  # noqa: PLC0415 - most are cached
        from condatui_core.prefixes.prefix import read_prefix  # noqa: PLC0415 - as above

        self._reader = self._reader or RecordReader()
        # The stamps come first: a change during the reading then makes them differ, and the prefix is read again.
        self.reads_files = True
        now = self._clock()
        taken = stamps(prefix)
        contents = self._shared.share(read_prefix(prefix, stamped_site_packages(taken), reader=self._reader))
        known = _Known(taken, contents, holds=not too_fresh(taken, now))
        if contents.problems:
            self._discard(prefix)
        elif known.holds and contents.has_conda_meta:
            self._save(prefix, known)
        return known

    def _path(self, prefix: str) -> Path:
        return self._directory / hashlib.sha256(os.fsencode(prefix)).hexdigest()[:32]

    def _load(self, prefix: str) -> _Known | None:
        """Load a prefix from disk; None if it is missing, out of date, of another version or damaged."""
        try:
            file = _FILE.decode(read_bounded(str(self._path(prefix)), _LARGEST))
            if (file.fingerprint, file.prefix) != (self._fingerprint, os.fsencode(prefix)):
                _log_passed_over(prefix, "another version of condatui wrote it")
                return None
            if not _still(prefix, file.stamps):
                _log_passed_over(prefix, "the prefix has changed")
                return None
            contents = self._shared.unpack(file.contents)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            _log_passed_over(prefix, error)
            return None
        problems: list[Problem] = []
        contents = msgspec.structs.replace(contents, variables=_variables(prefix, file.stamps, problems))
        return None if problems else _Known(file.stamps, contents, holds=True)

    def _discard(self, prefix: str) -> None:
        """Delete the file of a prefix, which describes it as it was before it was damaged in place."""
        with contextlib.suppress(OSError):
            self._path(prefix).unlink()

    def _save(self, prefix: str, known: _Known) -> None:
        """Save a prefix to disk; a failure is only logged."""
        # Variables may hold secrets, so they are not copied into the cache.
        contents = msgspec.structs.replace(known.contents, variables=())
        try:
            file = _CacheFile(self._fingerprint, os.fsencode(prefix), known.stamps, Raw(pack(contents)))
            data = msgspec.msgpack.encode(file)
            put_in_cache(self._path(prefix), data)
        except (OSError, UnicodeEncodeError, OverflowError) as error:
            _logger.debug("%s is not cached: %s", prefix, error)


def _log_passed_over(prefix: str, why: object) -> None:
    _logger.debug("not using the cached contents of %s: %s", prefix, why)


def _still(prefix: str, known: Stamps) -> bool:
    return stamp(prefix, (each.path for each in known)) == known


def _variables(prefix: str, known: Stamps, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    if not any(each.path == "conda-meta/state" and each.inode for each in known):
        return ()
    from condatui_core.prefixes.prefix import read_variables  # noqa: PLC0415 - few have any

    return read_variables(prefix, problems)


def _fingerprint() -> str:
    """A hash of what decides the format of a file: the records' fields and the version of condatui."""
    types = repr(msgspec.inspect.type_info(PrefixContents))
    return hashlib.sha256(f"{_FORMAT} {condatui_core.__version__} {types}".encode()).hexdigest()[:16]


_FILE = msgspec.msgpack.Decoder(_CacheFile)
