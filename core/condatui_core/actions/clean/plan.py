"""Plans the cleaning of package caches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from condatui_core.actions.clean.facts import Found, blockers_to_clean, caches_to_clean, find
from condatui_core.actions.clean.installers import soft_link_blockers
from condatui_core.actions.clean.items import Cache, freed_by
from condatui_core.actions.clean.needs import look_at_removed, with_merged
from condatui_core.actions.protocol import JobContext
from condatui_core.conda.commands import clean
from condatui_core.disk.tool_caches import INSTALLERS
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Plan, PlannedCleaning, Step
from condatui_core.records.request import Cleanable, CleanRequest
from condatui_core.restore_points.store import directory_of_points, newer_points
from condatui_core.text import counted, format_bytes, sanitize

_OPTIONS: dict[Cleanable, str] = {
    "tarballs": "tarballs",
    "packages": "packages",
    "index": "index-cache",
    "logs": "logfiles",
}
WORDS: dict[Cleanable, tuple[str, str]] = {
    "tarballs": ("archive", "archives"),
    "packages": ("package that no environment uses", "packages that no environment uses"),
    "index": ("channel index", "channel indexes"),
    "logs": ("log", "logs"),
    "pip": ("part of pip's cache", "parts of pip's cache"),
    "uv": ("part of uv's cache", "parts of uv's cache"),
}
"""The words for one item of each kind, and for several."""


def cleaning_plan(
    found: Found,
    request: CleanRequest,
    *,
    executable: str,
    unread: Sequence[str],
    blockers: Sequence[Finding],
    newer: Sequence[str] = (),
) -> Plan:
    """Plan what is deleted and what is spared.

    `unread` are environments that could not be read; `newer` are restore points of a newer condatui, whose needs are
    unknown.
    """
    items = [item for cache in found.caches for item in cache.items]
    return Plan(
        request=request,
        title=f"Clean {_cache_names(request.pkgs_dirs)}",
        steps=tuple(_steps(found, request, executable)),
        bytes_freed=found.freed,
        bytes_needed=0,
        packages=sum(item.what == "packages" for item in items),
        facts=tuple(_facts(found, request)),
        warnings=(*_bringing_back(found.extracted_again), *_warnings(found, unread, newer)),
        blockers=(*blockers, *soft_link_blockers(found.caches)),
        cleaning=PlannedCleaning(paths=tuple(item.path for item in items), needed=found.needed),
    )


def _steps(found: Found, request: CleanRequest, executable: str) -> Iterator[Step]:
    """The steps, with the command of the tool where that deletes the same: conda spares no copies and no symlinks."""
    for what in request.what:
        counts = {cache: sum(item.what == what for item in cache.items) for cache in found.caches}
        if what in INSTALLERS:
            for cache in filter(counts.__getitem__, counts):
                yield Step(title=f"Delete {_counted(counts[cache], what)}", argv=_emptying(cache))
        elif count := sum(counts.values()):
            spares = what == "packages" and any(cache.copied or cache.soft_linked for cache in found.caches)
            by_hand = executable and not spares and not found.spared and not request.removed_before
            argv = clean(executable, (_OPTIONS[what],)) if by_hand else ()
            yield Step(title=f"Delete {_counted(count, what)}", argv=argv)


def _emptying(cache: Cache) -> tuple[str, ...]:
    """The command with which a user empties a cache of pip or uv by hand."""
    verb = "purge" if cache.tool == "pip" else "clean"
    return (cache.tool, "cache", verb, "--cache-dir", cache.path)


def _facts(found: Found, request: CleanRequest) -> Iterator[tuple[str, str]]:
    caches, links = found.caches, found.removed.links
    for cache in caches:
        for what in request.what:
            chosen = [item for item in cache.items if item.what == what]
            if what == cache.tool or not (cache.tool or what in INSTALLERS):
                text = f"{_counted(len(chosen), what)}, {format_bytes(freed_by(chosen, links))}"
                yield sanitize(cache.path) if len(caches) > 1 else what, text
    copied = [unit for cache in caches for unit in cache.copied]
    if any(cache.items for cache in caches):
        yield "way back", "none to what goes from a cache: it is downloaded, or built, again when something needs it"
    if copied and "packages" in request.what:
        size = format_bytes(sum(unit.bytes for unit in copied))
        yield "spared", f"{counted(len(copied), 'package')} of which environments hold copies, {size}"


def _bringing_back(again: Sequence[str]) -> Iterator[Finding]:
    """The warning that archives stay from which conda extracts again what goes."""
    if again:
        count = counted(len(again), "package", "packages")
        message = f"conda extracts {count} again from the archives, as soon as it looks into the cache."
        yield finding("archives-stay", "warning", message, "Clean `tarballs` as well.", map(sanitize, again))


def _warnings(found: Found, unread: Sequence[str], newer: Sequence[str]) -> Iterator[Finding]:
    yield from _installer_warnings(found)
    needed = found.needed
    linked = [unit for cache in found.caches for unit in cache.soft_linked if not cache.tool]
    if linked:
        stay = counted(
            len(linked), "package stays, for symlinks lead into it", "packages stay, for symlinks lead into them"
        )
        message = f"{stay}; `conda clean` would break those."
        lines = (f"{unit.name}: {', '.join(unit.soft_linked_by)}" for unit in linked)
        yield finding("soft-links", "note", message, evidence=lines)
    if needed:
        count = counted(len(needed), "package is", "packages are")
        they = "it" if len(needed) == 1 else "they"
        message = f"{count} needed to bring back removed environments: {they} would be downloaded."
        remedy = "Bring back first what is to come back, or leave the packages in the cache."
        yield finding("restore-points", "warning", message, remedy, needed)
    if found.spared:
        stays = counted(len(found.spared), "package stays", "packages stay")
        message = f"{stays}: restore points need them, and nothing else has them any more."
        yield finding("only-here", "note", message, evidence=found.spared)
    if newer:
        count = counted(len(newer), "restore point is", "restore points are")
        message = f"{count} a newer condatui's: which packages are needed for that is not known."
        yield finding("newer-restore-points", "warning", message, "Clean with the newer condatui.", newer)
    if unread:
        message = f"{sanitize(unread[0])} cannot be read: it may need packages that seem unused."
        yield finding("unreadable", "warning", message, evidence=unread)


def _installer_warnings(found: Found) -> Iterator[Finding]:
    if found.built:
        size = format_bytes(freed_by(found.built, found.removed.links))
        message = f"{size} may be wheels that were built on this machine: they are not downloaded but built again."
        evidence = (sanitize(item.path) for item in found.built)
        yield finding("built-wheels", "note", message, "What they were built with has to be there then.", evidence)
    if found.links_softly and any(cache.tool == "uv" and cache.items for cache in found.caches):
        message = "uv makes symlinks into its cache: environments that condatui does not know would break."
        yield finding("soft-links", "warning", message, "Make sure that there are none.")


def _counted(count: int, what: Cleanable) -> str:
    return counted(count, *WORDS[what])


def _cache_names(pkgs_dirs: Sequence[str]) -> str:
    return sanitize(pkgs_dirs[0]) if len(pkgs_dirs) == 1 else counted(len(pkgs_dirs), "cache")


async def plan(request: CleanRequest, context: JobContext) -> Plan:
    """Walk the disk, and find out what can be deleted and what that frees, to the byte."""
    blockers = await blockers_to_clean(request, context)
    removed = await asyncio.to_thread(look_at_removed, request.removed_before, context)
    removed = await asyncio.to_thread(with_merged, removed, context.merged_before)
    caches = await caches_to_clean(request, context, removed)
    return cleaning_plan(
        await asyncio.to_thread(find, caches, removed, request, context),
        request,
        executable=next((each.executable for each in context.inventory.installations if not each.error), ""),
        unread=_unread(context.inventory),
        newer=await asyncio.to_thread(newer_points, directory_of_points(context.settings, context.locations)),
        blockers=blockers,
    )


def _unread(inventory: Inventory) -> tuple[str, ...]:
    return tuple(each.prefix for each in inventory.environments if each.state in ("unreadable", "broken"))
