"""Find which of several distributions of one name wrote its files last, by what each states of these files."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from condatui_core.fs.safe_read import open_regular, read_bounded
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.text import counted

_LARGEST_RECORD = 64 << 20
_LARGEST_FILE = 4 << 20
"""Bytes of the largest file that is read to compare checksums."""
_MOST_FILES = 100
"""The most files that are read to compare checksums."""


class FileClaim(Struct, frozen=True):
    """What a distribution states of one file."""

    size: int | None = None
    """Bytes."""
    sha256: str = ""
    """In hexadecimal; empty if not stated."""


class Claimant(Struct, frozen=True):
    """A distribution in a prefix, installed by conda or by pip."""

    label: str
    """Such as `conda's idna 3.10`."""
    files: Mapping[str, FileClaim]
    """Path relative to the prefix → what it states of the file."""
    installed_ns: int
    """When it was installed, nanoseconds since 1970, by the time of the file that its installer writes last."""


def last_writer(prefix: str, claimants: Sequence[Claimant]) -> tuple[int, str]:
    """Find who wrote the files that several claim: the index of the last writer, and what shows it, in one line.

    Sizes decide, then checksums, then the times of installation.
    """
    claims = Counter(path for each in claimants for path in each.files)
    disputed = sorted(path for path, count in claims.items() if count > 1)
    for what, verify in (("size", _has_size), ("checksum", _has_checksum)):
        scores = [_score(prefix, each, disputed, verify) for each in claimants]
        best = max(scores)
        if scores.count(best) == 1:
            last = claimants[scores.index(best)]
            evidence = f"the {what}s of {counted(len(disputed), 'file')} in their lists are those of {last.label}"
            return scores.index(best), evidence
    winner = max(range(len(claimants)), key=lambda index: claimants[index].installed_ns)
    return winner, f"{claimants[winner].label} was installed last, by the times of the files"


_Verify = Callable[[str, FileClaim], "bool | None"]


def _score(prefix: str, claimant: Claimant, disputed: Sequence[str], verify: _Verify) -> int:
    """The number of claims that hold, minus those that do not."""
    score = 0
    for path in disputed[:_MOST_FILES] if verify is _has_checksum else disputed:
        holds = verify(os.path.join(prefix, path), claimant.files.get(path, FileClaim()))
        score += 0 if holds is None else 1 if holds else -1
    return score


def _has_size(path: str, claim: FileClaim) -> bool | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if claim.size is None or not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size == claim.size


def _has_checksum(path: str, claim: FileClaim) -> bool | None:
    if not claim.sha256:
        return None
    try:
        with open_regular(path) as stream:
            data = stream.read(_LARGEST_FILE + 1)
    except OSError:
        return None
    return None if len(data) > _LARGEST_FILE else hashlib.sha256(data).hexdigest() == claim.sha256


# What conda's records and pip's RECORD files claim


def conda_claimant(prefix: str, record: PackageRecord) -> Claimant:
    """What conda's record states."""
    recorded = read_paths(prefix, record)
    files = (
        {}
        if isinstance(recorded, Problem)
        else {each.path: FileClaim(None if each.placeholder else each.size, each.expected_sha256) for each in recorded}
    )
    installed = _modified(os.path.join(prefix, "conda-meta", record_file_name(record)))
    return Claimant(f"conda's {record.name} {record.version}", files, installed)


def pip_claimant(prefix: str, distribution: Distribution) -> Claimant:
    """What the RECORD of a distribution states."""
    directory = os.path.join(prefix, distribution.path)
    record = os.path.join(directory, "RECORD")
    base = os.path.dirname(distribution.path)
    files = {os.path.normpath(os.path.join(base, path)): claim for path, claim in record_rows(record)}
    installed = _modified(record) or _modified(directory)
    return Claimant(f"pip's {distribution.name} {distribution.version}", files, installed)


def record_rows(path: str) -> Iterator[tuple[str, FileClaim]]:
    """Read the rows of a RECORD, each with its path as written; nothing if the file is missing or unreadable."""
    with suppress(OSError):
        yield from rows_of(read_record(path))


def read_record(path: str) -> bytes:
    """Read a RECORD as it is. Raises OSError."""
    return read_bounded(path, _LARGEST_RECORD)


def rows_of(record: bytes) -> Iterator[tuple[str, FileClaim]]:
    """The rows of a RECORD that was read already, each with its path as written."""
    for row in _rows(record):
        name, digest, size, *_ = (*row, "", "")
        yield name, FileClaim(int(size) if size.isdecimal() and len(size) < 16 else None, _sha256(digest))


def paths_in_record(record: bytes) -> tuple[str, ...]:
    """The paths in a RECORD that was read already, as written."""
    return tuple(row[0] for row in _rows(record))


def _rows(record: bytes) -> Iterator[list[str]]:
    try:
        yield from filter(None, csv.reader(record.decode("utf-8", "surrogateescape").splitlines()))
    except csv.Error:  # a line that pip cannot have written; the lines before it count
        return


def _sha256(digest: str) -> str:
    """`sha256=…` in URL-safe base64 without padding, as hexadecimal; empty for anything else."""
    algorithm, _, encoded = digest.partition("=")
    try:
        return base64.urlsafe_b64decode(f"{encoded}==").hex() if algorithm == "sha256" else ""
    except (ValueError, binascii.Error):
        return ""


def _modified(path: str) -> int:
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0
