"""The entries of a package cache, and which of them `conda clean` would take."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from condatui_core.records.disk import CachedUnit, DiskPlace, Unit, UnitKind
from condatui_core.records.request import Cleanable

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
