"""The table of links: from the trees of all places to what they share, and to the units of package caches."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field

from condatui_core.disk.holders import Holders
from condatui_core.disk.messages import PlaceRequest
from condatui_core.disk.scan import OF_A_CACHE, ROOT, SUBDIRS
from condatui_core.disk.shared_blocks import Blocks, link_counts, singles_less, unseen_links
from condatui_core.disk.tool_caches import is_installer, own_entries
from condatui_core.disk.tree import InodeTable, InodeTree
from condatui_core.disk.tree_store import DamagedStoreError
from condatui_core.fs.tree import BLOCK
from condatui_core.records.disk import LinkTable, ShareClass, Unit, UnitKind

_ARCHIVES = (b".conda", b".tar.bz2", b".conda.part", b".tar.bz2.part")
_NESTED = re.compile(rb"\./(.+?/" + SUBDIRS + rb"/[^/]+)(?:/|$)")
"""A package or archive of mamba's caches since 2.6, below its channel and platform."""
WHOLE = b"."
"""The name of the only unit of a cache that is emptied as a whole."""
_NONE = -1
_OF_BLOCKS = 0
"""In place of a device: blocks are numbered through all file systems."""


def _unit_of(path: bytes, inside: Collection[bytes]) -> bytes:
    """The name of the unit that a path of a package cache belongs to."""
    top = path.split(b"/", 2)[1]
    if b"./" + top + b"/info" in inside:
        return top
    nested = _NESTED.match(path)
    if nested and (b"./" + nested[1] + b"/info" in inside or path.endswith(_ARCHIVES)):
        return nested[1]
    return top


class _UnitFound(Struct):
    place: int
    name: bytes
    kind: UnitKind
    blocked: bool = False
    soft_linked_by: set[int] = field(default_factory=set)


def table_of(
    places: Sequence[PlaceRequest],
    trees: Sequence[InodeTree],
    inodes: Sequence[Mapping[int, InodeTable]],
    blocks: Blocks | None = None,
) -> LinkTable:
    """Compute which places share how many bytes, and the units of the package caches; see `LinkTableBuilder`."""
    builder = LinkTableBuilder(places)
    for number, tree in enumerate(trees):
        builder.add_place(number, tree)
    return builder.made(inodes, blocks)


class LinkTableBuilder:
    """Builds the table, as soon as places are walked. Holders are numbered: first the places, then units of caches."""

    def __init__(self, places: Sequence[PlaceRequest]) -> None:
        self._places = places
        self._trees: dict[int, InodeTree] = {}
        self._units: list[_UnitFound] = []
        self._unit_of_row: dict[int, list[int]] = {}
        self._holders = Holders()
        self._sums: dict[tuple[tuple[int, ...], int, bool, bool], list[int]] = {}

    def add_place(self, number: int, tree: InodeTree) -> None:
        """Add a place with its complete tree, which is not to change any more."""
        self._trees[number] = tree
        if self._places[number].cache:
            self._unit_of_row[number] = self._find_units(number)
        self._add_directories(number, tree)
        units = self._unit_of_row.get(number)
        for device, links in tree.links.items():
            self._holders.see(device, links, map(units.__getitem__, links.rows) if units else number)

    def made(self, inodes: Sequence[Mapping[int, InodeTable]], blocks: Blocks | None = None) -> LinkTable:
        """The table, once all places are added.

        `inodes` are tables by device; if two contain the same inode, the first is right. `blocks` are those that files
        share without being links of each other. Raises DamagedStoreError if no table contains an inode that has
        several links.
        """
        of_files = blocks or Blocks()
        self._add_links(inodes, of_files)
        self._add_blocks(inodes, of_files)
        self._find_soft_links()
        return LinkTable(
            classes=tuple(
                ShareClass(places, unit, outside, blocks * BLOCK, sizes, of_blocks, inodes)
                for (places, unit, outside, of_blocks), (blocks, sizes, inodes) in self._sums.items()
            ),
            units=tuple(
                Unit(each.place, each.name, each.kind, each.blocked, tuple(sorted(each.soft_linked_by)))
                for each in self._units
            ),
        )

    def _find_units(self, number: int) -> list[int]:
        """Number the units of a package cache; returns the holder for each of its rows.

        A directory whose files are cleaned one by one stays when they go, so it is not part of a unit.
        """
        paths = self._trees[number].paths
        if is_installer(self._places[number].tool):
            return self._one_unit(number, paths)
        known: dict[bytes, int] = {}
        holders: list[int] = []
        inside = set(paths)
        for path in paths:
            name = b"" if path in OF_A_CACHE else _unit_of(path, inside)
            if name and name not in known:
                kind: UnitKind = "archive" if name.endswith(_ARCHIVES) else "other"
                if b"./" + name + b"/info" in inside:
                    kind = "package"
                known[name] = len(self._places) + len(self._units)
                self._units.append(_UnitFound(number, name, kind))
            holders.append(known.get(name, number))
        return holders

    def _one_unit(self, number: int, paths: Sequence[bytes]) -> list[int]:
        """Make one unit of all that goes when the cache of pip or uv is emptied; returns the holder for each row."""
        unit = len(self._places) + len(self._units)
        self._units.append(_UnitFound(number, WHOLE, "other"))
        place = self._places[number]
        own = {os.path.basename(os.fsencode(each)) for each in own_entries(place.tool, os.fsdecode(place.path))}
        return [unit if path != ROOT and path.split(b"/", 2)[1] in own else number for path in paths]

    def _add_directories(self, number: int, tree: InodeTree) -> None:
        if number not in self._unit_of_row:
            self._add((number,), False, sum(tree.blocks), sum(tree.sizes), sum(tree.inodes))
            return
        sums: dict[int, list[int]] = {}
        rows = zip(self._unit_of_row[number], tree.blocks, tree.sizes, tree.inodes, strict=True)
        for holder, blocks, sizes, inodes in rows:
            found = sums.setdefault(holder, [0, 0, 0])
            found[0] += blocks
            found[1] += sizes
            found[2] += inodes
        for holder, (blocks, sizes, inodes) in sums.items():
            self._add((holder,), False, blocks, sizes, inodes)

    def _add_links(self, inodes: Sequence[Mapping[int, InodeTable]], blocks: Blocks) -> None:
        for known in inodes:
            for device, table in known.items():
                self._holders.add_up(device, table, blocks.less.get(device))
        if self._holders.unknown:
            raise DamagedStoreError
        for each in self._holders.classes():
            self._add(*each)

    def _add_blocks(self, inodes: Sequence[Mapping[int, InodeTable]], blocks: Blocks) -> None:
        """Add the blocks that files share: a file has less of its own, and its holders hold what it shares."""
        if not blocks.less:
            return
        known, unseen = Holders(), Holders()
        for number, tree in self._trees.items():
            units = self._unit_of_row.get(number)
            for row, less, elsewhere in singles_less(blocks, tree):
                holder = units[row] if units else number
                self._add((holder,), False, -less, 0, 0)
                if elsewhere:
                    self._add_shared((holder,), True, elsewhere)
            for files in (tree.links, tree.singles):
                links = blocks.links(files)
                known.see(_OF_BLOCKS, links, map(units.__getitem__, links.rows) if units else number)
            for device, links in unseen_links(blocks, tree):
                unseen.see(device, links, map(units.__getitem__, links.rows) if units else number)
        known.add_up(_OF_BLOCKS, blocks.table(link_counts(blocks, inodes)))
        for device in blocks.unseen:
            unseen.add_up(device, blocks.unseen_table(device))
        for holders, outside, shared, _, _ in (*known.classes(), *unseen.classes()):
            self._add_shared(holders, outside, shared)

    def _add(self, holders: tuple[int, ...], outside: bool, blocks: int, sizes: int, inodes: int) -> None:
        """Add inodes with these holders, one per link."""
        first = len(self._places)
        counts = Counter(holders)
        units = [holder for holder in counts if holder >= first]
        places = self._places_of(counts)
        foreign = outside or sum(self._places[place].cache for place in places) > 1
        for each in units:
            alone = len(units) == 1 and counts[each] == 1 and self._units[each - first].place not in counts
            if foreign or not alone:
                self._units[each - first].blocked = True
        unit = units[0] - first if len(units) == 1 else _NONE
        self._sum((places, unit, outside, False), blocks, sizes, inodes)

    def _add_shared(self, holders: tuple[int, ...], outside: bool, blocks: int) -> None:
        """Add blocks with these holders, one for each link of a file that has them.

        They let conda delete a package, which looks at the links of files alone; but unless that package is all that
        has them in its cache, cleaning that one does not free them.
        """
        first, held = len(self._places), set(holders)
        units = [holder for holder in held if holder >= first]
        alone = len(units) == 1 and self._units[units[0] - first].place not in held
        self._sum((self._places_of(held), units[0] - first if alone else _NONE, outside, True), blocks, 0, 0)

    def _places_of(self, holders: Iterable[int]) -> tuple[int, ...]:
        first = len(self._places)
        return tuple(sorted({self._units[each - first].place if each >= first else each for each in holders}))

    def _sum(self, key: tuple[tuple[int, ...], int, bool, bool], blocks: int, sizes: int, inodes: int) -> None:
        sums = self._sums.setdefault(key, [0, 0, 0])
        sums[0] += blocks
        sums[1] += sizes
        sums[2] += inodes

    def _find_soft_links(self) -> None:
        units = {(each.place, each.name): each for each in self._units}
        caches = [
            (number, path + b"/")
            for number, place in enumerate(self._places)
            if place.cache
            for path in dict.fromkeys((place.path, place.named or place.path))
        ]
        for number, tree in self._trees.items():
            for target in {target for _, target in tree.targets}:
                for cache, path in caches:
                    if cache != number and target.startswith(path):
                        name = WHOLE if (cache, WHOLE) in units else target[len(path) :]
                        while name and (cache, name) not in units:
                            name = name.rpartition(b"/")[0]
                        if name:
                            units[cache, name].soft_linked_by.add(number)
