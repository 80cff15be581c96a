"""Which restore points go when another is made: the old ones, and the oldest where all take too much."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from condatui_core.errors import CondatuiError
from condatui_core.jobs.restoring.store import bytes_of_point, delete_point, point_ids, read_point
from condatui_core.settings import Settings


def prune(directory: Path, settings: Settings, now: datetime, *, spare: Collection[str]) -> tuple[str, ...]:
    """Delete what the settings say, never one of those to spare; returns the ids of what was deleted.

    One whose manifest cannot be read counts, but is left to the user. What cannot be deleted stays.
    """
    ages: dict[str, datetime] = {}
    for point_id in point_ids(directory):
        with suppress(CondatuiError):
            ages[point_id] = read_point(directory, point_id).at
    sizes = {point_id: bytes_of_point(directory, point_id) for point_id in ages}
    left = sum(sizes.values())
    gone: list[str] = []
    for point_id in sorted(ages, key=lambda each: ages[each]):
        if point_id in spare or not _goes(ages[point_id], left, settings, now):
            continue
        with suppress(OSError):
            delete_point(directory, point_id)
            gone.append(point_id)
            left -= sizes[point_id]
    return tuple(gone)


def _goes(made: datetime, left: int, settings: Settings, now: datetime) -> bool:
    too_old = bool(settings.restore_days) and now - made > timedelta(days=settings.restore_days)
    return too_old or bool(settings.restore_bytes and left > settings.restore_bytes)
