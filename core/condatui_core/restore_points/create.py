"""Creates a restore point: complete, synced to the disk and verified, or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import sync_path, write_new
from condatui_core.fs.attributes import Attributes, attributes_of
from condatui_core.fs.safe_read import open_regular, reason
from condatui_core.fs.tree import PrefixTree, TreeEntry, allocated
from condatui_core.prefixes.ownership import Owners
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.environment import LastUsed
from condatui_core.records.package import Distribution
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.restore_point import BEFORE_REMOVAL, KeptPackage, KeptPath, Occasion, RestorePoint
from condatui_core.remedy import Advice, WithoutRestorePoint
from condatui_core.restore_points.archive import ARCHIVE, DAMAGES, check_archive, write_archive
from condatui_core.restore_points.classify import Classified, Classifier, RecordedFiles, find_recorded_files
from condatui_core.restore_points.store import EXPLICIT, NEEDED, new_point, write_manifest
from condatui_core.text import sanitize

# The estimate of what a restore point has to keep


_META = "conda-meta/"


@dataclass(frozen=True, slots=True)
class KeepEstimate:
    """A prefix, with the classification of each of its files."""

    snapshot: PrefixSnapshot
    recorded: RecordedFiles
    classified: dict[str, Classified]
    """By path, the classification of all files and symlinks."""
    kept: tuple[TreeEntry, ...]
    """The files that have to be kept; of several hard links to one file, the first."""

    @property
    def tree(self) -> PrefixTree:
        """All paths of the prefix."""
        return self.snapshot.tree

    @property
    def contents(self) -> PrefixContents:
        """What the records of the prefix state."""
        return self.snapshot.contents

    @property
    def kept_bytes(self) -> int:
        """The bytes that have to be kept, before compression."""
        return sum(each.status.st_size for each in self.kept)


def estimate(
    snapshot: PrefixSnapshot,
    pkgs_dirs: Sequence[str],
    *,
    thorough: bool = False,
    on_bytes: Callable[[int], None] | None = None,
) -> KeepEstimate:
    """Find what has to be kept of a prefix; `thorough` reads files whose size and time do not prove them unchanged.

    Otherwise the estimate is quick and may be a little too low. `on_bytes` is called with the number of bytes read, and
    may raise to stop. Raises CondatuiError if something in the prefix cannot be read.
    """
    tree = snapshot.tree
    try:
        recorded = find_recorded_files(snapshot.packages, pkgs_dirs, thorough=thorough)
        classifier = Classifier(tree, recorded, thorough=thorough, on_bytes=on_bytes)
        classified = {each.path: classifier.classify(each) for each in tree.entries if each.kind in ("file", "symlink")}
    except OSError as error:
        raise not_readable(snapshot.prefix, error) from error
    return KeepEstimate(snapshot, recorded, classified, tuple(_kept(tree, classified)))


def not_readable(prefix: str, error: OSError) -> CondatuiError:
    """The error for a prefix that cannot be read, or something in it."""
    return CondatuiError(f"{prefix} cannot be read.", f"{error.filename or prefix}: {reason(error)}")


def _kept(tree: PrefixTree, classified: dict[str, Classified]) -> list[TreeEntry]:
    kept: dict[tuple[int, int], TreeEntry] = {}
    coming = {each.inode for each in tree.entries if each.kind == "file" and classified[each.path].package}
    for each in tree.entries:
        if each.kind == "file" and not classified[each.path].package and each.inode not in coming:
            kept.setdefault(each.inode, each)
    # conda-meta and its history come last, so that a prefix that is only half brought back is no environment.
    return sorted(kept.values(), key=lambda each: (each.path.startswith(_META), each.path == f"{_META}history"))


_SMALL_FILES = ("history", "pinned", "state", "frozen")
"""Files of conda-meta that are no records: the archive has them too, these copies are for people to read."""
_APART = "meta"
"""The directory of these copies: called conda-meta, it would make the restore point look like an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePointSource:
    """The environment that a restore point is made of, and when and by whom it is made."""

    prefix: str
    name: str
    at: datetime
    host: str
    user: str
    root_prefix: str
    """The root prefix of the installation that owns it; empty if none does."""
    conda_version: str
    last_used: LastUsed | None = None
    occasion: Occasion = BEFORE_REMOVAL


def create_restore_point(
    directory: Path, subject: RestorePointSource, found: KeepEstimate, on_bytes: Callable[[int], None]
) -> RestorePoint:
    """Keep all that conda could not put back, by a thorough estimate of the prefix.

    `on_bytes` is called with the number of bytes read, and may raise to stop. Raises CondatuiError if the restore point
    cannot be made; nothing of it is left then.
    """
    try:
        with new_point(directory, subject.name, subject.at) as (point_id, made):
            digests: dict[str, str] = {}
            if found.kept:
                digests = write_archive(made / ARCHIVE, found.tree.root, found.kept, on_bytes)
                check_archive(made / ARCHIVE, digests)
            paths = tuple(
                replace(each, attributes=_attributes(found, entry))
                for entry, each in zip(found.tree.entries, _paths(found, digests, found.snapshot.owners()), strict=True)
            )
            point = _point(point_id, subject, found, paths)
            _write_lists(made, point)
            _copy_small_files(found.tree.root, made / _APART)
            write_manifest(made, point, paths)
    except DAMAGES as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        raise CondatuiError(
            f"No restore point of {sanitize(subject.name)} could be made: nothing was changed.",
            f"{where}{why}\n{directory}",
            _way_without(subject.occasion),
        ) from error
    return point


def _way_without(occasion: Occasion) -> Advice:
    """What to do if no restore point can be made: only a removal can do without one."""
    if occasion.change == "removal":
        return WithoutRestorePoint(elsewhere=True)
    return "The setting `restore_directory` keeps restore points elsewhere."


def _point(point_id: str, subject: RestorePointSource, found: KeepEstimate, paths: Sequence[KeptPath]) -> RestorePoint:
    coming = {each.package for each in found.classified.values() if each.package}
    files = [each for each in paths if each.kind == "file"]
    return RestorePoint(
        id=point_id,
        prefix=subject.prefix,
        name=subject.name,
        at=subject.at,
        host=subject.host,
        user=subject.user,
        root_prefix=subject.root_prefix,
        conda_version=subject.conda_version,
        environment=found.contents.has_history,
        frozen=found.contents.frozen is not None,
        packages=tuple(replace(each, kept=each.dist_name not in coming) for each in found.recorded.packages),
        distributions=tuple(requirement(each) for each in found.contents.pip_distributions),
        paths=len(paths),
        files=len(files),
        bytes=sum(each.size for each in files),
        archived_files=len(found.kept),
        archived_bytes=found.kept_bytes,
        lost=tuple(lost(found)),
        half_made=any(each.path == HALF_MADE for each in paths),
        last_used=subject.last_used,
        occasion=subject.occasion,
    )


def lost(found: KeepEstimate) -> Iterator[str]:
    """Lines that name what of a prefix cannot be brought back as it is."""
    inside = Counter(each.inode for each in found.tree.entries)
    own = (each for each in found.kept if each.path not in found.recorded.stated)
    linked = [each.path for each in own if each.status.st_nlink > inside[each.inode]]
    if linked:
        more = f" and {len(linked) - 1} more" if len(linked) > 1 else ""
        yield f"{linked[0]}{more}: a hard link to a file elsewhere, which comes back as a file of its own"
    for each in found.tree.entries:
        if each.kind in ("socket", "device"):
            yield f"{each.path}: a {each.kind}"


def _attributes(found: KeepEstimate, entry: TreeEntry) -> Attributes:
    """The attributes of what comes back as a file or directory of its own, not as a link into the package cache."""
    shared = entry.kind == "file" and entry.status.st_nlink > 1 and found.classified[entry.path].package
    if shared or entry.kind not in ("file", "directory"):
        return ()
    return attributes_of(os.path.join(found.tree.root, entry.path))


def requirement(distribution: Distribution) -> str:
    """A distribution that pip installed, as a line of a requirements file."""
    name, url = distribution.name, distribution.url
    if distribution.origin == "editable" and (place := distribution.location or url):
        return f"-e {place}"
    if distribution.origin == "vcs" and url:
        return f"{name} @ git+{url}" + (f"@{distribution.revision}" if distribution.revision else "")
    return f"{name} @ {url}" if url else f"{name}=={distribution.version}"


def _paths(found: KeepEstimate, digests: Mapping[str, str], owners: Owners) -> Iterator[KeptPath]:
    own = {
        each.path: _file(found, each, digests, owners)
        for each in found.tree.entries
        if each.path in digests or _comes_back(found, each)
    }
    first: dict[tuple[int, int], KeptPath] = {}
    for each in found.tree.entries:
        if each.kind == "file" and each.path in own:
            first.setdefault(each.inode, own[each.path])
    for each in found.tree.entries:
        if each.kind != "file" or each.path in own:
            yield own.get(each.path) or _path(each, owners)
        else:  # another hard link to a file that has a content of its own
            yield _path(each, owners, sha256=first[each.inode].sha256, same_as=first[each.inode].path)


def _comes_back(found: KeepEstimate, entry: TreeEntry) -> bool:
    """Whether conda brings it back."""
    return entry.path in found.classified and bool(found.classified[entry.path].package)


def _file(found: KeepEstimate, entry: TreeEntry, digests: Mapping[str, str], owners: Owners) -> KeptPath:
    if _comes_back(found, entry):
        return replace(_path(entry, owners, sha256=found.classified[entry.path].sha256), means="package")
    return replace(_path(entry, owners, sha256=digests[entry.path]), means="archive")


def _path(entry: TreeEntry, owners: Owners, *, sha256: str = "", same_as: str = "") -> KeptPath:
    status = entry.status
    owner = None if entry.kind == "directory" else owners.owner(entry.path)
    return KeptPath(
        path=entry.path,
        kind=entry.kind,
        mode=status.st_mode & 0o7777,
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size if entry.kind == "file" else 0,
        mtime_ns=status.st_mtime_ns,
        means="none" if entry.kind in ("socket", "device") else "manifest",
        sha256=sha256,
        target=entry.target,
        owner="" if owner is None else owners.packages[owner].name,
        same_as=same_as,
        links=status.st_nlink,
        holes=entry.kind == "file" and allocated(status) < status.st_size,
    )


def _write_lists(made: Path, point: RestorePoint) -> None:
    write_new(made / EXPLICIT, explicit(point.packages))
    if point.needed:
        write_new(made / NEEDED, explicit(point.needed))
    if point.distributions:
        write_new(made / "pip.txt", os.fsencode("".join(f"{each}\n" for each in point.distributions)))


def explicit(packages: Sequence[KeptPackage]) -> bytes:
    """The content of an explicit file, as `conda create --file` takes it."""
    lines = ("@EXPLICIT", *(each.explicit for each in packages if each.url))
    return os.fsencode("".join(f"{line}\n" for line in lines))


def _copy_small_files(prefix: str, directory: Path) -> None:
    directory.mkdir(mode=0o700)
    for name in _SMALL_FILES:
        file = os.path.join(prefix, "conda-meta", name)
        if os.path.isfile(file) and not os.path.islink(file):
            with open_regular(file) as stream:
                write_new(directory / name, stream.read())
    sync_path(directory)
