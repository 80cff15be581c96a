"""Which paths a restore point can have: those of a damaged or forged one must not lead out of the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence

from condatui_core.records.restore_point import KeptPath, Means, RestorePoint
from condatui_core.text import counted

_LONGEST_PART = 255
"""Bytes of a file name on all common file systems."""
_LATEST_NS = 10**9 << 63
"""Nanoseconds; systems count seconds in 64 bits."""


def wrong_with(paths: Sequence[KeptPath], point: RestorePoint) -> str:
    """Say why these cannot be the paths of a restore point; empty if they can be."""
    if len(paths) != point.paths:
        return f"it has {counted(len(paths), 'path')}, not {point.paths}"
    if wrong := _impossible_path(paths):
        return f"`{wrong}` leads out of the environment, or cannot be in it"
    if wrong := _unlikely_path(paths):
        return f"`{wrong}` cannot be brought back as it is described"
    if not point.needed and any(each.means == "package" for each in paths):
        return "it has files of packages, and the manifest has no such package"
    return ""


def _unlikely_path(paths: Sequence[KeptPath]) -> str | None:
    """A path that nothing brings back, or with a name, a time or an attribute that no file system takes."""
    return next((each.path for each in paths if each.means not in _means_of(each) or not _can_be_made(each)), None)


def _means_of(kept: KeptPath) -> tuple[Means, ...]:
    """What a path of its kind can be restored from."""
    if kept.kind in ("socket", "device"):
        return ("none",)
    if kept.kind == "file":
        return ("manifest",) if kept.same_as else ("package", "archive")
    return ("manifest", "package") if kept.kind == "symlink" else ("manifest",)


def _can_be_made(kept: KeptPath) -> bool:
    texts = (kept.path, kept.target, *(name for name, _ in kept.attributes))
    if any(map(is_no_text, texts)) or abs(kept.mtime_ns) >= _LATEST_NS:
        return False
    return all(len(os.fsencode(part)) <= _LONGEST_PART for part in kept.path.split("/"))


def is_no_text(path: str) -> bool:
    """Whether no path can be spelled like this: with a NUL, or with what stands for no byte."""
    try:
        return b"\0" in os.fsencode(path)
    except UnicodeEncodeError:
        return True


def _impossible_path(paths: Sequence[KeptPath]) -> str | None:
    """A path that no tree has: given twice, outside, below something else than a directory, or a link to no file."""
    directories: set[str] = set()
    files: set[str] = set()
    known: set[str] = set()
    for each in paths:
        parts = each.path.split("/")
        above = "." if len(parts) == 1 else "/".join(parts[:-1])
        nowhere = each.path != "." and (above not in directories or not {"", ".", ".."}.isdisjoint(parts))
        if each.path in known or nowhere:
            return each.path
        known.add(each.path)
        if each.kind == "directory":
            directories.add(each.path)
        elif each.kind == "file" and not each.same_as:
            files.add(each.path)
    alone = (each.path for each in paths if each.same_as and (each.same_as not in files or each.kind != "file"))
    return next(alone, None if "." in directories or not paths else ".")
