"""Read the files of packages as their records state them, only where an action or an analysis needs them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.prefixes.conda_meta import misplaced_record, read_each_record
from condatui_core.prefixes.distributions import in_archive
from condatui_core.prefixes.meta_file import LARGEST_RECORD, InstalledPackage, MetaFile, MetaPath, record_file_name
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord


class RecordedPath(Struct, frozen=True, kw_only=True):
    """One file, link or directory of a package, as its record states it."""

    path: str
    """Relative to the prefix."""
    kind: str = "hardlink"
    """`hardlink` for any regular file, linked or copied; `softlink`, `directory`, `pyc_file` …"""
    size: int | None = None
    """Bytes in the archive, None if not stated; a file with a placeholder may have another size in the prefix."""
    sha256: str = ""
    """SHA-256 of the file in the archive."""
    sha256_in_prefix: str = ""
    """SHA-256 of the file as it was installed; empty if not stated."""
    placeholder: str = ""
    """The prefix of the build machine, which conda has replaced in the file; empty if there is none."""

    @property
    def expected_sha256(self) -> str:
        """SHA-256 of the file that should be in the prefix; empty if the record does not tell it."""
        return self.sha256_in_prefix or ("" if self.placeholder else self.sha256)


@dataclass(frozen=True, slots=True)
class RecordedPackage(InstalledPackage):
    """Everything that an action needs of a record, from one reading of its file."""

    paths: tuple[RecordedPath, ...] = ()
    """The files of the package, in the order of the record."""
    url: str = field(default="", repr=False)
    """The URL of its archive with possible credentials, to be passed to conda only."""
    requests: Mapping[str, object] = field(default_factory=dict)
    """The specs that the user requested, by the name of the record's field."""


class _HashedPath(MetaPath, gc=False):
    """One path of a package with its hashes. A hash that is not text counts as missing."""

    sha256: object = None
    sha256_in_prefix: object = None


def read_recorded_packages(prefix: str) -> tuple[list[RecordedPackage], list[Problem]]:
    """Read every record of a prefix with its files, sorted by name.

    Raises OSError if conda-meta itself cannot be listed.
    """
    return read_each_record(prefix, _read_package)


def read_paths(prefix: str, record: PackageRecord) -> tuple[RecordedPath, ...] | Problem:
    """Read the files that one record states, in its order, or return why it cannot be read."""
    path = os.path.join(prefix, "conda-meta", record_file_name(record))
    try:
        file = decode(read_bounded(path, LARGEST_RECORD), _DECODER)
    except OSError as error:
        return Problem(path=path, reason=reason(error))
    return tuple(_recorded(file))


def _read_package(path: str, regular: bool) -> RecordedPackage | Problem:
    try:
        file = decode(read_bounded(path, LARGEST_RECORD, regular=regular), _DECODER)
    except OSError as error:
        return Problem(path=path, reason=reason(error))
    record = file.to_record()
    if misplaced := misplaced_record(path, record):
        return misplaced
    asked = {"requested_spec": file.requested_spec, "requested_specs": file.requested_specs}
    return RecordedPackage(
        record,
        file.traces(record),
        paths=tuple(_recorded(file)),
        url=file.url or "",
        requests={name: value for name, value in asked.items() if value is not UNSET},
    )


def _recorded(file: MetaFile[_HashedPath]) -> Iterator[RecordedPath]:
    files, paths = file.files or [], file.paths()
    # The paths of a `noarch: python` package are those in its archive; only `files` has those in the prefix.
    here = {in_archive(each): each for each in files} if file.noarch == "python" else {}
    stated = {here.get(each.path, each.path) for each in paths}
    # Before conda 4.3 there were no `paths`, and later condas leave out files that were damaged in the cache.
    yield from (RecordedPath(path=each) for each in files if each not in stated)
    for each in paths:
        yield RecordedPath(
            path=here.get(each.path, each.path),
            kind=str(each.path_type or "hardlink"),
            size=each.size_in_bytes,
            sha256=_text(each.sha256),
            sha256_in_prefix=_text(each.sha256_in_prefix),
            placeholder=each.prefix_placeholder or "",
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_DECODER = msgspec.json.Decoder(MetaFile[_HashedPath])
