"""Read the records of conda packages from the files in a prefix's conda-meta."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import TypeVar

import msgspec

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.prefixes.meta_file import (
    DECODER,
    LARGEST_RECORD,
    InstalledPackage,
    MetaFile,
    MetaPath,
    record_file_name,
)
from condatui_core.prefixes.second_records import without_second_records
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord
from condatui_core.text import schema_fault

_Package = TypeVar("_Package", bound=InstalledPackage)


def read_conda_meta(prefix: str, reader: RecordReader | None = None) -> tuple[list[InstalledPackage], list[Problem]]:
    """Read every record of a prefix, sorted by name; an unreadable one becomes a problem and affects no other.

    Raises OSError if conda-meta itself cannot be listed.
    """
    return read_each_record(prefix, (reader or RecordReader()).read)


def read_each_record(
    prefix: str, read_file: Callable[[str, bool], _Package | Problem]
) -> tuple[list[_Package], list[Problem]]:
    """Read every record with `read_file`, as `read_conda_meta` does; it is told whether the file is a regular one.

    Of several records of one package only the true one is returned; each other one is a problem.
    """
    packages: list[_Package] = []
    problems: list[Problem] = []
    for path, regular in _record_files(os.path.join(prefix, "conda-meta")):
        read = read_file(path, regular)
        if isinstance(read, Problem):
            problems.append(read)
        else:
            packages.append(read)
    packages.sort(key=lambda each: (each.record.name, each.record.version, each.record.build))
    kept, second = without_second_records(prefix, packages)
    return kept, problems + second


class RecordReader:
    """Reads files of conda-meta, and takes each content apart once.

    conda writes the same bytes for a package into all environments that it links it to in the same way, and to
    compute their digest takes a tenth of the time. Any thread may call it.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, InstalledPackage] = {}
        """By the digest of the file that it was read from."""

    def read(self, path: str, regular: bool = False) -> InstalledPackage | Problem:
        """Read one file, or return what is wrong with it; `regular` as for `read_bounded`."""
        try:
            data = read_bounded(path, LARGEST_RECORD, regular=regular)
            digest = sha256(data).digest()
            package = self._known.get(digest)
            if package is None:
                package = self._known[digest] = _installed(decode(data, DECODER))
        except OSError as error:
            return Problem(path=path, reason=reason(error))
        return misplaced_record(path, package.record) or package


def take_record(path: str, document: Mapping[str, object]) -> InstalledPackage | Problem:
    """Convert the decoded document of a conda-meta file to a package, or return what is wrong with it."""
    try:
        package = _installed(msgspec.convert(document, MetaFile[MetaPath]))
    except msgspec.ValidationError as error:
        return Problem(path=path, reason=f"unexpected content: {schema_fault(str(error))}")
    return misplaced_record(path, package.record) or package


def _installed(file: MetaFile[MetaPath]) -> InstalledPackage:
    record = file.to_record()
    return InstalledPackage(record, file.traces(record))


def misplaced_record(path: str, record: PackageRecord) -> Problem | None:
    """The problem of a file that is not named after the record in it, if it is one."""
    if record_file_name(record) == os.path.basename(path):
        return None
    # conda ignores such a file as well (or fails at it), so to conda its package is not installed.
    return Problem(path=path, reason=f"holds the record of {record.name} {record.version} {record.build}")


def _record_files(directory: str) -> Iterator[tuple[str, bool]]:
    """The paths of the records, and whether the directory listing shows that each is a regular file."""
    with os.scandir(directory) as entries:
        for entry in entries:
            # macOS leaves `._x.json` on foreign file systems; conda ignores it as well.
            if entry.name.endswith(".json") and not entry.name.startswith("._"):
                yield entry.path, entry.is_file(follow_symlinks=False)
