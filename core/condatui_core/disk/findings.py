"""What stood in the way of measuring a place, and packages that only look unused, as findings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from condatui_core.disk.tree import ProblemKind, ScanProblem
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, Severity

# Packages in a cache that look unused only because an environment holds copies of their files instead of links.


def holders_of_packages(environments: Iterable[Environment], *, empty: bool = False) -> dict[str, tuple[str, ...]]:
    """Name the prefixes with files of each package, by the name that it has in a package cache.

    An `empty` package, which has no file to link or copy, counts only if that is wanted.
    """
    holders: dict[str, list[str]] = {}
    for environment in environments:
        for record in environment.contents.packages if environment.contents else ():
            if record.file_count or empty:
                holders.setdefault(f"{record.name}-{record.version}-{record.build}", []).append(environment.prefix)
    return {name: tuple(prefixes) for name, prefixes in holders.items()}


# What stood in the way of measuring a place, as findings.


_MOST_EVIDENCE = 20
_KINDS: dict[ProblemKind, tuple[str, Severity, str, str]] = {
    "unreadable": (
        "disk-unreadable",
        "warning",
        "{} cannot be read: what it occupies is more than shown",
        "measure as a user who may read it",
    ),
    "mounted": ("disk-mounted", "note", "{} on another file system: removal frees it there", ""),
    "changed": ("disk-changed", "note", "{} changed while it was measured", "measure again"),
}

DISK_FINDINGS = frozenset(name for name, *_ in _KINDS.values())
"""The ids of what can stand in the way."""


def findings_of(place: str, problems: Iterable[ScanProblem]) -> tuple[Finding, ...]:
    """Say what stood in the way of measuring a place, one finding a kind, gravest first."""
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
            )
