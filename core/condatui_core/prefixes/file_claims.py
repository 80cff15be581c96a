"""What records claim of file contents: the digests of conda's records, of pip's RECORD and of extracted packages."""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import compress
from typing import Annotated

import msgspec
from msgspec import Struct, field

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.distributions import in_archive
from condatui_core.prefixes.last_writer import read_record, rows_of
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
_NOTHING = msgspec.Raw()
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
    """Files that a package claims; the columns are parallel."""

    paths: list[str] = field(default_factory=list)
    """Relative to the holder."""
    digests: list[str] = field(default_factory=list)
    """The SHA-256 that a record states, as it is written there; empty if none does."""
    sizes: array[int] = field(default_factory=lambda: array("q"))
    """The bytes that a record states; -1 if none does."""
    with_prefix: frozenset[int] = frozenset()
    """The rows of files into which conda writes the prefix."""

    def chosen(self, which: Sequence[bool]) -> ClaimedFiles:
        """Only the files of these rows."""
        rows = compress(range(len(which)), which) if self.with_prefix else ()
        return ClaimedFiles(
            paths=list(compress(self.paths, which)),
            digests=list(compress(self.digests, which)),
            sizes=array("q", compress(self.sizes, which)),
            with_prefix=frozenset(number for number, row in enumerate(rows) if row in self.with_prefix),
        )


class PackageClaims(Struct, frozen=True, eq=False):
    """What one package claims; holders whose records of it say the same have this very object."""

    package: str
    """Its name and version."""
    files: ClaimedFiles


class _Path(Struct, gc=False):
    """One path of a record or of an extracted package's paths.json. A digest that is not text counts as missing."""

    path: str = field(name="_path", default="")
    path_type: str | int | None = None
    size_in_bytes: Annotated[int, msgspec.Meta(ge=_UNKNOWN, lt=1 << 62)] | None = None
    prefix_placeholder: str | None = None
    sha256: object = None
    sha256_in_prefix: object = None


class _PathsData(Struct, gc=False):
    paths: list[_Path] | None = None


class _Record(Struct, gc=False):
    """What this needs of a file in conda-meta; the long parts are taken apart only where they are new."""

    name: object = ""
    version: object = ""
    noarch: object = None
    files: msgspec.Raw = _NOTHING
    paths_data: msgspec.Raw = _NOTHING


_RECORD = msgspec.json.Decoder(_Record)
_PATHS = msgspec.json.Decoder(_PathsData)
_PATHS_OF_RECORD: msgspec.json.Decoder[_PathsData | None] = msgspec.json.Decoder(_PathsData | None)
_FILES_OF_RECORD: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)


class ClaimReader:
    """Reads what packages claim, and remembers it: most environments have most of their records in common."""

    def __init__(self) -> None:
        self._known: dict[bytes, PackageClaims] = {}
        """By a digest of what the record says."""

    def of_prefix(
        self, prefix: str, records: Iterable[str], distributions: Iterable[tuple[str, str]]
    ) -> Iterator[PackageClaims]:
        """Read what the records of a prefix claim; one that cannot be read claims nothing.

        `records` are names of files in conda-meta, `distributions` pairs of a dist-info's path and of its package.
        """
        for name in records:
            with suppress(OSError):
                yield self._of_record(read_bounded(os.path.join(prefix, _META, name), LARGEST_RECORD))
        for path, package in distributions:
            with suppress(OSError):
                yield self._of_distribution(read_record(os.path.join(prefix, path, "RECORD")), path, package)

    def of_cache(self, cache: str, packages: Iterable[str]) -> Iterator[PackageClaims]:
        """Read what some of the extracted packages of a package cache claim to contain."""
        for package in packages:
            with suppress(OSError):
                data = read_bounded(os.path.join(cache, package, "info", "paths.json"), LARGEST_RECORD)
                files = _claimed(decode(data, _PATHS).paths or [], partial(os.path.join, package), cached=True)
                yield PackageClaims(_name_and_version(os.path.basename(package)), files)

    def _of_record(self, data: bytes) -> PackageClaims:
        record = decode(data, _RECORD)
        package = f"{record.name} {record.version}"
        return self._once(
            lambda: PackageClaims(package, _files_of(record)),
            f"{package} {record.noarch}".encode(),
            record.files,
            record.paths_data,
        )

    def _of_distribution(self, record: bytes, path: str, package: str) -> PackageClaims:
        base = os.path.dirname(path)
        return self._once(lambda: PackageClaims(package, _files_in(record, base)), os.fsencode(base), record)

    def _once(self, make: Callable[[], PackageClaims], *said: bytes | msgspec.Raw) -> PackageClaims:
        digest = hashlib.sha256()
        for each in said:
            digest.update(hashlib.sha256(each).digest())
        key = digest.digest()
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = make()
        return known


def _files_of(record: _Record) -> ClaimedFiles:
    """What a record of conda claims."""
    data = decode(bytes(record.paths_data), _PATHS_OF_RECORD) if bytes(record.paths_data) else None
    files = (decode(bytes(record.files), _FILES_OF_RECORD) if bytes(record.files) else None) or []
    if data and data.paths:
        # The paths of a `noarch: python` package are those in its archive; only `files` has those in the prefix.
        here = {in_archive(each): each for each in files} if record.noarch == "python" else {}
        return _claimed(data.paths, lambda path: here.get(path, path))
    # before conda 4.3 records had no digests
    own = list(dict.fromkeys(path for path in files if not path.endswith(_BYTECODE) and leads_inside(path)))
    return ClaimedFiles(own, [""] * len(own), array("q", [_UNKNOWN]) * len(own))


def _claimed(paths: Iterable[_Path], place: Callable[[str], str], *, cached: bool = False) -> ClaimedFiles:
    """Those paths that are files; of a path that is stated twice, the last. In a cache no prefix is in a file yet."""
    files = {place(each.path): each for each in paths if each.path_type in _FILES and not each.path.endswith(_BYTECODE)}
    files = {path: each for path, each in files.items() if leads_inside(path)}
    digests = (
        each.sha256 if cached else each.sha256_in_prefix or (None if each.prefix_placeholder else each.sha256)
        for each in files.values()
    )
    sizes = (each.size_in_bytes for each in files.values())
    return ClaimedFiles(
        paths=list(files),
        digests=[each if isinstance(each, str) else "" for each in digests],
        sizes=array("q", (_UNKNOWN if each is None else each for each in sizes)),
        with_prefix=frozenset(row for row, each in enumerate(files.values()) if each.prefix_placeholder),
    )


def _files_in(record: bytes, base: str) -> ClaimedFiles:
    """What pip's RECORD of a distribution claims; pip states no digest of what it has made itself."""
    rows = ((_joined(base, name), each) for name, each in rows_of(record) if each.sha256)
    files = {path: each for path, each in rows if not path.endswith(_BYTECODE) and leads_inside(path)}
    return ClaimedFiles(
        paths=list(files),
        digests=[each.sha256 for each in files.values()],
        sizes=array("q", (_UNKNOWN if each.size is None else each.size for each in files.values())),
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


def _name_and_version(stem: str) -> str:
    name, _, version = stem.rpartition("-")[0].rpartition("-")
    return f"{name} {version}"
