"""Suggest environments and caches to delete, the strongest reason first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.records.disk import CachedUnit, CacheTool, CacheUse, Cost
from condatui_core.records.environment import Environment
from condatui_core.records.finding import CleanupRole, Finding
from condatui_core.records.request import CLEANABLES, Cleanable, CleanRequest, CloneRequest, RemoveRequest, Request
from condatui_core.text import counted

# Candidates


class CleanupCandidate(Struct, frozen=True, kw_only=True):
    """Something that could be deleted: an environment, the remains of one, or a part of a package cache."""

    key: str
    """Its identity."""
    path: str
    """The prefix, or the package cache."""
    name: str
    """The name shown for it."""
    part: Cleanable | None = None
    """The part of a package cache; None for an environment."""
    reasons: tuple[str, ...] = ()
    """Why it could be deleted, each in a few words, the strongest first."""
    bytes: int = 0
    """The bytes that it occupies; 0 if not measured."""
    blocked: str = ""
    """Why it cannot be chosen; empty if it can."""


class CleanupChoice(Struct, frozen=True, kw_only=True):
    """The candidates that the user has chosen to delete."""

    prefixes: tuple[str, ...] = ()
    cleaned: tuple[tuple[str, tuple[Cleanable, ...]], ...] = ()
    """(package cache, parts to clean) pairs."""


_REASONS: tuple[CleanupRole, ...] = ("remains", "unused", "trial")
"""Findings for which an environment could be deleted, the strongest first."""
_OBSTACLES: Mapping[CleanupRole, str] = MappingProxyType(
    {
        "in-use": "processes run from it",
        "not-writable": "you may not write there",
        "frozen": "it is frozen",
        "managed": "another tool manages it",
    }
)
"""Findings that prevent the deletion."""
_PARTS: Mapping[Cleanable, tuple[str, str]] = MappingProxyType(
    {
        "tarballs": ("archives", "what packages were extracted from"),
        "packages": ("packages", "extracted, and no environment links to them"),
        "index": ("channel index", "downloaded again when conda needs it"),
        "logs": ("logs", "conda's own"),
    }
)
"""The parts of a package cache: their names, and why they could be deleted."""
_INSTALLERS: Mapping[CacheTool, tuple[Cleanable, str]] = MappingProxyType(
    {
        "pip": ("pip", "downloaded again when needed, and wheels built again"),
        "uv": ("uv", "downloaded again when needed"),
    }
)
"""The caches that are emptied as a whole: the part that this is, and why it could be done."""


_CLEANED_BY: Mapping[CacheTool, str] = MappingProxyType({"rattler": "`pixi clean cache`"})


def candidates(
    environments: Iterable[Environment], caches: Iterable[CacheUse], costs: Mapping[str, Cost]
) -> tuple[CleanupCandidate, ...]:
    """List what could be deleted: remains of failed clones, unused and scratch environments, unneeded cache entries."""
    found = [ranked for environment in environments if (ranked := _ranked(environment, costs))]
    found.sort(key=lambda each: (each[0], -each[1].bytes))
    parts = (part for cache in caches for part in _parts(cache, others=bool(found)))
    return (*(candidate for _, candidate in found), *parts)


def without_going(found: Iterable[CleanupCandidate], at_work: Sequence[Request]) -> tuple[CleanupCandidate, ...]:
    """Block the candidates that running requests delete or create: a clone is incomplete until its job has ended."""
    going = {prefix for each in at_work if isinstance(each, RemoveRequest) for prefix in each.prefixes}
    going |= {each.target for each in at_work if isinstance(each, CloneRequest)}
    cleaned = {
        (path, part)
        for each in at_work
        if isinstance(each, CleanRequest)
        for path in each.pkgs_dirs
        for part in each.what
    }
    return tuple(
        replace(each, blocked="a job works on it") if each.path in going or (each.path, each.part) in cleaned else each
        for each in found
    )


def choice_of(chosen: Iterable[CleanupCandidate]) -> CleanupChoice:
    """Sum up what was chosen."""
    prefixes: list[str] = []
    caches: dict[str, list[Cleanable]] = {}
    for each in chosen:
        if each.part:
            caches.setdefault(each.path, []).append(each.part)
        else:
            prefixes.append(each.path)
    return CleanupChoice(
        prefixes=tuple(prefixes), cleaned=tuple((path, tuple(parts)) for path, parts in caches.items())
    )


def requests_of(choice: CleanupChoice) -> tuple[RemoveRequest | CleanRequest, ...]:
    """The requests for a choice, in this order: a removal of environments leaves more cache entries unneeded."""
    together: dict[tuple[Cleanable, ...], list[str]] = {}
    for path, parts in choice.cleaned:
        together.setdefault(tuple(part for part in CLEANABLES if part in parts), []).append(path)
    removing = (RemoveRequest(prefixes=choice.prefixes),) if choice.prefixes else ()
    return (*removing, *(CleanRequest(pkgs_dirs=tuple(paths), what=parts) for parts, paths in together.items()))


def _ranked(environment: Environment, costs: Mapping[str, Cost]) -> tuple[int, CleanupCandidate] | None:
    """The candidate for an environment and its rank, the lowest being the strongest; None without a reason."""
    findings: dict[CleanupRole, Finding] = {each.cleanup: each for each in environment.findings}
    reasons: list[CleanupRole] = [role for role in _REASONS if role in findings]
    if not reasons or environment.base:
        return None
    cost = costs.get(environment.prefix)
    return 2 * _REASONS.index(reasons[0]) - (len(reasons) > 1), CleanupCandidate(
        key=environment.prefix,
        path=environment.prefix,
        name=environment.name,
        reasons=tuple(findings[role].message for role in reasons),
        bytes=cost.total if cost else 0,
        blocked=" and ".join(_obstacles(environment, findings)),
    )


def _obstacles(environment: Environment, roles: Collection[CleanupRole]) -> Iterator[str]:
    if environment.active:
        yield "it is active"
    yield from (words for role, words in _OBSTACLES.items() if role in roles)


def _parts(cache: CacheUse, *, others: bool) -> Iterator[CleanupCandidate]:
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
            yield _part(cache, part, name, (reason,), going, blocked=blocked)
        elif others and any(unit.bytes for unit in units):
            yield _part(cache, part, name, ("all are in use, until environments go",), (), blocked=blocked)
    needed = [unit for unit in cache.units if unit.unused and _needed_by(unit)]
    if needed:
        holders = {prefix for unit in needed for prefix in _needed_by(unit)}
        who = f"{counted(len(holders), 'environment')} with copies of them or soft links to them"
        yield _part(cache, "packages", "packages in need", (f"needed by {who}",), needed, blocked=f"needed by {who}")


def _of_installer(cache: CacheUse) -> Iterator[CleanupCandidate]:
    """The cache of pip or uv, by what no environment holds of it."""
    part, why = _INSTALLERS[cache.tool]
    linked = {prefix for unit in cache.units for prefix in unit.soft_linked_by}
    blocked = "" if cache.writable else "you may not write there"
    if linked:
        blocked = f"needed by {counted(len(linked), 'environment')} with soft links into it"
    if cache.cleanable or linked:
        candidate = _part(cache, part, f"{part} cache", (why,), (), blocked=blocked)
        yield replace(candidate, bytes=cache.cleanable)


def _of_another_tool(cache: CacheUse) -> Iterator[CleanupCandidate]:
    """The cache of another tool, which only that tool cleans: it may have copies of what is in it."""
    if any(unit.bytes for unit in cache.units):
        blocked = f"{cache.tool} cleans it: {_CLEANED_BY[cache.tool]}"
        why = (f"what {cache.tool} made environments from",)
        yield _part(cache, "packages", f"cache of {cache.tool}", why, cache.units, blocked=blocked)


def _part(
    cache: CacheUse, part: Cleanable, name: str, reasons: tuple[str, ...], units: Sequence[CachedUnit], *, blocked: str
) -> CleanupCandidate:
    return CleanupCandidate(
        key=f"{cache.path}\0{name}",
        path=cache.path,
        name=name,
        part=part,
        reasons=reasons,
        bytes=sum(unit.bytes for unit in units),
        blocked=blocked,
    )


def _needed_by(unit: CachedUnit) -> tuple[str, ...]:
    """The prefixes that need a unit without hard links: they have copies of its files, or soft links to them."""
    return () if unit.part != "packages" else (*unit.soft_linked_by, *unit.copied_by)
