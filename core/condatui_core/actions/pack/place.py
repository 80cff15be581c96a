"""Where an archive comes about: a directory beside its place, so that no other disk fills and moving it is a rename."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from condatui_core.actions.pack.messages import ARCHIVE
from condatui_core.fs.atomic_write import rename_if_free, sync_path
from condatui_core.fs.delete_tree import delete_tree, delete_whole
from condatui_core.fs.locks import FileLock
from condatui_core.fs.tree import read_tree

# Where an archive comes about: a directory beside its place, so that no other disk fills and moving it is a rename.


_NAME = ".condatui-pack-"
_LOCK = "lock"


class PackPlace:
    """The directory of one job, and the place of the file that comes of it."""

    def __init__(self, file: str, job_id: str, *, replace: bool) -> None:
        self._target = os.path.realpath(file) if replace else file
        self._replace = replace
        self.directory = Path(os.path.dirname(self._target), f"{_stem(self._target)}{job_id}")
        """Where the process that packs works, its temporary files included."""
        self._lock = FileLock(self.directory / _LOCK)

    def make(self) -> None:
        """Make the directory, those of earlier jobs that were to make the same file being deleted. Raises OSError."""
        for path in leftovers(self._target):
            delete_whole(str(path))
        self.directory.mkdir(mode=0o700)
        self._lock.try_take()

    def put(self) -> None:
        """Move the archive to its place. Raises FileExistsError if it is taken by now, OSError for other reasons."""
        archive = self.directory / ARCHIVE
        if archive.is_dir():
            if os.path.lexists(self._target):  # a rename would replace an empty directory
                raise FileExistsError(f"{self._target} exists already")
            archive.rename(self._target)
        elif self._replace:
            archive.replace(self._target)
        else:
            rename_if_free(archive, self._target)
        sync_path(self.directory.parent)

    def remove(self) -> None:
        """Delete the directory and all that is still in it, as far as that is possible."""
        delete_tree(str(self.directory))
        self._lock.release()


def leftovers(file: str) -> Iterator[Path]:
    """Find what jobs that were to make a file have left beside it, those that are still at work left out."""
    directory, stem = os.path.dirname(file), _stem(file)
    try:
        names = sorted(name for name in os.listdir(directory) if name.startswith(stem))
    except OSError:
        return
    for name in names:
        path = Path(directory, name)
        if not path.is_symlink() and path.is_dir() and _is_abandoned(path):
            yield path


def holds_other(directory: Path, file: str) -> bool:
    """Whether there is still an archive in a directory, other than the one that has got the name of the file."""
    archive = directory / ARCHIVE
    return archive.exists() and not archive.samefile(file)


def occupied(directory: Path) -> int:
    """What `df` gains when a directory goes; 0 if it is gone."""
    try:
        return read_tree(str(directory)).exclusive_bytes
    except OSError:
        return 0


def _stem(file: str) -> str:
    """A name by which the same file is known again, short enough for every file system."""
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
"""The stage in which the archive gets its name."""
