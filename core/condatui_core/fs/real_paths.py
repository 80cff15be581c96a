"""Real paths of many neighbours: links in the directories above them are followed once."""

from __future__ import annotations

import os
from functools import lru_cache

_NO_NAMES = ("", os.curdir, os.pardir)
_MOST_DIRECTORIES = 4096


class RealPaths:
    """Follows links as they were when it was made: for one look at many paths, which need not exist."""

    def __init__(self) -> None:
        self._real_directory = lru_cache(_MOST_DIRECTORIES)(_followed)

    def of(self, path: str) -> str:
        """The real path of an absolute path, as `os.path.realpath` gives it."""
        directory, name = os.path.split(path)
        if name in _NO_NAMES:
            return os.path.realpath(path)
        there = os.path.join(self._real_directory(directory), name)
        return os.path.realpath(there) if os.path.islink(there) else there


def _followed(path: str) -> str:
    return os.path.realpath(path)
