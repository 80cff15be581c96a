"""The parts of package caches that could go, and those that environments still need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from condatui_core.analyses.cleanup.way_back import way_back_of_part
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, WayBack, key_of_part
from condatui_core.records.disk import CachedUnit, CacheTool, CacheUse
from condatui_core.records.request import ARCHIVES, Cleanable
from condatui_core.text import counted, format_bytes

_PARTS: Mapping[Cleanable, tuple[str, str]] = MappingProxyType(
    {
        "tarballs": ("archives", "what packages were extracted from"),
        "packages": ("packages", "extracted, and no environment links to them"),
        "index": ("channel index", "downloaded again when conda needs it"),
        "logs": ("logs", "conda's own"),
    }
)
"""The parts of a package cache: their names, and why they could be deleted."""
_ALL_IN_USE = "all are in use, until environments go"
_ONLY_ARCHIVES = "only archives until environments go: all packages are in use"
_INSTALLERS: Mapping[CacheTool, tuple[Cleanable, str]] = MappingProxyType(
    {
        "pip": ("pip", "downloaded again when needed, and wheels built again"),
        "uv": ("uv", "downloaded again when needed"),
    }
)
"""The caches that are emptied as a whole: the part that this is, and why it could be done."""
_CLEANED_BY: Mapping[CacheTool, str] = MappingProxyType({"rattler": "`pixi clean cache`"})


def parts_of(cache: CacheUse, *, others: bool) -> Iterator[CleanupCandidate]:
    """The parts of a package cache that could be deleted, and last those that environments still need.

    With `others`, packages that are all in use are listed too, since removing those environments may free some.
    """
    if cache.tool in _INSTALLERS:
        yield from _of_installer(cache)
        return
    if cache.tool:
        yield from _of_another_tool(cache)
        return
    blocked = "" if cache.writable else "you may not write there"
    for part, (name, reason) in _PARTS.items():
        units = [unit for unit in cache.units if unit.part == part]
        going = [unit for unit in units if unit.unused and not _needed_by(unit)] if part == "packages" else units
        if any(unit.bytes for unit in going):
            row = _candidate(cache, part, name, reason, going, blocked=blocked)
            yield _with_archives(row, cache) if part == "packages" else row
        elif others and any(unit.bytes for unit in units):
            row = _candidate(cache, part, name, _ALL_IN_USE, (), blocked=blocked)
            yield _without_packages(_with_archives(row, cache)) if part == "packages" else row
    needed = [unit for unit in cache.units if unit.unused and _needed_by(unit)]
    if needed:
        holders = {prefix for unit in needed for prefix in _needed_by(unit)}
        who = f"needed by {counted(len(holders), 'environment')} with copies of them or soft links to them"
        row = _candidate(cache, "packages", "packages still linked", who, needed, blocked=who)
        yield replace(row, key=key_of_part(cache.path, "packages in need"))  # public: it keeps its former name


def _with_archives(packages: CleanupCandidate, cache: CacheUse) -> CleanupCandidate:
    """The row of the packages, with the archives that conda would extract them from again, if there are any."""
    extracted = {unit.name for unit in cache.units if unit.part == "packages"}
    archives = [unit for unit in cache.units if unit.part == "tarballs"]
    if not any(unit.name.removesuffix(suffix) in extracted for unit in archives for suffix in ARCHIVES):
        return packages
    size = sum(unit.frees for unit in archives)
    evidence = (f"conda extracts them again from archives that stay: those go along, {format_bytes(size)}",)
    return replace(
        packages,
        also=("tarballs",),
        bytes=packages.bytes + size,
        reasons=tuple(replace(each, evidence=evidence) for each in packages.reasons),
        way_back=way_back_of_part("tarballs", archives),
    )


def _without_packages(row: CleanupCandidate) -> CleanupCandidate:
    """The row of packages that are all in use: if archives go along, they are all that it frees for now."""
    if not row.also:
        return row
    return replace(row, reasons=tuple(replace(each, text=_ONLY_ARCHIVES) for each in row.reasons))


def _of_installer(cache: CacheUse) -> Iterator[CleanupCandidate]:
    """The cache of pip or uv, by what no environment holds of it."""
    part, why = _INSTALLERS[cache.tool]
    linked = {prefix for unit in cache.units for prefix in unit.soft_linked_by}
    blocked = "" if cache.writable else "you may not write there"
    if linked:
        blocked = f"needed by {counted(len(linked), 'environment')} with soft links into it"
    if cache.cleanable or linked:
        candidate = _candidate(cache, part, f"{part} cache", why, (), blocked=blocked)
        text = f"downloaded again when something needs it, {format_bytes(cache.cleanable)} at most"
        back = WayBack(text=text, download_bytes=cache.cleanable)
        yield replace(candidate, bytes=cache.cleanable, way_back=back)


def _of_another_tool(cache: CacheUse) -> Iterator[CleanupCandidate]:
    """The cache of another tool, which only that tool cleans: it may have copies of what is in it."""
    if any(unit.bytes for unit in cache.units):
        blocked = f"{cache.tool} cleans it: {_CLEANED_BY[cache.tool]}"
        why = f"what {cache.tool} made environments from"
        yield _candidate(cache, "packages", f"cache of {cache.tool}", why, cache.units, blocked=blocked)


def _candidate(
    cache: CacheUse, part: Cleanable, name: str, reason: str, units: Sequence[CachedUnit], *, blocked: str
) -> CleanupCandidate:
    return CleanupCandidate(
        key=key_of_part(cache.path, name),
        kind="cache",
        path=cache.path,
        name=name,
        tier="cache",
        part=part,
        reasons=(CleanupReason(id="cache", text=reason),),
        bytes=sum(unit.frees for unit in units),
        blocked=blocked,
        way_back=way_back_of_part(part, units),
    )


def _needed_by(unit: CachedUnit) -> tuple[str, ...]:
    """The prefixes that need a unit without hard links: they have copies of its files, or soft links to them."""
    return () if unit.part != "packages" else (*unit.soft_linked_by, *unit.copied_by)
