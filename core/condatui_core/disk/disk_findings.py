"""What stood in the way of measuring a place, as findings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from condatui_core.disk.tree import Problem, ProblemKind
from condatui_core.records.finding import Finding, Severity

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


def findings_of(place: str, problems: Iterable[Problem]) -> tuple[Finding, ...]:
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
