"""The working directory of a pack, beside the target: no other disk fills, and the last step is a rename."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from condatui_core.actions.pack.messages import ARCHIVE
from condatui_core.fs.atomic_write import rename_if_free, sync_path
from condatui_core.fs.delete_tree import delete_tree, delete_whole
from condatui_core.fs.locks import FileLock
from condatui_core.fs.sync import sync_tree
from condatui_core.fs.tree import read_tree
from condatui_core.records.request import PackRequest

_NAME = ".condatui-pack-"
_LOCK = "lock"


class PackPlace:
    """The working directory of one job, and the path that its archive is moved to."""

    def __init__(self, file: str, job_id: str, *, replace: bool) -> None:
        self._target = os.path.realpath(file) if replace else file
        self._replace = replace
        self.directory = Path(os.path.dirname(self._target), f"{_stem(self._target)}{job_id}")
        """The directory in which the child process works, including its temporary files."""
        self._lock = FileLock(self.directory / _LOCK)

    def make(self) -> None:
        """Make the directory, after deleting those of earlier jobs for the same file. Raises OSError."""
        for path in leftovers(self._target):
            delete_whole(str(path))
        self.directory.mkdir(mode=0o700)
        self._lock.try_take()

    def put(self) -> None:
        """Move the archive to its path. Raises FileExistsError if that is taken by now, OSError for other reasons."""
        archive = self.directory / ARCHIVE
        if archive.is_dir():
            sync_tree(str(archive))
            if os.path.lexists(self._target):  # a rename would replace an empty directory
                raise FileExistsError(f"{self._target} exists already")
            archive.rename(self._target)
        elif self._replace:
            archive.replace(self._target)
        else:
            rename_if_free(archive, self._target)
        sync_path(self.directory.parent)

    def remove(self) -> None:
        """Delete the directory and everything in it, as far as possible."""
        delete_tree(str(self.directory))
        self._lock.release()


def archive_path(request: PackRequest) -> str:
    """Where the archive comes to lie: an archive that a link leads to is replaced, and the link stays."""
    return os.path.realpath(request.file) if request.replace else request.file


def leftovers(file: str) -> Iterator[Path]:
    """Find the directories that interrupted jobs for a file have left beside it; those of running jobs are left out."""
    directory, stem = os.path.dirname(file), _stem(file)
    try:
        names = sorted(name for name in os.listdir(directory) if name.startswith(stem))
    except OSError:
        return
    for name in names:
        path = Path(directory, name)
        if not path.is_symlink() and path.is_dir() and _is_abandoned(path):
            yield path


def holds_another(directory: Path, file: str) -> bool:
    """Whether a directory still has an archive, other than one that has got its final name already."""
    archive = directory / ARCHIVE
    return archive.exists() and not archive.samefile(file)


def disk_bytes(directory: Path) -> int:
    """The bytes that `df` gains when a directory is deleted; 0 if it is gone."""
    try:
        return read_tree(str(directory)).exclusive_bytes
    except OSError:
        return 0


def _stem(file: str) -> str:
    """The beginning of the names of working directories for a file, short enough for every file system."""
    return f"{_NAME}{hashlib.sha256(os.fsencode(os.path.basename(file))).hexdigest()[:8]}-"


def _is_abandoned(directory: Path) -> bool:
    lock = FileLock(directory / _LOCK)
    try:
        return lock.try_take()
    except OSError:
        return False
    finally:
        lock.release()


PLACE_STAGE = "place"
"""The stage in which the archive gets its final name."""
CHECKSUM_STAGE = "checksum"
"""The stage in which the checksum of the archive is written beside it."""
