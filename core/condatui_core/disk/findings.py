"""Findings about what could not be measured, and the prefixes that hold files of cached packages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from condatui_core.disk.tree import ProblemKind, ScanProblem
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, Severity
from condatui_core.text import format_bytes

# Packages in a cache that seem unused, because environments hold copies of their files instead of links


def holders_of_packages(environments: Iterable[Environment]) -> dict[str, tuple[str, ...]]:
    """Package name in a cache → prefixes with a record of that package, even if it has no file to link or copy."""
    holders: dict[str, list[str]] = {}
    for environment in environments:
        for record in environment.contents.packages if environment.contents else ():
            holders.setdefault(record.dist_name, []).append(environment.prefix)
    return {name: tuple(prefixes) for name, prefixes in holders.items()}


def irreplaceable_packages(environments: Iterable[Environment]) -> dict[str, tuple[frozenset[str], ...]]:
    """Prefix → the names in a package cache of each package that no channel has any more; those without are left out.

    Cleaning leaves the last of them in the caches, for the restore points of these environments; blocks.
    """
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for environment in environments:
        records = environment.contents.packages if environment.contents else ()
        names = tuple(
            frozenset({e.dist_name, e.file_name or e.dist_name}) for e in records if not is_replaceable(e.url)
        )
        if names:
            found[environment.prefix] = names
    return found


def is_replaceable(url: str | None) -> bool:
    """Whether a package can be got again, as far as this machine knows: a channel in a directory may be gone."""
    if not url:
        return False
    return not url.startswith("file:") or os.path.exists(unquote(urlsplit(url).path))


# Findings about what could not be measured


_MOST_EVIDENCE = 20
_KINDS: dict[ProblemKind, tuple[str, Severity, str, str]] = {
    "unreadable": (
        "disk-unreadable",
        "warning",
        "{} cannot be read: it occupies more than shown",
        "measure as a user who may read it",
    ),
    "mounted": ("disk-mounted", "note", "{} on another file system: removal frees it there", ""),
    "changed": ("disk-changed", "note", "{} changed while it was measured", "measure again"),
}


def findings_of(place: str, problems: Iterable[ScanProblem]) -> tuple[Finding, ...]:
    """The findings about what could not be measured in a place, one per kind, the gravest first."""
    paths: dict[ProblemKind, dict[str, None]] = {}
    for problem in problems:
        path = os.path.normpath(os.path.join(place, os.fsdecode(problem.path)))
        paths.setdefault(problem.kind, {})[f"{path}: {problem.reason}" if problem.reason else path] = None
    return tuple(_findings(paths))


def _findings(paths: dict[ProblemKind, dict[str, None]]) -> Iterator[Finding]:
    for kind, (name, severity, message, remedy) in _KINDS.items():
        if evidence := tuple(paths.get(kind, ())):
            what = evidence[0].partition(": ")[0] if len(evidence) == 1 else f"{len(evidence)} directories"
            yield Finding(
                id=name,
                severity=severity,
                message=message.format(what),
                remedy=remedy,
                evidence=evidence[:_MOST_EVIDENCE],
                source="disk",
                hides_bytes=kind == "unreadable",
            )


def shared_elsewhere(size: int) -> tuple[Finding, ...]:
    """The finding about blocks of a place that something else shares which condatui does not see; none if it is 0."""
    if not size:
        return ()
    message = f"{format_bytes(size)} shared with files or snapshots that condatui does not see: a removal leaves that"
    return (Finding(id="disk-shared-elsewhere", severity="note", message=message, source="disk"),)
