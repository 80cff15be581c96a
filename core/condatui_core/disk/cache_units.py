"""The units of a cache: extracted packages, archives and the like, and which of them cleaning deletes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from condatui_core.disk.tool_caches import is_installer
from condatui_core.records.disk import CachedUnit, CacheTool, DiskPlace, Unit, UnitKind
from condatui_core.records.request import Cleanable

_PARTS: Mapping[UnitKind, Cleanable] = MappingProxyType({"archive": "tarballs", "package": "packages"})
_OTHER_PARTS: Mapping[str, Cleanable] = MappingProxyType({"cache": "index", ".logs": "logs"})
"""Other entries that conda keeps at the top of a package cache, by name."""
INSTALLER_PARTS: Mapping[CacheTool, Cleanable] = MappingProxyType({"pip": "pip", "uv": "uv"})
"""The tools whose caches are emptied as a whole."""


class CacheUnit:
    """An extracted package, an archive, or another entry at the top of a package cache.

    conda deletes a package if each of its files has one link, so it does not know its other holders.
    """

    def __init__(self, unit: Unit, cache: DiskPlace) -> None:
        self.place = unit.place
        """The index of the package cache."""
        self.name = os.fsdecode(unit.name)
        self.package = self.name.rpartition("/")[2]
        """The name of a package, as records have it: in mamba's caches it lies below channel and platform."""
        self.kind: UnitKind = unit.kind
        self.part: Cleanable | None = (
            INSTALLER_PARTS.get(cache.tool) or _PARTS.get(unit.kind) or _OTHER_PARTS.get(self.name)
        )
        """The part of the cache that it belongs to; None if it is never cleaned."""
        self.bytes = 0
        self._shared: dict[int, int] = {}
        """Bytes of blocks that files elsewhere have too, by the other places."""
        self._outside = 0
        """Bytes of blocks that something shares which was not measured."""
        self._can_be_emptied = cache.writable and is_installer(cache.tool)
        self._can_be_taken = cache.writable and not cache.tool and not unit.blocked
        self._linked_by = 0
        self._soft_linked_by = sum(1 << place for place in unit.soft_linked_by)

    @property
    def used_by(self) -> int:
        """The prefixes that hold some of it, or have soft links into it."""
        return self._linked_by | self._soft_linked_by

    def add(self, holders: int, size: int) -> None:
        """Add some of its bytes, and the prefixes that hold them too."""
        self.bytes += size
        self._linked_by |= holders

    def add_shared(self, holders: int, size: int, *, outside: bool) -> None:
        """Add some blocks that files share, and the other places with such files: conda does not know of those."""
        self.bytes += size
        if outside:
            self._outside += size
        elif holders:
            self._shared[holders] = self._shared.get(holders, 0) + size

    def kept_with(self, kept: int) -> int:
        """The part of its bytes that these places keep if it is deleted."""
        return self._outside + sum(size for holders, size in self._shared.items() if holders & kept)

    def frees_with(self, kept: int) -> int:
        """The bytes that its deletion frees if only these places are left."""
        return self.bytes - self.kept_with(kept)

    def shared_with(self, gone: int) -> Iterator[tuple[int, int]]:
        """The places and bytes of blocks that go with it, since these places go."""
        return ((holders, size) for holders, size in self._shared.items() if not holders & ~gone)

    def taken_without(self, kept: int) -> bool:
        """Whether `conda clean --tarballs --packages` deletes it if only these places are left."""
        return self.kind != "other" and self._is_free(kept)

    def safe_without(self, kept: int) -> bool:
        """Whether conda deletes it and breaks none of these places."""
        return self.taken_without(kept) and not self._soft_linked_by & kept

    def goes_with(self, parts: Collection[Cleanable], kept: int) -> bool:
        """Whether cleaning these parts deletes it if only these places are left, and breaks none of them."""
        return self.part in parts and self._is_free(kept) and not self._soft_linked_by & kept

    def is_emptied_with(self, parts: Collection[Cleanable], kept: int) -> bool:
        """Whether cleaning these parts empties the cache of pip or uv that it stands for, and breaks no place."""
        return self._can_be_emptied and self.part in parts and not self._soft_linked_by & kept

    def _is_free(self, kept: int) -> bool:
        return self._can_be_taken and not self._linked_by & kept

    def described(self, places: Sequence[DiskPlace], copied_by: tuple[str, ...], kept: int) -> CachedUnit:
        """The record of this unit, if only these places are left."""
        soft_linked_by = self._soft_linked_by & kept
        soft = tuple(place.path for number, place in enumerate(places) if soft_linked_by >> number & 1)
        unused = self.taken_without(kept)
        return CachedUnit(
            name=self.name,
            kind=self.kind,
            part=self.part,
            bytes=self.bytes,
            unused=unused,
            soft_linked_by=soft,
            copied_by=tuple(prefix for prefix in copied_by if prefix not in soft) if unused else (),
            shared=self.kept_with(kept),
        )
