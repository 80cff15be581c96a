"""Who holds which bytes, and what any set of places frees when it goes: sums over classes, whatever the links."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from types import MappingProxyType

from condatui_core.records.disk import CachedUnit, CacheUse, DiskPlace, DiskUse, LinkTable, Sharing, Unit, UnitKind
from condatui_core.records.finding import Finding
from condatui_core.records.request import Cleanable

# The entries of a package cache, and which of them `conda clean` would take.


_PARTS: Mapping[UnitKind, Cleanable] = MappingProxyType({"archive": "tarballs", "package": "packages"})
_OTHER_PARTS: Mapping[str, Cleanable] = MappingProxyType({"cache": "index", ".logs": "logs"})
"""What else conda keeps at the top of a package cache, by its name."""


class CacheUnit:
    """An extracted package, an archive, or something else at the top of a package cache.

    conda takes a package if each of its files has one link, so it must know of no other holder.
    """

    def __init__(self, unit: Unit, cache: DiskPlace) -> None:
        self.place = unit.place
        """The number of the package cache."""
        self.name = os.fsdecode(unit.name)
        self.kind: UnitKind = unit.kind
        self.part: Cleanable | None = _PARTS.get(unit.kind) or _OTHER_PARTS.get(self.name)
        """Which part of the cache it belongs to; None if it is none that is ever cleaned."""
        self.bytes = 0
        self._can_be_taken = cache.writable and not unit.blocked
        self._linked_by = 0
        self._soft_linked_by = sum(1 << place for place in unit.soft_linked_by)

    def add(self, holders: int, size: int) -> None:
        """Add some bytes of it, and the prefixes that hold them too."""
        self.bytes += size
        self._linked_by |= holders

    def taken_without(self, kept: int) -> bool:
        """Whether `conda clean --tarballs --packages` takes it when only these places are left."""
        return self.kind != "other" and self._is_free(kept)

    def safe_without(self, kept: int) -> bool:
        """Whether it takes it and breaks none of these places."""
        return self.taken_without(kept) and not self._soft_linked_by & kept

    def goes_with(self, parts: Collection[Cleanable], kept: int) -> bool:
        """Whether cleaning these parts takes it when only these places are left, and breaks none of them."""
        return self.part in parts and self._is_free(kept) and not self._soft_linked_by & kept

    def _is_free(self, kept: int) -> bool:
        return self._can_be_taken and not self._linked_by & kept

    def described(self, places: Sequence[DiskPlace], copied_by: tuple[str, ...]) -> CachedUnit:
        """Say what it is now, with everything there."""
        soft = tuple(place.path for number, place in enumerate(places) if self._soft_linked_by >> number & 1)
        unused = self.taken_without(~0)
        return CachedUnit(
            name=self.name,
            kind=self.kind,
            part=self.part,
            bytes=self.bytes,
            unused=unused,
            soft_linked_by=soft,
            copied_by=tuple(prefix for prefix in copied_by if prefix not in soft) if unused else (),
        )


class LinkGraph:
    """Answers what removals free. A set of places is one number, in which bit n stands for place n."""

    def __init__(self, places: Sequence[DiskPlace], table: LinkTable) -> None:
        self.places = tuple(places)
        self._bits = {place.path: 1 << number for number, place in enumerate(places)}
        self._caches = _union(self._bits[place.path] for place in places if place.cache)
        self._nested = {place.path: self._inside_of(place.path) for place in places}
        self._classes = [(_union(1 << place for place in each.places), each) for each in table.classes]
        # What something outside holds as well stays, whatever goes.
        self._can_go = [(holders, each.bytes) for holders, each in self._classes if not each.outside]
        self._units = tuple(CacheUnit(each, places[each.place]) for each in table.units)
        for holders, each in self._classes:
            if each.unit >= 0:
                self._units[each.unit].add(holders & ~self._caches, each.bytes)

    def frees(self, selection: Iterable[str]) -> int:
        """Tell what `df` gains, in bytes, when these places go with all that lies in them.

        A path that is no place frees nothing.
        """
        kept = ~self._gone(selection)
        return sum(size for holders, size in self._can_go if not holders & kept)

    def frees_with_cache_clean(self, selection: Iterable[str]) -> int:
        """Tell what `df` gains when these go and `conda clean --tarballs --packages` then takes what is unused.

        What symlinks of an environment that stays lead to counts as used, though conda up to 26.7 would take it.
        """
        selected = tuple(selection)
        gone = self._gone(selected)
        left = (unit for unit in self._units if not gone >> unit.place & 1)
        return self.frees(selected) + sum(unit.bytes for unit in left if unit.safe_without(~gone))

    def frees_with_cleaning(
        self,
        selection: Iterable[str],
        cleaned: Mapping[str, Collection[Cleanable]],
        *,
        copied_by: Mapping[str, tuple[str, ...]],
    ) -> int:
        """Tell what `df` gains when these go and just these parts of some package caches are then cleaned.

        Packages stay that a prefix which stays has soft links to or, as `copied_by` names them, copies of.
        """
        selected = set(selection)
        gone = self._gone(selected)
        parts = {self._bits[path]: what for path, what in cleaned.items() if path in self._bits}
        left = ((unit, parts.get(1 << unit.place, ())) for unit in self._units if not gone >> unit.place & 1)
        going = (unit for unit, cleaning in left if unit.goes_with(cleaning, ~gone))
        return self.frees(selected) + sum(
            unit.bytes for unit in going if unit.part != "packages" or selected.issuperset(copied_by.get(unit.name, ()))
        )

    def kept_by(self, selection: Iterable[str]) -> tuple[Sharing, ...]:
        """Tell which other places hold what these do not free, most first; what nobody seen holds is left out."""
        gone = self._gone(selection)
        rest: defaultdict[int, int] = defaultdict(int)
        for holders, each in self._classes:
            if holders & gone and holders & ~gone:
                rest[holders & ~gone] += each.bytes
        return self._by_place(rest.items())

    def held_outside(self, selection: Iterable[str]) -> int:
        """Tell what of these places stays because of links that were not seen."""
        gone = self._gone(selection)
        return sum(each.bytes for holders, each in self._classes if each.outside and holders & gone)

    def nested_in(self, selection: Iterable[str]) -> tuple[str, ...]:
        """Name the places that go only because they lie inside one of these."""
        selected = tuple(selection)
        gone = self._gone(selected)
        return tuple(
            place.path for place in self.places if self._bits[place.path] & gone and place.path not in selected
        )

    def total(self, selection: Iterable[str]) -> int:
        """Tell what these places occupy together, each inode once: `du -s` of all of them at once."""
        counted = self._gone(selection)
        return sum(each.bytes for holders, each in self._classes if holders & counted)

    def use_of(self, prefix: str, findings: tuple[Finding, ...] = ()) -> DiskUse:
        """Tell what a prefix occupies and with whom. Raises KeyError if it was not among the places."""
        own = self._bits[prefix]
        apparent = total = exclusive = with_cache = with_environments = outside = 0
        for holders, each in self._classes:
            if not holders & own:
                continue
            total += each.bytes
            apparent += each.apparent
            if each.outside:
                outside += each.bytes
            elif holders == own:
                exclusive += each.bytes
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
            nested=tuple(place.path for place in self.places if self._bits[place.path] & nested),
            with_nested=self.total((prefix,)) if nested else total,
            findings=findings,
        )

    def sharing(self, path: str) -> tuple[Sharing, ...]:
        """Tell how much a place has in common with each other one, most first. Raises KeyError if it is no place."""
        own = self._bits[path]
        return self._by_place((holders & ~own, each.bytes) for holders, each in self._classes if holders & own)

    def cache_use(
        self, path: str, *, copied_by: Mapping[str, tuple[str, ...]], findings: tuple[Finding, ...] = ()
    ) -> CacheUse:
        """Tell what a package cache consists of. `copied_by` names the prefixes that hold a copy of a package.

        Raises KeyError if it is no place.
        """
        own = self._bits[path]
        units = [unit for unit in self._units if 1 << unit.place == own]
        safe = sum(unit.bytes for unit in units if unit.safe_without(~0))
        return CacheUse(
            path=path,
            total=sum(each.bytes for holders, each in self._classes if holders & own),
            archives=sum(unit.bytes for unit in units if unit.kind == "archive"),
            packages=sum(unit.bytes for unit in units if unit.kind == "package"),
            cleanable=safe,
            unsafe=sum(unit.bytes for unit in units if unit.taken_without(~0)) - safe,
            units=tuple(
                unit.described(self.places, copied_by.get(unit.name, ()))
                for unit in sorted(units, key=lambda unit: (-unit.bytes, unit.name))
            ),
            writable=any(place.writable for place in self.places if place.path == path),
            findings=findings,
        )

    def _by_place(self, held: Iterable[tuple[int, int]]) -> tuple[Sharing, ...]:
        """(holders, bytes) pairs, added up for each holder; most first."""
        held = [(holders, size) for holders, size in held if holders]
        bits = ((place.path, self._bits[place.path]) for place in self.places)
        sums = ((path, sum(size for holders, size in held if holders & bit)) for path, bit in bits)
        return tuple(
            sorted((Sharing(path=path, bytes=size) for path, size in sums if size), key=lambda one: -one.bytes)
        )

    def _gone(self, selection: Iterable[str]) -> int:
        """All that goes when some places do: what lies inside them as well."""
        return _union(self._nested.get(path, 0) for path in selection)

    def _inside_of(self, path: str) -> int:
        """A place with the places inside it."""
        below = path.rstrip(os.sep) + os.sep
        return _union(bit for other, bit in self._bits.items() if other == path or other.startswith(below))


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
