"""The environment that is cloned: its packages, where conda will take them from, and every file to be cloned."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import unquote, urlsplit

from condatui_core.actions.prefix_change import first_lines, module_of, spellings_of
from condatui_core.analyses.specs import spec_name
from condatui_core.fs.mounts import mounts
from condatui_core.fs.tree import PrefixTree, TreeEntry, read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.recorded_paths import RecordedPackage, RecordedPath
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.restore_point import kept_package
from condatui_core.restore_points.cached_packages import find_package

# Where conda will take the packages from


Way = Literal["extracted", "archive", "file", "download", "nowhere"]


@dataclass(frozen=True, slots=True)
class Provided:
    """A package of a clone, and where it comes from."""

    package: RecordedPackage = field(repr=False)
    way: Way
    """Extracted in the package cache, its archive there, a channel on this machine, the network, or unknown."""
    device: int | None = None
    """The number of the file system that it is extracted on."""
    archive: str = ""
    """Its archive in the cache, for a package without a URL."""

    @property
    def record(self) -> PackageRecord:
        """The conda-meta record of the package."""
        return self.package.record


def provide(packages: Iterable[RecordedPackage], pkgs_dirs: Sequence[str]) -> tuple[Provided, ...]:
    """Find out where conda would take these packages from, by some stats for each."""
    return tuple(_provide(package, pkgs_dirs) for package in packages)


def explicit_lines(provided: Iterable[Provided]) -> Iterator[str]:
    """The lines of an explicit file, credentials included."""
    yield "@EXPLICIT"
    for each in provided:
        url = each.package.url or each.archive
        yield f"{url}#{each.record.md5}" if each.record.md5 else url


def _provide(package: RecordedPackage, pkgs_dirs: Sequence[str]) -> Provided:
    record = package.record
    cached = find_package(kept_package(record, kept=False), pkgs_dirs)
    archive = cached.archive if cached else ""
    if not record.url and not archive:
        return Provided(package, "nowhere")
    if cached and cached.directory:
        return Provided(package, "extracted", os.stat(cached.directory).st_dev, archive)
    if cached:
        return Provided(package, "archive", archive=archive)
    return Provided(package, "file" if _is_on_this_machine(record.url or "") else "download")


def _is_on_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "file" and os.path.isfile(unquote(parts.path, errors="surrogateescape"))


# The packages and files of the source


OF_INSTALLATION = ("envs", "pkgs")
"""Directories in a base prefix that belong to the installation."""

_NEVER = ("conda-meta", ".conda_lock", HALF_MADE)
_OF_BASE = (
    *OF_INSTALLATION,
    "conda-bld",
    "users",
    "LICENSE.txt",
    "info",
    "conda-recipes",
    ".index",
    ".unionfs",
    ".nonadmin",
    ".condarc",
    "condarc",
)
"""Files and directories that belong to the installation rather than to its base environment."""
_MACHINERY = ("conda", "conda-env")


@dataclass(frozen=True, slots=True)
class Source:
    """What an environment consists of, as far as it is cloned."""

    prefix: str
    contents: PrefixContents
    packages: tuple[RecordedPackage, ...]
    """The conda packages that are cloned, with their records."""
    left_out: tuple[PackageRecord, ...]
    """The packages that stay behind: conda itself, and those that depend on it, and what is not wanted."""
    tree: PrefixTree
    """Every path that is cloned, and what could not be read; conda-meta is not among them."""
    recorded: dict[str, RecordedPath]
    """By path, what the records state about the files of conda's packages."""
    owners: dict[str, str]
    """By path, the conda package whose record lists it."""
    unseen: tuple[str, ...]
    """Paths, relative to the prefix, that were not read."""
    spellings: tuple[str, ...]
    """Other paths to the prefix, which aliases and scripts use."""

    @property
    def records(self) -> tuple[PackageRecord, ...]:
        """The records of the conda packages that are cloned."""
        return tuple(each.record for each in self.packages)

    @property
    def spared(self) -> tuple[str, ...]:
        """Directories of the installation: paths to them still mean the source's."""
        return OF_INSTALLATION if any(record.name == "conda" for record in self.contents.packages) else ()


def read_source(
    prefix: str, *, base: bool, with_conda: bool, aliases: Iterable[str] = (), without: Collection[str] = ()
) -> Source:
    """Read an environment that is to be cloned, `without` these packages, changing nothing.

    Raises OSError if it is not there.
    """
    read = read_records(prefix)
    left_out = frozenset(without)
    if base and not with_conda:
        left_out |= machinery(read.contents.packages)
    packages = tuple(each for each in read.packages if each.record.name not in left_out)
    others = tuple(each for each in read.packages if each.record.name in left_out)
    recorded: dict[str, RecordedPath] = {}
    owners: dict[str, str] = {}
    for package in packages:
        for path in package.paths:
            recorded[path.path] = path
            owners[path.path] = package.record.name
    not_ours = {path.path for package in others for path in package.paths} - recorded.keys()
    top = (*_NEVER, *(_OF_BASE if base else ()))
    tree = read_tree(prefix, [each.point for each in mounts()], top)
    tree = replace(tree, entries=_without(tree, not_ours))
    scripts = first_lines(prefix, tree.entries)
    return Source(
        prefix=prefix,
        contents=read.contents,
        packages=packages,
        left_out=tuple(each.record for each in others),
        tree=tree,
        recorded=recorded,
        owners=owners,
        unseen=(*top, *_not_looked_into(tree)),
        spellings=tuple(dict.fromkeys((*aliases, *spellings_of(prefix, scripts)))),
    )


def machinery(records: Sequence[PackageRecord]) -> frozenset[str]:
    """The names of conda's own package and of all that depend on it, directly or not, as conda counts them."""
    found = {record.name for record in records if record.name in _MACHINERY}
    while more := {
        record.name
        for record in records
        if record.name not in found and any(spec_name(each) in found for each in record.depends)
    }:
        found |= more
    return frozenset(found)


def _without(tree: PrefixTree, not_ours: Collection[str]) -> list[TreeEntry]:
    """The entries without environments inside, without these files, and without directories that are empty then."""
    nested = tuple(f"{os.path.relpath(each, tree.root)}/" for each in tree.environments)
    entries = [each for each in tree.entries if not nested or not f"{each.path}/".startswith(nested)]
    if not not_ours:
        return entries
    ours = [each for each in entries if each.path not in not_ours and module_of(each.path) not in not_ours]
    filled = set(_directories_of(each.path for each in ours if each.kind != "directory"))
    emptied = set(_directories_of(not_ours)) - filled
    return [each for each in ours if each.kind != "directory" or not _is_in(each.path, emptied)]


def _directories_of(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        while path := path.rpartition("/")[0]:
            yield path


def _is_in(path: str, directories: Collection[str]) -> bool:
    return path in directories or (path.endswith("/__pycache__") and path.rpartition("/")[0] in directories)


def _not_looked_into(tree: PrefixTree) -> Iterator[str]:
    places = (*(line.rpartition(": ")[0] for line in tree.unreadable), *tree.mounts, *tree.environments)
    return (os.path.relpath(each, tree.root) for each in places)
