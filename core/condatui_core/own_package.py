"""Whether condatui's own files were replaced while it runs, as an upgrade in place does.

What is imported later then comes from another version and may not fit what runs. This module is imported first, so it
remembers what was there.
"""

from __future__ import annotations

import os

from condatui_core.errors import CondatuiError


def _stamp() -> tuple[int, ...] | None:
    try:
        status = os.stat(__file__)
    except OSError:  # removed, or never a file of its own
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


_AT_START = _stamp()


def was_replaced() -> bool:
    """Whether this package is another one on the disk than when it was imported, or is gone."""
    return _stamp() != _AT_START


def replaced_error(error: BaseException) -> CondatuiError:
    """Describe an unforeseen error of a process whose package was replaced."""
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return CondatuiError("condatui was upgraded or removed while it was running.", what, "Start it again.")
