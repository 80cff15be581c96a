"""What came of a clone, in words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from condatui_core.byte_words import spell_bytes
from condatui_core.jobs.cloning.facts import CloneFacts
from condatui_core.jobs.cloning.mirror import Mirrored
from condatui_core.jobs.cloning.planning import count, finding
from condatui_core.jobs.cloning.verify import Verified
from condatui_core.records.finding import Finding
from condatui_core.records.job import Outcome


def outcome_of(
    facts: CloneFacts,
    mirrored: Mirrored,
    verified: Verified,
    *,
    problems: Sequence[str],
    complaint: str,
    python: str,
) -> Outcome:
    """Say what was made and what is not as in its source.

    `complaint` is what conda did not like, `python` is why the clone's python does not run; both may be empty.
    """
    contents = verified.contents
    pip = len(contents.pip_distributions)
    packages = count(contents.packages, "package") + (f" and {pip} of pip" if pip else "")
    name = os.path.basename(facts.target.prefix)
    return Outcome(
        message=f"{name} was made: {packages}, {spell_bytes(verified.bytes_used)} on the disk.",
        findings=(
            *_differences(verified),
            *_losses(mirrored, verified, problems),
            *_said(complaint, python),
            *_notes(facts),
        ),
        bytes_used=verified.bytes_used,
        files=(facts.target.prefix,),
    )


def _differences(verified: Verified) -> Iterator[Finding]:
    for found, what in (
        (verified.missing_packages, "of the source are not in the clone"),
        (verified.other_packages, "are in the clone and not in the source"),
    ):
        if found:
            yield finding("differs", "error", f"{count(found, 'package')} {what}.", "Compare the two.", found)
    if verified.distributions:
        message = f"{count(verified.distributions, 'distribution')} of pip are not the same in both."
        yield finding("differs", "error", message, "Compare the two.", verified.distributions)
    if verified.differing:
        message = f"{count(verified.differing, 'file')} are not the same in both."
        yield finding("differs", "warning", message, "Look at them before you rely on the clone.", verified.differing)


def _losses(mirrored: Mirrored, verified: Verified, problems: Sequence[str]) -> Iterator[Finding]:
    if naming := sorted({*mirrored.carrying, *verified.naming_source}):
        message = f"{count(naming, 'file')} still name the source, because the path could not be replaced in them."
        yield finding("old-prefix", "warning", message, "Install what they belong to anew in the clone.", naming)
    if mirrored.unreadable:
        message = f"{count(mirrored.unreadable, 'file')} could not be read, and are missing in the clone."
        yield finding("unreadable", "warning", message, "Ask who owns them.", mirrored.unreadable)
    if mirrored.special:
        message = f"{count(mirrored.special, 'pipe, socket or device')} were not copied."
        yield finding("special-files", "note", message, "", mirrored.special)
    if problems:
        yield finding("broken", "warning", "Some of what it says of itself could not be read.", "", problems)


def _said(complaint: str, python: str) -> Iterator[Finding]:
    if complaint:
        lines = complaint.splitlines()
        yield finding(
            "conda-said", "warning", "conda complained, and went on.", "Is the source as it should be?", lines
        )
    if python:
        yield finding("python-fails", "error", "Its python does not run as it should.", "Does the source's?", (python,))


def _notes(facts: CloneFacts) -> Iterator[Finding]:
    if facts.origin.frozen is not None:
        yield finding("frozen", "note", "Its source is frozen; the clone is not.")
