"""Read prefixes one after the other, each with its last use and its running processes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from condatui_core.fs.mounts import mounts
from condatui_core.prefixes.cache import PrefixCache
from condatui_core.prefixes.last_used import OwnUses, last_used
from condatui_core.prefixes.processes import processes_in, running_processes
from condatui_core.records.environment import LastUsed
from condatui_core.records.prefix import PrefixContents


class Reading(Struct, frozen=True):
    """What was read of one prefix."""

    contents: PrefixContents
    last_used: LastUsed | None
    processes: tuple[str, ...]
    """The processes that run from it, one line each."""


class PrefixReader:
    """Reads prefixes through the cache, with one snapshot of the machine's processes and mounts for all of them."""

    def __init__(self, cache: Path, clock: Callable[[], datetime], *, own_uses: Path) -> None:
        """`cache` is the directory of the prefix cache, `own_uses` that of the runs by condatui itself."""
        self._clock = clock
        self._own_uses = OwnUses(own_uses)
        self._cache = PrefixCache(cache, clock=lambda: int(clock().timestamp() * 1e9))
        self.snapshot_machine()

    def snapshot_machine(self) -> None:
        """Take a new snapshot of the processes, the mounts, and what condatui itself has read."""
        self._own_times = self._own_uses.times()
        self._processes = running_processes()
        self._mounts = mounts()

    def read(self, prefix: str, *, refresh: bool = False) -> Reading:
        """Read a prefix, from the cache unless something has changed in it or `refresh` says so."""
        kept = None if refresh else self._cache.kept(prefix)
        # Access times come before all reading, which changes them.
        used = last_used(
            prefix,
            processes=self._processes,
            mounts=self._mounts,
            now=self._clock(),
            own_times=self._own_times,
            site_packages=None if kept is None else self._cache.site_packages(prefix),
        )
        used = self._own_uses.correct(prefix, used)
        processes = tuple(str(each) for each in processes_in(prefix, self._processes))
        contents = self._cache.read(prefix, refresh=True) if kept is None else kept
        return Reading(contents, used, processes)

    @property
    def reads_files(self) -> bool:
        """Whether the cache did not have all that was read."""
        return self._cache.reads_files

    def unchanged(self, prefix: str) -> bool:
        """Whether a prefix is still what was read last."""
        return self._cache.unchanged(prefix)
