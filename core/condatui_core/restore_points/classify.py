"""Classifies the files of a prefix: those that conda would put back as they are, and those that have to be kept."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from condatui_core.fs.safe_read import open_regular
from condatui_core.fs.tree import PrefixTree, TreeEntry
from condatui_core.prefixes.distributions import in_archive
from condatui_core.prefixes.recorded_paths import RecordedPackage, RecordedPath
from condatui_core.records.restore_point import KeptPackage, kept_package
from condatui_core.restore_points.cached_packages import CachedPackage, find_package

# What conda's records state about the files of a prefix


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file that conda could put back from a package cache."""

    package: str
    """The name of the package in a cache: `name-version-build`."""
    size: int | None
    """Bytes of the file in the cache."""
    sha256_in_cache: str
    sha256: str
    """The digest of the installed file; it differs from that in the cache if conda has written the prefix into it."""
    in_cache: str
    """Its absolute path in the extracted package; empty if the cache has only the archive."""
    extracted_ns: int
    """When the package was extracted."""


@dataclass(frozen=True, slots=True)
class RecordedFiles:
    """All files of a prefix that conda could put back."""

    by_path: Mapping[str, RecordedFile]
    stated: frozenset[str]
    """The paths that the records of all packages state, whether conda could put them back or not."""
    packages: tuple[KeptPackage, ...]
    gone: tuple[str, ...]
    """Packages that no cache has complete any more, as `name-version-build`: their files have to be kept."""


def find_recorded_files(
    recorded: Sequence[RecordedPackage], pkgs_dirs: Sequence[str], *, thorough: bool = False
) -> RecordedFiles:
    """Find which files conda could put back; files that two packages claim are left out, since only one of them wins.

    `thorough` compares the checksums of archives.
    """
    by_path: dict[str, RecordedFile] = {}
    stated: Counter[str] = Counter()
    packages: list[KeptPackage] = []
    gone: list[str] = []
    python_comes = True
    for each in sorted(
        recorded, key=lambda each: each.record.name != "python"
    ):  # its version decides where conda puts noarch packages
        record, paths = each.record, each.paths
        package = kept_package(record, kept=True)
        stated.update(path.path for path in paths)
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
    """The files of a package with their paths in the prefix; None if the cache lacks one of them."""
    found = []
    for each in recorded:
        if each.kind != "hardlink" or not each.sha256:
            continue
        in_cache = ""
        if cached.directory:
            in_cache = os.path.join(cached.directory, in_archive(each.path) if noarch_python else each.path)
            if not os.path.lexists(in_cache):
                return None
        if sha256 := each.expected_sha256:
            file = RecordedFile(package.dist_name, each.size, each.sha256, sha256, in_cache, cached.extracted_ns)
            found.append((each.path, file))
    return found


_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Classified:
    """Whether conda brings a file back, by its status or, after a thorough look, by its content."""

    package: str
    """The package that brings it back, as `name-version-build`; empty if it has to be kept."""
    sha256: str = ""
    """The digest of its content; empty if the content was not read."""


class Classifier:
    """Classifies files one by one; `thorough` reads a file if its size and times do not prove that it is unchanged."""

    def __init__(
        self,
        tree: PrefixTree,
        recorded: RecordedFiles,
        *,
        thorough: bool,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        self._root = tree.root
        self._recorded = recorded
        self._thorough = thorough
        self._on_bytes = on_bytes
        self._recorded_at = {each.path: each.status.st_mtime_ns for each in tree.entries if each.path.endswith(".json")}

    def classify(self, entry: TreeEntry) -> Classified:
        """Find which package brings back a file, or a symlink in its place. Raises OSError if it cannot be read."""
        file = self._recorded.by_path.get(entry.path)
        if file is None:
            return Classified("")
        if entry.kind == "symlink":  # conda makes these with `always_softlink`
            return Classified(file.package if file.in_cache and entry.target == file.in_cache else "")
        linked = self._is_link(entry, file)
        if linked and (not self._thorough or entry.status.st_ctime_ns <= self._linked_ns(file)):
            return Classified(file.package, file.sha256_in_cache)
        if not self._thorough:
            return Classified(file.package if self._may_be(entry, file) else "")
        sha256 = file_sha256(os.path.join(self._root, entry.path), on_bytes=self._on_bytes)
        comes_back = sha256 == file.sha256 and (linked or self._cache_is_sound(file))
        return Classified(file.package if comes_back else "", sha256)

    def _is_link(self, entry: TreeEntry, file: RecordedFile) -> bool:
        """Whether it is a hard link to the cache's file, by its times unchanged since the package was extracted.

        Editing a file in place changes its time, and changes it in the cache and in all environments as well.
        """
        if entry.status.st_nlink < 2 or not file.in_cache or file.sha256 != file.sha256_in_cache:
            return False
        return _untouched(entry.status, file) and _inode(file.in_cache) == entry.inode

    def _linked_ns(self, file: RecordedFile) -> int:
        """When conda wrote the package's record, right after it had linked its files.

        A file that has changed later was edited, even if its size and time were set back, or was linked elsewhere.
        """
        return self._recorded_at.get(f"conda-meta/{file.package}.json", 0)

    def _may_be(self, entry: TreeEntry, file: RecordedFile) -> bool:
        return file.sha256 != file.sha256_in_cache or entry.status.st_size == file.size

    def _cache_is_sound(self, file: RecordedFile) -> bool:
        """Whether the file in the cache is still as it was extracted."""
        if not file.in_cache:
            return True
        status = os.lstat(file.in_cache)
        if _untouched(status, file) and status.st_ctime_ns <= file.extracted_ns:
            return True
        return file_sha256(file.in_cache, on_bytes=self._on_bytes) == file.sha256_in_cache


def file_sha256(path: str, *, on_bytes: Callable[[int], None] | None = None) -> str:
    """The SHA-256 of a regular file; `on_bytes` is called with bytes read. Raises OSError; EINVAL if it is no file."""
    with open_regular(path, buffering=0) as stream:
        return stream_sha256(stream, on_bytes=on_bytes)


def stream_sha256(stream: IO[bytes], *, on_bytes: Callable[[int], None] | None = None) -> str:
    """The SHA-256 of what a stream has yet to give, as `file_sha256`."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        if on_bytes:
            on_bytes(len(chunk))
    return digest.hexdigest()


def _untouched(status: os.stat_result, file: RecordedFile) -> bool:
    return status.st_size == file.size and 0 < status.st_mtime_ns <= file.extracted_ns


def _inode(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
