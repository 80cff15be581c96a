"""Which files of an environment are not what conda-pack would take for them from the package cache."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from conda_pack.prefixes import replace_prefix  # type: ignore[import-untyped]

from condatui_core.jobs.packing.facts import Differences
from condatui_core.jobs.packing.library import PackedFile
from condatui_core.prefixes.conda_meta import read_conda_meta
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem

_CHUNK = 1 << 20
_WITHOUT_TRACE = getattr(os, "O_NOATIME", 0)


def find_differences(prefix: str, files: Iterable[PackedFile]) -> Differences:
    """Compare what would be packed from the package cache with what is there. Reads only what could differ."""
    recorded = cache(lambda: _recorded(prefix))
    counts = {"linked": 0, "alike": 0, "compared": 0}
    changed = []
    for file in files:
        path = os.path.join(prefix, file.target)
        if file.is_conda and file.source != path:
            how, same = _judge(path, file, prefix, recorded)
            counts[how] += 1
            if not same:
                changed.append(file.target)
    return Differences(changed=tuple(changed), **counts)


def _judge(path: str, file: PackedFile, prefix: str, recorded: Callable[[], Mapping[str, str]]) -> tuple[str, bool]:
    """How a file was looked at, and whether it is as it was installed."""
    try:
        here, there = os.lstat(path), os.lstat(file.source)
    except OSError:
        return "compared", False  # the cache has lost it: the environment's own is taken
    if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
        return "linked", True
    if file.prefix_placeholder and stat.S_ISREG(here.st_mode):
        return "compared", _is_installed(path, file, prefix) or _digest(path) == recorded().get(file.target)
    if _alike(here, there):
        return "alike", True
    return "compared", _equal(path, file.source, here, there)


def _alike(here: os.stat_result, there: os.stat_result) -> bool:
    """Whether size and time, which conda copies with a file, say that it is the same."""
    same_time = here.st_mtime_ns // 10**9 == there.st_mtime_ns // 10**9
    return here.st_mode == there.st_mode and here.st_size == there.st_size and same_time


def _equal(path: str, source: str, here: os.stat_result, there: os.stat_result) -> bool:
    if stat.S_IFMT(here.st_mode) != stat.S_IFMT(there.st_mode) or here.st_size != there.st_size:
        return False
    if stat.S_ISLNK(here.st_mode):
        return os.readlink(path) == os.readlink(source)
    return not stat.S_ISREG(here.st_mode) or _digest(path) == _digest(source)


def _is_installed(path: str, file: PackedFile, prefix: str) -> bool:
    """Whether a file is what comes of writing the prefix into the cache's."""
    try:
        expected = replace_prefix(_read(file.source), file.file_mode, file.prefix_placeholder, prefix)
    except (ValueError, UnicodeEncodeError):  # the prefix does not fit in
        return False
    return bool(expected == _read(path))


def _recorded(prefix: str) -> dict[str, str]:
    """Path → sha256 of what conda has put there: it shortens first lines that are too long for a kernel."""
    found = {}
    for package in read_conda_meta(prefix)[0]:
        paths = read_paths(prefix, package.record)
        for each in () if isinstance(paths, Problem) else paths:
            found[each.path] = each.sha256_in_prefix
    return found


def _read(path: str) -> bytes:
    with open(path, "rb", opener=_quietly) as stream:
        return stream.read()


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", opener=_quietly) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _quietly(path: str, flags: int) -> int:
    """Open without leaving the trace by which one knows when an environment was last used."""
    try:
        return os.open(path, flags | _WITHOUT_TRACE)
    except PermissionError:  # only the owner may
        return os.open(path, flags)
