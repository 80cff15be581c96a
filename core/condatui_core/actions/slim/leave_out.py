"""Deletes from a copy what a service does not need."""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection

from condatui_core.fs.held_tree import HeldTree


def leave_out(
    tree: HeldTree, paths: Collection[str], on_progress: Callable[[int], None], stopped: Callable[[], bool]
) -> None:
    """Delete these paths of a copy that is held, and the directories that are empty then; blocks.

    Only the copy's own links go: what else has the same inode keeps it. Raises OSError if something stays.
    """
    directories: set[str] = set()
    for number, path in enumerate(sorted(paths, reverse=True)):  # what is in a directory before the directory
        if stopped():
            return
        status = tree.status(path)
        if status is None or path == ".":
            continue
        if stat.S_ISDIR(status.st_mode):
            directories.add(path)
        else:
            tree.unlink(path)
        directories.update(_above(path))
        on_progress(number)
    for path in sorted(directories, key=lambda each: each.count("/"), reverse=True):
        if not tree.names(path):
            tree.remove_directory(path)


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts))]
