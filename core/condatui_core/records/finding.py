"""One thing worth knowing about an environment."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Gravest first."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing worth knowing about an environment, with the evidence and what to do about it."""

    id: str
    """A public, stable word: `broken`, `orphan`, `pip-over-conda` …"""
    severity: Severity
    message: str
    """One line."""
    remedy: str = ""
    """What to do, one line, with the command where there is one."""
    evidence: tuple[str, ...] = ()
    """What this was concluded from, a line each: files, versions, dates."""


class Problem(Struct, frozen=True, kw_only=True):
    """A file or directory of a prefix that could not be read as what it should be."""

    path: str
    """Absolute, as the file system spells it (undecodable bytes as surrogates)."""
    reason: str
    """What is wrong with it, in a few words: `not valid JSON: …`, `Permission denied`."""
