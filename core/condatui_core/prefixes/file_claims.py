"""What records claim of file contents: the digests of conda's records, of pip's RECORD and of extracted packages."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import compress, repeat

import msgspec
from msgspec import Struct, field

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.distributions import in_archive
from condatui_core.prefixes.last_writer import record_rows
from condatui_core.prefixes.meta_file import LARGEST_RECORD

_META = "conda-meta"
_BYTECODE = (".pyc", ".pyo")
"""Each environment compiles these for itself."""
_FILES = (None, "hardlink")
"""How records name what is a regular file, linked or copied."""
_EDITED = re.compile(
    r"(?:conda-meta|etc|var|Menu|share/jupyter)/|(?:.*/)?(?:\.[^/]+rc|[^/]+\.(?:cfg|cnf|conf|config|ini|rc|toml|ya?ml))"
)
_UNKNOWN = -1
_NO_NAME = frozenset({"", ".", ".."})
"""Parts of a path that name nothing in the directory before them."""


def is_edited(path: str) -> bool:
    """Whether a file of a prefix is configuration or state, which people edit in place."""
    return _EDITED.match(path) is not None


def leads_inside(path: str) -> bool:
    """Whether a path that a record states is relative, and leads straight to something below the holder's directory."""
    if "/." not in path and "//" not in path and "\0" not in path and path[:1] not in ("", "/", "."):
        return path[-1] != "/"  # as nearly all of a million do
    return "\0" not in path and _NO_NAME.isdisjoint(path.split("/"))


class ClaimedFiles(Struct):
    """The files that the packages of one prefix or package cache own; the columns are parallel."""

    paths: list[str] = field(default_factory=list)
    """Relative to the holder."""
    digests: list[str] = field(default_factory=list)
    """The SHA-256 that a record states, as it is written there; empty if none does."""
    sizes: array[int] = field(default_factory=lambda: array("q"))
    """The bytes that a record states; -1 if none does."""
    owners: array[int] = field(default_factory=lambda: array("I"))
    """Indices of packages."""
    packages: list[str] = field(default_factory=list)
    """Name and version of each."""
    with_prefix: set[int] = field(default_factory=set)
    """The rows of files into which conda writes the prefix."""

    def add(self, package: str, paths: Sequence[str], digests: Iterable[str], sizes: Iterable[int | None]) -> None:
        """Add the files of a package."""
        self.owners.extend(repeat(len(self.packages), len(paths)))
        self.packages.append(package)
        self.paths += paths
        self.digests += digests
        self.sizes.extend(_UNKNOWN if size is None else size for size in sizes)

    def without_overwritten(self) -> ClaimedFiles:
        """Only the last claim of each path: conda and pip write over what was there."""
        if len(set(self.paths)) == len(self.paths):
            return self
        last = {path: row for row, path in enumerate(self.paths)}
        return self.chosen([last[path] == row for row, path in enumerate(self.paths)])

    def chosen(self, which: Sequence[bool]) -> ClaimedFiles:
        """Only the files of these rows."""
        rows = compress(range(len(self.paths)), which)
        return ClaimedFiles(
            paths=list(compress(self.paths, which)),
            digests=list(compress(self.digests, which)),
            sizes=array("q", compress(self.sizes, which)),
            owners=array("I", compress(self.owners, which)),
            packages=self.packages,
            with_prefix={number for number, row in enumerate(rows) if row in self.with_prefix},
        )


class _Path(Struct, gc=False):
    """One path of a record or of an extracted package's paths.json. A digest that is not text counts as missing."""

    path: str = field(name="_path", default="")
    path_type: str | int | None = None
    size_in_bytes: int | None = None
    prefix_placeholder: str | None = None
    sha256: object = None
    sha256_in_prefix: object = None


class _PathsData(Struct, gc=False):
    paths: list[_Path] | None = None


class _Record(Struct, gc=False):
    """What this needs of a file in conda-meta: half the time of all that other readers need."""

    name: object = ""
    version: object = ""
    noarch: object = None
    files: list[str] | None = None
    paths_data: _PathsData | None = None


_RECORD = msgspec.json.Decoder(_Record)
_PATHS = msgspec.json.Decoder(_PathsData)


# Environments


def claims_of_prefix(prefix: str, records: Iterable[str], distributions: Iterable[tuple[str, str]]) -> ClaimedFiles:
    """Read what the records of a prefix claim; one that cannot be read claims nothing.

    `records` are names of files in conda-meta, `distributions` pairs of a dist-info's path and of its package.
    """
    claims = ClaimedFiles()
    for name in records:
        try:
            record = decode(read_bounded(os.path.join(prefix, _META, name), LARGEST_RECORD), _RECORD)
        except OSError:
            continue
        _add_record(claims, record)
    for path, package in distributions:
        _add_distribution(claims, package, prefix, path)
    return claims.without_overwritten()


def _add_record(claims: ClaimedFiles, record: _Record) -> None:
    package, files = f"{record.name} {record.version}", record.files or []
    paths = (record.paths_data.paths if record.paths_data else None) or []
    # The paths of a `noarch: python` package are those in its archive; only `files` has those in the prefix.
    here = {in_archive(each): each for each in files} if record.noarch == "python" else {}
    if paths:
        _add_paths(claims, package, paths, lambda path: here.get(path, path))
    else:  # before conda 4.3 records had no digests
        own = [path for path in files if not path.endswith(_BYTECODE) and leads_inside(path)]
        claims.add(package, own, [""] * len(own), [None] * len(own))


def _add_paths(
    claims: ClaimedFiles, package: str, paths: Iterable[_Path], place: Callable[[str], str], *, cached: bool = False
) -> None:
    """Add those paths that are files. A file in a cache has no prefix in it yet."""
    files = [each for each in paths if each.path_type in _FILES and not each.path.endswith(_BYTECODE)]
    files = [each for each in files if leads_inside(place(each.path))]
    first = len(claims.paths)
    claims.with_prefix.update(row for row, each in enumerate(files, first) if each.prefix_placeholder)
    if cached:
        digests = [each.sha256 for each in files]
    else:
        digests = [each.sha256_in_prefix or (None if each.prefix_placeholder else each.sha256) for each in files]
    claims.add(
        package,
        [place(each.path) for each in files],
        [each if isinstance(each, str) else "" for each in digests],
        [each.size_in_bytes for each in files],
    )


def _add_distribution(claims: ClaimedFiles, package: str, prefix: str, path: str) -> None:
    base = os.path.dirname(path)
    rows = record_rows(os.path.join(prefix, path, "RECORD"))
    # pip states no digest of what it has made itself.
    stated = [(_joined(base, name), each) for name, each in rows if each.sha256 and not name.endswith(_BYTECODE)]
    inside = [(name, each) for name, each in stated if leads_inside(name)]
    claims.add(
        package,
        [name for name, _ in inside],
        [each.sha256 for _, each in inside],
        [each.size for _, each in inside],
    )


def _joined(base: str, name: str) -> str:
    path = os.path.join(base, name)
    return os.path.normpath(path) if "./" in path or "//" in path else path


# Package caches


_DEPTH = 6
"""How deep a package of mamba lies in its cache at most: below the host, the channel and the platform."""


def packages_in_cache(cache: str) -> Iterator[str]:
    """The paths of the extracted packages of a package cache, relative to it."""
    waiting = [("", 0)]
    while waiting:
        directory, depth = waiting.pop()
        try:
            with os.scandir(os.path.join(cache, directory)) as found:
                below = [f"{directory}{each.name}" for each in found if each.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        for each in below:
            if os.path.isdir(os.path.join(cache, each, "info")):
                yield each
            elif depth < _DEPTH:
                waiting.append((f"{each}/", depth + 1))


def claims_of_cache(cache: str, packages: Sequence[str]) -> ClaimedFiles:
    """Read what the extracted packages of a package cache claim to contain."""
    claims = ClaimedFiles()
    for package in packages:
        stem, _, _ = os.path.basename(package).rpartition("-")
        name, _, version = stem.rpartition("-")
        try:
            data = read_bounded(os.path.join(cache, package, "info", "paths.json"), LARGEST_RECORD)
            paths = decode(data, _PATHS).paths or []
        except OSError:
            continue
        _add_paths(claims, f"{name} {version}", paths, partial(os.path.join, package), cached=True)
    return claims
