"""The file in which conda registers environments: read, whether conda would rewrite it, and changed by a line."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from condatui_core.fs.atomic_write import write_whole

# The file in which conda registers environments, and whether conda would rewrite it.


def environments_txt(home: Path) -> Path:
    """Where conda and mamba register the environments of a user."""
    return home / ".conda" / "environments.txt"


def listing_would_change(home: Path, euid: int) -> bool:
    """Whether `conda env list` would change a file: it forgets what is no environment at this moment.

    A prefix on a disk that is not mounted just now would be forgotten for good. As root it does that for every user
    of the machine. mamba also drops repeated, empty and comment lines.
    """
    if euid == 0:
        return True
    try:
        lines = environments_txt(home).read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return len(set(lines)) < len(lines) or not all(_is_environment(os.fsdecode(line.strip())) for line in lines)


def _is_environment(prefix: str) -> bool:
    return os.path.isabs(prefix) and os.path.isfile(os.path.join(prefix, "conda-meta", "history"))


# Take environments that are gone out of the file in which conda registers them, and leave the rest as it is.


def unregister(home: Path, prefixes: Collection[str]) -> bool:
    """Drop these prefixes, as they are spelled or by another way to the same place; whether one was there.

    Every other line stays as it is, byte for byte. Raises OSError if the file cannot be written.
    """
    file = environments_txt(home)
    try:
        before = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    unwanted = {*prefixes, *map(_real, prefixes)}
    lines = before.splitlines(keepends=True)
    kept = b"".join(line for line in lines if not _names(line, unwanted))
    if kept == before:
        return False
    write_whole(file, kept, replace=True)
    return True


def register(home: Path, prefix: str) -> None:
    """Add a prefix, if it is not there, as conda does when it makes an environment. Raises OSError."""
    file = environments_txt(home)
    try:
        before = file.read_bytes()
    except FileNotFoundError:
        before = b""
    if any(os.fsdecode(line.strip()) == prefix for line in before.splitlines()):
        return
    file.parent.mkdir(exist_ok=True)
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    write_whole(file, before + gap + os.fsencode(prefix) + b"\n", replace=True)


def is_registered(home: Path, prefix: str) -> bool:
    """Whether a prefix is in the file."""
    try:
        lines = environments_txt(home).read_bytes().splitlines()
    except OSError:
        return False
    return any(_names(line, {prefix}) for line in lines)


def _names(line: bytes, prefixes: Collection[str]) -> bool:
    text = os.fsdecode(line.strip())
    if not os.path.isabs(text):
        return False
    # A link that is called otherwise is another entry, also where it leads to the one that is gone.
    return text in prefixes or os.path.normpath(text) in prefixes or (_real(text) in prefixes)


def _real(path: str) -> str:
    """The path with the links above its last part followed, but not that one."""
    directory, name = os.path.split(os.path.normpath(path))
    return os.path.join(os.path.realpath(directory), name)
