"""Answer what removals free, from sums over the classes of shared inodes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from types import MappingProxyType

from msgspec.structs import replace

from condatui_core.disk.cache_units import INSTALLER_PARTS, CacheUnit
from condatui_core.disk.tool_caches import is_installer
from condatui_core.records.disk import CacheUse, DiskPlace, DiskUse, LinkTable, ShareClass, Sharing
from condatui_core.records.finding import Finding
from condatui_core.records.request import Cleanable

_NONE: Mapping[str, Sequence[Collection[str]]] = MappingProxyType({})


class LinkGraph:
    """Answers what removals free. A set of places is an integer in which bit n stands for place n."""

    def __init__(self, places: Sequence[DiskPlace], table: LinkTable) -> None:
        self.places = tuple(places)
        self._bits = {place.path: 1 << number for number, place in enumerate(places)}
        self._caches = _union(self._bits[place.path] for place in places if place.cache)
        self._nested = {place.path: self._inside_of(place.path) for place in places}
        self._classes = _of_whole_places(table.classes)
        classes = [(_union(1 << place for place in each.places), each) for each in table.classes]
        installers = _union(self._bits[place.path] for place in places if is_installer(place.tool))
        # Inodes that are also held outside stay, no matter which places are removed. The directory of a cache that is
        # emptied stays too, with what is not its tool's: that is in no unit.
        can_go: defaultdict[tuple[int, int], int] = defaultdict(int)
        for holders, each in classes:
            if not each.outside:
                own = holders & installers if each.unit < 0 and len(each.places) == 1 else 0
                can_go[holders, own] += each.bytes
        self._can_go = [(*sets, size) for sets, size in can_go.items()]
        self._units = tuple(CacheUnit(each, places[each.place]) for each in table.units)
        for holders, each in classes:
            if each.unit >= 0 and each.blocks:
                unit = self._units[each.unit]
                unit.add_shared(holders & ~(1 << unit.place), each.bytes, outside=each.outside)
            elif each.unit >= 0:
                self._units[each.unit].add(holders & ~self._caches, each.bytes)

    def frees(self, selection: Iterable[str]) -> int:
        """The bytes that `df` gains if these places are removed with everything in them.

        A path that is not a place frees nothing.
        """
        return self._freed(self._gone(selection))

    def frees_with_cache_clean(self, selection: Iterable[str]) -> int:
        """The bytes that `df` gains if these are removed and `conda clean --tarballs --packages` runs afterwards.

        Packages that symlinks of a remaining environment lead to count as used, though conda up to 26.7 deletes them.
        """
        selected = tuple(selection)
        gone = self._gone(selected)
        left = (unit for unit in self._units if not gone >> unit.place & 1)
        return self.frees(selected) + sum(unit.frees_with(~gone) for unit in left if unit.safe_without(~gone))

    def frees_with_cleaning(
        self,
        selection: Iterable[str],
        cleaned: Mapping[str, Collection[Cleanable]],
        *,
        copied_by: Mapping[str, tuple[str, ...]],
        irreplaceable: Mapping[str, Sequence[Collection[str]]] = _NONE,
        merged: Collection[str] = (),
    ) -> int:
        """The bytes that `df` gains if these are removed and these parts of package caches are cleaned afterwards.

        Packages stay if a remaining prefix has soft links to them or, according to `copied_by`, copies of them; and if
        they are among the `irreplaceable` ones of what is removed, by their names, and no other cache would have them.
        They also stay if one of the selection uses them that is `merged`: what takes its place may link them again.
        """
        selected = set(selection)
        gone = self._gone(selected)
        going, emptying = self._cleaned_units(selected, merged, cleaned, copied_by)
        going = self._without_last(going, [names for path in selected for names in irreplaceable.get(path, ())])
        emptied = _union(1 << unit.place for unit in emptying)
        return self._freed(gone, emptied) + sum(unit.frees_with(~(gone | emptied)) for unit in going)

    def lost_without_one(
        self,
        selection: Iterable[str],
        cleaned: Mapping[str, Collection[Cleanable]],
        *,
        copied_by: Mapping[str, tuple[str, ...]],
        irreplaceable: Mapping[str, Sequence[Collection[str]]] = _NONE,
        merged: Collection[str] = (),
    ) -> dict[str, int]:
        """For each of these, by how much less `frees_with_cleaning` frees if that one stays, in one pass over all.

        Places in others, or with others inside them, those with soft links into a cache that is emptied, and those with
        `irreplaceable` packages are left out: what depends on them is more than files.
        """
        selected = set(selection)
        gone = self._gone(selected)
        going, emptying = self._cleaned_units(selected, merged, cleaned, copied_by)
        emptied = _union(1 << unit.place for unit in emptying)
        lost = [0] * len(self.places)
        for holders, size in self._freed_classes(gone, emptied):
            _add(lost, holders & gone, size)
        for unit in going:
            copies = copied_by.get(unit.package, ()) if unit.part == "packages" else ()
            users = (unit.used_by | self._gone(copies)) & gone
            _add(lost, users, unit.frees_with(~(gone | emptied)))
            for holders, size in unit.shared_with(gone | emptied):
                _add(lost, holders & gone & ~users, size)
        entangled = _union(unit.used_by for unit in emptying) | self._nested_or_around(selected)
        if cleaned:
            entangled |= self._gone(path for path in selected if path in irreplaceable)
        return {
            place.path: lost[number]
            for number, place in enumerate(self.places)
            if place.path in selected and not entangled >> number & 1
        }

    def _cleaned_units(
        self,
        selected: Collection[str],
        merged: Collection[str],
        cleaned: Mapping[str, Collection[Cleanable]],
        copied_by: Mapping[str, tuple[str, ...]],
    ) -> tuple[list[CacheUnit], list[CacheUnit]]:
        """The units that cleaning deletes once some places are gone, and those whose caches it empties."""
        parts = {self._bits[path]: what for path, what in cleaned.items() if path in self._bits}
        removed = frozenset(selected).difference(merged)
        gone, for_good = self._gone(selected), self._gone(removed)
        left = [(unit, parts.get(1 << unit.place, ())) for unit in self._units if not gone >> unit.place & 1]
        going = (unit for unit, cleaning in left if unit.goes_with(cleaning, ~for_good))
        free = [
            unit for unit in going if unit.part != "packages" or removed.issuperset(copied_by.get(unit.package, ()))
        ]
        return free, [unit for unit, cleaning in left if unit.is_emptied_with(cleaning, ~gone)]

    def _without_last(self, going: list[CacheUnit], packages: Iterable[Collection[str]]) -> list[CacheUnit]:
        """Some units without those of packages, each given by its names, of which no cache would have one any more."""
        for names in packages:
            there = [unit for unit in self._units if unit.kind != "other" and unit.package in names]
            if all(unit in going for unit in there):
                going = [unit for unit in going if unit not in there]
        return going

    def _nested_or_around(self, selected: Collection[str]) -> int:
        """The set of those places that lie in another one of these, or have places inside them."""
        around = [path for path in selected if self._nested.get(path, 0) != self._bits.get(path, 0)]
        return self._gone(around)

    def kept_by(self, selection: Iterable[str]) -> tuple[Sharing, ...]:
        """The other places that hold what these do not free, the most first; links elsewhere are left out."""
        gone = self._gone(selection)
        rest: defaultdict[int, int] = defaultdict(int)
        for holders, each in self._classes:
            if holders & gone and holders & ~gone:
                rest[holders & ~gone] += each.bytes
        return self._by_place(rest.items())

    def held_outside(self, selection: Iterable[str]) -> int:
        """The bytes of these places that stay because of links outside all places."""
        gone = self._gone(selection)
        return sum(each.bytes for holders, each in self._classes if each.outside and holders & gone)

    def nested_in(self, selection: Iterable[str]) -> tuple[str, ...]:
        """The places that are removed because they are inside one of these."""
        selected = tuple(selection)
        gone = self._gone(selected)
        return tuple(
            place.path for place in self.places if self._bits[place.path] & gone and place.path not in selected
        )

    def blocks_outside(self, path: str) -> int:
        """The bytes of blocks of a place that something shares which was not measured; KeyError if it is no place."""
        own = self._bits[path]
        return sum(each.bytes for holders, each in self._classes if each.blocks and each.outside and holders & own)

    def total(self, selection: Iterable[str]) -> int:
        """The bytes that these places occupy together, each inode once, as `du -s` of all at once."""
        counted = self._gone(selection)
        return sum(each.bytes for holders, each in self._classes if holders & counted)

    def inodes(self, selection: Iterable[str]) -> int:
        """The inodes that these places have links to, each once, as `du --inodes -s` of all at once."""
        counted = self._gone(selection)
        return sum(each.inodes for holders, each in self._classes if holders & counted)

    def freed_inodes(self, selection: Iterable[str]) -> int:
        """The inodes that `df -i` gains if these environments are removed with everything in them."""
        kept = ~self._gone(selection)
        return sum(each.inodes for holders, each in self._classes if not each.outside and not holders & kept)

    def use_of(self, prefix: str, findings: tuple[Finding, ...] = ()) -> DiskUse:
        """What a prefix occupies and which places share it. Raises KeyError if it is not a place."""
        own = self._bits[prefix]
        apparent = total = exclusive = with_cache = with_environments = outside = inodes = exclusive_inodes = 0
        for holders, each in self._classes:
            if not holders & own:
                continue
            total += each.bytes
            apparent += each.apparent
            inodes += each.inodes
            if each.outside:
                outside += each.bytes
            elif holders == own:
                exclusive += each.bytes
                exclusive_inodes += each.inodes
            elif holders & ~own & ~self._caches:
                with_environments += each.bytes
            else:
                with_cache += each.bytes
        nested = self._nested[prefix] & ~own
        return DiskUse(
            prefix=prefix,
            total=total,
            exclusive=exclusive,
            shared_with_cache=with_cache,
            shared_with_environments=with_environments,
            outside=outside,
            apparent=apparent,
            inodes=inodes,
            exclusive_inodes=exclusive_inodes,
            nested=tuple(place.path for place in self.places if self._bits[place.path] & nested),
            with_nested=self.total((prefix,)) if nested else total,
            findings=findings,
        )

    def beside_caches(self, prefix: str) -> int:
        """The bytes of a prefix that no package cache of conda holds too: what a copy of it cannot link.

        Raises KeyError if it is not a place.
        """
        own, caches = self._bits[prefix], _union(self._bits[each.path] for each in self.places if _is_of_conda(each))
        return sum(each.bytes for holders, each in self._classes if holders & own and not holders & caches)

    def sharing(self, path: str) -> tuple[Sharing, ...]:
        """How much a place shares with each other place, the most first. Raises KeyError if it is not a place."""
        own = self._bits[path]
        return self._by_place((holders & ~own, each.bytes) for holders, each in self._classes if holders & own)

    def cache_use(
        self,
        path: str,
        *,
        copied_by: Mapping[str, tuple[str, ...]],
        findings: tuple[Finding, ...] = (),
        gone: Iterable[str] = (),
    ) -> CacheUse:
        """What a cache consists of, and what of it is unneeded once some places are `gone`.

        `copied_by` names the prefixes that hold a copy of a package. Raises KeyError if it is not a place.
        """
        own, without = self._bits[path], self._gone(gone)
        kept = ~without
        place = next(place for place in self.places if place.path == path)
        units = [unit for unit in self._units if 1 << unit.place == own]
        safe = sum(unit.frees_with(kept) for unit in units if unit.safe_without(kept))
        emptied = any(unit.is_emptied_with(tuple(INSTALLER_PARTS.values()), kept) for unit in units)
        return CacheUse(
            path=path,
            total=sum(each.bytes for holders, each in self._classes if holders & own),
            archives=sum(unit.bytes for unit in units if unit.kind == "archive"),
            packages=sum(unit.bytes for unit in units if unit.kind == "package"),
            cleanable=self._freed(without, own) - self._freed(without) if emptied else safe,
            unsafe=sum(unit.frees_with(kept) for unit in units if unit.taken_without(kept)) - safe,
            units=tuple(
                unit.described(self.places, copied_by.get(unit.package, ()), kept)
                for unit in sorted(units, key=lambda unit: (-unit.bytes, unit.name))
            ),
            writable=place.writable,
            tool=place.tool,
            findings=findings,
        )

    def _by_place(self, held: Iterable[tuple[int, int]]) -> tuple[Sharing, ...]:
        """(holders, bytes) pairs, added up for each holder; the most first."""
        held = [(holders, size) for holders, size in held if holders]
        bits = ((place, self._bits[place.path]) for place in self.places)
        sums = ((place, sum(size for holders, size in held if holders & bit)) for place, bit in bits)
        sharing = (Sharing(path=place.path, bytes=size, tool=place.tool) for place, size in sums if size)
        return tuple(sorted(sharing, key=lambda one: -one.bytes))

    def _freed(self, gone: int, emptied: int = 0) -> int:
        """What the removal of a set of places frees, if of some others all goes but their own directories."""
        return sum(size for _, size in self._freed_classes(gone, emptied))

    def _freed_classes(self, gone: int, emptied: int) -> Iterator[tuple[int, int]]:
        """The holders and bytes of the inodes of which no link is left."""
        kept = ~(gone | emptied)
        return ((holders, size) for holders, own, size in self._can_go if not holders & kept and not own & ~gone)

    def _gone(self, selection: Iterable[str]) -> int:
        """The set of places that are removed with some places: those inside them as well."""
        return _union(self._nested.get(path, 0) for path in selection)

    def _inside_of(self, path: str) -> int:
        """The set of a place and the places inside it."""
        below = path.rstrip(os.sep) + os.sep
        return _union(bit for other, bit in self._bits.items() if other == path or other.startswith(below))


def _of_whole_places(classes: Iterable[ShareClass]) -> list[tuple[int, ShareClass]]:
    """Classes and their holders, those of the same places as one: a few hundred instead of one for each package.

    Every question asks all of them.
    """
    sums: dict[tuple[tuple[int, ...], bool, bool], ShareClass] = {}
    for each in classes:
        key = each.places, each.outside, each.blocks
        known = sums.get(key)
        sums[key] = each if known is None else _sum_of(known, each)
    return [(_union(1 << place for place in each.places), each) for each in sums.values()]


def _sum_of(one: ShareClass, other: ShareClass) -> ShareClass:
    return replace(
        one,
        unit=-1,
        bytes=one.bytes + other.bytes,
        apparent=one.apparent + other.apparent,
        inodes=one.inodes + other.inodes,
    )


def _add(sums: list[int], members: int, size: int) -> None:
    """Add some bytes to the sum of each member of a set."""
    while members:
        lowest = members & -members
        sums[lowest.bit_length() - 1] += size
        members ^= lowest


def _is_of_conda(place: DiskPlace) -> bool:
    return place.cache and not place.tool


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
