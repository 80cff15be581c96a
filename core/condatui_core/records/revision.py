"""Records of revisions: what each has changed, what the environment had after it, and what going back to it takes."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class HistoryPackage(Struct, frozen=True):
    """A conda package as a history names it."""

    name: str
    """In lower case; the whole line if that is no package."""
    version: str = ""
    build: str = ""
    channel: str = ""
    """The channel's name or URL, without platform and credentials; empty if the history does not state it."""
    subdir: str = ""
    """The platform directory: `linux-64`, `noarch`; empty if the history does not state it."""

    @property
    def dist_name(self) -> str:
        """Its name in a package cache."""
        return "-".join(filter(None, (self.name, self.version, self.build)))


MoveKind = Literal["added", "removed", "up", "down", "build", "channel"]
"""What becomes of a package: the first of these that holds."""


class RevisionMove(Struct, frozen=True, kw_only=True):
    """What a revision has changed about one package."""

    name: str
    kind: MoveKind
    before: HistoryPackage | None = None
    """None if it was added."""
    after: HistoryPackage | None = None
    """None if it was removed."""


class RevisionChanges(Struct, frozen=True, kw_only=True):
    """What one revision has changed, by what was there before."""

    number: int
    moves: tuple[RevisionMove, ...] = ()
    """Sorted by name."""


PackagePlace = Literal["installed", "here", "channel", "unknown"]
"""Where a package is: in the environment itself, on this machine, only at its channel, or nobody says where."""


class PackageSource(Struct, frozen=True, kw_only=True):
    """Where a package of a revision is, and by what conda finds exactly this one."""

    package: HistoryPackage
    place: PackagePlace
    url: str = ""
    """The URL of its archive, without credentials; empty if only its channel can tell."""
    md5: str = ""
    sha256: str = ""
    archive_bytes: int = 0
    """Bytes of the compressed archive; 0 if unknown."""

    @property
    def explicit(self) -> str:
        """Its line in an explicit list; empty if its URL is not known."""
        return f"{self.url}#{self.md5}" if self.url and self.md5 else self.url


class RevisionFacts(Struct, frozen=True, kw_only=True):
    """What this machine shows of one revision: what it changed, who made it, and what going back to it takes."""

    number: int
    moves: tuple[RevisionMove, ...] = ()
    """What it has changed, sorted by name."""
    by: str = ""
    """The user who ran it, by the files that it wrote and that are still there; empty if these do not tell."""
    present: bool = False
    """Whether the environment has exactly the conda packages that it had after this revision."""
    to_download: tuple[PackageSource, ...] = ()
    """The packages that only their channels have."""
    unknown: tuple[HistoryPackage, ...] = ()
    """The packages of which neither this machine nor the history says where they are."""
    requested: tuple[tuple[str, str], ...] = ()
    """The user's requests after it, as (package name, spec) pairs sorted by name."""

    @property
    def restorable(self) -> bool:
        """Whether it can be gone back to, as far as is known without asking a channel."""
        return not self.unknown

    @property
    def download_bytes(self) -> int | None:
        """Bytes of what has to be downloaded; None if the size of any package is not known."""
        sizes = [each.archive_bytes for each in self.to_download]
        return sum(sizes) if all(sizes) else None
