"""Finds the conda packages that the package caches of this machine could put back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import open_regular, read_bounded
from condatui_core.records.restore_point import KeptPackage
from condatui_core.text import strip_credentials

_LARGEST = 4 << 20
"""Bytes of a repodata_record.json."""
_CHUNK = 1 << 20


class CachedRecord(Struct):
    """The fields of the repodata_record.json that conda writes into an extracted package."""

    url: str = ""
    channel: str | None = None
    subdir: str | None = None
    md5: str | None = None
    sha256: str | None = None
    size: int | None = None
    """Bytes of the archive."""


@dataclass(frozen=True, slots=True)
class CachedPackage:
    """A package in a package cache."""

    directory: str = ""
    """The directory that it is extracted to; empty if the cache has only its archive."""
    extracted_ns: int = 0
    """When it was extracted, by the time of the file that conda writes last."""
    archive: str = ""
    """Its archive; empty if the cache does not have that."""


def find_package(package: KeptPackage, pkgs_dirs: Iterable[str], *, thorough: bool = False) -> CachedPackage | None:
    """Find a package in the caches, in conda's own order; None if no cache has it.

    `thorough` compares the checksum of an archive too, not only its size.
    """
    for pkgs_dir in pkgs_dirs:
        directory = os.path.join(pkgs_dir, package.dist_name)
        archive = os.path.join(pkgs_dir, package.file_name) if package.file_name else ""
        has_archive = bool(archive) and _is_archive(archive, package, thorough=thorough)
        if extracted := _extracted(directory, package):
            return CachedPackage(directory, extracted, archive if has_archive else "")
        if has_archive and not os.path.lexists(os.path.join(directory, "info", "repodata_record.json")):
            return CachedPackage(archive=archive)
    return None


def missing_packages(packages: Sequence[KeptPackage], pkgs_dirs: Sequence[str]) -> tuple[KeptPackage, ...]:
    """The packages that no cache has any more."""
    return tuple(each for each in packages if find_package(each, pkgs_dirs) is None)


def read_record(directory: str) -> CachedRecord | None:
    """What an extracted package states of itself; None if the directory has no complete one."""
    try:
        return decode(read_bounded(_record_file(directory), _LARGEST), _RECORD)
    except OSError:
        return None


def _record_file(directory: str) -> str:
    return os.path.join(directory, "info", "repodata_record.json")


def _extracted(directory: str, package: KeptPackage) -> int:
    """When exactly this package was extracted, in nanoseconds; 0 if the directory holds none or another one."""
    found = read_record(directory)
    if found is None or not _same(found, package):
        return 0
    with suppress(OSError):
        return os.stat(_record_file(directory)).st_mtime_ns
    return 0


def _same(found: CachedRecord, package: KeptPackage) -> bool:
    """Whether both are one package; a checksum decides, else the URL, since two channels may share a file name."""
    if package.sha256 and found.sha256:
        return package.sha256 == found.sha256
    if package.md5 and found.md5:
        return package.md5 == found.md5
    return strip_credentials(found.url) == package.url


def _is_archive(path: str, package: KeptPackage, *, thorough: bool) -> bool:
    try:
        size = os.stat(path).st_size
        if package.archive_bytes and size != package.archive_bytes:
            return False
        return not thorough or not package.md5 or md5_of(path) == package.md5
    except OSError:
        return False


def md5_of(path: str) -> str:
    """The md5 of a file's content. Raises OSError."""
    digest = hashlib.md5(usedforsecurity=False)
    with open_regular(path, follow=True) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


_RECORD = msgspec.json.Decoder(CachedRecord)
