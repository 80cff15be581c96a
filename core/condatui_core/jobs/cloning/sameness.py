"""Whether a file of a clone is the one of its source, the prefix in it apart."""

from __future__ import annotations

import os

from condatui_core.bounded_read import open_regular
from condatui_core.jobs.cloning.prefix_change import PrefixChange, is_binary
from condatui_core.jobs.restoring.tree import Entry

LARGEST_TEXT = 64 << 20
"""Bytes; a larger file is copied as it is."""
_LARGEST_COMPARED = 512 << 20
"""Bytes; of a larger file nobody expects that conda wrote the prefix into it."""
_CHUNK = 1 << 20
_PYC_HEADER = 16
"""Bytes that say which source a compiled module is of; what follows names its path, which Python corrects."""


def same(source: Entry, target: Entry, change: PrefixChange) -> bool:
    """Whether a path of the target is what the source has there. Raises OSError if it has to be read and cannot be."""
    if source.kind == "symlink" and target.kind == "symlink":
        return change.of_link(source.target) == target.target
    if source.kind != target.kind or source.kind != "file":
        return source.kind == target.kind
    if source.inode == target.inode:
        return True
    paths = os.path.join(change.source, source.path), os.path.join(change.target, target.path)
    if source.path.endswith(".pyc") and _head(paths[0]) == _head(paths[1]):
        return True
    if source.status.st_size == target.status.st_size and _same_bytes(*paths):
        return True
    return source.status.st_size <= _LARGEST_COMPARED and _same_but_for_prefix(*paths, change)


def _same_but_for_prefix(source: str, target: str, change: PrefixChange) -> bool:
    with open_regular(source) as one, open_regular(target) as other:
        old, new = one.read(), other.read()
    if is_binary(old):
        return change.without(old) == change.without(new)
    return change.of_file(old) == new


def _same_bytes(source: str, target: str) -> bool:
    with open_regular(source) as one, open_regular(target) as other:
        while (chunk := one.read(_CHUNK)) == other.read(_CHUNK):
            if not chunk:
                return True
    return False


def _head(path: str) -> bytes:
    with open_regular(path) as stream:
        return stream.read(_PYC_HEADER)
