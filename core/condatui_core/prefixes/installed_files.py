"""Check the files of conda packages: which are missing, and which are not as conda has installed them."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from condatui_core.fs.safe_read import sha256_of
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.recorded_paths import RecordedPackage, RecordedPath
from condatui_core.prefixes.snapshot import PrefixRecords, read_records
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import FileFaults, PackageFaults

_BYTECODE = (".pyc", ".pyo")
"""Python writes these anew whenever it likes."""
_SLACK = 2_000_000_000
"""Nanoseconds; some file systems keep times in steps of two seconds."""


class _Seen(Struct, frozen=True):
    """One recorded file, and what stat shows of it."""

    recorded: RecordedPath
    status: os.stat_result | None
    """None if it is not there; that of its target if it is a link in the place of a file, as conda can make them."""
    later: bool = False
    """Whether it was written after its package was installed."""

    @property
    def regular(self) -> bool:
        return self.status is not None and stat.S_ISREG(self.status.st_mode)

    @property
    def linked(self) -> bool:
        """Whether it is a file with another hard link, such as one in the package cache."""
        return self.status is not None and self.regular and self.status.st_nlink > 1


def check_files(prefix: str, *, checksums: bool = False) -> FileFaults:
    """Stat every file that the records state; with `checksums` read them all, which may take minutes.

    Packages that pip has replaced are left out, and so are files that several packages state.
    """
    records = read_records(prefix)
    seen = [(package.record, [*_look(prefix, package.record, package.paths)]) for package in _checked(records)]
    stated = Counter(each.recorded.path for _, files in seen for each in files)
    times = not checksums and _times_tell(each for _, files in seen for each in files)
    missing: list[PackageFaults] = []
    altered: list[PackageFaults] = []
    for record, files in seen:
        missing += _faults(record, [each for each in files if each.status is None])
        own = (each for each in files if stated[each.recorded.path] == 1)
        altered += _faults(
            record, [each for each in own if _is_altered(prefix, each, checksums=checksums, times=times)]
        )
    return FileFaults(missing=tuple(missing), altered=tuple(altered), by_checksum=checksums)


def _checked(records: PrefixRecords) -> Iterator[RecordedPackage]:
    replaced = {each.package for each in records.contents.replaced}
    return (each for each in records.packages if each.record.name not in replaced)


def _look(prefix: str, record: PackageRecord, paths: Iterable[RecordedPath]) -> Iterator[_Seen]:
    try:
        installed = os.stat(os.path.join(prefix, "conda-meta", record_file_name(record))).st_mtime_ns
    except OSError:
        return
    for each in paths:
        if each.path.endswith(_BYTECODE):
            continue
        path = os.path.join(prefix, each.path)
        try:
            status, target = os.lstat(path), os.stat(path)
        except OSError:  # a link that leads nowhere is as good as missing
            yield _Seen(each, None)
            continue
        later = status.st_mtime_ns > installed + _SLACK
        yield _Seen(each, target if _is_sized(each) else status, later)


def _is_sized(recorded: RecordedPath) -> bool:
    """Whether the record states a regular file; before conda 4.3 it named links just so, without a size."""
    return recorded.kind == "hardlink" and recorded.size is not None


def _times_tell(files: Iterable[_Seen]) -> bool:
    """Whether times tell anything: in a prefix copied without them, most files are newer than their records."""
    later = Counter(each.later for each in files if each.regular)
    return later[True] < later[False]


def _is_altered(prefix: str, seen: _Seen, *, checksums: bool, times: bool) -> bool:
    recorded = seen.recorded
    if seen.status is None or recorded.kind == "softlink":
        return False
    if not seen.regular:
        return _is_sized(recorded)
    if checksums:
        expected = recorded.expected_sha256
        return bool(expected) and _checksum(os.path.join(prefix, recorded.path)) not in ("", expected)
    resized = recorded.size is not None and not recorded.placeholder and recorded.size != seen.status.st_size
    return resized or (times and seen.later)


def _checksum(path: str) -> str:
    """Empty if the file cannot be read."""
    try:
        return sha256_of(os.path.realpath(path))
    except OSError:
        return ""


def _faults(record: PackageRecord, files: Sequence[_Seen]) -> Iterator[PackageFaults]:
    if files:
        yield PackageFaults(
            package=record.name,
            spec=f"{record.name}={record.version}={record.build}",
            paths=tuple(each.recorded.path for each in files),
            linked=tuple(each.recorded.path for each in files if each.linked),
        )
