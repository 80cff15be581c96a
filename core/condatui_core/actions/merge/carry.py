"""Carries over to the merged environment what only the member has of pip: the same files, byte by byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from condatui_core.actions.clone.carry_over import amend_records
from condatui_core.actions.prefix_change import LARGEST_TEXT, PrefixChange
from condatui_core.errors import CondatuiError
from condatui_core.fs.attributes import copy_attributes
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import open_regular
from condatui_core.text import sanitize

_CHUNK = 4 << 20


def carry(member: str, change: PrefixChange, files: Sequence[str], tree: HeldTree) -> None:
    """Copy files of the member, which lies at `member` now, into a clone that is held; blocks.

    Raises CondatuiError if something is at one of the paths, OSError if a file cannot be read or written.
    """
    rewritten = set()
    for path in files:
        if tree.status(path) is not None:
            title = f"{sanitize(path)} of the member would replace what the keeper has there."
            raise CondatuiError(title, change.target, "Uninstall one of the two with pip first.")
        _make_directories(tree, os.path.dirname(path))
        if _copy(os.path.join(member, path), path, change, tree):
            rewritten.add(path)
    amend_records(tree, files, rewritten)


def _make_directories(tree: HeldTree, directory: str) -> None:
    if directory and tree.status(directory) is None:
        _make_directories(tree, os.path.dirname(directory))
        tree.make_directory(directory)


def _copy(source: str, path: str, change: PrefixChange, tree: HeldTree) -> bool:
    """Copy a file or link; returns whether the prefix was replaced in it."""
    if stat.S_ISLNK(os.lstat(source).st_mode):
        tree.make_symlink(path, change.link_target(os.readlink(source)))
        return False
    with open_regular(source) as stream, tree.write(path) as written:
        changed = False
        if os.fstat(stream.fileno()).st_size <= LARGEST_TEXT:
            data = stream.read()
            content = change.file_content(data)
            changed = content != data
            written.write(content)
        else:
            while chunk := stream.read(_CHUNK):
                written.write(chunk)
        copy_attributes(stream, written)
    return changed
