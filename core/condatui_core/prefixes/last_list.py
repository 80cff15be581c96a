"""The environments of the last run: names for the first screen before any search has finished, and for a shell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from condatui_core.fs.atomic_write import put_in_cache
from condatui_core.fs.safe_read import read_bounded

_FORMAT = b"format 1"
"""The first entry, a version. In the first release the list began with a path."""
_LARGEST = 16 << 20
"""Bytes; enough for a hundred thousand prefixes."""


def read_last_list(file: Path) -> Mapping[str, str]:
    """The names of the last run by prefix; none if there was none, or if another release wrote the file.

    A prefix is its own name where the list has no other.
    """
    try:
        first, *more = read_bounded(str(file), _LARGEST).split(b"\0")
    except OSError:
        return {}
    if first != _FORMAT and not first.startswith(b"/"):
        return {}
    names: dict[str, str] = {}
    prefix = ""
    for entry in map(os.fsdecode, (first, *more)):
        if entry.startswith("/"):
            prefix = names[entry] = entry
        elif prefix and entry:
            names[prefix] = entry
    return names


def write_last_list(file: Path, names: Mapping[str, str]) -> None:
    """Keep these names by prefix for the next run; if the file cannot be written, the next run is only slower."""
    entries = [_FORMAT]
    for prefix, name in names.items():
        entries.append(os.fsencode(prefix))
        if not name.startswith("/"):  # which would be taken for a prefix
            entries.append(os.fsencode(name))
    with suppress(OSError):
        put_in_cache(file, b"\0".join(entries))
