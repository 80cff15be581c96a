"""Records of the conda packages in a prefix, read from the files that conda keeps in conda-meta."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from condatui_core.bounded_read import decode, read_bounded, reason
from condatui_core.prefixes.meta_schema import MetaFile
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord

_DECODER = msgspec.json.Decoder(MetaFile)
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


def read_conda_meta(prefix: str) -> tuple[list[InstalledPackage], list[Problem]]:
    """Read every record of a prefix, sorted by name; what cannot be read becomes a problem and harms no other.

    Raises OSError if conda-meta itself cannot be listed.
    """
    packages: list[InstalledPackage] = []
    problems: list[Problem] = []
    for path, regular in _record_files(os.path.join(prefix, "conda-meta")):
        read = read_record(path, regular=regular)
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
    record = file.to_record()
    if record_file_name(record) != os.path.basename(path):
        # conda passes over such a file as well (or stops at it), so its package is not installed for conda.
        return Problem(path=path, reason=f"holds the record of {record.name} {record.version} {record.build}")
    return InstalledPackage(record, tuple(_anchors(file, record)) if record.provides else ())


def _anchors(file: MetaFile, record: PackageRecord) -> Iterator[Anchor]:
    wanted = [f"{each.path}/{name}" for each in record.provides for name in ("METADATA", "RECORD")]
    for path, size in file.sizes(wanted):
        yield Anchor(path, size)


def _record_files(directory: str) -> Iterator[tuple[str, bool]]:
    """The paths of the records, and whether the listing already says that it is a regular file."""
    with os.scandir(directory) as entries:
        for entry in entries:
            # `._x.json` is what macOS leaves on foreign file systems; conda does not look at it either.
            if entry.name.endswith(".json") and not entry.name.startswith("._"):
                yield entry.path, entry.is_file(follow_symlinks=False)


def _second_records(prefix: str, packages: list[InstalledPackage]) -> Iterator[Problem]:
    for one, other in itertools.pairwise(packages):
        if one.record.name == other.record.name:
            path = os.path.join(prefix, "conda-meta", record_file_name(other.record))
            yield Problem(path=path, reason=f"a second record of {other.record.name}, beside {one.record.version}")


def record_file_name(record: PackageRecord) -> str:
    """Name the file in conda-meta that holds a record."""
    return f"{record.name}-{record.version}-{record.build}.json"
