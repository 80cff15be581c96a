"""The trees of all places, brought together: what has changed in one place can change the link counts in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct, field

from condatui_core.disk.tree import Files, Inodes, Tree
from condatui_core.disk.worker import Task, refresh

ByDevice = defaultdict[int, set[int]]
"""Device → inodes."""


class FoundPlace(Struct):
    """One place with what is known of it so far."""

    task: Task
    tree: Tree = field(default_factory=Tree)
    fresh_from: int = 0
    """The first row that was read in this walk."""
    changed: bool = True
    """Whether the tree is another than the one that was kept."""


def look_up(places: list[FoundPlace], lost: ByDevice, found: defaultdict[int, Inodes]) -> None:
    """Read anew the kept directories whose link counts may be another than they were, and add what was found.

    Only lstat knows them. Of an inode that has lost a link, one directory is enough; but every directory tells whether
    what used to be a file with one link is one still.
    """
    fresh = {device: set(inodes.inodes) for device, inodes in found.items()}
    left = {device: inodes.difference(fresh.get(device, ())) for device, inodes in lost.items()}
    # Package caches first: one directory of theirs tells of what fifty environments share.
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
    """Choose a row for each of these inodes that is linked here, and take it from them."""
    if not inodes:
        return
    for row, inode in zip(links.rows, links.inodes, strict=True):
        if inode in inodes:
            inodes.discard(inode)
            yield row
