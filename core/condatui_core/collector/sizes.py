"""Measure what an environment occupies: one `lstat` of everything in it."""

import os
from typing import Collection, Dict, List, NamedTuple, Tuple

from condatui_core.collector.reading import Deadline

_AT_ONCE = 512
"""Entries between two looks at the time."""


class Sizes(NamedTuple):
    """What lies in a prefix, without other environments and package caches in it."""

    bytes: int
    """Allocated bytes of the distinct inodes."""
    exclusive: int
    """Those whose every link lies in it."""
    inodes: int


def measure(prefix: str, others: Collection[str], deadline: Deadline) -> Sizes:
    """Walk a prefix, following no link. Raises OSError where it cannot be read, OutOfTimeError."""
    others = set(others) - {prefix}
    linked: Dict[Tuple[int, int], List[int]] = {}
    """Of files with several names: how many are still to be met, and the bytes."""
    top = os.lstat(prefix)
    total, inodes, entries = top.st_blocks * 512, 1, 0
    waiting = [prefix]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for entry in found:
                entries += 1
                if entries % _AT_ONCE == 0:
                    deadline.check()
                is_directory = entry.is_dir(follow_symlinks=False)
                if is_directory and entry.path in others:
                    continue
                status = entry.stat(follow_symlinks=False)
                if is_directory:
                    waiting.append(entry.path)
                elif status.st_nlink > 1:
                    known = linked.setdefault((status.st_dev, status.st_ino), [status.st_nlink, status.st_blocks * 512])
                    known[0] -= 1
                    continue
                total += status.st_blocks * 512
                inodes += 1
    elsewhere = sum(size for missing, size in linked.values() if missing > 0)
    inside = sum(size for missing, size in linked.values() if missing <= 0)
    return Sizes(total + inside + elsewhere, total + inside, inodes + len(linked))
