"""The schema of a file in conda-meta, as the condas of ten years have written it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from condatui_core.analyses.channels import channel_location
from condatui_core.prefixes.distributions import distribution_directory, in_archive, name_and_version
from condatui_core.records.package import PackageRecord, ProvidedDistribution
from condatui_core.text import mask_credentials

_NOT_FILES = ("softlink", "directory")
_DECLARING = ("/METADATA", "-INFO", ".egg-info", ".egg-link")
_LAST_SECOND = 253_402_300_799
"""Seconds until the end of the year 9999: a larger timestamp is in milliseconds."""


Text: TypeAlias = str | int | float
"""Text, or a number that a JSON writer put in its place (`"version": 2022`); conda reads it as text as well."""


class MetaPath(Struct, gc=False):
    """One path of a package, without the hashes, which are only needed for single packages."""

    path: str = field(name="_path", default="")
    path_type: str | int | None = None
    size_in_bytes: int | None = None
    prefix_placeholder: str | None = None


_Path = TypeVar("_Path", bound=MetaPath)


class _MetaPathsData(Struct, Generic[_Path], gc=False):
    paths: list[_Path] | None = None


class _MetaLink(Struct, gc=False):
    source: str | None = None


class MetaFile(Struct, Generic[_Path], gc=False):
    """A file in conda-meta, with the details of its paths that a reader needs. Unknown fields are ignored."""

    name: Text
    version: Text
    build: Text
    build_number: int | None = 0
    channel: str | None = None
    url: str | None = None
    subdir: Text | None = None
    noarch: str | bool | None = None
    fn: Text | None = None
    md5: Text | None = None
    sha256: Text | None = None
    size: int | None = None
    depends: list[str] | None = None
    constrains: list[str] | None = None
    license: Text | None = None
    timestamp: float | None = None
    requested_spec: str | UnsetType | None = UNSET
    requested_specs: list[str] | UnsetType | None = UNSET
    link: _MetaLink | None = None
    extracted_package_dir: str | None = None
    python_site_packages_path: str | None = None
    """In the record of python: where conda puts `noarch: python` packages."""
    files: list[str] | None = None
    """Paths in the prefix; `paths_data` of a `noarch: python` package has those in the archive instead."""
    paths_data: _MetaPathsData[_Path] | None = None

    def to_record(self) -> PackageRecord:
        """Convert it to the record that the rest of condatui uses."""
        files = self.files or ()
        # This runs for every file of every package, and less than one in a hundred declares a distribution.
        declaring = [file for file in files if file.endswith(_DECLARING)]
        subdir = _text(self.subdir)
        url = mask_credentials(self.url) if self.url else None
        return PackageRecord(
            name=_text(self.name),
            version=_text(self.version),
            build=_text(self.build),
            build_number=self.build_number or 0,
            base_url=channel_location(self.channel, self.url, subdir),
            url=url,
            subdir=subdir,
            noarch=self._noarch(),
            file_name=_text(self.fn) or (url.partition("#")[0].rpartition("/")[2] if url else ""),
            md5=_text(self.md5),
            sha256=_text(self.sha256),
            archive_bytes=self.size or 0,
            installed_bytes=self._installed_bytes(),
            file_count=len(files),
            depends=tuple(self.depends or ()),
            constrains=tuple(self.constrains or ()),
            license=_text(self.license),
            timestamp=self._milliseconds(),
            requested_specs=self._requested(),
            provides=tuple(_provided(declaring)),
        )

    def paths(self) -> list[_Path]:
        """The files with their sizes; records from before conda 4.3 have none."""
        return (self.paths_data.paths if self.paths_data else None) or []

    def sizes(self, files: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Yield the stated size in bytes of those of `files` that have this same size in the prefix."""
        wanted = {in_archive(file) if self.noarch == "python" else file: file for file in files}
        if not wanted:
            return
        for each in self.paths():
            # Where conda has written the prefix into a file, the record states the size before that.
            if each.path in wanted and each.size_in_bytes is not None and not each.prefix_placeholder:
                yield wanted[each.path], each.size_in_bytes

    def _installed_bytes(self) -> int:
        total = 0
        for each in self.paths():  # a plain loop: it runs for every file of every package
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
        # For years conda wrote the text `None`.
        return (self.requested_spec,) if self.requested_spec and self.requested_spec != "None" else ()

    def traces(self, record: PackageRecord) -> Traces:
        """What the reading of a prefix needs besides the record."""
        link = self.link.source if self.link else None
        return Traces(
            anchors=tuple(self._anchors(record)),
            pth_files=tuple(file for file in self.files or () if file.endswith(".pth")) if record.provides else (),
            linked_from=os.path.dirname(link or self.extracted_package_dir or ""),
            site_packages=self.python_site_packages_path or "",
        )

    def _anchors(self, record: PackageRecord) -> Iterator[Anchor]:
        wanted = [f"{each.path}/{name}" for each in record.provides for name in ("METADATA", "RECORD")]
        for path, size in self.sizes(wanted):
            yield Anchor(path, size)


def _text(value: Text | None) -> str:
    return "" if value is None else str(value)


def _provided(declaring: Iterable[str]) -> Iterator[ProvidedDistribution]:
    for file in declaring:
        if path := distribution_directory(file):
            yield ProvidedDistribution(*name_and_version(path.rpartition("/")[2]), path)


DECODER = msgspec.json.Decoder(MetaFile[MetaPath])
LARGEST_RECORD = 32 << 20
"""Bytes; the largest real records, with tens of thousands of files, take a third of that."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A file of a conda package that changes whenever pip reinstalls the same distribution."""

    path: str
    """Relative to the prefix."""
    size: int
    """The size in bytes that the record states."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What a record states that only the reading of its prefix needs."""

    anchors: tuple[Anchor, ...] = ()
    """The METADATA and RECORD of its distributions, if the record states their size in the prefix."""
    pth_files: tuple[str, ...] = ()
    """Its .pth files, relative to the prefix."""
    linked_from: str = ""
    """The package cache that it was linked from; empty if the record does not say."""
    site_packages: str = ""
    """Of python alone: the site-packages that it reads, relative to the prefix, if the record states it."""


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A record with what only the reading of its prefix needs."""

    record: PackageRecord
    traces: Traces


def record_file_name(record: PackageRecord) -> str:
    """The name of the file in conda-meta that holds a record."""
    return f"{record.dist_name}.json"
