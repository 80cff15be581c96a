"""When an environment was last used, inferred from file times and processes, since conda does not record it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.mounts import Mount, mount_of
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.processes import RunningProcess, processes_in
from condatui_core.records.environment import LastUsed

# Runs by condatui itself, which must not count as uses of an environment


_STEP = timedelta(seconds=2)
"""The coarsest steps in which file systems keep times."""


_FORMAT = 1
_MOST_INTERVALS = 200
"""How many own uses of a prefix are kept. A read of today hides a later one of the same day: an access time is that of
any of them."""
_LARGEST = 1 << 20
"""Bytes of the file of a prefix."""


class _Interval(Struct, frozen=True, array_like=True):
    begun: datetime
    ended: datetime
    before: LastUsed | None
    """The last use by others known before that."""

    def covers(self, at: datetime) -> bool:
        return self.begun - _STEP <= at <= self.ended + _STEP


class _OwnUse(Struct, frozen=True, array_like=True):
    begun: datetime
    ended: datetime
    before: LastUsed | None
    format: int = 1
    """The version, always the fourth entry; the first release wrote none."""
    earlier: tuple[_Interval, ...] = ()
    """The uses before this one, newest first; the first release kept none."""

    @property
    def intervals(self) -> tuple[_Interval, ...]:
        return (_Interval(self.begun, self.ended, self.before), *self.earlier)


class OwnUses:
    """The uses by condatui itself, one small file per prefix. The methods touch the disk: call them in a thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def note(self, prefix: str, begun: datetime, ended: datetime, before: LastUsed | None) -> None:
        """Record that condatui read something of a prefix from `begun` to `ended`, and its last use `before` that.

        Another `ended` for the same `begun` replaces the first. A file that cannot be written is ignored, since it must
        not prevent the run.
        """
        earlier = tuple(each for each in self._intervals(self._file(prefix)) if each.begun != begun)
        use = _OwnUse(begun, ended, before, _FORMAT, earlier[: _MOST_INTERVALS - 1])
        try:
            put_in_cache(self._file(prefix), msgspec.msgpack.encode(use))
        except (OSError, UnicodeEncodeError):  # a full disk; a file name in the evidence that is not UTF-8
            return

    @asynccontextmanager
    async def noting(
        self, prefix: str, clock: Callable[[], datetime], *, before: LastUsed | None, at_most: timedelta
    ) -> AsyncGenerator[None, None]:
        """Note that condatui reads something of a prefix as long as this is open, however that ends.

        A process that is killed does not come to note its end: it counts as having read for `at_most`.
        """
        begun = clock()
        await asyncio.to_thread(self.note, prefix, begun, begun + at_most, before)
        try:
            yield
        finally:
            await asyncio.to_thread(self.note, prefix, begun, clock(), before)

    def correct(self, prefix: str, used: LastUsed | None) -> LastUsed | None:
        """The last use of a prefix by others: the recorded earlier one if `used` was condatui's own."""
        for each in self._intervals(self._file(prefix)):
            if used is not None and each.covers(used.at):
                used = each.before
        return used

    def times(self) -> tuple[tuple[float, float], ...]:
        """When condatui has read something of any prefix, from and to, in seconds since 1970."""
        try:
            files = [*self._directory.iterdir()]
        except OSError:
            return ()
        intervals = (each for file in files for each in self._intervals(file))
        return tuple(((each.begun - _STEP).timestamp(), (each.ended + _STEP).timestamp()) for each in intervals)

    def _file(self, prefix: str) -> Path:
        return self._directory / hashlib.blake2b(os.fsencode(prefix), digest_size=12).hexdigest()

    def _intervals(self, file: Path) -> tuple[_Interval, ...]:
        """The recorded uses, newest first; none if there is no file, or it is not of this format."""
        try:
            own = _DECODER.decode(read_bounded(str(file), _LARGEST))
        except (OSError, msgspec.DecodeError):
            return ()
        return own.intervals if own.format <= _FORMAT else ()


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
    prefix: str,
    *,
    processes: Iterable[RunningProcess],
    mounts: Iterable[Mount],
    now: datetime,
    own_times: Sequence[tuple[float, float]] = (),
    site_packages: Sequence[str] | None = None,
) -> LastUsed | None:
    """Find the best evidence of when a prefix was last used; None if there is none. Uses stats only, opens no file.

    `site_packages` are those that the prefix has, if they are known already: then no other directory is listed.

    A running process is the best evidence. The next best is the time at which its interpreter was last read: it is
    accurate to a day if the file system keeps access times and no other environment shares the file (conda hard-links
    files from its cache, except those that it writes the prefix into, as most pythons). A later write counts too, and
    is the only evidence if there are no access times. A file that environments share is no evidence if condatui has
    read it in any of them: `own_times` are those of `OwnUses.times`.
    """
    running = processes_in(prefix, processes)
    if running:
        name = os.path.basename(running[0].programs[0])
        return LastUsed(at=now, evidence=f"{name} runs from it (pid {running[0].pid})", reliable=True)
    mount = mount_of(prefix, mounts)
    times = mount.access_times if mount else "unsure"
    reads = [] if times == "not kept" else [each for each in _reads(prefix) if not _is_own(each, own_times)]
    alone = [each for each in reads if each.alone]
    sure = times == "kept" and any(each.interpreter for each in alone)
    # The access time of a shared file is only an upper bound, but an old one proves that the environment is unused.
    signs: list[_Evidence] = [*(alone if sure else reads), *_changes(prefix, site_packages)]
    latest = max(
        (each for each in signs if 0 <= each.at <= now.timestamp() + timedelta(days=1).total_seconds()),
        key=lambda each: each.at,
        default=None,
    )
    if latest is None:
        return None
    text = latest.text if times != "not kept" else f"{latest.text}; access times are not kept here"
    return LastUsed(at=min(now, datetime.fromtimestamp(latest.at, timezone.utc)), evidence=text, reliable=sure)


def files_of_last_use(prefix: str) -> frozenset[str]:
    """The files, without symlinks, whose access times tell the last use: one that environments share tells no more."""
    return frozenset(os.path.realpath(os.path.join(prefix, path)) for path in (*_INTERPRETERS, *_LIBRARIES))


def _is_own(read: _Read, own_times: Sequence[tuple[float, float]]) -> bool:
    return not read.alone and any(begun <= read.at <= ended for begun, ended in own_times)


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


def _changes(prefix: str, site_packages: Sequence[str] | None) -> Iterator[_Evidence]:
    """When packages came or went, and when Python last compiled a module: the environment was in use at least then."""
    if site_packages is None:
        from condatui_core.prefixes.site_packages import site_packages_candidates  # noqa: PLC0415 - most are known

        site_packages = site_packages_candidates(prefix)
    paths = ["conda-meta/history"]
    for directory in site_packages:
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
