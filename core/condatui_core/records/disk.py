"""What environments and package caches occupy on disk. All bytes are allocated ones unless they are called apparent."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.finding import Finding
from condatui_core.records.request import Cleanable

UnitKind = Literal["package", "archive", "other"]
"""What an entry of a package cache is: an extracted package, the archive it came in, or anything else."""


class DiskPlace(Struct, frozen=True, kw_only=True):
    """A prefix or a package cache that is to be measured; what lies in another one inside it is counted there alone."""

    path: str
    """The real path."""
    cache: bool = False
    """Whether it is a package cache."""
    writable: bool = True
    """Whether conda would clean it, which it does to writable package caches alone."""


class PlaceSizes(Struct, frozen=True, kw_only=True):
    """What is known of a place as soon as it is walked, before all the others are."""

    path: str
    total: int
    exclusive: int
    apparent: int


class ManagedUse(Struct, frozen=True, kw_only=True):
    """What the records of an environment claim, face value."""

    prefix: str
    total: int
    """Installed bytes of conda's records and pip's distributions."""
    exclusive: int
    """Of packages that no other environment has."""


class Cost(Struct, frozen=True, kw_only=True):
    """What one environment costs, in the two figures of its row."""

    total: int
    """What it occupies, places inside it left out."""
    frees: int
    """What of it is its own: what `df` gains when it alone goes."""
    measured: bool = True
    """Whether this was found on the disk; otherwise it is what the records claim."""
    at_least: bool = False
    """Whether something in it could not be read, so that it is more than this."""


class DiskUse(Struct, frozen=True, kw_only=True):
    """What a prefix occupies; `exclusive`, the two `shared` and `outside` add up to `total`."""

    prefix: str
    total: int
    """What `du -s` says of it, places inside it left out."""
    exclusive: int
    """Of inodes whose every link lies in it, its directories included."""
    shared_with_cache: int
    """Of inodes that besides this prefix only package caches hold."""
    shared_with_environments: int
    """Of inodes that another prefix holds as well."""
    outside: int
    """Of inodes that, among those left, something holds that was not measured: these bytes stay whatever goes."""
    apparent: int
    """The sizes of its files, as `du --apparent-size` adds them up."""
    nested: tuple[str, ...] = ()
    """Places inside it, which go when it goes and are not counted here."""
    with_nested: int = 0
    """What `du -s` says of it with all that is nested."""
    findings: tuple[Finding, ...] = ()
    """What could not be measured; where something is unreadable all figures are lower bounds."""

    @property
    def cost(self) -> Cost:
        """The two figures of its row."""
        unreadable = any(finding.id == "disk-unreadable" for finding in self.findings)
        return Cost(total=self.total, frees=self.exclusive, at_least=unreadable)

    @property
    def shared(self) -> int:
        """What is not its own."""
        return self.total - self.exclusive


class Sharing(Struct, frozen=True, kw_only=True):
    """How much one place has in common with another; these overlap, for three may share one inode."""

    path: str
    bytes: int


class Freed(Struct, frozen=True, kw_only=True):
    """What removing some environments would free, and what keeps it from being more."""

    frees: int
    """What `df` gains."""
    with_cache_clean: int
    """What it gains if the package caches are cleaned then."""
    one_by_one: int
    """What each of them occupies, added up: what they share counts for each."""
    together: int
    """What they occupy, each inode once."""
    kept_by: tuple[Sharing, ...] = ()
    """Who holds what is not freed, most first."""
    outside: int = 0
    """What links that were not seen keep."""
    nested: int = 0
    """How many other environments and package caches lie inside them and go too."""
    measured: bool = True
    """Whether this was found on the disk; otherwise it is what the records claim; who keeps the rest is not known."""
    at_least: bool = False
    """Whether something in them could not be read."""


class CachedUnit(Struct, frozen=True, kw_only=True):
    """One entry of a package cache."""

    name: str
    """The file or directory name; that of a package is `name-version-build`."""
    kind: UnitKind
    part: Cleanable | None = None
    """Which part of a package cache it belongs to; None if it is none that is ever cleaned."""
    bytes: int
    unused: bool
    """Whether `conda clean` would take it: a package without a file that has a second link, an archive in any case."""
    soft_linked_by: tuple[str, ...] = ()
    """Prefixes with symlinks into it: they break when it goes, and conda up to 26.7 does not look."""
    copied_by: tuple[str, ...] = ()
    """Prefixes that hold a copy; they need it for a clone or a pack without the network, but not to work."""


class CacheUse(Struct, frozen=True, kw_only=True):
    """What a package cache occupies, and what cleaning it gives."""

    path: str
    total: int
    archives: int
    packages: int
    """Of extracted packages."""
    cleanable: int
    """What `conda clean --tarballs --packages` takes, as far as it is safe: nothing that symlinks lead to."""
    unsafe: int
    """What it would take besides, and break an environment."""
    units: tuple[CachedUnit, ...] = ()
    """Largest first."""
    writable: bool = True
    findings: tuple[Finding, ...] = ()


class PackageUse(Struct, frozen=True, kw_only=True):
    """What one package occupies in a prefix, the bytecode that Python made of it included."""

    name: str
    version: str
    source: Literal["conda", "pypi"]
    bytes: int
    exclusive: int
    """Of inodes whose every link lies in the prefix."""
    files: int


class UntrackedDirectory(Struct, frozen=True, kw_only=True):
    """Files of a prefix that no package brought, added up where they lie."""

    path: str
    """Relative to the prefix: the highest directory that holds nothing but such files, or theirs among others."""
    bytes: int
    exclusive: int
    files: int


class Breakdown(Struct, frozen=True, kw_only=True):
    """A prefix by what is in it; `packages`, `untracked` and `bookkeeping` add up to its total."""

    prefix: str
    packages: tuple[PackageUse, ...]
    """conda's and pip's, largest first."""
    pip: int
    """Of that, what pip installed."""
    untracked: int
    """Files that no package brought, and the directories that hold nothing else."""
    bookkeeping: int
    """conda-meta, and the directories that packages share."""
    directories: tuple[UntrackedDirectory, ...] = ()
    """Where the untracked files lie, largest first."""


class ShareClass(Struct, frozen=True, array_like=True):
    """All inodes that the same places hold: what a hundred thousand links come down to."""

    places: tuple[int, ...]
    """Indices of the places, ascending."""
    unit: int
    """Index of the one unit of a package cache that is among the holders; -1 if there is none or more than one."""
    outside: bool
    """Whether there are more links than were found."""
    bytes: int
    apparent: int


class Unit(Struct, frozen=True, array_like=True):
    """One entry of a package cache, as the walk has found it."""

    place: int
    name: bytes
    kind: UnitKind
    blocked: bool
    """Whether it has links that no removal of prefixes takes: within itself, to another unit, outside."""
    soft_linked_by: tuple[int, ...]
    """Indices of the places with symlinks into it."""


class LinkTable(Struct, frozen=True, array_like=True):
    """Who holds what."""

    classes: tuple[ShareClass, ...] = ()
    units: tuple[Unit, ...] = ()
