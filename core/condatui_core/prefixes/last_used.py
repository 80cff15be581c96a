"""When an environment was last used, from what using it leaves behind: nobody writes it down."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.mounts import Mount, mount_of
from condatui_core.prefixes.processes import RunningProcess, processes_in
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.environment import LastUsed

# When condatui itself has run something of a prefix: reading that as somebody's use would make every one look used.


_STEP = timedelta(seconds=2)
"""Some file systems keep times in steps as coarse as this."""


_FORMAT = 1


class _OwnUse(Struct, frozen=True, array_like=True):
    begun: datetime
    ended: datetime
    before: LastUsed | None
    """What was known of its last use until then."""
    format: int = 1
    """In the fourth place whatever the format; the first release stated none."""


class OwnUses:
    """One small file a prefix. Its methods touch the disk: call them in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def note(self, prefix: str, begun: datetime, ended: datetime, before: LastUsed | None) -> None:
        """Note that something of a prefix runs from then to then, and what its last use was until now.

        That this cannot be written is no reason not to run it.
        """
        try:
            put_in_cache(self._file(prefix), msgspec.msgpack.encode(_OwnUse(begun, ended, before, _FORMAT)))
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
        if own.format > _FORMAT:
            return used
        return own.before if own.begun - _STEP <= used.at <= own.ended + _STEP else used

    def _file(self, prefix: str) -> Path:
        return self._directory / hashlib.blake2b(os.fsencode(prefix), digest_size=12).hexdigest()


_DECODER = msgspec.msgpack.Decoder(_OwnUse)


_INTERPRETERS = ("bin/python", "bin/python3", "lib/R/bin/exec/R", "bin/julia", "bin/node", "bin/perl")
_LIBRARIES = (
    "lib/libcrypto.so",
    "lib/libcrypto.dylib",
    "lib/libssl.so",
    "lib/libssl.dylib",
    "lib/libz.so",
    "lib/libstdc++.so.6",
)
_PACKAGES = 32
"""How many packages of a site-packages are looked at for compiled modules."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """A time at which somebody did something here."""

    at: float
    """Seconds since 1970."""
    words: str


@dataclass(frozen=True, slots=True)
class _Read(_Sign):
    alone: bool
    """Whether no other environment has the same file by a hard link: the time is the inode's, whoever read it."""
    interpreter: bool


def last_used(
    prefix: str, *, processes: Iterable[RunningProcess], mounts: Iterable[Mount], now: datetime
) -> LastUsed | None:
    """Find the best evidence of when a prefix was last used; None if there is none. Only stats, opens nothing.

    A process that runs from it is the best. Else it is the last time that its interpreter was read, which can be
    trusted to a day where the file system keeps such times and the file is no other environment's as well (conda links
    files from its cache, but not those it has written the prefix into, as into most pythons). What was written
    since counts too, and where there is nothing else it is what remains.
    """
    running = processes_in(prefix, processes)
    if running:
        name = os.path.basename(running[0].programs[0])
        return LastUsed(at=now, evidence=f"{name} runs from it (pid {running[0].pid})", reliable=True)
    mount = mount_of(prefix, mounts)
    times = mount.access_times if mount else "unsure"
    reads = [] if times == "not kept" else list(_reads(prefix))
    alone = [each for each in reads if each.alone]
    sure = times == "kept" and any(each.interpreter for each in alone)
    # What others may have read is an upper bound only, and better than none: what is older is surely not in use.
    signs: list[_Sign] = [*(alone if sure else reads), *_changes(prefix)]
    latest = max(
        (each for each in signs if each.at <= now.timestamp() + timedelta(days=1).total_seconds()),
        key=lambda each: each.at,
        default=None,
    )
    if latest is None:
        return None
    words = latest.words if times != "not kept" else f"{latest.words}; when files are read is not kept here"
    return LastUsed(at=min(now, datetime.fromtimestamp(latest.at, timezone.utc)), evidence=words, reliable=sure)


def _reads(prefix: str) -> Iterator[_Read]:
    """When the interpreter and some libraries were last read, those that lie in the prefix itself."""
    root = os.path.realpath(prefix)
    seen: set[str] = set()
    for path in (*_INTERPRETERS, *_LIBRARIES):
        try:
            status = os.stat(os.path.join(root, path))
        except OSError:
            continue
        real = os.path.realpath(os.path.join(root, path))
        if real in seen or not real.startswith(root + os.sep):
            continue
        seen.add(real)
        alone = status.st_nlink == 1
        words = f"{os.path.relpath(real, root)} was read"
        words += "" if alone else ", here or in another environment that shares the file"
        yield _Read(status.st_atime, words, alone, path in _INTERPRETERS)


def _changes(prefix: str) -> Iterator[_Sign]:
    """When packages came or went and when Python last compiled a module: it was in use then, or later."""
    paths = ["conda-meta/history"]
    for directory in site_packages_candidates(prefix):
        paths += (f"{directory}/{name}/__pycache__" for name in _packages(os.path.join(prefix, directory)))
    for path in paths:
        try:
            written = os.stat(os.path.join(prefix, path)).st_mtime
        except OSError:
            continue
        yield _Sign(written, f"{path} was written")


def _packages(directory: str) -> list[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return sorted(name for name in names if "." not in name)[:_PACKAGES]
