"""What cleaning package caches will do, worked out from what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from condatui_core.byte_words import spell_bytes
from condatui_core.conda.removing import clean
from condatui_core.jobs.cleaning.items import Cache, freed_by
from condatui_core.printable import printable
from condatui_core.records.finding import Finding
from condatui_core.records.job import Plan, Step
from condatui_core.records.request import Cleanable, CleanRequest

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
}
"""One of each and several."""


def cleaning_plan(
    caches: Sequence[Cache],
    request: CleanRequest,
    *,
    executable: str,
    needed: Sequence[str],
    unread: Sequence[str],
    blockers: Sequence[Finding],
) -> Plan:
    """Say what will go and what is spared.

    `needed` are packages of restore points that would then be in no cache, as `name-version-build`; `unread` are
    environments that could not be read.
    """
    items = [item for cache in caches for item in cache.items]
    return Plan(
        request=request,
        title=f"Clean {_caches(request.pkgs_dirs)}",
        steps=tuple(_steps(caches, request, executable)),
        bytes_freed=freed_by(items),
        bytes_needed=0,
        packages=sum(item.what == "packages" for item in items),
        facts=tuple(_facts(caches, request)),
        warnings=tuple(_warnings(caches, needed, unread)),
        blockers=tuple(blockers),
    )


def _steps(caches: Sequence[Cache], request: CleanRequest, executable: str) -> Iterator[Step]:
    """conda cannot spare what copies and symlinks need, so its command stands only where it comes to the same."""
    for what in request.what:
        count = sum(item.what == what for cache in caches for item in cache.items)
        if not count:
            continue
        spares = what == "packages" and any(cache.copied or cache.soft_linked for cache in caches)
        argv = clean(executable, (_OPTIONS[what],)) if executable and not spares else ()
        yield Step(title=f"Delete {_counted(count, what)}", argv=argv)


def _facts(caches: Sequence[Cache], request: CleanRequest) -> Iterator[tuple[str, str]]:
    for cache in caches:
        for what in request.what:
            chosen = [item for item in cache.items if item.what == what]
            text = f"{_counted(len(chosen), what)}, {spell_bytes(freed_by(chosen))}"
            yield printable(cache.path) if len(caches) > 1 else what, text
    copied = [unit for cache in caches for unit in cache.copied]
    if copied and "packages" in request.what:
        size = spell_bytes(sum(unit.bytes for unit in copied))
        yield "spared", f"{len(copied)} package{'s'[: len(copied) > 1]} of which environments hold copies, {size}"


def _warnings(caches: Sequence[Cache], needed: Sequence[str], unread: Sequence[str]) -> Iterator[Finding]:
    linked = [unit for cache in caches for unit in cache.soft_linked]
    if linked:
        yield Finding(
            id="soft-links",
            severity="note",
            message=f"{len(linked)} packages stay, for symlinks lead into them; `conda clean` would break those.",
            evidence=tuple(f"{unit.name}: {', '.join(unit.soft_linked_by)}" for unit in linked),
        )
    if needed:
        yield Finding(
            id="restore-points",
            severity="warning",
            message=f"{len(needed)} packages are needed to bring back removed environments: they would be downloaded.",
            remedy="Bring those back first, if they are to come back at all.",
            evidence=tuple(needed),
        )
    if unread:
        yield Finding(
            id="unreadable",
            severity="warning",
            message=f"{printable(unread[0])} cannot be read: it may need packages that seem unused.",
            evidence=tuple(unread),
        )


def _counted(count: int, what: Cleanable) -> str:
    return f"{count} {WORDS[what][count != 1]}"


def _caches(pkgs_dirs: Sequence[str]) -> str:
    return printable(pkgs_dirs[0]) if len(pkgs_dirs) == 1 else f"{len(pkgs_dirs)} package caches"
