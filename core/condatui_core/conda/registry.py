"""environments.txt, in which conda registers environments: read it, foresee conda's changes to it, and change it."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from condatui_core.fs.atomic_write import write_whole
from condatui_core.fs.safe_read import read_bounded

# Reading


_LARGEST = 16 << 20
"""Bytes; enough for a hundred thousand environments."""


def environments_txt(home: Path) -> Path:
    """The file in which conda and mamba register the environments of a user."""
    return home / ".conda" / "environments.txt"


def registered_prefixes(home: Path) -> tuple[str, ...]:
    """Read the prefixes that conda has registered for this user; none if the file is missing or unreadable."""
    try:
        lines = _read(home).splitlines()
    except OSError:
        return ()
    return tuple(os.fsdecode(line.strip()) for line in lines if _is_entry(line))


def _is_entry(line: bytes) -> bool:
    """Whether a line can name a directory: a power cut may leave zeros at the end of a file."""
    return bool(line.strip()) and b"\0" not in line and not line.lstrip().startswith(b"#")


def _read(home: Path) -> bytes:
    """The whole file, links followed, as users often link it. Raises OSError, also if it is not a regular file."""
    return read_bounded(str(environments_txt(home)), _LARGEST)


def listing_would_change(home: Path, euid: int) -> bool:
    """Whether `conda env list` would change a file: it drops each entry that is not an environment at the moment.

    It would drop a prefix on an unmounted disk permanently. As root, conda does this to every user's file. mamba also
    drops repeated, empty and comment lines.
    """
    if euid == 0:
        return True
    try:
        lines = _read(home).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    entries = [os.fsdecode(line.strip()) for line in lines if _is_entry(line)]
    return len(set(lines)) < len(lines) or len(entries) < len(lines) or not all(map(_is_environment, entries))


def _is_environment(prefix: str) -> bool:
    return os.path.isabs(prefix) and os.path.isfile(os.path.join(prefix, "conda-meta", "history"))


# What conda drops


def registered_lines(home: Path) -> tuple[bytes, ...]:
    """Read every line of environments.txt, to be put back after a command of conda; none if it cannot be read."""
    try:
        return tuple(_read(home).splitlines())
    except OSError:
        return ()


def put_back_lines(home: Path, before: Sequence[bytes], *, only_not_mounted: bool = False) -> None:
    """Put back the lines that a command of conda has dropped, in their places; what it has added stays. Blocks.

    conda drops every prefix that is not an environment at that moment, so one on a disk that is not mounted, whenever
    it unlinks packages, removes or lists environments. `only_not_mounted` is for a command beside which environments
    may be removed: a prefix is put back only if the directory that held it is gone as well. Raises OSError.
    """
    if not before:
        return
    after = registered_lines(home)
    lost = {line for line in {*before}.difference(after) if not only_not_mounted or _is_not_mounted(line)}
    if lost:
        kept = [line for line in before if line in lost or line in after]
        added = [line for line in after if line not in before]
        write_whole(environments_txt(home), b"".join(line + b"\n" for line in (*kept, *added)), replace=True)


def _is_not_mounted(line: bytes) -> bool:
    prefix = os.fsdecode(line.strip())
    return os.path.isabs(prefix) and not os.path.isdir(os.path.dirname(prefix))


# Changing


def unregister(home: Path, prefixes: Collection[str]) -> bool:
    """Drop these prefixes, also under another spelling of the same path; returns whether one was registered.

    Every other line stays byte for byte. Raises OSError if the file cannot be written.
    """
    try:
        before = _read(home)
    except (FileNotFoundError, NotADirectoryError):
        return False
    unwanted = {*prefixes, *map(_real, prefixes)}
    lines = before.splitlines(keepends=True)
    kept = b"".join(line for line in lines if not _names(line, unwanted))
    if kept == before:
        return False
    write_whole(environments_txt(home), kept, replace=True)
    return True


def register(home: Path, prefix: str) -> None:
    """Add a prefix unless it is there already, as conda does when it creates an environment. Raises OSError."""
    file = environments_txt(home)
    try:
        before = _read(home)
    except FileNotFoundError:
        before = b""
    if any(os.fsdecode(line.strip()) == prefix for line in before.splitlines()):
        return
    file.parent.mkdir(exist_ok=True)
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    write_whole(file, before + gap + os.fsencode(prefix) + b"\n", replace=True)


def is_registered(home: Path, prefix: str) -> bool:
    """Whether a prefix is registered."""
    return any(_names(os.fsencode(each), {prefix}) for each in registered_prefixes(home))


def _names(line: bytes, prefixes: Collection[str]) -> bool:
    text = os.fsdecode(line.strip()) if _is_entry(line) else ""
    if not os.path.isabs(text):
        return False
    # A link with another name is another entry, even if it leads to a dropped prefix.
    return text in prefixes or os.path.normpath(text) in prefixes or (_real(text) in prefixes)


def _real(path: str) -> str:
    """The path with the links above its last part followed; the last part itself stays."""
    directory, name = os.path.split(os.path.normpath(path))
    return os.path.join(os.path.realpath(directory), name)
