"""Where conda will take the packages of a clone from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from condatui_core.bounded_read import decode, read_bounded
from condatui_core.credentials import strip_credentials
from condatui_core.jobs.restoring.cached_packages import find_package
from condatui_core.prefixes.conda_meta import LARGEST_RECORD, record_file_name
from condatui_core.records.package import PackageRecord
from condatui_core.records.restore_point import KeptPackage

Way = Literal["extracted", "archive", "file", "download", "nowhere"]


@dataclass(frozen=True, slots=True)
class Provided:
    """A package of a clone, and where it comes from."""

    record: PackageRecord
    way: Way
    """Extracted in the package cache, its archive there, a channel on this machine, the network, or nobody knows."""
    device: int | None = None
    """The file system that it is extracted on."""
    archive: str = ""
    """Its archive in the cache, for one that has no URL."""


class _Located(Struct):
    url: str | None = None
    md5: str | None = None


_LOCATED = msgspec.json.Decoder(_Located)


def provide(records: Iterable[PackageRecord], pkgs_dirs: Sequence[str]) -> tuple[Provided, ...]:
    """Find out where conda would take these packages from; takes some stats each."""
    return tuple(_provide(record, pkgs_dirs) for record in records)


def explicit_lines(prefix: str, provided: Iterable[Provided]) -> Iterator[str]:
    """The lines of an explicit file, credentials and all: read anew from the records, where they are.

    Raises OSError if a record has gone.
    """
    yield "@EXPLICIT"
    for each in provided:
        file = os.path.join(prefix, "conda-meta", record_file_name(each.record))
        located = decode(read_bounded(file, LARGEST_RECORD), _LOCATED)
        url = located.url or each.archive
        yield f"{url}#{located.md5}" if located.md5 else url


def _provide(record: PackageRecord, pkgs_dirs: Sequence[str]) -> Provided:
    cached = find_package(_package(record), pkgs_dirs)
    archive = cached.archive if cached else ""
    if not record.url and not archive:
        return Provided(record, "nowhere")
    if cached and cached.directory:
        return Provided(record, "extracted", os.stat(cached.directory).st_dev, archive)
    if cached:
        return Provided(record, "archive", archive=archive)
    return Provided(record, "file" if _is_on_this_machine(record.url or "") else "download")


def _is_on_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "file" and os.path.isfile(unquote(parts.path))


def _package(record: PackageRecord) -> KeptPackage:
    return KeptPackage(
        name=record.name,
        version=record.version,
        build=record.build,
        url=strip_credentials(record.url or ""),
        md5=record.md5,
        sha256=record.sha256,
        file_name=record.file_name,
        archive_bytes=record.archive_bytes,
        kept=False,
    )
