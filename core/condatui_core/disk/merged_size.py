"""The most bytes that a merged environment takes: what conda links takes none, all else is written anew.

How large a record or a directory turns out is known only once it is written, so all figures here are upper bounds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from condatui_core.fs.tree import allocated
from condatui_core.prefixes.distribution_files import files_of_distributions
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.recorded_paths import RecordedPackage, RecordedPath, read_recorded_packages
from condatui_core.prefixes.snapshot import read_records
from condatui_core.records.environment import Environment
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

_BLOCK = 4096
"""Bytes by which what a file occupies may exceed its size."""
_LONGER = 1024
"""Bytes by which a record that conda writes anew may be longer: it names where the package was linked from."""
_NOTES = 3 * _BLOCK
"""What conda's notes in a copy, such as its history, may take beside those of its source."""
_INFO = 16 * _BLOCK
"""What a package brings into a package cache, when it is extracted, beside the files that are linked."""
_META = "conda-meta"


def most_more_than(prefix: str, packages: Collection[RecordedPackage], target: str) -> int:
    """The most bytes by which what is written anew in a copy at `target` exceeds the same in its source; blocks.

    Records become longer, and so do files with the prefix in them if that of the copy is.
    """
    records = (_record(prefix, each) for each in packages)
    rewritten = sum(1 for each in packages for path in each.paths if path.placeholder)
    longer = len(os.fsencode(target)) > len(os.fsencode(prefix))
    return _NOTES + sum(_most_of(each) - _size_of(each) for each in records) + longer * rewritten * _BLOCK


def most_of_coming(prefix: str, packages: Collection[RecordedPackage], files: Collection[str], keeper: str) -> int:
    """The most bytes that some packages of a member, and files of pip, take in a copy of its keeper; blocks.

    These are the records, what is not linked from a package cache, and the directories: what the keeper has already
    may grow.
    """
    paths = (*(path.path for each in packages for path in each.paths), *files)
    written = (*(path.path for each in packages for path in each.paths if not _is_linked(path)), *files)
    return (
        sum(_most_of(_record(prefix, each)) for each in packages)
        + sum(_size_of(os.path.join(prefix, path)) for path in written)
        + sum(
            _BLOCK if os.path.isdir(os.path.join(keeper, path)) else _size_of(os.path.join(prefix, path))
            for path in _directories_of(paths)
        )
    )


def most_of_extracting(record: PackageRecord) -> int:
    """The most bytes that a package takes in a package cache that lacks it."""
    return record.archive_bytes + record.installed_bytes + record.file_count * _BLOCK + _INFO


def _record(prefix: str, package: RecordedPackage) -> str:
    return os.path.join(prefix, _META, record_file_name(package.record))


def _most_of(record: str) -> int:
    """The most bytes that a record occupies when it is written anew."""
    try:
        status = os.lstat(record)
    except OSError:
        return _BLOCK
    return max(allocated(status), -(-(status.st_size + _LONGER) // _BLOCK) * _BLOCK)


def _size_of(path: str) -> int:
    """The bytes that something occupies; what is gone meanwhile occupies none."""
    try:
        return allocated(os.lstat(path))
    except OSError:
        return 0


def _is_linked(recorded: RecordedPath) -> bool:
    return recorded.kind in ("hardlink", "directory") and not recorded.placeholder


def _directories_of(paths: Iterable[str]) -> Collection[str]:
    found: set[str] = set()
    for path in paths:
        while (path := os.path.dirname(path)) and path not in found:
            found.add(path)
    return found


# Before anything is planned


@dataclass(frozen=True, slots=True)
class MergedSizes:
    """Bounds the size of merged environments by the records of members and keepers; each pair is read once."""

    contents: Mapping[str, PrefixContents]
    """By prefix."""
    is_cached: Callable[[PackageRecord], bool]
    """Whether a package cache has a package extracted."""
    _known: dict[tuple[str, str], int]

    @classmethod
    def of(cls, environments: Iterable[Environment], is_cached: Callable[[PackageRecord], bool]) -> MergedSizes:
        """Of environments that may be merged; what was not read has nothing in it."""
        contents = {each.prefix: each.contents or PrefixContents() for each in environments}
        return cls(contents, is_cached, {})

    def most_beside(self, member: str, keeper: str) -> int:
        """The most bytes that a member merged into its keeper takes beside what the keeper alone holds; blocks."""
        if (member, keeper) not in self._known:
            self._known[member, keeper] = self._most_beside(member, keeper)
        return self._known[member, keeper]

    def _most_beside(self, member: str, keeper: str) -> int:
        kept = self.contents.get(keeper, PrefixContents())
        names = {each.name for each in kept.packages}
        provided = {canonicalize_name(each.name) for each in kept.distributions}
        mine = self.contents.get(member, PrefixContents()).pip_distributions
        of_pip = [each for each in mine if canonicalize_name(each.name) not in provided]
        read = read_records(member)
        coming = [each for each in read.packages if each.record.name not in names]
        files = files_of_distributions(read, of_pip)
        unstated = sum(each.installed_bytes for each in of_pip if each.name in files.unknown)
        linked = (*kept.packages, *(each.record for each in coming))
        return (
            most_more_than(keeper, _packages(keeper), member)
            + most_of_coming(member, coming, files.files, keeper)
            + unstated
            + sum(most_of_extracting(each) for each in linked if not self.is_cached(each))
        )


def _packages(prefix: str) -> Sequence[RecordedPackage]:
    """The packages of a prefix; none if it cannot be read, since then nothing can be merged into it."""
    try:
        return read_recorded_packages(prefix)[0]
    except OSError:
        return ()
