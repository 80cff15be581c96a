"""What is known of inodes while a walk goes on, and what places occupy by it before all the others are walked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from condatui_core.disk.messages import Sizes
from condatui_core.disk.tree import Inodes, Tree

_BLOCK = 512


class InodeIndex:
    """Collects what the workers find out about inodes with several links, and finds it again."""

    def __init__(self) -> None:
        self.found: defaultdict[int, Inodes] = defaultdict(Inodes)
        """By device; two workers may have met the same."""
        self._positions: defaultdict[int, dict[int, int]] = defaultdict(dict)

    def add(self, found: Mapping[int, Inodes]) -> None:
        """Take in what one piece of work has found."""
        for device, more in found.items():
            inodes = self.found[device]
            first = len(inodes.inodes)
            inodes.extend(more)
            positions = range(first, len(inodes.inodes))
            self._positions[device].update(zip(more.inodes, positions, strict=True))

    def sizes_of(self, number: int, tree: Tree) -> Sizes:
        """Say what is known of a place without the others: all but who shares what is not its own."""
        total, apparent = sum(tree.blocks), sum(tree.sizes)
        exclusive = total
        for device, links in tree.links.items():
            facts, position = self.found[device], self._positions[device]
            held = set(links.inodes)
            positions = [position[inode] for inode in held]
            total += sum(map(facts.blocks.__getitem__, positions))
            apparent += sum(map(facts.sizes.__getitem__, positions))
            if len(held) < len(links.inodes):  # as a rule no inode is linked twice in one place, so none is its own
                links_here = Counter(links.inodes)
                own = (at for at in positions if links_here[facts.inodes[at]] >= facts.counts[at])
                exclusive += sum(map(facts.blocks.__getitem__, own))
        return Sizes(number, total * _BLOCK, exclusive * _BLOCK, apparent)


def united(found: Mapping[int, Inodes], kept: Mapping[int, Inodes], trees: Iterable[Tree]) -> dict[int, Inodes]:
    """Bring together what is known of the inodes that are linked from these trees, what was found now first."""
    linked: defaultdict[int, set[int]] = defaultdict(set)
    for tree in trees:
        for device, links in tree.links.items():
            linked[device].update(links.inodes)
    union: defaultdict[int, Inodes] = defaultdict(Inodes)
    for device, wanted in linked.items():
        for known in (found.get(device), kept.get(device)):
            for row in zip(*known.columns(), strict=True) if known else ():
                if row[0] in wanted:
                    wanted.discard(row[0])
                    for column, value in zip(union[device].columns(), row, strict=True):
                        column.append(value)
    return union
