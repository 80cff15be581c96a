"""What environments and package caches occupy on disk. All bytes are allocated bytes unless called apparent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from condatui_core.fs.tree import PathKind
from condatui_core.records.finding import Finding
from condatui_core.records.request import Cleanable

UnitKind = Literal["package", "archive", "other"]
"""The kind of an entry of a package cache: an extracted package, its archive, or anything else."""


CacheTool = Literal["", "rattler", "pip", "uv"]
"""The tool that a cache belongs to; empty for conda and mamba."""


class DiskPlace(Struct, frozen=True, kw_only=True):
    """A prefix or a package cache to measure; another place inside it is counted only there."""

    path: str
    """The real path."""
    cache: bool = False
    """Whether it is a package cache."""
    writable: bool = True
    """Whether conda would clean it, which it only does to writable package caches."""
    tool: CacheTool = ""
    """The tool that a cache belongs to."""
    named: str = ""
    """The path as its tool spells it, if that may lead there by symlinks; empty for the real path."""


class PlaceSizes(Struct, frozen=True, kw_only=True):
    """The sizes of a place that are known as soon as it is walked, before all others are."""

    path: str
    total: int
    exclusive: int
    apparent: int
    inodes: int


class ManagedUse(Struct, frozen=True, kw_only=True):
    """The sizes that the records of an environment claim."""

    prefix: str
    total: int
    """Installed bytes of conda's records and pip's distributions."""
    exclusive: int
    """Bytes of packages that no other environment has."""


class Cost(Struct, frozen=True, kw_only=True):
    """The two figures of an environment's row."""

    total: int
    """The bytes that it occupies, without places inside it."""
    frees: int | None
    """The part that no other place holds: what `df` gains if only this environment is removed. None if it is not known:
    a snapshot of another machine may not tell it."""
    measured: bool = True
    """Whether this was measured on the disk; otherwise it is what the records claim."""
    at_least: bool = False
    """Whether something in it could not be read, so that the real figures are higher."""
    inodes: int = 0
    """The inodes that it has links to, each once; 0 unless this was measured."""


class Occupied(Struct, frozen=True, kw_only=True):
    """What some environments occupy together, each inode once."""

    bytes: int = 0
    inodes: int = 0


Together = Callable[[Sequence[str]], Occupied | None]
"""What environments occupy together, by their prefixes; None if one was not measured."""


def nothing_measured(prefixes: Sequence[str]) -> Occupied | None:  # noqa: ARG001 - the signature of `Together`
    """Stand in for a measurement before there is one."""
    return None


class DiskUse(Struct, frozen=True, kw_only=True):
    """What a prefix occupies; `exclusive`, the two `shared` fields and `outside` add up to `total`."""

    prefix: str
    total: int
    """Its size by `du -s`, without places inside it."""
    exclusive: int
    """Bytes of inodes whose links are all inside it, its directories included."""
    shared_with_cache: int
    """Bytes of inodes that only this prefix and package caches hold."""
    shared_with_environments: int
    """Bytes of inodes that another prefix holds as well."""
    outside: int
    """Bytes of the other inodes that have links outside the measured places, and of blocks that files share with others
    there: removals never free them."""
    apparent: int
    """The sizes of its files, as `du --apparent-size` adds them up."""
    inodes: int = 0
    """Its files and directories by `du --inodes -s`, each inode once, without places inside it."""
    exclusive_inodes: int = 0
    """Those whose links are all inside it: what `df -i` gains if only this environment is removed."""
    nested: tuple[str, ...] = ()
    """Places inside it, which are removed with it and not counted here."""
    with_nested: int = 0
    """Its size by `du -s` with everything nested."""
    findings: tuple[Finding, ...] = ()
    """What could not be measured; if something is unreadable, all figures are lower bounds."""

    @property
    def cost(self) -> Cost:
        """The two figures of the environment's row."""
        at_least = any(finding.hides_bytes for finding in self.findings)
        return Cost(total=self.total, frees=self.exclusive, at_least=at_least, inodes=self.inodes)

    @property
    def shared(self) -> int:
        """The bytes that removing only this prefix does not free."""
        return self.total - self.exclusive


class Sharing(Struct, frozen=True, kw_only=True):
    """How much one place shares with another; the figures overlap, since three places may share one inode."""

    path: str
    bytes: int
    tool: CacheTool = ""
    """The tool that it belongs to if it is a cache; empty for environments and for the caches of conda and mamba."""


class Freed(Struct, frozen=True, kw_only=True):
    """What removing some environments would free, and who holds the rest."""

    frees: int
    """The bytes that `df` gains."""
    inodes: int = 0
    """The inodes that `df -i` gains; 0 unless this was measured."""
    with_cache_clean: int
    """The bytes that `df` gains if the package caches are cleaned afterwards."""
    one_by_one: int
    """The sum of their single sizes: shared inodes count for each."""
    together: int
    """Their size together, each inode once."""
    kept_by: tuple[Sharing, ...] = ()
    """The places that hold the bytes not freed, the most first."""
    outside: int = 0
    """Bytes held by links outside the measured places."""
    nested: int = 0
    """The number of other environments and package caches inside them, which are removed too."""
    measured: bool = True
    """Whether this was measured on the disk; otherwise the records claim it, and `kept_by` is unknown."""
    at_least: bool = False
    """Whether something in them could not be read, so that the real figures are higher."""


class CachedUnit(Struct, frozen=True, kw_only=True):
    """One entry of a package cache, or all that goes when the cache of pip or uv is emptied."""

    name: str
    """The path in the cache: that of a package is `name-version-build`; since 2.6 mamba has channel and platform above.
    It is `.` for all that the cache of pip or uv has.
    """
    kind: UnitKind
    part: Cleanable | None = None
    """The part of a package cache that it belongs to; None if it is never cleaned."""
    bytes: int
    unused: bool
    """Whether `conda clean` would delete it: a package if none of its files has a second link, an archive always."""
    soft_linked_by: tuple[str, ...] = ()
    """Prefixes with symlinks into it, which break if it is deleted; conda up to 26.7 does not check."""
    copied_by: tuple[str, ...] = ()
    """Prefixes with a copy; they work without it, but an offline clone or pack needs it."""
    shared: int = 0
    """The part of its bytes that is blocks of other files too (reflinks), and so stays when it alone is deleted."""

    @property
    def frees(self) -> int:
        """What deleting it frees."""
        return self.bytes - self.shared


class CacheUse(Struct, frozen=True, kw_only=True):
    """What a package cache occupies, and what cleaning it frees."""

    path: str
    total: int
    archives: int
    packages: int
    """Bytes of extracted packages."""
    cleanable: int
    """Bytes that `conda clean --tarballs --packages` deletes safely, without packages that symlinks lead to; in the
    caches of pip and uv, bytes that emptying it frees: what no environment holds too."""
    unsafe: int
    """Bytes that it would also delete and thereby break an environment."""
    units: tuple[CachedUnit, ...] = ()
    """Largest first."""
    writable: bool = True
    tool: CacheTool = ""
    """The tool that it belongs to; empty for conda and mamba."""
    findings: tuple[Finding, ...] = ()


class PackageUse(Struct, frozen=True, kw_only=True):
    """What one package occupies in a prefix, with its bytecode."""

    name: str
    version: str
    source: Literal["conda", "pypi"]
    bytes: int
    exclusive: int
    """Bytes of inodes whose links are all inside the prefix."""
    files: int


class UntrackedDirectory(Struct, frozen=True, kw_only=True):
    """Files of a prefix that belong to no package, added up by directory."""

    path: str
    """Relative to the prefix: the highest directory that contains only such files, or their own directory."""
    bytes: int
    exclusive: int
    files: int


class Breakdown(Struct, frozen=True, kw_only=True):
    """The size of a prefix by contents; `packages`, `untracked` and `bookkeeping` add up to its total."""

    prefix: str
    packages: tuple[PackageUse, ...]
    """conda's and pip's packages, the largest first."""
    pip: int
    """The part of the packages that pip installed."""
    untracked: int
    """Bytes of files that belong to no package, and of directories with only such files."""
    bookkeeping: int
    """Bytes of conda-meta and of directories that packages share."""
    directories: tuple[UntrackedDirectory, ...] = ()
    """The untracked files by directory, the largest first."""


class BrowsedEntry(Struct, frozen=True):
    """One entry of a directory in a prefix; a directory stands for everything in it."""

    name: str
    kind: PathKind
    bytes: int
    frees: int
    """The bytes that `df` gains if this entry alone is deleted: those of inodes that lose their last link."""
    entries: int = 0
    """The number of entries below a directory."""
    nested: bool = False
    """Whether it is another environment or a package cache, which is not looked into."""


BlockDoubt = Literal["file-system", "unreadable", "compressed"]
"""Why the sizes of a place may be less than is shown; public names."""


class UpperBound(Struct, frozen=True, kw_only=True):
    """An environment or package cache that may occupy less than is shown, because files may share blocks there."""

    path: str
    """Its real path."""
    reason: BlockDoubt
    """The file system does not tell what is shared, this user may not open some files to ask, or files are compressed,
    which makes them smaller by as much as nobody tells."""


class ShareClass(Struct, frozen=True, array_like=True):
    """All inodes that the same places hold."""

    places: tuple[int, ...]
    """Indices of the places, ascending."""
    unit: int
    """Index of the only unit of a package cache among the holders; -1 if there is none or more than one."""
    outside: bool
    """Whether there are more links than were found."""
    bytes: int
    """Less what is shared as blocks with other files."""
    apparent: int
    blocks: bool = False
    """Whether these are no inodes but blocks that several files share: those go with the last of all these files."""
    inodes: int = 0
    """How many these are."""


class Unit(Struct, frozen=True, array_like=True):
    """One entry of a package cache, as the walk found it."""

    place: int
    name: bytes
    kind: UnitKind
    blocked: bool
    """Whether it has links that no removal of prefixes deletes: within itself, in another unit, or outside."""
    soft_linked_by: tuple[int, ...]
    """Indices of the places with symlinks into it."""


class LinkTable(Struct, frozen=True, array_like=True):
    """The places, the units of package caches, and the classes of inodes that they hold."""

    classes: tuple[ShareClass, ...] = ()
    units: tuple[Unit, ...] = ()
    doubts: tuple[tuple[int, BlockDoubt], ...] = ()
    """Indices of places of which it is not known for certain which blocks they share, and why."""
    blocks_read: int = 0
    """When it was read which blocks files share, in nanoseconds since 1970; 0 if no file system shares any."""


class FileSystem(Struct, frozen=True, kw_only=True):
    """A file system with environments or package caches on it."""

    paths: tuple[str, ...]
    """The environments and caches, the first of which stands for it."""
    free: int
    """The bytes that this user may still write there."""
    has_points: bool = False
    """Whether restore points go there."""
