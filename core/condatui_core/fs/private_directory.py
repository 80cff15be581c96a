"""Directories for what nobody else may read: each is locked while it is in use, so that a later process can tell which
a killed one has left.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.locks import FileLock

_LOCK = ".lock"


class PrivateDirectory:
    """A new directory that only this user can open. Its methods block."""

    def __init__(self, parent: Path) -> None:
        """Make it below `parent`, which need not exist. Raises OSError."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = parent / secrets.token_hex(8)
        self._lock = FileLock(_lock_of(self.path))
        self._lock.try_take()  # before the directory is there: one without a holder is abandoned
        try:
            self.path.mkdir(mode=0o700)
        except OSError:
            self._let_go()
            raise

    def remove(self) -> None:
        """Delete it with all that is in it."""
        delete_tree(str(self.path))
        self._let_go()

    def _let_go(self) -> None:
        with suppress(OSError):
            _lock_of(self.path).unlink()
        self._lock.release()


def remove_abandoned(parent: Path) -> None:
    """Delete the directories below `parent` whose process is gone; blocks, and never raises.

    Where the file system has no locks, all stay: another process may still use them.
    """
    with suppress(OSError):
        for each in [*os.scandir(parent)]:
            if each.is_dir(follow_symlinks=False):
                _remove_if_abandoned(Path(each.path))


def _remove_if_abandoned(directory: Path) -> None:
    lock = FileLock(_lock_of(directory))
    with suppress(OSError):
        if lock.try_take() and lock.supported:
            delete_tree(str(directory))
            _lock_of(directory).unlink()
    lock.release()


def _lock_of(directory: Path) -> Path:
    return directory.with_name(directory.name + _LOCK)
