"""What files and directories will take on a disk that are not there yet: whole blocks, as `df` and `du` count them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import partial

_USUAL = 4096
_LARGEST = 1 << 16
"""Bytes of the largest block that is believed; network file systems name what they transfer at once instead."""
_ENTRY = 8
"""Bytes of an entry of a directory, beside its name."""
_LONGEST_FAST_LINK = 59
"""Bytes of the longest target of a symlink that needs no block of its own."""


def block_size(place: str) -> int:
    """The bytes of one block where a path is or would be, the usual ones if the system does not say."""
    while not os.path.lexists(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    try:
        found = os.statvfs(place).f_frsize
    except OSError:
        return _USUAL
    return found if _USUAL <= found <= _LARGEST else _USUAL


def in_blocks(size: int, block: int) -> int:
    """The bytes that a file of a size takes."""
    return -(-size // block) * block


def link_bytes(target: str, block: int) -> int:
    """The bytes that a symlink takes."""
    return block if len(os.fsencode(target)) > _LONGEST_FAST_LINK else 0


def directory_bytes(paths: Iterable[str], block: int) -> int:
    """The most bytes that the directories take in which these relative paths lie, the topmost one with them."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    names[""]
    for each in paths:
        path = each
        while path and (place := os.path.split(path))[1] not in names[place[0]]:
            names[place[0]].add(place[1])
            path = place[0]
    return sum(map(partial(_directory, block=block), names.values()))


def _directory(names: Iterable[str], *, block: int) -> int:
    """One block as long as all entries fit; else an index, and blocks that are half full in the worst case."""
    entries = sum(_ENTRY + -(-len(os.fsencode(each)) // 4) * 4 for each in names)
    return block if entries + 3 * _ENTRY <= block else block + in_blocks(3 * entries // 2, block)
