"""Ask file systems on other machines from several threads at once: each call there waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from condatui_core.fs.mounts import Mount, mount_of

_T = TypeVar("_T")

AT_ONCE = 16
"""How many paths on such file systems are asked about at once."""


def are_far(paths: Iterable[str], mounted: Sequence[Mount]) -> bool:
    """Whether one of some absolute paths lies on a file system whose calls wait for another machine."""
    far = [each for each in mounted if each.far]
    return bool(far) and any(mount is not None and mount.far for mount in (mount_of(path, mounted) for path in paths))


def ask_each(ask: Callable[[str], _T], paths: Sequence[str], mounted: Sequence[Mount]) -> list[_T]:
    """Call `ask` for each path and return the answers in that order; blocks until all are there.

    Only for paths that are far away there are threads: elsewhere they would wait for the interpreter, not for a disk.
    """
    if len(paths) < 2 or not are_far(paths, mounted):
        return [ask(path) for path in paths]
    with ThreadPoolExecutor(min(AT_ONCE, len(paths))) as threads:
        return [*threads.map(ask, paths)]
