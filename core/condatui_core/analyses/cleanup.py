"""What could go from this machine, strongest reason first; nothing goes by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.records.disk import CachedUnit, CacheUse, Cost
from condatui_core.records.environment import Environment
from condatui_core.records.request import Cleanable, CleanRequest, CloneRequest, RemoveRequest, Request
from condatui_core.text import counted

# What could go from this machine, and why.


class CleanupCandidate(Struct, frozen=True, kw_only=True):
    """One thing that could go: an environment, what is left of one, or a part of a package cache."""

    key: str
    """Its identity."""
    path: str
    """The prefix, or the package cache."""
    name: str
    """What it is called."""
    part: Cleanable | None = None
    """Which part of a package cache; None for an environment."""
    reasons: tuple[str, ...] = ()
    """Why it could go, strongest first, in a few words each."""
    bytes: int = 0
    """What it occupies; 0 if that was not measured."""
    blocked: str = ""
    """Why it cannot be chosen; empty if it can."""


class CleanupChoice(Struct, frozen=True, kw_only=True):
    """What of all that is to go."""

    prefixes: tuple[str, ...] = ()
    cleaned: tuple[tuple[str, tuple[Cleanable, ...]], ...] = ()
    """(package cache, the parts of it that are cleaned) pairs."""


_REASONS = ("orphan", "stale", "scratch-name")
"""Findings for which an environment could go, strongest first."""
_OBSTACLES: Mapping[str, str] = MappingProxyType(
    {"in-use": "processes run from it", "not-writable": "you may not write there", "frozen": "it is frozen"}
)
"""Findings for which it cannot, whatever else is found."""
_PARTS: Mapping[Cleanable, tuple[str, str]] = MappingProxyType(
    {
        "tarballs": ("archives", "what packages were extracted from"),
        "packages": ("packages", "extracted, and no environment links to them"),
        "index": ("channel index", "downloaded again when conda needs it"),
        "logs": ("logs", "conda's own"),
    }
)
"""The parts of a package cache: what they are called, and why they could go."""


def candidates(
    environments: Iterable[Environment], caches: Iterable[CacheUse], costs: Mapping[str, Cost]
) -> tuple[CleanupCandidate, ...]:
    """Name what could go: what failed clones have left, what nobody uses or means to keep, what caches hold in vain."""
    found = [ranked for environment in environments if (ranked := _ranked(environment, costs))]
    found.sort(key=lambda each: (each[0], -each[1].bytes))
    parts = (part for cache in caches for part in _parts(cache, others=bool(found)))
    return (*(candidate for _, candidate in found), *parts)


def without_going(found: Iterable[CleanupCandidate], at_work: Sequence[Request]) -> tuple[CleanupCandidate, ...]:
    """Block what these requests, which are being carried out, take away, or make: a clone is half-made till then."""
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
        replace(each, blocked="a job is at it") if each.path in going or (each.path, each.part) in cleaned else each
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
    """What has to be asked for, in this order: caches hold more in vain once environments are gone."""
    together: dict[tuple[Cleanable, ...], list[str]] = {}
    for path, parts in choice.cleaned:
        together.setdefault(tuple(part for part in _PARTS if part in parts), []).append(path)
    removing = (RemoveRequest(prefixes=choice.prefixes),) if choice.prefixes else ()
    return (*removing, *(CleanRequest(pkgs_dirs=tuple(paths), what=parts) for parts, paths in together.items()))


def _ranked(environment: Environment, costs: Mapping[str, Cost]) -> tuple[int, CleanupCandidate] | None:
    """An environment for which there is a reason, and how strong that is: the lower, the stronger."""
    # A directory that may be the user's own is an orphan too, of lesser severity.
    findings = {each.id: each for each in environment.findings if (each.id, each.severity) != ("orphan", "note")}
    reasons = [name for name in _REASONS if name in findings]
    if not reasons or environment.base:
        return None
    cost = costs.get(environment.prefix)
    return 2 * _REASONS.index(reasons[0]) - (len(reasons) > 1), CleanupCandidate(
        key=environment.prefix,
        path=environment.prefix,
        name=environment.name,
        reasons=tuple(findings[name].message for name in reasons),
        bytes=cost.total if cost else 0,
        blocked=" and ".join(_obstacles(environment, findings)),
    )


def _obstacles(environment: Environment, findings: Collection[str]) -> Iterator[str]:
    if environment.active:
        yield "it is active"
    yield from (words for finding, words in _OBSTACLES.items() if finding in findings)


def _parts(cache: CacheUse, *, others: bool) -> Iterator[CleanupCandidate]:
    """The parts of a package cache that could go, and at last what could not without harm.

    Packages that are all in use stand there too where `others` could go: these may leave some unused.
    """
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
    """Who would miss it though it has no links: an environment may hold copies of its files, or soft links to them."""
    return () if unit.part != "packages" else (*unit.soft_linked_by, *unit.copied_by)
