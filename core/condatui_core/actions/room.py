"""The room that a change needs: what it writes where, whether that is free there, and what conda's packages take."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from condatui_core.fs.blocks import block_size
from condatui_core.records.finding import Finding, blocker
from condatui_core.remedy import FreeSpace
from condatui_core.restore_points.package_needs import ComingPackage, package_needs
from condatui_core.restore_points.store import existing_place, free_bytes
from condatui_core.text import format_bytes, sanitize

POINT_NOTES = 64 * 1024
"""Bytes of a restore point beside the files that it keeps: its manifest and lists."""


def room_problems(writes: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    """The blockers against writing so many bytes below these places: what goes to one disk is added up; blocks."""
    needs: Counter[int] = Counter()
    first: dict[int, Path] = {}
    for place, size in writes:
        there = existing_place(Path(place))
        if size > 0 and there is not None and (device := device_of(str(there))) is not None:
            needs[device] += size
            first.setdefault(device, there)
    for device, needed in needs.items():
        free = free_bytes(first[device])
        if free is not None and needed > free:
            where = sanitize(str(first[device]))
            message = f"{format_bytes(needed)} are needed, {format_bytes(free)} are free at {where}."
            yield blocker("no-space", message, FreeSpace())


def device_of(place: str) -> int | None:
    """The number of the file system of a path; None if it is not there."""
    try:
        return os.stat(place).st_dev
    except OSError:
        return None


def cache_of(pkgs_dirs: Sequence[str], place: str) -> str:
    """The package cache into which packages come: the first that is there and can be written; else a given place."""
    able = (each for each in pkgs_dirs if os.access(each, os.W_OK))
    return next(able, place)


def is_linked_from(pkgs_dirs: Sequence[str], device: int | None) -> bool:
    """Whether packages are linked into environments on a file system: a cache lies on it, or none is there yet."""
    devices = [device_of(each) for each in pkgs_dirs if os.path.isdir(each)]
    return device is None or not devices or device in devices


def bytes_of_coming(
    packages: Iterable[ComingPackage], pkgs_dirs: Sequence[str], prefix: str, *, links: bool
) -> tuple[int, int]:
    """The most bytes that packages take in an environment into which conda links them, and in its package caches.

    It reads what each package states of itself, so it blocks.
    """
    block = block_size(prefix)
    needs = [package_needs(each, pkgs_dirs, block, links=links) for each in packages]
    return sum(each.linked for each in needs), sum(each.cache for each in needs)
