"""The prefixes of last time, so that the first picture has names before anybody has been asked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from condatui_core.whole_files import put_in_cache


def read_last_list(file: Path) -> tuple[str, ...]:
    """Read the prefixes of last time; none if there was no last time."""
    try:
        return tuple(os.fsdecode(line) for line in file.read_bytes().split(b"\0") if line.startswith(b"/"))
    except OSError:
        return ()


def write_last_list(file: Path, prefixes: Iterable[str]) -> None:
    """Remember the prefixes for next time; where that cannot be done, next time is only slower."""
    data = b"\0".join(os.fsencode(prefix) for prefix in prefixes)
    with suppress(OSError):
        put_in_cache(file, data)
