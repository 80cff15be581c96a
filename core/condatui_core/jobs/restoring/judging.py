"""Which files of a prefix conda would put back as they are, and which have to be kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

from condatui_core.bounded_read import open_regular
from condatui_core.jobs.restoring.recorded_files import RecordedFile, RecordedFiles
from condatui_core.jobs.restoring.tree import Entry, Tree

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Judged:
    """What a glance, or a look at its content, makes of a file."""

    package: str
    """The package that brings it back, as `name-version-build`; empty if it has to be kept."""
    sha256: str = ""
    """Of its content; empty if nobody has looked."""


class Judge:
    """Judges files one by one; `thorough` reads those of which size and time say too little."""

    def __init__(
        self, tree: Tree, recorded: RecordedFiles, *, thorough: bool, told: Callable[[int], None] | None = None
    ) -> None:
        self._root = tree.root
        self._recorded = recorded
        self._thorough = thorough
        self._told = told

    def judge(self, entry: Entry) -> Judged:
        """Say who brings back a file, or a symlink in its place. Raises OSError if it has to be read and cannot be."""
        file = self._recorded.by_path.get(entry.path)
        if file is None:
            return Judged("")
        if entry.kind == "symlink":  # as conda makes them with `always_softlink`
            return Judged(file.package if file.in_cache and entry.target == file.in_cache else "")
        if self._is_link(entry, file):
            return Judged(file.package, file.sha256_in_cache)
        if not self._thorough:
            return Judged(file.package if self._may_be(entry, file) else "")
        sha256 = file_sha256(os.path.join(self._root, entry.path), told=self._told)
        comes_back = sha256 == file.sha256 and self._cache_is_sound(file)
        return Judged(file.package if comes_back else "", sha256)

    def _is_link(self, entry: Entry, file: RecordedFile) -> bool:
        """Whether it is the very file of the cache, untouched since that was extracted.

        A file that is edited in place gets another time, and is another one in the cache and in all environments.
        """
        if entry.status.st_nlink < 2 or not file.in_cache or file.sha256 != file.sha256_in_cache:
            return False
        return _untouched(entry.status, file) and _inode(file.in_cache) == entry.inode

    def _may_be(self, entry: Entry, file: RecordedFile) -> bool:
        return file.sha256 != file.sha256_in_cache or entry.status.st_size == file.size

    def _cache_is_sound(self, file: RecordedFile) -> bool:
        """Whether the file in the cache is still what the package brought."""
        if not file.in_cache:
            return True
        status = os.lstat(file.in_cache)
        return _untouched(status, file) or file_sha256(file.in_cache) == file.sha256_in_cache


def file_sha256(path: str, *, told: Callable[[int], None] | None = None) -> str:
    """Digest a regular file; `told` hears of bytes read. Raises OSError; EINVAL for what is no file now."""
    digest = hashlib.sha256()
    with open_regular(path, buffering=0) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            if told:
                told(len(chunk))
    return digest.hexdigest()


def _untouched(status: os.stat_result, file: RecordedFile) -> bool:
    return status.st_size == file.size and 0 < status.st_mtime_ns <= file.extracted_ns


def _inode(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
