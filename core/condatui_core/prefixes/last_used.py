"""When an environment was last used, inferred from file times and processes, since conda does not record it."""

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
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.processes import RunningProcess, processes_in
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.environment import LastUsed

# Runs by condatui itself, which must not count as uses of an environment


_STEP = timedelta(seconds=2)
"""The coarsest steps in which file systems keep times."""


_FORMAT = 1


class _OwnUse(Struct, frozen=True, array_like=True):
    begun: datetime
    ended: datetime
    before: LastUsed | None
    """The last use known before that."""
    format: int = 1
    """The version, always the fourth entry; the first release wrote none."""


class OwnUses:
    """The uses by condatui itself, one small file per prefix. The methods touch the disk: call them in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def note(self, prefix: str, begun: datetime, ended: datetime, before: LastUsed | None) -> None:
        """Record that condatui ran something of a prefix from `begun` to `ended`, and its last use `before` that.

        A file that cannot be written is ignored, since it must not prevent the run.
        """
        try:
            put_in_cache(self._file(prefix), msgspec.msgpack.encode(_OwnUse(begun, ended, before, _FORMAT)))
        except (OSError, UnicodeEncodeError):  # a full disk; a file name in the evidence that is not UTF-8
            return

    def correct(self, prefix: str, used: LastUsed | None) -> LastUsed | None:
        """The last use of a prefix by others: the recorded earlier one if `used` was condatui's own."""
        if used is None:
            return None
        try:
            own = _DECODER.decode(read_bounded(str(self._file(prefix)), _LARGEST))
        except (OSError, msgspec.DecodeError):
            return used
        if own.format > _FORMAT:
            return used
        return own.before if own.begun - _STEP <= used.at <= own.ended + _STEP else used

    def _file(self, prefix: str) -> Path:
        return self._directory / hashlib.blake2b(os.fsencode(prefix), digest_size=12).hexdigest()


_DECODER = msgspec.msgpack.Decoder(_OwnUse)
_LARGEST = 1 << 20


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
"""How many packages of a site-packages are checked for compiled modules."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A time at which the environment was read or changed."""

    at: float
    """Seconds since 1970."""
    text: str


@dataclass(frozen=True, slots=True)
class _Read(_Evidence):
    alone: bool
    """Whether no other environment shares the file by a hard link, which would share its access time."""
    interpreter: bool


def last_used(
    prefix: str, *, processes: Iterable[RunningProcess], mounts: Iterable[Mount], now: datetime
) -> LastUsed | None:
    """Find the best evidence of when a prefix was last used; None if there is none. Uses stats only, opens no file.

    A running process is the best evidence. The next best is the time at which its interpreter was last read: it is
    accurate to a day if the file system keeps access times and no other environment shares the file (conda hard-links
    files from its cache, except those that it writes the prefix into, as most pythons). A later write counts too, and
    is the only evidence if there are no access times.
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
    # The access time of a shared file is only an upper bound, but an old one proves that the environment is unused.
    signs: list[_Evidence] = [*(alone if sure else reads), *_changes(prefix)]
    latest = max(
        (each for each in signs if each.at <= now.timestamp() + timedelta(days=1).total_seconds()),
        key=lambda each: each.at,
        default=None,
    )
    if latest is None:
        return None
    text = latest.text if times != "not kept" else f"{latest.text}; access times are not kept here"
    return LastUsed(at=min(now, datetime.fromtimestamp(latest.at, timezone.utc)), evidence=text, reliable=sure)


def _reads(prefix: str) -> Iterator[_Read]:
    """When the interpreter and some libraries were last read, if they are inside the prefix."""
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
        text = f"{os.path.relpath(real, root)} was read"
        text += "" if alone else ", here or in another environment that shares the file"
        yield _Read(status.st_atime, text, alone, path in _INTERPRETERS)


def _changes(prefix: str) -> Iterator[_Evidence]:
    """When packages came or went, and when Python last compiled a module: the environment was in use at least then."""
    paths = ["conda-meta/history"]
    for directory in site_packages_candidates(prefix):
        paths += (f"{directory}/{name}/__pycache__" for name in _packages(os.path.join(prefix, directory)))
    for path in paths:
        try:
            written = os.stat(os.path.join(prefix, path)).st_mtime
        except OSError:
            continue
        yield _Evidence(written, f"{path} was written")


def _packages(directory: str) -> list[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return sorted(name for name in names if "." not in name)[:_PACKAGES]
