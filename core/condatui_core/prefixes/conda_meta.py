"""Records of the conda packages in a prefix, read from the files that conda keeps in conda-meta."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from condatui_core.analyses.channels import channel_location
from condatui_core.fs.safe_read import decode, read_bounded, reason
from condatui_core.prefixes.distributions import distribution_directory, in_archive, name_and_version
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord, ProvidedDistribution
from condatui_core.text import mask_credentials

# The schema of a file in conda-meta, as wide as the condas of ten years have written it.


_NOT_FILES = ("softlink", "directory")
_DECLARING = ("/METADATA", "-INFO", ".egg-info", ".egg-link")
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: a timestamp beyond it is in milliseconds."""


class MetaPath(Struct, gc=False):
    """One path of a package, without the hashes, which nobody needs for every package at once."""

    path: str = field(name="_path", default="")
    path_type: str | int | None = None
    size_in_bytes: int | None = None
    prefix_placeholder: str | None = None


_Path = TypeVar("_Path", bound=MetaPath)


class _MetaPathsData(Struct, Generic[_Path], gc=False):
    paths: list[_Path] | None = None


class MetaFile(Struct, Generic[_Path], gc=False):
    """A file in conda-meta, with as much of its paths as a reader needs. Whatever is not named here is passed over."""

    name: str
    version: str
    build: str
    build_number: int | None = 0
    channel: str | None = None
    url: str | None = None
    subdir: str | None = None
    noarch: str | bool | None = None
    fn: str | None = None
    md5: str | None = None
    sha256: str | None = None
    size: int | None = None
    depends: list[str] | None = None
    constrains: list[str] | None = None
    license: str | None = None
    timestamp: float | None = None
    requested_spec: str | UnsetType | None = UNSET
    requested_specs: list[str] | UnsetType | None = UNSET
    files: list[str] | None = None
    """Where they lie in the prefix. The paths of a `noarch: python` package are those of its archive instead."""
    paths_data: _MetaPathsData[_Path] | None = None

    def to_record(self) -> PackageRecord:
        """Bring it to what the rest of condatui knows."""
        files = self.files or ()
        url = mask_credentials(self.url) if self.url else None
        return PackageRecord(
            name=self.name,
            version=self.version,
            build=self.build,
            build_number=self.build_number or 0,
            base_url=channel_location(self.channel, self.url, self.subdir or ""),
            url=url,
            subdir=self.subdir or "",
            noarch=self._noarch(),
            file_name=self.fn or (url.rpartition("/")[2] if url else ""),
            md5=self.md5 or "",
            sha256=self.sha256 or "",
            archive_bytes=self.size or 0,
            installed_bytes=self._installed_bytes(),
            file_count=len(files),
            depends=tuple(self.depends or ()),
            constrains=tuple(self.constrains or ()),
            license=self.license or "",
            timestamp=self._milliseconds(),
            requested_specs=self._requested(),
            provides=_provided(files),
        )

    def paths(self) -> list[_Path]:
        """Its files with their sizes; records from before conda 4.3 have none."""
        return (self.paths_data.paths if self.paths_data else None) or []

    def sizes(self, files: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Tell the size in bytes of those of these files that have the size in the prefix which the record states."""
        wanted = {in_archive(file) if self.noarch == "python" else file: file for file in files}
        if not wanted:
            return
        for each in self.paths():
            # Where conda wrote the prefix into a file, the size stated is that of before.
            if each.path in wanted and each.size_in_bytes is not None and not each.prefix_placeholder:
                yield wanted[each.path], each.size_in_bytes

    def _installed_bytes(self) -> int:
        total = 0
        for each in self.paths():  # a plain loop: this is asked of every file of every package
            if each.size_in_bytes and each.path_type not in _NOT_FILES:
                total += each.size_in_bytes
        return total

    def _noarch(self) -> str | None:
        if self.noarch is True:
            return "generic"
        return self.noarch.lower() if self.noarch else None

    def _milliseconds(self) -> int:
        stamp = self.timestamp or 0
        milliseconds = stamp if stamp > _LAST_SECOND else stamp * 1000
        return int(milliseconds) if 0 < milliseconds <= _LAST_SECOND * 1000 else 0

    def _requested(self) -> tuple[str, ...]:
        if self.requested_specs:
            return tuple(self.requested_specs)
        # conda wrote the word None for years.
        return (self.requested_spec,) if self.requested_spec and self.requested_spec != "None" else ()

    def anchors(self, record: PackageRecord) -> Iterator[Anchor]:
        """Find the files by which one sees that pip has installed one of its distributions anew."""
        wanted = [f"{each.path}/{name}" for each in record.provides for name in ("METADATA", "RECORD")]
        for path, size in self.sizes(wanted):
            yield Anchor(path, size)


def _provided(files: Iterable[str]) -> tuple[ProvidedDistribution, ...]:
    # Hardly one file in a hundred declares a distribution, and this is asked of every file of every package.
    declaring = [file for file in files if file.endswith(_DECLARING)]
    paths = [path for file in declaring if (path := distribution_directory(file))]
    return tuple(ProvidedDistribution(*name_and_version(path.rpartition("/")[2]), path) for path in paths)


_DECODER = msgspec.json.Decoder(MetaFile[MetaPath])
LARGEST_RECORD = 32 << 20
"""Bytes; the largest records of real packages, with tens of thousands of files, take a third of that."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The file of a conda package that changes whenever pip installs the same distribution anew."""

    path: str
    """Relative to the prefix."""
    size: int
    """Bytes, as the record states them."""


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A record with what only the look for replaced packages needs of it."""

    record: PackageRecord
    anchors: tuple[Anchor, ...] = ()
    """The METADATA and RECORD of its distributions, where the record states the size that they have in the prefix."""


_Package = TypeVar("_Package", bound=InstalledPackage)


def read_conda_meta(prefix: str) -> tuple[list[InstalledPackage], list[Problem]]:
    """Read every record of a prefix, sorted by name; what cannot be read becomes a problem and harms no other.

    Raises OSError if conda-meta itself cannot be listed.
    """
    return read_each_record(prefix, lambda path, regular: read_record(path, regular=regular))


def read_each_record(
    prefix: str, read_file: Callable[[str, bool], _Package | Problem]
) -> tuple[list[_Package], list[Problem]]:
    """Do the same with a reader that keeps more of each file; it is told whether the file is known to be regular."""
    packages: list[_Package] = []
    problems: list[Problem] = []
    for path, regular in _record_files(os.path.join(prefix, "conda-meta")):
        read = read_file(path, regular)
        if isinstance(read, Problem):
            problems.append(read)
        else:
            packages.append(read)
    packages.sort(key=lambda each: (each.record.name, each.record.version, each.record.build))
    problems += _second_records(prefix, packages)
    return packages, problems


def read_record(path: str, *, regular: bool = False) -> InstalledPackage | Problem:
    """Read one file of conda-meta, or say what is wrong with it; `regular` as for `read_bounded`."""
    try:
        file = decode(read_bounded(path, LARGEST_RECORD, regular=regular), _DECODER)
    except OSError as error:
        return Problem(path=path, reason=reason(error))
    return _installed(path, file)


def take_record(path: str, document: Mapping[str, object]) -> InstalledPackage | Problem:
    """Take a package from the document that a file of conda-meta was decoded to, or say what is wrong with it."""
    try:
        return _installed(path, msgspec.convert(document, MetaFile[MetaPath]))
    except msgspec.ValidationError as error:
        return Problem(path=path, reason=f"not what it should hold: {error}")


def _installed(path: str, file: MetaFile[MetaPath]) -> InstalledPackage | Problem:
    record = file.to_record()
    if misplaced := misplaced_record(path, record):
        return misplaced
    return InstalledPackage(record, tuple(file.anchors(record)) if record.provides else ())


def misplaced_record(path: str, record: PackageRecord) -> Problem | None:
    """Say that a file does not have the name of the record in it."""
    if record_file_name(record) == os.path.basename(path):
        return None
    # conda passes over such a file as well (or stops at it), so its package is not installed for conda.
    return Problem(path=path, reason=f"holds the record of {record.name} {record.version} {record.build}")


def _record_files(directory: str) -> Iterator[tuple[str, bool]]:
    """The paths of the records, and whether the listing already says that it is a regular file."""
    with os.scandir(directory) as entries:
        for entry in entries:
            # `._x.json` is what macOS leaves on foreign file systems; conda does not look at it either.
            if entry.name.endswith(".json") and not entry.name.startswith("._"):
                yield entry.path, entry.is_file(follow_symlinks=False)


def _second_records(prefix: str, packages: Sequence[InstalledPackage]) -> Iterator[Problem]:
    for one, other in itertools.pairwise(packages):
        if one.record.name == other.record.name:
            path = os.path.join(prefix, "conda-meta", record_file_name(other.record))
            yield Problem(path=path, reason=f"a second record of {other.record.name}, beside {one.record.version}")


def record_file_name(record: PackageRecord) -> str:
    """Name the file in conda-meta that holds a record."""
    return f"{record.name}-{record.version}-{record.build}.json"
