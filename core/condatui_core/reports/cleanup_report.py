"""What a cleanup did and why, as Markdown: for the mail of a cron job, and for those whose environments went."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct, structs

from condatui_core.analyses.cleanup.goal import Goal
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.finding import Finding
from condatui_core.records.job import Ended
from condatui_core.records.policy import Policy
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.text import counted, format_bytes, sanitize

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
    broken_rules: tuple[str, ...] = ()
    """The rules for users that the policy sets and that are still broken, and by how much, line by line."""
    freed: Mapping[str, int] = MappingProxyType({})
    """By key, what each of the chosen ones adds to what those before it free, as it was planned; caches come last."""
    end: Ended | None = None
    """The end of the job; None if there was none."""
    way_back: str = "{id}"
    """How a restore point is brought back, with `{id}` for its id: a command of the front end that writes it."""
    points: tuple[RestorePointSummary, ...] = ()
    """The restore points that the job has made, and those of which it has left packages to be downloaded."""
    free_bytes: int | None = None
    """What is free on the fullest file system that the policy wants space on; None if it wants none."""
    refused: tuple[str, ...] = ()
    """Why nothing was done, line by line; empty if nothing stood against it."""


def cleanup_markdown(report: CleanupReport) -> str:
    """The report as a Markdown page."""
    sections = (_head(report), _result(report), _chosen(report), _to_bring_back(report), _blocked(report))
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
    lines += report.broken_rules
    if report.end and report.end.outcome:
        lines += [line for each in report.end.outcome.findings for line in _lines_of(each)]
        lines += [f"restore point {each}" for each in report.end.outcome.restore_points]
    if lines:
        yield from (f"- {_text(line)}" for line in lines)
        yield ""


def _lines_of(found: Finding) -> Iterator[str]:
    """What a finding says; the reasons of one that the job has stopped for as well."""
    yield found.message
    if found.severity != "note":
        yield from (each for each in found.evidence if each not in found.message)


def _summary(report: CleanupReport) -> str:
    if report.refused:
        return "Refused: nothing was done."
    if report.end is not None:
        return report.end.message
    if report.chosen:
        return "Nothing was done."
    wanted = report.policy.min_free if report.policy else None
    if report.free_bytes is None or wanted is None or report.free_bytes < wanted:
        return "Nothing had to go."
    return f"Nothing had to go: {format_bytes(report.free_bytes)} are free, {format_bytes(wanted)} are wanted."


def _chosen(report: CleanupReport) -> Iterator[str]:
    if report.chosen:
        yield "## What went" if _is_done(report.end) else "## What was to go"
        yield ""
        titles = ("what", "where", "on disk", "freed" if _is_done(report.end) else "frees", "why", "way back")
        rows = sorted(report.chosen, key=lambda each: each.kind == "cache")
        yield from _table(titles, (_row(each, report.freed.get(each.key, 0)) for each in rows))


def _is_done(end: Ended | None) -> bool:
    """Whether all went that was to go."""
    return end is not None and end.state == "done" and not end.exit_code


def _row(candidate: CleanupCandidate, freed: int) -> tuple[str, ...]:
    why = "; ".join(each.text for each in candidate.reasons)
    if candidate.part and not candidate.bytes:
        why = "no environment needs them, once others are gone"
    size = max(candidate.bytes, freed)
    least = "at least " if candidate.frees_at_least else ""
    return (
        candidate.shown,
        candidate.path,
        format_bytes(size),
        f"{least}{format_bytes(freed)}",
        why,
        candidate.way_back.text,
    )


def _to_bring_back(report: CleanupReport) -> Iterator[str]:
    if report.points:
        yield "## To bring back"
        yield ""
        rows = ((each.name, each.prefix, report.way_back.format(id=each.id), _download(each)) for each in report.points)
        yield from _table(("what", "where", "command", "to download"), rows)


def _download(point: RestorePointSummary) -> str:
    if not point.to_download:
        return "nothing"
    return f"{counted(len(point.to_download), 'package')}, {format_bytes(point.download_bytes)}"


def _blocked(report: CleanupReport) -> Iterator[str]:
    if report.blocked:
        yield "## What stays"
        yield ""
        rows = ((each.shown, each.path, format_bytes(each.bytes), each.blocked) for each in report.blocked)
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
