"""What is stored more than once though it is the same, what joining it frees, and what is better left alone."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

LinkMethod = Literal["reflink", "hardlink"]
"""How files are joined: by blocks that the file system shares, with both files independent; or as one file; public."""

SkipReason = Literal[
    "small",
    "changed",
    "unreadable",
    "other-owner",
    "other-mode",
    "other-attributes",
    "byte-code",
    "prefix-inside",
    "editable",
    "last-use",
    "in-use",
    "frozen",
    "managed",
    "linked-elsewhere",
    "file-system",
    "link-limit",
]
"""Why a file that seems to be stored twice is left alone; public names."""


SMALLEST = 4096
"""Bytes below which a file is left alone: joining it frees a block at most."""


class RelinkRules(Struct, frozen=True, kw_only=True):
    """What may be joined on this machine, and how."""

    user: int
    """The number of the user whose files alone are joined."""
    smallest: int = SMALLEST
    """The fewest bytes of a file that is joined."""
    prefixes: tuple[str, ...] = ()
    """Environments whose files may be joined to others; empty for all."""
    left_alone: tuple[tuple[str, SkipReason], ...] = ()
    """(prefix, why none of its files is joined) pairs."""
    methods: tuple[tuple[int, LinkMethod], ...] = ()
    """By device, how its files would be joined; on a device that is not named here nothing is."""
    mounts: tuple[str, ...] = ()
    """Where file systems are mounted: no hard link leads from one mount to another, even of the same device."""
    most_links: int = 65_000
    """How many hard links a file may have."""


class StoredFile(Struct, frozen=True, kw_only=True):
    """One path of a file, as it was last seen."""

    path: str
    """Absolute."""
    holder: str
    """The prefix or package cache that it belongs to."""
    package: str
    """The package or distribution that owns it: `nvidia-cublas 12.6.4.1`."""
    cached: bool = False
    """Whether the holder is a cache."""


class SeenFile(Struct, frozen=True, array_like=True):
    """One path of a file, and what is claimed of its content."""

    path: str
    """Absolute, without symlinks."""
    holder: str
    """The prefix or cache that it belongs to."""
    package: str
    """The name and version of the package that owns it."""
    sha256: str = ""
    """The digest that a record states, or that was computed where none does; empty in a cache that has no record."""
    size: int = -1
    """The bytes that a record states; -1 if none does."""
    alone: SkipReason | None = None
    """Why it is left alone by what its record says of it."""
    cached: bool = False
    """Whether the holder is a cache."""


class SeenInode(Struct, frozen=True, array_like=True):
    """One file on the disk, as `lstat` shows it, and those of its paths that are known."""

    device: int
    number: int
    links: int
    """All its hard links, also those of which no path is known."""
    mode: int
    user: int
    group: int
    size: int
    allocated: int
    """The bytes that it takes on the disk."""
    modified: int
    """Its mtime in nanoseconds."""
    attributes: tuple[tuple[str, bytes], ...]
    """Its extended attributes, access lists among them."""
    files: tuple[SeenFile, ...]
    extents: tuple[tuple[int, int], ...] = ()
    """Where its contents lie on the disk, and how many bytes there, as far as it shares them with another file."""


class StoredInode(Struct, frozen=True, kw_only=True):
    """One file on the disk, by its inode, with all the paths that lead to it."""

    number: int
    """Its inode number; the device is that of its set."""
    bytes: int
    """Allocated bytes."""
    modified: int
    """Its mtime in nanoseconds."""
    paths: tuple[StoredFile, ...]
    """All its hard links, which is why it goes when they have been joined to another."""
    elsewhere: int = 0
    """Further hard links, whose paths are not known: only one that stays, or that keeps its inode, may have any."""


class SameFiles(Struct, frozen=True, kw_only=True):
    """Files of equal recorded content on one device, of which one can stand for all."""

    device: int
    size: int
    """The bytes of the contents of each."""
    sha256: str
    """What their records say of their contents, in hexadecimal digits; empty if none does and they were compared."""
    kept: StoredInode
    """The one that stays: a package cache's, otherwise the one with most links, otherwise the oldest."""
    joined: tuple[StoredInode, ...]
    """Those that are to be joined to it; by content they are compared once more when that happens."""

    @property
    def frees(self) -> int:
        """The bytes that joining them frees."""
        return sum(each.bytes for each in self.joined)


class SkippedFiles(Struct, frozen=True, kw_only=True):
    """What is left alone for one reason."""

    reason: SkipReason
    """Why; a public name."""
    files: int
    """The number of their paths."""
    bytes: int
    """Allocated bytes that joining them would free."""


class StoredTwice(Struct, frozen=True, kw_only=True):
    """What one package occupies more than once."""

    package: str
    """Its name and version."""
    holders: tuple[str, ...]
    """The prefixes and package caches whose copies are joined, and for each copy that stays one that has it."""
    files: int
    bytes: int
    """What joining frees of it."""


class RelinkSurvey(Struct, frozen=True, kw_only=True):
    """What could be stored once, on all devices together."""

    sets: tuple[SameFiles, ...] = ()
    """What frees most first."""
    skipped: tuple[SkippedFiles, ...] = ()
    """By reason, what would free most first."""
    packages: tuple[StoredTwice, ...] = ()
    """What frees most first."""
    methods: tuple[tuple[int, LinkMethod], ...] = ()
    """By device, how its files would be joined."""

    @property
    def frees(self) -> int:
        """The bytes that joining everything frees."""
        return sum(each.frees for each in self.sets)
