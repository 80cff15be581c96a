"""Who holds which bytes, and what any set of places frees when it goes: sums over classes, whatever the links."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

from condatui_core.disk.cache_units import CacheUnit
from condatui_core.records.disk import CacheUse, DiskPlace, DiskUse, LinkTable, Sharing
from condatui_core.records.finding import Finding


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
        common = [(holders & ~own, each.bytes) for holders, each in self._classes if holders & own]
        shared = (
            Sharing(path=place.path, bytes=sum(size for holders, size in common if holders & self._bits[place.path]))
            for place in self.places
        )
        return tuple(sorted((each for each in shared if each.bytes), key=lambda each: -each.bytes))

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

    def _gone(self, selection: Iterable[str]) -> int:
        """All that goes when some places do: what lies inside them as well."""
        return _union(self._nested.get(path, 0) for path in selection)

    def _inside_of(self, path: str) -> int:
        """A place with the places inside it."""
        below = path.rstrip(os.sep) + os.sep
        return _union(bit for other, bit in self._bits.items() if other == path or other.startswith(below))


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)
