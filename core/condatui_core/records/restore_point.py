"""Records of restore points: what is kept of an environment, so that it can be brought back as it was."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from condatui_core.fs.tree import PathKind
from condatui_core.records.environment import LastUsed
from condatui_core.records.package import PackageRecord
from condatui_core.text import sanitize, strip_credentials

Means = Literal["package", "archive", "manifest", "none"]
"""What a path is restored from: conda's package, the archive, the manifest, or nothing."""


_Id: TypeAlias = Annotated[int, Meta(ge=0, lt=1 << 32)]
_Count: TypeAlias = Annotated[int, Meta(ge=0)]


class KeptPath(Struct, frozen=True, array_like=True):
    """One path of an environment, as it was before the removal."""

    path: str
    """Relative to the prefix; `.` is the prefix itself. Undecodable bytes are surrogates, as by os.fsdecode."""
    kind: PathKind
    mode: Annotated[int, Meta(ge=0, le=0o7777)]
    """Permissions, set-id bits included."""
    uid: _Id
    gid: _Id
    size: _Count
    """Bytes; 0 if it is not a file."""
    mtime_ns: int
    means: Means
    sha256: str = ""
    """The digest of a file's content."""
    target: str = ""
    """The target of a symlink."""
    owner: str = ""
    """The conda package or pip distribution that it belongs to; empty if none."""
    same_as: str = ""
    """Another path of the environment that was the same file (a hard link), under which its content is kept."""
    links: int = 1
    """The number of its hard links, in the environment and outside."""
    holes: bool = False
    """Whether a file occupies less than its size, because it has holes."""
    attributes: tuple[tuple[str, bytes], ...] = ()
    """Its extended attributes, access lists among them, sorted; not of files that come from the package cache."""


def own_copies(paths: Sequence[KeptPath]) -> tuple[KeptPath, ...]:
    """The files of packages that were no hard links into a package cache, and do not become such by a restore."""
    inside = Counter(each.same_as or each.path for each in paths if each.kind == "file")
    packaged = (each for each in paths if each.kind == "file" and each.means == "package")
    return tuple(each for each in packaged if each.links <= inside[each.path])


class KeptPackage(Struct, frozen=True, kw_only=True):
    """A conda package of a restore point."""

    name: str
    version: str
    build: str
    url: str
    """The URL of the archive, without credentials; empty if the record stated none."""
    md5: str
    sha256: str
    file_name: str
    archive_bytes: int
    """Bytes of the compressed archive, which would be downloaded."""
    kept: bool
    """Whether all of its files are in the restore point, so that conda need not install it."""

    @property
    def dist_name(self) -> str:
        """Its name in a package cache."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def explicit(self) -> str:
        """Its line in an explicit file."""
        return f"{self.url}#{self.md5}" if self.md5 else self.url


def kept_package(record: PackageRecord, *, kept: bool) -> KeptPackage:
    """What a restore point or a package cache knows a record by; `kept` as the field."""
    return KeptPackage(
        name=record.name,
        version=record.version,
        build=record.build,
        url=strip_credentials(record.url or ""),
        md5=record.md5,
        sha256=record.sha256,
        file_name=record.file_name,
        archive_bytes=record.archive_bytes,
        kept=kept,
    )


Change = Literal["removal", "update", "leftovers", "restore", "merge", "rollback", "request"]
"""What a restore point was made before; `request` if nothing was going to change and the user wanted one."""


class Occasion(Struct, frozen=True, kw_only=True):
    """Why a restore point was made."""

    change: Change = "removal"
    """The change that it was made before; `request` if none was going to be made."""
    like: str = ""
    """The prefix of the environment whose versions an update was to bring."""
    file: str = ""
    """The file that an update was to follow."""
    restored: str = ""
    """The id of the restore point that was going to be brought back over the environment."""
    revision: int | None = None
    """The number of the revision that a rollback was to bring back."""
    note: str = ""
    """Why the user wanted one, if it was on request."""
    kernels: str = ""
    """The name of the directory with copies of the Jupyter kernels that go along with a removal; empty if none do."""

    @property
    def words(self) -> str:
        """The reason in words that follow `restore point …`."""
        match self.change:
            case "update" if self.file:
                return f"before an update from {os.path.basename(self.file)}"
            case "update":
                return f"before an update to be like {os.path.basename(self.like)}"
            case "restore":
                return f"before {self.restored} was brought back over it"
            case "rollback":
                return f"before it went back to revision {self.revision}"
            case "request" if self.note:
                return f"on request: {sanitize(self.note)}"
            case _:
                return _OCCASIONS[self.change]


BEFORE_REMOVAL = Occasion()

_OCCASIONS: dict[Change, str] = {
    "removal": "before its removal",
    "leftovers": "before leftovers in it were deleted",
    "merge": "before it was merged into another one",
    "request": "on request",
}


class RestorePoint(Struct, frozen=True, kw_only=True):
    """What is kept of one environment; its paths are in a separate file, since they may be many."""

    id: str
    """Its directory's name, which sorts by time: `20261120-233853-nlp-exp`."""
    prefix: str
    name: str
    at: Annotated[datetime, Meta(tz=True)]
    host: str
    user: str
    root_prefix: str
    """The root prefix of the installation that owned it; empty if none did."""
    conda_version: str
    environment: bool
    """Whether it was an environment; otherwise a directory that had been one or was to become one."""
    frozen: bool
    packages: tuple[KeptPackage, ...]
    distributions: tuple[str, ...]
    """The packages that pip had installed, as requirement lines, with direct URLs."""
    paths: int
    """The number of its paths."""
    files: int
    """The number of its files."""
    bytes: int
    """The bytes of these files together, each link counted."""
    archived_files: int
    archived_bytes: int
    """Bytes of the files in the archive, before compression."""
    lost: tuple[str, ...] = ()
    """What cannot be restored, one line each: sockets, devices, links to files outside."""
    half_made: bool = False
    """Whether condatui had only begun to create or restore it."""
    stored: dict[str, int] = {}
    """By name, the bytes of the files without which it cannot be used; empty if it was made before they were noted."""
    last_used: LastUsed | None = None
    """Its last use, as known when it was removed, since restoring it is not a use."""
    occasion: Occasion = BEFORE_REMOVAL
    """Why it was made; a removal if it was made before that was noted."""

    @property
    def of_whole(self) -> bool:
        """Whether it was a complete environment, not one that was created or removed only partly."""
        return self.environment and not self.half_made

    @property
    def all_packages(self) -> int:
        """The number of its packages, conda's and pip's."""
        return len(self.packages) + len(self.distributions)

    @property
    def needed(self) -> tuple[KeptPackage, ...]:
        """The packages that conda has to install again."""
        return tuple(each for each in self.packages if not each.kept)


class RestorePointSummary(Struct, frozen=True, kw_only=True):
    """A restore point in a list, and how much of what it needs is still on this machine."""

    id: str
    name: str
    prefix: str
    at: datetime
    bytes: int
    """The bytes that it occupies on the disk."""
    packages: int
    pip_packages: int
    to_download: tuple[str, ...] = ()
    """The packages that are no longer in any package cache, as `name-version-build`."""
    download_bytes: int = 0
    exists: bool = False
    """Whether something exists at its prefix again."""
    problem: str = ""
    """Why it cannot be used, in short: its files that are damaged or missing."""
    environment_bytes: int = 0
    """The bytes of the environment's files together."""
    occasion: Occasion = BEFORE_REMOVAL
    """The change that it was made before."""
    why: str = ""
    """The same in words: `before its removal`."""

    @property
    def whole(self) -> bool:
        """Whether everything needed to restore it is on this machine."""
        return not self.to_download and not self.problem
