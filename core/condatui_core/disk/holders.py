"""From a million links to a few thousand classes: inodes that the same places hold are one."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import repeat
from operator import add

from condatui_core.disk.tree import Files, Inodes

_SPAN = 1 << 32
"""States are multiples of it, holders are below it."""


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
        """Name the holders of a state, one a link."""
        while state:
            yield self._holder[state]
            state = self._before[state]


class Holders:
    """Takes in the links of all places and says which inodes have the same holders.

    An inode costs one entry in a dictionary while this lives, whatever the number of its links.
    """

    def __init__(self) -> None:
        self._steps = _Steps()
        self._states: dict[int, dict[int, int]] = {}
        self._sums: dict[int, list[int]] = {}

    def see(self, device: int, links: Files, holders: Iterable[int] | int) -> None:
        """Take in links, each with its holder, or with the one that holds them all."""
        states = self._states.setdefault(device, {})
        held = repeat(holders) if isinstance(holders, int) else holders
        # One pass without a line of Python for each link: every state is looked up after the one before it is stored.
        seen = map(add, map(states.get, links.inodes, repeat(0)), held)
        states.update(zip(links.inodes, map(self._steps.__getitem__, seen), strict=False))

    def add_up(self, device: int, inodes: Inodes) -> None:
        """Count the bytes of inodes, each once however often it is among them, after all links were seen."""
        take = self._states.setdefault(device, {}).pop
        lengths, sums = self._steps.lengths, self._sums
        for inode, count, blocks, size in zip(*inodes.columns(), strict=True):
            state = take(inode, 0)
            if state:
                found = sums.setdefault(state + (count > lengths[state // _SPAN]), [0, 0])
                found[0] += blocks
                found[1] += size

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of some inode that was seen."""
        return any(self._states.values())

    def classes(self) -> Iterator[tuple[tuple[int, ...], bool, int, int]]:
        """Yield (holders, one a link; whether there are links elsewhere; blocks; apparent bytes)."""
        for key, (blocks, sizes) in self._sums.items():
            state, outside = divmod(key, _SPAN)
            yield tuple(self._steps.holders(state)), bool(outside), blocks, sizes
