"""Tell which of several records of one package is true: conda should leave one, but a broken update leaves two."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeVar

from msgspec import Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.meta_file import DECODER, LARGEST_RECORD, InstalledPackage, record_file_name
from condatui_core.records.finding import Problem, SecondRecord
from condatui_core.records.package import PackageRecord

_Package = TypeVar("_Package", bound=InstalledPackage)


class _Testimony(Struct, frozen=True):
    """What speaks for one of several records."""

    faults: float
    """The share of its files that are missing or of another size, from 0 to 1."""
    written: int
    """When the record was written, nanoseconds since 1970."""


def without_second_records(prefix: str, packages: Sequence[_Package]) -> tuple[list[_Package], list[Problem]]:
    """Keep the true record of each package, with a problem for each other one; the packages are sorted by name.

    The record whose files are there is true; where the files do not tell, it is the one that was written last.
    """
    kept: list[_Package] = []
    problems: list[Problem] = []
    for _, group in itertools.groupby(packages, key=attrgetter("record.name")):
        rivals = list(group)
        true, proven = _true_record(prefix, rivals) if len(rivals) > 1 else (rivals[0], True)
        kept.append(true)
        problems += _second(prefix, true.record, (each.record for each in rivals if each is not true), proven=proven)
    return kept, problems


def _true_record(prefix: str, rivals: Sequence[_Package]) -> tuple[_Package, bool]:
    """The true one of several records of a package, and whether the files prove it."""
    testimonies = [(_testimony(prefix, each.record), each) for each in rivals]
    (best, first), (next_best, _), *_ = sorted(testimonies, key=lambda pair: pair[0].faults)
    if best.faults < next_best.faults and best.faults <= 0.5:
        return first, True
    return max(testimonies, key=lambda pair: pair[0].written)[1], False


def _testimony(prefix: str, record: PackageRecord) -> _Testimony:
    path = _path(prefix, record)
    try:
        written = os.stat(path).st_mtime_ns
        file = decode(read_bounded(path, LARGEST_RECORD), DECODER)
    except OSError:
        return _Testimony(1, 0)
    files = file.files or [each.path for each in file.paths()]
    sizes = dict(file.sizes(files))
    faults = sum(not _is_there(os.path.join(prefix, each), sizes.get(each)) for each in files)
    return _Testimony(faults / len(files) if files else 0, written)


def _is_there(path: str, size: int | None) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return size is None or not stat.S_ISREG(status.st_mode) or status.st_size == size


def _second(prefix: str, true: PackageRecord, others: Iterable[PackageRecord], *, proven: bool) -> Iterator[Problem]:
    installed = f"{true.version} {true.build}"
    why = f"the files are those of {installed}" if proven else f"that of {installed} is newer, the files do not tell"
    for each in others:
        second = SecondRecord(package=each.name, version=f"{each.version} {each.build}", true=installed, proven=proven)
        yield Problem(path=_path(prefix, each), reason=f"a second record of {each.name}: {why}", second=second)


def _path(prefix: str, record: PackageRecord) -> str:
    return os.path.join(prefix, "conda-meta", record_file_name(record))
