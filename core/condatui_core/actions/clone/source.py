"""The environment that is cloned: its packages and where conda will take them from, and every file that comes along."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from condatui_core.actions.clone.prefix_change import spellings_of
from condatui_core.fs.mounts import mounts
from condatui_core.fs.safe_read import decode, open_regular, read_bounded
from condatui_core.fs.tree import PrefixTree, TreeEntry, read_tree
from condatui_core.prefixes.conda_meta import LARGEST_RECORD, record_file_name
from condatui_core.prefixes.history import spec_name
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.prefixes.recorded_paths import RecordedPath, read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.restore_point import KeptPackage
from condatui_core.restore_points.cached_packages import find_package
from condatui_core.text import strip_credentials

# Where conda will take the packages of a clone from.


Way = Literal["extracted", "archive", "file", "download", "nowhere"]


@dataclass(frozen=True, slots=True)
class Provided:
    """A package of a clone, and where it comes from."""

    record: PackageRecord
    way: Way
    """Extracted in the package cache, its archive there, a channel on this machine, the network, or nobody knows."""
    device: int | None = None
    """The file system that it is extracted on."""
    archive: str = ""
    """Its archive in the cache, for one that has no URL."""


class _Located(Struct):
    url: str | None = None
    md5: str | None = None


_LOCATED = msgspec.json.Decoder(_Located)


def provide(records: Iterable[PackageRecord], pkgs_dirs: Sequence[str]) -> tuple[Provided, ...]:
    """Find out where conda would take these packages from; takes some stats each."""
    return tuple(_provide(record, pkgs_dirs) for record in records)


def explicit_lines(prefix: str, provided: Iterable[Provided]) -> Iterator[str]:
    """The lines of an explicit file, credentials and all: read anew from the records, where they are.

    Raises OSError if a record has gone.
    """
    yield "@EXPLICIT"
    for each in provided:
        file = os.path.join(prefix, "conda-meta", record_file_name(each.record))
        located = decode(read_bounded(file, LARGEST_RECORD), _LOCATED)
        url = located.url or each.archive
        yield f"{url}#{located.md5}" if located.md5 else url


def _provide(record: PackageRecord, pkgs_dirs: Sequence[str]) -> Provided:
    cached = find_package(_package(record), pkgs_dirs)
    archive = cached.archive if cached else ""
    if not record.url and not archive:
        return Provided(record, "nowhere")
    if cached and cached.directory:
        return Provided(record, "extracted", os.stat(cached.directory).st_dev, archive)
    if cached:
        return Provided(record, "archive", archive=archive)
    return Provided(record, "file" if _is_on_this_machine(record.url or "") else "download")


def _is_on_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "file" and os.path.isfile(unquote(parts.path))


def _package(record: PackageRecord) -> KeptPackage:
    return KeptPackage(
        name=record.name,
        version=record.version,
        build=record.build,
        url=strip_credentials(record.url or ""),
        md5=record.md5,
        sha256=record.sha256,
        file_name=record.file_name,
        archive_bytes=record.archive_bytes,
        kept=False,
    )


# The environment that is cloned: its packages, and every file that comes along.


OF_INSTALLATION = ("envs", "pkgs")
"""Directories of a base environment that are not its own."""

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
"""What belongs to the installation rather than to its base environment."""
_MACHINERY = ("conda", "conda-env")
_FIRST_LINES = 1024
"""Bytes of a script."""
_MOST_SCRIPTS = 200


@dataclass(frozen=True, slots=True)
class Source:
    """What comes along when an environment is cloned."""

    prefix: str
    contents: PrefixContents
    records: tuple[PackageRecord, ...]
    """The conda packages that come along."""
    left_out: tuple[PackageRecord, ...]
    """conda itself, and what needs it."""
    tree: PrefixTree
    """Every path that comes along, and what could not be read; conda-meta is not among them."""
    recorded: dict[str, RecordedPath]
    """By path, what the records say of the files of conda's packages."""
    owners: dict[str, str]
    """By path, the conda package that has it in its record."""
    unseen: tuple[str, ...]
    """Paths, relative to it, that were not looked into."""
    spellings: tuple[str, ...]
    """Other paths to it that its scripts go by."""

    @property
    def spared(self) -> tuple[str, ...]:
        """Directories of the installation, which are meant where they are named."""
        return OF_INSTALLATION if any(record.name == "conda" for record in self.contents.packages) else ()


def read_source(prefix: str, *, base: bool, with_conda: bool, aliases: Iterable[str] = ()) -> Source:
    """Read an environment that is to be cloned, changing nothing. Raises OSError if it is not there."""
    contents = read_prefix(prefix)
    left_out = frozenset() if with_conda or not base else machinery(contents.packages)
    records = tuple(each for each in contents.packages if each.name not in left_out)
    others = tuple(each for each in contents.packages if each.name in left_out)
    recorded: dict[str, RecordedPath] = {}
    owners: dict[str, str] = {}
    for record in records:
        for path in _paths(prefix, record):
            recorded[path.path] = path
            owners[path.path] = record.name
    not_ours = {path.path for record in others for path in _paths(prefix, record)} - recorded.keys()
    top = (*_NEVER, *(_OF_BASE if base else ()))
    tree = read_tree(prefix, [each.point for each in mounts()], top)
    tree.entries = _without(tree, not_ours)
    scripts = _first_lines(prefix, tree.entries)
    return Source(
        prefix=prefix,
        contents=contents,
        records=records,
        left_out=others,
        tree=tree,
        recorded=recorded,
        owners=owners,
        unseen=(*top, *_not_looked_into(tree)),
        spellings=tuple(dict.fromkeys((*aliases, *spellings_of(prefix, scripts)))),
    )


def machinery(records: Sequence[PackageRecord]) -> frozenset[str]:
    """The names of conda's own package and of all that need it, directly or not, as conda has always counted them."""
    found = {record.name for record in records if record.name in _MACHINERY}
    while more := {
        record.name
        for record in records
        if record.name not in found and any(spec_name(each) in found for each in record.depends)
    }:
        found |= more
    return frozenset(found)


def module_of(path: str) -> str:
    """The module that a file with bytecode was compiled from; empty for any other file."""
    directory, _, name = path.rpartition("/")
    if not name.endswith(".pyc") or not directory.endswith("__pycache__"):
        return ""
    return f"{directory.removesuffix('__pycache__')}{name.partition('.')[0]}.py"


def _without(tree: PrefixTree, not_ours: Collection[str]) -> list[TreeEntry]:
    """The entries without the environments inside, without these files, and without what is then left of them."""
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


def _paths(prefix: str, record: PackageRecord) -> tuple[RecordedPath, ...]:
    paths = read_paths(prefix, record)
    return () if isinstance(paths, Problem) else paths


def _first_lines(prefix: str, entries: Iterable[TreeEntry]) -> Iterator[bytes]:
    scripts = (each for each in entries if each.kind == "file" and os.path.dirname(each.path) == "bin")
    for entry in itertools.islice(scripts, _MOST_SCRIPTS):
        with suppress(OSError), open_regular(os.path.join(prefix, entry.path)) as stream:
            yield stream.read(_FIRST_LINES)
