"""What a half-made environment was being made from: a clone's source, a restore point, or packages of the cache."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import msgspec
from msgspec import Struct

from condatui_core.actions.archive_members import Member
from condatui_core.actions.conda_unpack import rewritings
from condatui_core.actions.incomplete_marker import read_marker
from condatui_core.actions.packed_archive import open_archive
from condatui_core.actions.prefix_change import LARGEST_TEXT, PrefixChange, first_lines, same, spellings_of
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.errors import CondatuiError
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.fs.tree import TreeEntry, read_tree
from condatui_core.prefixes.meta_file import LARGEST_RECORD, record_file_name
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.prefix import Revision
from condatui_core.records.restore_point import KeptPackage, KeptPath, kept_package
from condatui_core.restore_points.cached_packages import find_package
from condatui_core.restore_points.classify import file_sha256
from condatui_core.restore_points.store import directory_of_points, read_paths_of, read_point
from condatui_core.restore_points.verify import has_its_files

_META = "conda-meta/"
_RECORD_OF_PIP = ".dist-info/RECORD"
_OF_INSTALLATION = ("envs", "pkgs")


class Origin(Protocol):
    """The source of a clone, the restore point of what is brought back, or the packages of a new environment."""

    revisions: Sequence[Revision]

    def cached(self, pkgs_dirs: Sequence[str]) -> Iterator[str]:
        """The directories in these package caches from which conda was to link."""
        ...

    def explains(self, path: str, entry: TreeEntry) -> bool:
        """Whether what is at a path is what the origin has there. Raises OSError if it cannot be read."""
        ...


def origin_of(prefix: str, context: JobContext, *, thorough: bool) -> Origin | None:
    """What a half-made environment was being made from; None if that is not known, gone or damaged."""
    marker = read_marker(prefix)
    try:
        if marker and marker.restore_point:
            return _restore_point(prefix, marker.restore_point, context, thorough=thorough)
        if marker and marker.source and not os.path.samefile(marker.source, prefix):  # it may have got that name since
            return _source(prefix, marker.source, context, thorough=thorough)
        if marker and marker.archive:
            return _Archive(prefix, marker.archive)
        if marker and marker.packages:
            return _Specs(prefix, marker.packages, caches_for(prefix, context))
    except (OSError, CondatuiError):
        return None
    return None


def caches_for(prefix: str, context: JobContext) -> tuple[str, ...]:
    """The package caches from which conda links into a prefix."""
    return caches_of(context.installation(context.environment(prefix)), context)


def _cached(packages: Iterable[KeptPackage], pkgs_dirs: Sequence[str]) -> Iterator[str]:
    """The directories to which these packages are extracted in the caches."""
    for each in packages:
        cached = find_package(each, pkgs_dirs)
        if cached and cached.directory:
            yield cached.directory


@dataclass
class _Source:
    packages: Sequence[KeptPackage]
    revisions: Sequence[Revision]
    records: frozenset[str]
    """The names of the records of its packages."""
    entries: Mapping[str, TreeEntry]
    change: PrefixChange
    thorough: bool

    def cached(self, pkgs_dirs: Sequence[str]) -> Iterator[str]:
        return _cached(self.packages, pkgs_dirs)

    def explains(self, path: str, entry: TreeEntry) -> bool:
        if _is_record(path):
            return os.path.basename(path) in self.records
        there = self.entries.get(path)
        if there is None:
            return False
        return self._looks_same(there, entry) or same(there, entry, self.change) or self._lists_less(path, entry)

    def _lists_less(self, path: str, entry: TreeEntry) -> bool:
        """Whether it is a RECORD with some rows of that of the source, as a slimmed copy has it."""
        if not path.endswith(_RECORD_OF_PIP) or entry.kind != "file":
            return False
        prefixes = (self.change.target, self.change.source)
        ours, theirs = (read_bounded(os.path.join(each, path), LARGEST_RECORD).splitlines() for each in prefixes)
        return {*ours} <= {*theirs}

    def _looks_same(self, there: TreeEntry, entry: TreeEntry) -> bool:
        both = there.status, entry.status
        alike = len({(each.st_size, each.st_mtime_ns) for each in both}) == 1
        return not self.thorough and there.kind == entry.kind == "file" and alike


def _source(prefix: str, source: str, context: JobContext, *, thorough: bool) -> _Source:
    roots = {each.root_prefix for each in context.inventory.installations}
    spared = _OF_INSTALLATION if source in roots else ()
    tree = read_tree(source, leaving_out=spared)
    records = read_records(source)
    environment = context.environment(source)
    aliases = environment.aliases if environment else ()
    spellings = dict.fromkeys((*aliases, *spellings_of(source, first_lines(source, tree.entries))))
    return _Source(
        packages=[kept_package(each.record, kept=False) for each in records.packages],
        revisions=records.contents.history.revisions,
        records=frozenset(record_file_name(each) for each in records.contents.packages),
        entries={each.path: each for each in tree.entries},
        change=PrefixChange(source, prefix, spellings=spellings, spared=spared),
        thorough=thorough,
    )


@dataclass
class _RestorePoint:
    root: str
    """The half of it that is there."""
    packages: Sequence[KeptPackage]
    records: frozenset[str]
    """The names of the records of its packages."""
    paths: Mapping[str, KeptPath]
    thorough: bool
    revisions: Sequence[Revision] = ()

    def cached(self, pkgs_dirs: Sequence[str]) -> Iterator[str]:
        return _cached(self.packages, pkgs_dirs)

    def explains(self, path: str, entry: TreeEntry) -> bool:
        if _is_record(path):
            return path in self.paths or path[len(_META) :] in self.records
        kept = self.paths.get(path)
        if kept is None or kept.kind != entry.kind or kept.target != entry.target:
            return False
        if kept.kind != "file" or (kept.size == entry.status.st_size and self._looks_same(kept, entry)):
            return True
        return kept.size == entry.status.st_size and file_sha256(os.path.join(self.root, entry.path)) == kept.sha256

    def _looks_same(self, kept: KeptPath, entry: TreeEntry) -> bool:
        return not self.thorough and kept.mtime_ns == entry.status.st_mtime_ns


def _restore_point(prefix: str, point_id: str, context: JobContext, *, thorough: bool) -> _RestorePoint | None:
    directory = directory_of_points(context.settings, context.locations)
    point = read_point(directory, point_id)
    paths = read_paths_of(directory, point)
    if not has_its_files(directory / point_id, paths):
        return None
    return _RestorePoint(
        root=prefix,
        packages=point.needed,
        records=frozenset(f"{each.dist_name}.json" for each in point.needed),
        paths={each.path: each for each in paths},
        thorough=thorough,
    )


class _Specs:
    """What conda has found for the specs of a new environment, as far as it is in the package caches."""

    revisions: Sequence[Revision] = ()

    def __init__(self, prefix: str, packages: Collection[str], pkgs_dirs: Sequence[str]) -> None:
        """`packages` are spelled `name-version-build`."""
        self._prefix = prefix
        self._packages = packages
        self._pkgs_dirs = pkgs_dirs

    def cached(self, pkgs_dirs: Sequence[str]) -> Iterator[str]:
        places = (os.path.join(cache, name) for cache in pkgs_dirs for name in self._packages)
        return filter(os.path.isdir, places)

    def explains(self, path: str, entry: TreeEntry) -> bool:
        if _is_record(path):
            return os.path.basename(path).removesuffix(".json") in self._packages
        return any(same(there, entry, change) for there, change in self._places.get(path, ()))

    @cached_property
    def _places(self) -> Mapping[str, Sequence[tuple[TreeEntry, PrefixChange]]]:
        """What the packages have at each path, and how conda writes the prefix into it."""
        found: defaultdict[str, list[tuple[TreeEntry, PrefixChange]]] = defaultdict(list)
        for directory in self.cached(self._pkgs_dirs):
            change = PrefixChange(directory, self._prefix, spellings=_placeholders(directory))
            for entry in read_tree(directory).entries:
                found[entry.path].append((entry, change))
        return found


class _Archive:
    """The archive of a packed environment, and what its conda-unpack makes of some of its files."""

    revisions: Sequence[Revision] = ()

    def __init__(self, prefix: str, path: str) -> None:
        """Read it to its end. Raises CondatuiError if it is damaged, or none any more."""
        self._prefix = prefix
        self._members: dict[str, Member] = {}
        self._rewritten: dict[str, str] = {}
        """By path, the digest of a file that conda-unpack has rewritten."""
        rewriting = rewritings(prefix)
        with open_archive(path) as archive:
            for member, stream in archive.members():
                self._members[member.path] = member
                if stream is not None and member.path in rewriting and member.size <= LARGEST_TEXT:
                    data = rewriting[member.path].apply(b"".join(archive.content(stream)), prefix)
                    self._rewritten[member.path] = hashlib.sha256(data).hexdigest()

    def cached(self, pkgs_dirs: Sequence[str]) -> Iterator[str]:  # noqa: ARG002 - nothing is linked from a cache
        return iter(())

    def explains(self, path: str, entry: TreeEntry) -> bool:
        member = self._members.get(path)
        if member is not None and member.kind == "hardlink":
            member = self._members.get(member.target)
        if member is None or entry.kind != member.kind:
            return False
        if entry.kind != "file":
            return entry.target == member.target
        status = entry.status
        if (status.st_size, status.st_mtime_ns) == (member.size, member.mtime_ns):
            return True
        return path in self._rewritten and file_sha256(os.path.join(self._prefix, path)) == self._rewritten[path]


class _ArchivedPath(Struct):
    prefix_placeholder: str | None = None


class _ArchivedPaths(Struct):
    paths: tuple[_ArchivedPath, ...] = ()


_ARCHIVED_PATHS = msgspec.json.Decoder(_ArchivedPaths)


def _placeholders(directory: str) -> frozenset[str]:
    """The prefixes of build machines that conda replaces in the files of an extracted package."""
    data = read_bounded(os.path.join(directory, "info", "paths.json"), LARGEST_RECORD)
    return frozenset(each.prefix_placeholder for each in decode(data, _ARCHIVED_PATHS).paths if each.prefix_placeholder)


def _is_record(path: str) -> bool:
    return path.startswith(_META) and path.endswith(".json")
