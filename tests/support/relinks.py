"""Environments with files of equal content, and surveys of them made by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from condatui_core.fs.tree import allocated
from condatui_core.records.relinking import LinkMethod, RelinkSurvey, SameFiles, StoredFile, StoredInode

CONTENT = b"the same in all of them\n" * 400
OLD = 1_600_000_000_000_000_000
"""Nanoseconds; the files of later environments are a second younger each."""


@dataclass
class Twins:
    """A directory with environments that hold the same files."""

    root: Path

    def environment(self, name: str, files: Mapping[str, bytes], *, modified: int = OLD) -> Path:
        """Make an environment with these files."""
        prefix = self.root / name
        (prefix / "conda-meta").mkdir(parents=True)
        for path, content in files.items():
            file = prefix / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            os.utime(file, ns=(modified, modified))
        return prefix

    def holder_of(self, file: Path) -> str:
        """The environment of a file."""
        return str(self.root / file.relative_to(self.root).parts[0])

    def inode(self, *paths: Path) -> StoredInode:
        """One file by all its paths."""
        status = paths[0].lstat()
        stored = (StoredFile(path=str(each), holder=self.holder_of(each), package="twin 1.0") for each in paths)
        return StoredInode(
            number=status.st_ino, bytes=allocated(status), modified=status.st_mtime_ns, paths=tuple(stored)
        )

    def same(self, kept: Path, *others: Path | tuple[Path, ...]) -> SameFiles:
        """Files that are claimed to be the same; several paths of one file are a tuple."""
        status = kept.lstat()
        joined = (self.inode(*(each if isinstance(each, tuple) else (each,))) for each in others)
        return SameFiles(
            device=status.st_dev, size=status.st_size, sha256="", kept=self.inode(kept), joined=tuple(joined)
        )

    def survey(self, *sets: SameFiles, method: LinkMethod = "hardlink") -> RelinkSurvey:
        """What a search finds."""
        devices = {each.device for each in sets}
        return RelinkSurvey(sets=sets, methods=tuple((device, method) for device in devices))


def temporary_names(root: Path) -> list[str]:
    """The temporary names below a directory."""
    return sorted(each.name for each in root.rglob(".*.condatui"))


def contents_below(root: Path) -> dict[str, bytes]:
    """The content of each file below a directory."""
    return {str(each.relative_to(root)): each.read_bytes() for each in sorted(root.rglob("*")) if each.is_file()}
