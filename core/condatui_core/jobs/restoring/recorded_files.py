"""What conda's records say of the files of a prefix: enough to tell whether conda would put back the very same."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from condatui_core.credentials import strip_credentials
from condatui_core.jobs.restoring.cached_packages import CachedPackage, find_package
from condatui_core.prefixes.distribution_paths import in_archive
from condatui_core.prefixes.recorded_paths import RecordedPath, read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord
from condatui_core.records.restore_point import KeptPackage


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file that conda could put back from a package cache."""

    package: str
    """The name of the package in a cache: `name-version-build`."""
    size: int | None
    """Bytes of the file in the cache."""
    sha256_in_cache: str
    sha256: str
    """As it was installed: another one where conda has written the prefix into it."""
    in_cache: str
    """Its absolute path in the extracted package; empty if only the archive is there."""
    extracted_ns: int
    """When the package was extracted."""


@dataclass(frozen=True, slots=True)
class RecordedFiles:
    """All files of a prefix that conda could put back."""

    by_path: Mapping[str, RecordedFile]
    stated: frozenset[str]
    """The paths of all packages, be they to be put back or not."""
    packages: tuple[KeptPackage, ...]
    gone: tuple[str, ...]
    """Packages that no cache has whole any more, as `name-version-build`: their files have to be kept."""


def read_recorded_files(
    prefix: str, records: Sequence[PackageRecord], pkgs_dirs: Sequence[str], *, thorough: bool = False
) -> RecordedFiles:
    """Read which files conda could put back; what two packages claim is not among them, for only one of them wins.

    `thorough` compares the checksums of archives.
    """
    by_path: dict[str, RecordedFile] = {}
    stated: Counter[str] = Counter()
    packages: list[KeptPackage] = []
    gone: list[str] = []
    python_comes = True
    for record in sorted(records, key=lambda each: each.name != "python"):  # conda places others by its version
        package = _package(record)
        recorded = read_paths(prefix, record)
        paths = () if isinstance(recorded, Problem) else recorded
        stated.update(each.path for each in paths)
        can_come = bool(package.url) and (python_comes or record.noarch != "python")
        cached = find_package(package, pkgs_dirs, thorough=thorough) if can_come and paths else None
        files = _files(package, paths, cached, noarch_python=record.noarch == "python") if cached else None
        if record.name == "python":
            python_comes = files is not None
        if files is None and record.file_count:
            gone.append(package.dist_name)
        by_path.update(files or ())
        packages.append(package)
    for path in [path for path in by_path if stated[path] > 1]:
        del by_path[path]
    packages.sort(key=lambda each: each.name)
    return RecordedFiles(by_path, frozenset(stated), tuple(packages), tuple(sorted(gone)))


def _files(
    package: KeptPackage, recorded: Sequence[RecordedPath], cached: CachedPackage, *, noarch_python: bool
) -> list[tuple[str, RecordedFile]] | None:
    """The files of a package with their paths in the prefix; None if the cache has not all of them."""
    found = []
    for each in recorded:
        if each.kind != "hardlink" or not each.sha256:
            continue
        in_cache = ""
        if cached.directory:
            in_cache = os.path.join(cached.directory, in_archive(each.path) if noarch_python else each.path)
            if not os.path.lexists(in_cache):
                return None
        sha256 = each.sha256_in_prefix or ("" if each.placeholder else each.sha256)
        if sha256:
            file = RecordedFile(package.dist_name, each.size, each.sha256, sha256, in_cache, cached.extracted_ns)
            found.append((each.path, file))
    return found


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
        kept=True,
    )
