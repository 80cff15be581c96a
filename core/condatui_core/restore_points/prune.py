"""Which restore points the settings no longer allow, their deletion, and which are the last way back to something."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from condatui_core.errors import CondatuiError
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points.store import all_points, bytes_of_point, delete_point, problem_of
from condatui_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Prunable:
    """A restore point that the settings no longer allow."""

    point: RestorePoint
    bytes: int
    """The bytes that it occupies on the disk."""
    too_old: bool
    """Whether it goes for its age; otherwise for the size of all together."""


def prunable_points(
    directory: Path,
    there: Iterable[RestorePoint],
    settings: Settings,
    now: datetime,
    *,
    spare: Collection[str],
    coming: int = 0,
) -> tuple[Prunable, ...]:
    """Which of the points `there` go once `coming` bytes are added, oldest first, none of those to `spare`; blocks."""
    points = sorted(there, key=lambda each: each.at)
    sizes = {each.id: bytes_of_point(directory, each.id) for each in points}
    return tuple(_prunable(points, sizes, settings, now, spare=spare, coming=coming))


def prune(
    directory: Path, settings: Settings, now: datetime, *, agreed: Collection[str], spare: Collection[str]
) -> tuple[Prunable, ...]:
    """Delete what `prunable_points` finds and the user has agreed to, and give what is gone; blocks.

    What cannot be deleted stays.
    """
    gone: list[Prunable] = []
    for each in prunable_points(directory, all_points(directory), settings, now, spare=spare):
        if each.point.id in agreed:
            with suppress(OSError, CondatuiError):
                delete_point(directory, each.point.id)
                gone.append(each)
    return tuple(gone)


def last_of_something_gone(
    directory: Path, there: Iterable[RestorePoint], going: Collection[str]
) -> tuple[RestorePoint, ...]:
    """Those of the points `there` that go and after which nothing can bring back their environment; blocks.

    That is so where nothing is at its path now, and no other restore point stays that has it whole.
    """
    if not going:
        return ()
    points = tuple(there)
    whole = (each for each in points if each.id not in going and each.of_whole and not problem_of(directory, each))
    staying = {each.prefix for each in whole}
    return tuple(
        each for each in points if each.id in going and each.prefix not in staying and not os.path.lexists(each.prefix)
    )


def _prunable(
    points: Collection[RestorePoint],
    sizes: dict[str, int],
    settings: Settings,
    now: datetime,
    *,
    spare: Collection[str],
    coming: int,
) -> Iterator[Prunable]:
    left = sum(sizes.values()) + coming
    for point in points:
        too_old = settings.restore_days > 0 and now - point.at > timedelta(days=settings.restore_days)
        if point.id not in spare and (too_old or 0 < settings.restore_bytes < left):
            left -= sizes[point.id]
            yield Prunable(point, sizes[point.id], too_old)
