"""Which conda packages the caches of this machine could put back, and from where."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from condatui_core.fs.safe_read import decode, read_bounded
from condatui_core.records.restore_point import KeptPackage
from condatui_core.text import strip_credentials

_LARGEST = 4 << 20
"""Bytes of a repodata_record.json."""
_CHUNK = 1 << 20


class _CachedRecord(Struct):
    """What conda writes beside an extracted package."""

    url: str = ""
    md5: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CachedPackage:
    """A package as a cache has it."""

    directory: str = ""
    """Where it is extracted; empty if only its archive is there."""
    extracted_ns: int = 0
    """When it was, by the file that conda writes last."""
    archive: str = ""
    """The archive it came in, where that is there as well."""


def find_package(package: KeptPackage, pkgs_dirs: Iterable[str], *, thorough: bool = False) -> CachedPackage | None:
    """Find a package in a cache, in the order in which conda looks; None if it is in none.

    `thorough` compares the checksum of an archive too, and not its size alone.
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
    """Name the packages that no cache has any more."""
    return tuple(each for each in packages if find_package(each, pkgs_dirs) is None)


def _extracted(directory: str, package: KeptPackage) -> int:
    """When this very package was extracted, in nanoseconds; 0 if it was not."""
    file = os.path.join(directory, "info", "repodata_record.json")
    try:
        found = decode(read_bounded(file, _LARGEST), _RECORD)
        modified = os.stat(file).st_mtime_ns
    except OSError:
        return 0
    return modified if _same(found, package) else 0


def _same(found: _CachedRecord, package: KeptPackage) -> bool:
    """Two channels may hold other files under one name: a checksum decides, or the URL where there is none."""
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
        return not thorough or not package.md5 or _md5(path) == package.md5
    except OSError:
        return False


def _md5(path: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


_RECORD = msgspec.json.Decoder(_CachedRecord)
