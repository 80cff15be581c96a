"""When a prefix was last changed, by a handful of stats: what tells an old reading from one that still holds."""

from __future__ import annotations

import os
from collections.abc import Iterable

from msgspec import Struct

from condatui_core.prefixes.site_packages import site_packages_candidates

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
