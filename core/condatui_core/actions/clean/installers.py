"""Empties the caches of pip and uv, while neither of them is at work on it.

All that goes is moved out of the tool's sight before its first file is deleted, what is pointed to last, so that no
install ever takes half a package for a whole one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

from condatui_core.actions.clean.items import Cache, Item
from condatui_core.actions.prefix_state import uses_of
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.disk.tool_caches import TRASH, Installer, installer_caches, may_use
from condatui_core.errors import RefusedError
from condatui_core.fs.delete_tree import Leftover, delete_what_goes
from condatui_core.fs.locks import FileLock
from condatui_core.fs.tree import allocated
from condatui_core.prefixes.probe import user_name
from condatui_core.prefixes.processes import RunningProcess, running_processes, variables_of
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.request import CleanRequest
from condatui_core.text import counted, sanitize

# What stands against it


_LOCK = ".lock"
"""The file in uv's cache that uv locks while it works on it."""
_WAIT = "Wait until it is done."
_PIP = re.compile(r"pip(?:\d[\d.]*)?")
_ONLY_RUNS = (("run",), ("tool", "run"))
"""Commands of uv that go on for as long as what they have started; they lock the cache while they need it."""

InstallerCaches: TypeAlias = Mapping[str, Installer]
"""Path → tool."""


def known_installer_caches(context: JobContext) -> InstallerCaches:
    """The caches of pip and uv of this user, by their real paths; blocks."""
    prefixes = [each.prefix for each in context.inventory.environments]
    found = installer_caches(context.caller.environ, context.locations.home, prefixes)
    return {os.path.realpath(path): tool for tool, path in found}


def chosen_installer_caches(request: CleanRequest, context: JobContext) -> InstallerCaches:
    """The caches of a request that are pip's or uv's, of this user; blocks."""
    known = known_installer_caches(context)
    return {path: known[real] for path in request.pkgs_dirs if (real := os.path.realpath(path)) in known}


def blockers_to_empty(
    tool: Installer, cache: str, prefixes: Sequence[str] = (), *, holding: bool = False
) -> tuple[Finding, ...]:
    """What stands against emptying a cache of pip or uv now; `holding` is whether this job has locked it; blocks.

    `prefixes` are the known environments, in which pip may be configured.
    """
    return tuple(_blockers(tool, os.path.realpath(cache), prefixes, holding=holding))


def _blockers(tool: Installer, cache: str, prefixes: Sequence[str], *, holding: bool) -> Iterator[Finding]:
    name = f"The cache {sanitize(cache)}"
    if not os.access(cache, os.W_OK | os.X_OK):
        yield blocker("not-writable", f"This user may not delete anything in {sanitize(cache)}.")
    processes = running_processes(closely=True)
    using = [each for each in uses_of(cache, processes) if each.way != "works in it"]
    if using:
        message = f"{name} is in use: {counted(len(using), 'process runs', 'processes run')} from it."
        yield blocker("in-use", message, "End them first.", evidence=map(str, using))
    running = installers_at_work(tool, processes, user_name(os.geteuid()))
    working = [str(each) for each in running if may_use(tool, cache, each.arguments, variables_of(each.pid), prefixes)]
    if working:
        message = f"Another {tool} is at work: {working[0]}."
        yield blocker("cache-busy", message, _WAIT, evidence=working)
    elif tool == "uv" and not holding and _is_locked(cache):
        yield _busy(cache)


def soft_link_blockers(caches: Iterable[Cache]) -> Iterator[Finding]:
    """The blockers against emptying caches of uv into which environments have symlinks, which would break."""
    for each in caches:
        lines = sorted({prefix for unit in each.soft_linked for prefix in unit.soft_linked_by}) if each.tool else []
        if lines:
            count = counted(len(lines), "environment has", "environments have")
            message = f"{count} symlinks into {sanitize(each.path)}, which would break."
            yield blocker("soft-links", message, "Remove or reinstall those first.", evidence=lines)


def installers_at_work(tool: Installer, processes: Iterable[RunningProcess], user: str) -> Iterator[RunningProcess]:
    """Find the processes of a user that may write to the cache of a tool."""
    works = _is_pip if tool == "pip" else _is_uv
    return (each for each in processes if each.user == user and works(each.arguments))


def _is_pip(arguments: Sequence[str]) -> bool:
    return any(_PIP.fullmatch(os.path.basename(each)) for each in _commands(arguments))


def _is_uv(arguments: Sequence[str]) -> bool:
    words = tuple(each for each in arguments[1:] if not each.startswith("-"))
    only_runs = any(words[: len(each)] == each for each in _ONLY_RUNS)
    return not only_runs and "uv" in map(os.path.basename, _commands(arguments))


def _commands(arguments: Sequence[str]) -> Iterator[str]:
    """What a command line may be called by: its program, and the script or module that an interpreter runs."""
    yield from arguments[:1]
    if arguments and os.path.basename(arguments[0]).startswith(("python", "pypy")):
        rest = [each for each in arguments[1:] if not each.startswith("-") or each == "-m"]
        yield from rest[1:2] if rest[:1] == ["-m"] else rest[:1]


def _busy(cache: str) -> Finding:
    return blocker("cache-busy", f"Another uv is at work on {sanitize(cache)}: it has locked it.", _WAIT)


def _is_locked(cache: str) -> bool:
    """Whether uv has locked its cache, tried for a moment if there is a lock file."""
    lock = FileLock(Path(cache, _LOCK))
    if not os.path.isfile(os.path.join(cache, _LOCK)):
        return False
    try:
        return not lock.try_take()
    except OSError:  # nothing that this user could lock
        return False
    finally:
        lock.release()


@contextmanager
def held(caches: InstallerCaches) -> Iterator[None]:
    """Keep uv off its caches meanwhile; pip has no lock. Raises RefusedError if uv is at work on one."""
    locks: list[FileLock] = []
    try:
        for cache, tool in caches.items():
            if tool == "uv":
                locks.append(FileLock(Path(cache, _LOCK)))
                _take(locks[-1], cache)
        yield
    finally:
        for each in locks:
            each.release()


def _take(lock: FileLock, cache: str) -> None:
    try:
        taken = lock.try_take()
    except OSError as error:
        raise RefusedError(f"The cache {sanitize(cache)} cannot be locked.", str(error)) from error
    if not taken:
        raise RefusedError(_busy(cache).message, hint=_WAIT)


# Emptying


class _CancelledError(Exception):
    """Ends a deletion half-way: what is left is out of sight, and goes with the next clean."""


@dataclass(slots=True)
class _Tally:
    """Counts what a deletion frees, by the links that each file has when its turn comes."""

    work: Work
    freed: int = 0
    count: int = 0

    def goes(self, path: str, status: os.stat_result) -> bool:
        """Count one path, and let it go. Raises _CancelledError if the job was cancelled."""
        if self.work.cancelled:
            raise _CancelledError
        self.count += 1
        self.work.progress(self.count, None, "files")
        if path != "." and (stat.S_ISDIR(status.st_mode) or status.st_nlink == 1):
            self.freed += allocated(status)
        return True


def empty(cache: Cache, items: Sequence[Item], work: Work) -> tuple[int, tuple[str, ...], tuple[Leftover, ...]]:
    """Delete items of a cache; returns the bytes freed, the paths that went, and what could not be deleted."""
    if not items:
        return 0, (), ()
    directory = os.open(cache.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        trash = _new_trash(directory, work.job_id)
        hidden, left = _hide(directory, items, trash)
        tally = _Tally(work)
        with suppress(_CancelledError):
            stayed = delete_what_goes(directory, os.path.join(cache.path, trash), tally.goes)
            left += stayed
            return tally.freed - _bytes_of(stayed, os.path.join(cache.path, trash)), hidden, tuple(left)
        return tally.freed, (), tuple(left)
    finally:
        os.close(directory)


def _new_trash(directory: int, job_id: str) -> str:
    """Make a directory for what goes, in a cache that is open: another one than a former try has left."""
    names = (f"{TRASH}{job_id}-{number}" for number in count())
    return next(name for name in names if _is_made(directory, name))


def _is_made(directory: int, name: str) -> bool:
    try:
        os.mkdir(name, 0o700, dir_fd=directory)
    except FileExistsError:
        return False
    return True


def _hide(directory: int, items: Sequence[Item], trash: str) -> tuple[tuple[str, ...], list[Leftover]]:
    """Move items into the trash of a cache that is open: first what points to packages, then the packages."""
    into = os.open(trash, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    hidden: list[str] = []
    left: list[Leftover] = []
    try:
        for item in sorted(items, key=_holds_packages):
            name = os.path.basename(item.path)
            try:
                os.rename(name, name, src_dir_fd=directory, dst_dir_fd=into)
                hidden.append(item.path)
            except OSError as error:
                left.append(Leftover(item.path, error.strerror or str(error)))
    finally:
        os.close(into)
    return tuple(hidden), left


def _holds_packages(item: Item) -> bool:
    return os.path.basename(item.path).startswith(("archive-", "files-"))


def _bytes_of(left: Iterable[Leftover], trash: str) -> int:
    """The bytes of what stayed in the trash, with the directories above it."""
    stay: dict[str, int] = {}
    for each in left:
        path = each.path
        while len(path) > len(trash):
            with suppress(OSError):
                stay[path] = allocated(os.lstat(path))
            path = os.path.dirname(path)
    return sum(stay.values())
