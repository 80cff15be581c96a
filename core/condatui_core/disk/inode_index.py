"""The inodes that a walk has found so far in all places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from condatui_core.disk.messages import WalkSizes
from condatui_core.disk.tree import Files, InodeTable, InodeTree
from condatui_core.disk.workers import Task, refresh
from condatui_core.fs.tree import BLOCK

# Inodes found during a walk, and the sizes of single places before the walk is complete


class InodeIndex:
    """Collects the facts that workers find about inodes with several links, and looks them up."""

    def __init__(self, *, may_look_up: bool) -> None:
        """Without `may_look_up` only collects."""
        self._may_look_up = may_look_up
        self.found: defaultdict[int, InodeTable] = defaultdict(InodeTable)
        """By device; two workers may have found the same inode."""
        self._positions: defaultdict[int, dict[int, int]] = defaultdict(dict)

    def add(self, found: Mapping[int, InodeTable]) -> None:
        """Add the results of one task."""
        for device, more in found.items():
            inodes = self.found[device]
            first = len(inodes.inodes)
            inodes.extend(more)
            if self._may_look_up:
                positions = range(first, len(inodes.inodes))
                self._positions[device].update(zip(more.inodes, positions, strict=True))

    def sizes_of(self, number: int, tree: InodeTree) -> WalkSizes:
        """The sizes of a place that need no other place: everything except who shares the rest."""
        total, apparent, inodes = sum(tree.blocks), sum(tree.sizes), sum(tree.inodes)
        exclusive = total
        for device, links in tree.links.items():
            facts, position = self.found[device], self._positions[device]
            held = set(links.inodes)
            positions = list(map(position.__getitem__, held))
            inodes += len(held)
            total += sum(map(facts.blocks.__getitem__, positions))
            apparent += sum(map(facts.sizes.__getitem__, positions))
            if len(held) < len(links.inodes):  # usually no inode is linked twice in one place
                links_here = Counter(links.inodes)
                own = (at for at in positions if links_here[facts.inodes[at]] >= facts.counts[at])
                exclusive += sum(map(facts.blocks.__getitem__, own))
        return WalkSizes(number, total * BLOCK, exclusive * BLOCK, apparent, inodes)


def united(
    found: Mapping[int, InodeTable], kept: Mapping[int, InodeTable], trees: Iterable[InodeTree]
) -> Mapping[int, InodeTable]:
    """Merge the facts about the inodes that these trees link to; new ones take precedence over kept ones.

    An inode may occur twice, as in all of these tables; the first time is right.
    """
    if not kept:
        return found
    linked: defaultdict[int, set[int]] = defaultdict(set)
    for tree in trees:
        for device, links in tree.links.items():
            linked[device].update(links.inodes)
    union: defaultdict[int, InodeTable] = defaultdict(InodeTable)
    for device, wanted in linked.items():
        for known in (found.get(device), kept.get(device)):
            if known:
                chosen = list(map(wanted.__contains__, known.inodes))
                union[device].extend(known.chosen(chosen))
                wanted.difference_update(known.inodes)
    return union


# The trees of all places together: a change in one place can change link counts in another


ByDevice = defaultdict[int, set[int]]
"""Device → inodes."""


class FoundPlace(Struct):
    """One place and its tree so far."""

    task: Task
    tree: InodeTree = field(default_factory=InodeTree)
    fresh_from: int = 0
    """The index of the first row that this walk has read."""
    changed: bool = True
    """Whether the tree differs from the kept one."""


def look_up(places: list[FoundPlace], lost: ByDevice, found: defaultdict[int, InodeTable]) -> None:
    """Read again the kept directories whose link counts may have changed, and add the results.

    Only lstat knows link counts. For an inode that has lost a link, one directory is enough; but every directory must
    be read for files that used to have one link and may have more now.
    """
    fresh = {device: set(inodes.inodes) for device, inodes in found.items()}
    left = {device: inodes.difference(fresh.get(device, ())) for device, inodes in lost.items()}
    # Package caches first: one of their directories has files that fifty environments share.
    for place in sorted(places, key=lambda each: not each.task.place.cache):
        rows = {row for device, links in place.tree.links.items() for row in _one_row_each(links, left.get(device))}
        for device, singles in place.tree.singles.items():
            rows.update(row for row in singles.rows_with(fresh.get(device, set())) if row < place.fresh_from)
        if rows:
            again = refresh(place.task, place.tree, rows)
            place.tree, place.fresh_from, place.changed = again.tree, place.fresh_from - len(rows), True
            for device, inodes in again.inodes.items():
                found[device].extend(inodes)


def _one_row_each(links: Files, inodes: set[int] | None) -> Iterator[int]:
    """Choose one row for each of these inodes that is linked here, and remove it from `inodes`."""
    if not inodes:
        return
    for row, inode in zip(links.rows, links.inodes, strict=True):
        if inode in inodes:
            inodes.discard(inode)
            yield row
