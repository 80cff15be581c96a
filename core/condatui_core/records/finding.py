"""One thing worth knowing about an environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from condatui_core.remedy import Advice
from condatui_core.text import first_of

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Gravest first."""


FINDING_IDS = (
    "broken",
    "orphan",
    "missing",
    "pip-over-conda",
    "pip-leftover",
    "missing-files",
    "altered-files",
    "unmet-dependencies",
    "malformed-pins",
    "mixed-channels",
    "unknown-channel",
    "editable",
    "local",
    "stale-python",
    "other-platform",
    "cpu-torch-on-gpu",
    "disk-unreadable",
    "disk-mounted",
    "disk-changed",
    "disk-shared-elsewhere",
    "behind-baseline",
    "stale",
    "duplicate",
    "scratch-name",
    "managed-by",
    "kernel",
    "slimmed",
    "policy",
    "frozen",
    "not-writable",
    "in-use",
)
"""What a finding of an environment can be; those of the machine, of plans and of jobs are not among them."""

FindingSource = Literal["files", "file-check", "disk", "gpu", "alike", "policy", "machine", "action"]
CleanupRole = Literal[
    "", "remains", "set-aside", "missing", "broken", "unused", "trial", "in-use", "not-writable", "frozen", "managed"
]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing worth knowing about an environment, with the evidence and what to do about it."""

    id: str
    """A public, stable id: `broken`, `orphan`, `pip-over-conda` …"""
    severity: Severity
    message: str
    """One line."""
    label: str = ""
    """The message in the few words that a table has room for; empty if the id says enough."""
    remedy: Advice = ""
    """What to do, one line, with the command where there is one; empty if there is nothing to say."""
    command: str = ""
    """The command that does what the remedy says, for a shell and ready to run: it names the environment. Empty if no
    command alone does it."""
    evidence: tuple[str, ...] = ()
    """The evidence, one line each: files, versions, dates."""
    source: FindingSource = "files"
    """What it comes from: the environment's metadata (`files`), the check of its packages' files (`file-check`),
    the walk of the disk, the GPU check, the comparison of all environments (`alike`), the rules of a policy, the
    machine and its condas, or an action, its plan or its journal."""
    cleanup: CleanupRole = ""
    """What it means for cleaning up: `remains`, `missing`, `broken`, `unused` and `trial` are reasons to delete; what
    is `set-aside` has a job that puts it back, so that only the user deletes it; others stand against it."""
    hides_bytes: bool = False
    """Whether something could not be measured because of it, so that sizes are lower bounds."""


def merged(findings: Iterable[Finding], newer: Iterable[Finding], *, source: FindingSource) -> tuple[Finding, ...]:
    """Replace the findings of one source by newer ones; the gravest come first."""
    others = (each for each in findings if each.source != source)
    return in_order_of_severity((*others, *newer))


def in_order_of_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings, the gravest first; those of one severity keep their order."""
    return tuple(sorted(findings, key=lambda each: SEVERITIES.index(each.severity)))


def finding(
    id: str,  # noqa: A002 - the name of the record's field
    severity: Severity,
    message: str,
    remedy: Advice = "",
    evidence: Iterable[str] = (),
    *,
    most: int | None = None,
) -> Finding:
    """Create a finding of an action; with `most`, its evidence has so many lines and the number of the others."""
    lines = tuple(evidence)
    if most is not None:
        lines = first_of(lines, most)
    return Finding(id=id, severity=severity, message=message, remedy=remedy, evidence=lines, source="action")


def blocker(
    id: str,  # noqa: A002 - as above
    message: str,
    remedy: Advice = "",
    evidence: Iterable[str] = (),
    *,
    most: int | None = None,
) -> Finding:
    """Create a finding that blocks an action; its severity is the gravest."""
    return finding(id, "error", message, remedy, evidence, most=most)


class SecondRecord(Struct, frozen=True, kw_only=True):
    """A record in conda-meta beside the true one of the same package."""

    package: str
    """The package's name."""
    version: str
    """Version and build that it states."""
    true: str
    """Version and build that the true record states."""
    proven: bool
    """Whether the files show which one is true; if not, the newer record counts."""


class Problem(Struct, frozen=True, kw_only=True):
    """A file or directory of a prefix that could not be read or has invalid contents."""

    path: str
    """The absolute path, undecodable bytes as surrogates."""
    reason: str
    """What is wrong with it, in a few words: `not valid JSON: …`, `Permission denied`."""
    second: SecondRecord | None = None
    """Set if the file can be read, and is a second record of a package."""
