"""What it costs to get something back after it has gone, as far as the records tell before a plan looks closely."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from condatui_core.records.cleanup import WayBack
from condatui_core.records.disk import CachedUnit, CacheUse, Cost
from condatui_core.records.environment import Environment
from condatui_core.records.job import Job
from condatui_core.records.package import PackageRecord
from condatui_core.records.request import Cleanable, CloneRequest, RestoreRequest
from condatui_core.remedy import RemoveEnvironment
from condatui_core.text import format_bytes

_BLOCK = 4096
"""Bytes by which what a file occupies may exceed its size."""
_MARGIN = 150
"""Percent of what the records tell, as far as the environment has so much of its own: python compiles files that no
record states, which the rounding of files to blocks hides."""
_RECORD, _RECORDED_PATH = 2000, 450
"""Bytes of a record in conda-meta, which every restore point keeps, and for each path that it states."""


def cached_names(caches: Iterable[CacheUse]) -> frozenset[str]:
    """The names of what conda's package caches hold: packages, and archives by their file names."""
    return frozenset(
        unit.name.rpartition("/")[2]
        for cache in caches
        if not cache.tool
        for unit in cache.units
        if unit.kind in ("package", "archive")
    )


def pace_of(jobs: Iterable[Job]) -> float | None:
    """The packages that restores and clones have put into place a minute; None if none of these jobs has done so."""
    packages, seconds = 0, 0.0
    for job in jobs:
        made = isinstance(job.plan.request, (RestoreRequest, CloneRequest)) and job.state == "done"
        if made and job.plan.packages and job.started and job.ended:
            packages += job.plan.packages
            seconds += (job.ended - job.started).total_seconds()
    return 60 * packages / seconds if packages and seconds > 0 else None


def way_back_of(
    environment: Environment, cost: Cost | None, cached: Collection[str], *, pace: float | None = None
) -> WayBack:
    """The way back to an environment: its restore point keeps what no package cache can put back.

    With a `pace`, in packages a minute, it says how long that takes.
    """
    if environment.state == "missing":
        return WayBack(text="nothing is lost: only its line in environments.txt goes")
    if any(isinstance(each.remedy, RemoveEnvironment) for each in environment.findings):
        return WayBack(text="nothing to keep, unless something came into it since")
    kept = _kept_bytes(environment, cost, cached)
    contents = environment.contents
    packages = len(contents.packages) + len(contents.pip_distributions) if contents else 0
    return WayBack(
        text=f"restore point, about {format_bytes(kept)} before compression",
        kept_bytes=kept,
        minutes=packages / pace if packages and pace else None,
    )


def _kept_bytes(environment: Environment, cost: Cost | None, cached: Collection[str]) -> int:
    """The records, what pip installed, packages that no cache has, and what the records do not explain."""
    if environment.contents is None:
        return cost.total if cost else 0
    packages = environment.contents.packages
    pip = sum(each.installed_bytes for each in environment.contents.pip_distributions)
    uncached = sum(each.installed_bytes for each in packages if not _is_cached(each, cached))
    own = _meta_bytes(packages) + pip + uncached + _unexplained(environment, cost)
    return min(max(own, min(own * _MARGIN // 100, cost.frees or 0)), cost.total) if cost and cost.measured else own


def _unexplained(environment: Environment, cost: Cost | None) -> int:
    """The measured bytes that are neither in the records nor rounding of files to blocks."""
    if cost is None or not cost.measured or environment.contents is None:
        return 0
    packages = environment.contents.packages
    claimed = _meta_bytes(packages) + sum(each.installed_bytes + _BLOCK * each.file_count for each in packages)
    claimed += sum(2 * each.installed_bytes for each in environment.contents.pip_distributions)
    return max(0, cost.total - claimed)


def _meta_bytes(packages: Sequence[PackageRecord]) -> int:
    return sum(_RECORD + _RECORDED_PATH * each.file_count for each in packages)


def _is_cached(record: PackageRecord, cached: Collection[str]) -> bool:
    return record.dist_name in cached or bool(record.file_name and record.file_name in cached)


def way_back_of_part(part: Cleanable, units: Sequence[CachedUnit]) -> WayBack:
    """The way back to a part of a package cache: a download, when something needs it again."""
    if part == "logs":
        return WayBack(text="cannot come back, and nothing needs them")
    if part == "packages":
        return WayBack(text="extracted or downloaded again when something needs them")
    download = sum(unit.bytes for unit in units)
    return WayBack(text=f"downloaded again when something needs it, {format_bytes(download)}", download_bytes=download)
