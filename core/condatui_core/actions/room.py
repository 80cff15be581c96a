"""The room that a change needs: what it writes where, whether that is free there, and what conda's packages take."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext, caches_of
from condatui_core.conda.parsers import Transaction
from condatui_core.fs.blocks import block_size
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.installation import Installation
from condatui_core.remedy import FreeSpace
from condatui_core.restore_points.package_needs import ComingPackage, package_needs
from condatui_core.restore_points.store import existing_place, free_bytes
from condatui_core.text import format_apart, sanitize

OWN_NOTES = 10 * 4096
"""What condatui notes meanwhile: the journal of the job, the use of an environment, the mark of what is not whole."""
_BLOCK = 4096
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
            wanted, left = format_apart(needed, free)
            message = f"{wanted} are needed, {left} are free at {where}."
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
    packages: Iterable[ComingPackage], target: PrefixState, installation: Installation | None, context: JobContext
) -> int:
    """The most bytes that packages take in an environment into which conda links them, and in its package caches.

    It reads what each package states of itself, so it blocks.
    """
    caches = caches_of(installation, context)
    block, links = block_size(target.prefix), is_linked_from(caches, target.device)
    needs = [package_needs(each, caches, block, links=links) for each in packages]
    return sum(each.linked + each.cache for each in needs)


def coming_by(transaction: Transaction, context: JobContext) -> Iterator[ComingPackage]:
    """The packages that conda would add, with what its dry run and other environments of this machine tell of them."""
    sizes = dict(zip(transaction.to_download, transaction.download_sizes, strict=False))
    records = (record for each in context.inventory.environments if each.contents for record in each.contents.packages)
    known = {each.dist_name: each.installed_bytes + each.file_count * _BLOCK for each in records}
    for each in transaction.added:
        size = sizes.pop(each.dist_name, 0) or sizes.pop(each.name, 0)
        yield ComingPackage(
            dist_name=each.dist_name,
            channel=each.base_url or "",
            archive_bytes=size,
            known_bytes=known.get(each.dist_name, 0),
        )
    for name, size in sizes.items():  # what it downloads without saying that it links it
        yield ComingPackage(dist_name=name, archive_bytes=size)
