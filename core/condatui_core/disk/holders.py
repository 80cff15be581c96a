"""Group inodes by the places that hold them: a million links become a few thousand classes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from operator import add, sub

from condatui_core.disk.tree import Files, InodeTable

_BITS = 32
_SPAN = 1 << _BITS
"""States are multiples of this number, holders are below it."""


class _Steps(dict[int, int]):
    """State + holder → the next state. A state stands for the holders of the links seen so far, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self._before = array("I", [0])
        self._holder = array("I", [0])
        self.lengths = array("I", [0])

    def __missing__(self, key: int) -> int:
        state, holder = divmod(key, _SPAN)
        following = len(self._before) * _SPAN
        self._before.append(state)
        self._holder.append(holder)
        self.lengths.append(self.lengths[state] + 1)
        self[key] = following
        return following

    def holders(self, state: int) -> Iterator[int]:
        """Yield the holders of a state, one per link."""
        while state:
            yield self._holder[state]
            state = self._before[state]


class Holders:
    """Collects the links of all places and groups the inodes by their holders.

    While this object exists, an inode costs one entry in a dictionary, regardless of the number of its links.
    """

    def __init__(self) -> None:
        self._steps = _Steps()
        self._states: dict[int, dict[int, int]] = {}
        self._sums: dict[int, list[int]] = {}

    def see(self, device: int, links: Files, holders: Iterable[int] | int) -> None:
        """Record links, each with its own holder, or all with the same one."""
        states = self._states.setdefault(device, {})
        held = repeat(holders) if isinstance(holders, int) else holders
        # One pass without Python code for each link: every state is looked up after the previous one is stored.
        seen = map(add, map(states.get, links.inodes, repeat(0)), held)
        states.update(zip(links.inodes, map(self._steps.__getitem__, seen), strict=False))
        # The next links have other holders, and so other keys: the old ones of 200 large environments take 20 MB.
        self._steps.clear()

    def add_up(self, device: int, inodes: InodeTable, less: Mapping[int, int] | None = None) -> None:
        """Add inodes and their bytes, each inode once even if it occurs several times, after all links are recorded.

        `less` are blocks of inodes that are not to be counted.
        """
        states = map(self._states.setdefault(device, {}).pop, inodes.inodes, repeat(0))
        lengths, sums = self._steps.lengths, self._sums
        own = map(sub, inodes.blocks, map(less.get, inodes.inodes, repeat(0))) if less else inodes.blocks
        for state, count, blocks, size in zip(states, inodes.counts, own, inodes.sizes, strict=True):
            if state:
                key = state + (count > lengths[state >> _BITS])
                found = sums.get(key)
                if found is None:
                    sums[key] = [blocks, size, 1]
                else:
                    found[0] += blocks
                    found[1] += size
                    found[2] += 1

    @property
    def unknown(self) -> bool:
        """Whether some recorded inode has no known size."""
        return any(self._states.values())

    def classes(self) -> Iterator[tuple[tuple[int, ...], bool, int, int, int]]:
        """Yield (holders, one per link; whether there are links elsewhere; blocks; apparent bytes; inodes)."""
        for key, (blocks, sizes, count) in self._sums.items():
            state, outside = divmod(key, _SPAN)
            yield tuple(self._steps.holders(state)), bool(outside), blocks, sizes, count
