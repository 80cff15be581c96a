"""What a cleanup did and why, as Markdown: for the mail of a cron job, and for those whose environments went."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct, structs

from condatui_core.analyses.cleanup.goal import Goal
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.job import Ended
from condatui_core.records.policy import Policy
from condatui_core.text import format_bytes, sanitize

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~!])")


class CleanupReport(Struct, frozen=True, kw_only=True):
    """What there is to report of one cleanup."""

    host: str
    at: datetime
    policy_file: str = ""
    policy: Policy | None = None
    goal: Goal | None = None
    chosen: tuple[CleanupCandidate, ...] = ()
    """What was to go."""
    blocked: tuple[CleanupCandidate, ...] = ()
    """What could have gone but for something that stood against it."""
    end: Ended | None = None
    """The end of the job; None if there was none."""
    refused: tuple[str, ...] = ()
    """Why nothing was done, line by line; empty if nothing stood against it."""


def cleanup_markdown(report: CleanupReport) -> str:
    """The report as a Markdown page."""
    sections = (_head(report), _result(report), _chosen(report), _blocked(report))
    return "\n".join(line for section in sections for line in section) + "\n"


def _head(report: CleanupReport) -> Iterator[str]:
    yield f"# Cleanup of {_text(report.host)}, {report.at:%Y-%m-%d %H:%M %z}"
    yield ""
    if report.policy is not None:
        yield f"Policy {_text(report.policy_file)}:"
        yield ""
        for name, value in structs.asdict(report.policy).items():
            if value not in ((), "", None):
                yield f"- `{name}`: {_text(_said(name, value))}"
        yield ""


def _said(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return format_bytes(value) if isinstance(value, int) and name in ("min_free", "max_bytes_per_user") else str(value)


def _result(report: CleanupReport) -> Iterator[str]:
    yield f"**{_text(_summary(report))}**"
    yield ""
    lines = [*report.refused, *(report.end.detail.splitlines() if report.end else ())]
    if report.goal is not None and not report.goal.reached:
        wanted = format_bytes(report.goal.wanted)
        lines += [f"The goal of {wanted} is out of reach", *report.goal.in_the_way]
    if report.end and report.end.outcome:
        lines += [each.message for each in report.end.outcome.findings]
        lines += [f"restore point {each}" for each in report.end.outcome.restore_points]
    if lines:
        yield from (f"- {_text(line)}" for line in lines)
        yield ""


def _summary(report: CleanupReport) -> str:
    if report.refused:
        return "Refused: nothing was done."
    if report.end is not None:
        return report.end.message
    return "Nothing had to go." if not report.chosen else "Nothing was done."


def _chosen(report: CleanupReport) -> Iterator[str]:
    if report.chosen:
        yield "## What went" if _is_done(report.end) else "## What was to go"
        yield ""
        yield from _table(("what", "where", "on disk", "why", "way back"), map(_row, report.chosen))


def _is_done(end: Ended | None) -> bool:
    """Whether all went that was to go."""
    return end is not None and end.state == "done" and not end.exit_code


def _row(candidate: CleanupCandidate) -> tuple[str, ...]:
    why = "; ".join(each.text for each in candidate.reasons)
    return candidate.name, candidate.path, format_bytes(candidate.bytes), why, candidate.way_back.text


def _blocked(report: CleanupReport) -> Iterator[str]:
    if report.blocked:
        yield "## What stays"
        yield ""
        rows = ((each.name, each.path, format_bytes(each.bytes), each.blocked) for each in report.blocked)
        yield from _table(("what", "where", "on disk", "why it stays"), rows)


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{' --- |' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"
    yield ""


def _text(text: str) -> str:
    """Foreign text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", sanitize(text))
