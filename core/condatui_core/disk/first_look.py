"""What the first look of the search finds: digests and inode numbers in columns, as there may be a million of them."""

from __future__ import annotations

from array import array

from msgspec import Struct, field

from condatui_core.disk.held_files import HeldFiles

Inode = tuple[int, int]
"""Device and number."""


class DigestColumns(Struct, array_like=True):
    """The files of one device; the columns are parallel."""

    keys: array[int] = field(default_factory=lambda: array("Q"))
    """Numbers that stand for the digests; 0 for none."""
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    """Inodes; 0 for what is no regular file."""

    def add(self, held: HeldFiles, device: int) -> None:
        """Add the files of a package, unless another holder has links to them all."""
        if held.is_new(device):
            self.keys.extend(held.keys)
            self.numbers.extend(held.numbers)


class SmallColumns(DigestColumns, array_like=True):
    """The files of one device that are too small to be joined; nothing but their names was looked at."""

    sizes: array[int] = field(default_factory=lambda: array("q"))
    """The bytes that their records state."""
    asked: array[int] = field(default_factory=lambda: array("B"))
    """1 if they belong to an environment that was asked for, otherwise 0."""

    def add_small(self, held: HeldFiles, device: int, *, asked: bool) -> None:
        """Add the files of a package, unless another holder has links to them all."""
        if held.is_new(device, asked=asked):
            self.keys.extend(held.keys)
            self.numbers.extend(held.numbers)
            self.sizes.extend(held.group.claimed.sizes)
            self.asked.extend([asked] * len(held.numbers))


class UndigestedFile(Struct, frozen=True, array_like=True):
    """A file of which no record states a digest."""

    device: int
    number: int
    size: int
    mode: int
    user: int
    modified: int
    changed: int
    """Its ctime in nanoseconds."""

    @property
    def inode(self) -> Inode:
        """Device and number."""
        return self.device, self.number


class Summary(Struct, array_like=True):
    """What the first look at some holders has found."""

    columns: dict[int, DigestColumns] = field(default_factory=dict)
    """By device."""
    small: dict[int, SmallColumns] = field(default_factory=dict)
    """By device."""
    sizes: set[int] = field(default_factory=set)
    """The stated sizes of the files with digests."""
    undigested: list[UndigestedFile] = field(default_factory=list)
