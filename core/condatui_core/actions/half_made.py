"""Says that an environment is half-made, and finds what came into it since: what neither the job nor conda explains."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import msgspec
from msgspec import Struct

from condatui_core.actions.incomplete_marker import read_marker
from condatui_core.actions.packed_archive import Member, open_archive, rewritings
from condatui_core.actions.prefix_change import LARGEST_TEXT, PrefixChange, first_lines, module_of, same, spellings_of
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.errors import CondatuiError
from condatui_core.fs.atomic_write import is_temporary
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.fs.tree import TreeEntry, read_tree
from condatui_core.prefixes.meta_file import LARGEST_RECORD, record_file_name
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.snapshot import read_records, read_snapshot
from condatui_core.records.job import Recovery
from condatui_core.records.prefix import Revision
from condatui_core.records.request import RemoveRequest
from condatui_core.records.restore_point import KeptPackage, KeptPath, kept_package
from condatui_core.restore_points.cached_packages import find_package
from condatui_core.restore_points.classify import file_sha256
from condatui_core.restore_points.create import KeepEstimate, estimate
from condatui_core.restore_points.store import directory_of_points, read_paths_of, read_point
from condatui_core.restore_points.verify import has_its_files
from condatui_core.text import sanitize

_META = "conda-meta/"
_HISTORY = "conda-meta/history"
_ALWAYS = (".", "conda-meta", "conda-meta/created_at", HALF_MADE)
"""Paths that every half-made environment may have."""
_RENAMED = ".c~"
"""conda renames files so before it deletes them."""
_OF_INSTALLATION = ("envs", "pkgs")


def came_since(found: KeepEstimate, context: JobContext, *, thorough: bool) -> tuple[str, ...]:
    """The paths of a half-made environment that came or changed after its job ended, those in conda-meta last; blocks.

    What the job was making it from is looked at as it is now: a path that cannot be explained any more counts as new.
    `thorough` compares contents even where size and time are the same.
    """
    prefix = found.snapshot.prefix
    origin = _origin_of(prefix, context, thorough=thorough)
    there = {each.path for each in found.tree.entries}
    left = [each for each in found.tree.entries if not _is_explained(each, found, there, origin)]
    if origin and any(_may_be_linked(each) for each in left):
        cached = _inodes_of(origin.cached(_caches(prefix, context)))
        left = [each for each in left if each.inode not in cached]
    filled = {os.path.dirname(each.path) for each in found.tree.entries}
    paths = (each.path for each in left if each.kind != "directory" or each.path not in filled)
    return tuple(sorted(paths, key=lambda path: (path == _HISTORY, path.startswith(_META), path)))


def came_into(prefix: str, context: JobContext) -> tuple[str, ...]:
    """As `came_since`, of a prefix that is read for it. Raises OSError or CondatuiError if it cannot be read."""
    return came_since(estimate(read_snapshot(prefix), _caches(prefix, context)), context, thorough=False)


def used_since(came: Sequence[str], prefix: str) -> str:
    """Words that say what has come into a prefix: `has been used since: work.ipynb and 2 more are its own`; blocks.

    Where pip was to install as well, as its marker states, they leave open whose that is.
    """
    more = f" and {len(came) - 1} more are" if len(came) > 1 else " is"
    marker = read_marker(prefix)
    if marker and marker.beyond_conda:
        return f"may have been used since: {sanitize(came[0])}{more} not conda's"
    return f"has been used since: {sanitize(came[0])}{more} its own"


def half_made(target: str, context: JobContext) -> Recovery:
    """Say that the environment at a path is half-made, and whether it has been used since; blocks."""
    half = f"{target} is half-made: it still has the mark of what is not whole"
    with suppress(OSError, CondatuiError):
        if came := came_into(target, context):
            half = f"{half}, and {used_since(came, target)}"
    return half_done(target, f"{half}.", "half-made")


def half_done(target: str, message: str, how: str) -> Recovery:
    """The way out of what is there in part: its removal, which finds out by itself whether there is anything to keep.

    `how` says in a word how it is: `half-made`.
    """
    way_out = RemoveRequest(prefixes=(target,))
    return Recovery(state="half", message=message, way_out=way_out, way_out_title=f"Remove the {how} {target}")


def _caches(prefix: str, context: JobContext) -> tuple[str, ...]:
    return caches_of(context.installation(context.environment(prefix)), context)


def _is_explained(entry: TreeEntry, found: KeepEstimate, there: Collection[str], origin: _Origin | None) -> bool:
    """Whether a path is the job's or conda's, as far as that can be said without the package cache."""
    path, name = entry.path, os.path.basename(entry.path)
    if path in _ALWAYS or name == "__pycache__" or module_of(path) in there or is_temporary(name):
        return True
    if path in found.classified and found.classified[path].package:
        return True
    if path == _HISTORY and _is_of_job(found.contents.history.revisions, origin.revisions if origin else ()):
        return True
    try:
        return origin is not None and origin.explains(path.removesuffix(_RENAMED), entry)
    except OSError:  # it cannot be compared
        return False


def _is_of_job(revisions: Sequence[Revision], before: Sequence[Revision]) -> bool:
    """Whether a history has nothing but the job's own revision, after those of the origin if they were put back."""
    count = len(before) if revisions[: len(before)] == before else 0
    return len(revisions) <= count + 1


def _may_be_linked(entry: TreeEntry) -> bool:
    return entry.kind == "file" and entry.status.st_nlink > 1


def _inodes_of(directories: Iterable[str]) -> set[tuple[int, int]]:
    """The files of packages in the cache: conda links them before it writes its records."""
    trees = map(read_tree, directories)
    return {entry.inode for tree in trees for entry in tree.entries if entry.kind == "file"}


def _cached(packages: Iterable[KeptPackage], pkgs_dirs: Sequence[str]) -> Iterator[str]:
    """The directories to which these packages are extracted in the caches."""
    for each in packages:
        cached = find_package(each, pkgs_dirs)
        if cached and cached.directory:
            yield cached.directory


# What a half-made environment was being made from


class _Origin(Protocol):
    """The source of a clone, the restore point of what is brought back, or the packages of a new environment."""

    revisions: Sequence[Revision]

    def cached(self, pkgs_dirs: Sequence[str]) -> Iterator[str]:
        """The directories in these package caches from which conda was to link."""
        ...

    def explains(self, path: str, entry: TreeEntry) -> bool:
        """Whether what is at a path is what the origin has there. Raises OSError if it cannot be read."""
        ...


def _origin_of(prefix: str, context: JobContext, *, thorough: bool) -> _Origin | None:
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
            return _Specs(prefix, marker.packages, _caches(prefix, context))
    except (OSError, CondatuiError):
        return None
    return None


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
        return there is not None and (self._looks_same(there, entry) or same(there, entry, self.change))

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
