"""Where tests write: a sandbox is thousands of small files, which a disk takes far longer to copy than memory does."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
"""A file system in memory, on Linux."""

_ENOUGH = 6 << 30
"""Bytes that several workers may need at once, each with a few copies of the sandbox."""


def roomy_memory() -> Path | None:
    """The file system in memory, if programs may run from it and it has room for the tests."""
    try:
        state = os.statvfs(MEMORY)
    except OSError:
        return None
    free = min(state.f_bavail * state.f_frsize, psutil.virtual_memory().available)
    may_run = not state.f_flag & getattr(os, "ST_NOEXEC", 0)
    return MEMORY if may_run and free >= _ENOUGH and os.access(MEMORY, os.W_OK) else None
