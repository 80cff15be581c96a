"""The entries of a package cache, and which of them `conda clean` would take."""

from __future__ import annotations

import os
from collections.abc import Sequence

from condatui_core.records.disk import CachedUnit, DiskPlace, Unit, UnitKind


class CacheUnit:
    """An extracted package, an archive, or something else at the top of a package cache.

    conda takes a package if each of its files has one link, so it must know of no other holder.
    """

    def __init__(self, unit: Unit, cache: DiskPlace) -> None:
        self.place = unit.place
        """The number of the package cache."""
        self.name = os.fsdecode(unit.name)
        self.kind: UnitKind = unit.kind
        self.bytes = 0
        self._can_be_taken = cache.writable and unit.kind != "other" and not unit.blocked
        self._linked_by = 0
        self._soft_linked_by = sum(1 << place for place in unit.soft_linked_by)

    def add(self, holders: int, size: int) -> None:
        """Add some bytes of it, and the prefixes that hold them too."""
        self.bytes += size
        self._linked_by |= holders

    def taken_without(self, kept: int) -> bool:
        """Whether `conda clean` takes it when only these places are left."""
        return self._can_be_taken and not self._linked_by & kept

    def safe_without(self, kept: int) -> bool:
        """Whether it takes it and breaks none of these places."""
        return self.taken_without(kept) and not self._soft_linked_by & kept

    def described(self, places: Sequence[DiskPlace], copied_by: tuple[str, ...]) -> CachedUnit:
        """Say what it is now, with everything there."""
        soft = tuple(place.path for number, place in enumerate(places) if self._soft_linked_by >> number & 1)
        unused = self.taken_without(~0)
        return CachedUnit(
            name=self.name,
            kind=self.kind,
            bytes=self.bytes,
            unused=unused,
            soft_linked_by=soft,
            copied_by=tuple(prefix for prefix in copied_by if prefix not in soft) if unused else (),
        )
