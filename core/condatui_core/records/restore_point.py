"""What is kept of an environment that was removed, so that it can come back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from condatui_core.fs.tree import PathKind
from condatui_core.records.environment import LastUsed

Means = Literal["package", "archive", "manifest", "none"]
"""Where a path comes back from: conda's package, the archive, what the manifest says of it, or nowhere."""


class KeptPath(Struct, frozen=True, array_like=True):
    """One path of an environment, as it was."""

    path: str
    """Relative to the prefix; `.` is the prefix itself. Undecodable bytes are surrogates, as os.fsdecode makes them."""
    kind: PathKind
    mode: int
    """Permissions, set-id bits included."""
    uid: int
    gid: int
    size: int
    """Bytes; 0 for what is no file."""
    mtime_ns: int
    means: Means
    sha256: str = ""
    """Of a file's content."""
    target: str = ""
    """Where a symlink leads."""
    owner: str = ""
    """The conda package or pip distribution that it belongs to; empty if nobody brought it."""
    same_as: str = ""
    """Another path of the environment that was the same file (a hard link); its content is kept there."""
    links: int = 1
    """How many hard links it had, in the environment and outside."""


class KeptPackage(Struct, frozen=True, kw_only=True):
    """A conda package of a restore point."""

    name: str
    version: str
    build: str
    url: str
    """Where the archive came from, without credentials; empty if the record did not say."""
    md5: str
    sha256: str
    file_name: str
    archive_bytes: int
    """Of the compressed archive: what would be downloaded."""
    kept: bool
    """Whether all of its files are in the restore point, so that conda is not needed for it."""

    @property
    def dist_name(self) -> str:
        """What it is called in a package cache."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def explicit(self) -> str:
        """Its line in an explicit file."""
        return f"{self.url}#{self.md5}" if self.md5 else self.url


class RestorePoint(Struct, frozen=True, kw_only=True):
    """What is kept of one environment; the paths are kept beside it, for they may be many."""

    id: str
    """Its directory's name; sorts by time: `20261120-233853-nlp-exp`."""
    prefix: str
    name: str
    at: datetime
    host: str
    user: str
    root_prefix: str
    """Of the installation that owned it; empty if none did."""
    conda_version: str
    environment: bool
    """Whether it was an environment; else it was a directory that used to be one or was to become one."""
    frozen: bool
    packages: tuple[KeptPackage, ...]
    distributions: tuple[str, ...]
    """What pip had installed, as requirement lines, with direct URLs."""
    paths: int
    """How many paths it had."""
    files: int
    """How many of them were files."""
    bytes: int
    """What these files held together, each link counted."""
    archived_files: int
    archived_bytes: int
    """Of files in the archive, before it was compressed."""
    lost: tuple[str, ...] = ()
    """What cannot be brought back, a line each: sockets, devices, links to files outside."""
    half_made: bool = False
    """Whether it was one that condatui had begun to make, or to bring back."""
    last_used: LastUsed | None = None
    """What was known of that when it was removed: bringing it back is not using it."""

    @property
    def of_whole(self) -> bool:
        """Whether it was an environment, and not something half-made or half-removed."""
        return self.environment and not self.half_made

    @property
    def needed(self) -> tuple[KeptPackage, ...]:
        """The packages that conda has to put back."""
        return tuple(each for each in self.packages if not each.kept)


class RestorePointSummary(Struct, frozen=True, kw_only=True):
    """A restore point in a list, and how much of what it needs is on this machine now."""

    id: str
    name: str
    prefix: str
    at: datetime
    bytes: int
    """What it occupies on the disk."""
    packages: int
    pip_packages: int
    to_download: tuple[str, ...] = ()
    """The packages that no package cache has any more, as `name-version-build`."""
    download_bytes: int = 0
    exists: bool = False
    """Whether there is something at its prefix again."""
    problem: str = ""
    """Why it cannot be used, in a few words: the files of it that are damaged or gone."""
    environment_bytes: int = 0
    """What the files of the environment held together."""

    @property
    def whole(self) -> bool:
        """Whether everything to bring it back is on this machine."""
        return not self.to_download and not self.problem
