"""The jobs as rows, and the details of one job: its result, its repair, its commands and their output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.details.health import findings_text
from condatui.view_models.format import format_seconds, progress_words
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.plan import printable_lines
from condatui.view_models.remedies import KeyOf, RemedyWords, workbench_words
from condatui.view_models.table import TableColumn
from condatui_core.records.finding import Finding
from condatui_core.records.job import Ended, Job, JobState, Outcome, Recovery
from condatui_core.text import format_bytes, sanitize, shell_words

# The rows


COLUMNS = (
    TableColumn("sign", "", 1),
    TableColumn("job", "job", 48, flexible=True, comfort=48),
    TableColumn("stage", "stage or result", 60, cut="end", flexible=True, priority=3),
    TableColumn("time", "time", 8, align="right"),
    TableColumn("started", "started", 11, priority=1),
)

_STYLES: dict[JobState, str] = {
    "done": styles.GOOD,
    "failed": styles.ERROR,
    "interrupted": styles.WARNING,
    "cancelled": styles.WARNING,
    "cancelling": styles.WARNING,
}


def state_glyph(job: Job, glyphs: Glyphs) -> Text:
    """The glyph of a job's state, in its colour."""
    glyph = {
        "queued": glyphs.unread[:1],
        "running": glyphs.active,
        "cancelling": glyphs.active,
        "done": glyphs.good,
        "failed": glyphs.error,
        "cancelled": glyphs.nothing,
        "interrupted": glyphs.warning,
    }[job.state]
    return Text(glyph, _STYLES.get(job.state, styles.STRONG))


def result_words(job: Job) -> str:
    """One line: the present stage of the job, or its result."""
    if job.state == "queued":
        return sanitize(f"waits: {job.waiting}") if job.waiting else "waits for its turn"
    if job.state == "cancelling":
        return "is being cancelled"
    if job.recovery and job.state in {"cancelled", "interrupted"}:
        return sanitize(f"{job.state}: {job.recovery.message}")
    if job.over:
        return sanitize(_ended_word(job))
    return sanitize(job.stage.title) if job.stage else "begins"


def _ended_word(job: Job) -> str:
    if job.end is None:
        return job.state
    if job.end.outcome and job.state == "done":
        return job.end.outcome.message
    return job.end.message or job.state


class JobsModel:
    """Jobs as rows, in the order given."""

    def __init__(self, jobs: Sequence[Job], *, now: datetime, glyphs: Glyphs = UNICODE) -> None:
        self._jobs = jobs
        self._now = now
        self._glyphs = glyphs

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._jobs)

    def key(self, index: int) -> str:
        """The id of the job."""
        return self._jobs[index].id

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        job = self._jobs[index]
        at_work = job.state == "running"
        return (
            state_glyph(job, self._glyphs),
            Text(sanitize(job.plan.title), styles.STRONG if at_work else styles.PLAIN),
            self._result(job),
            Text(job_time(job, self._now)),
            Text(_when(job, self._now), styles.DIM),
        )

    def _result(self, job: Job) -> Text:
        """The progress, then the stage or result, which may be cut."""
        done = f"{progress_words(job.progress, self._glyphs)}  " if job.state == "running" and job.progress else ""
        return Text(done + result_words(job), styles.PLAIN if job.state == "done" else _STYLES.get(job.state, ""))


def job_time(job: Job, now: datetime) -> str:
    """How long the job took, or has taken so far; empty if it has not started."""
    if job.started is None:
        return ""
    return format_seconds(((job.ended or now) - job.started).total_seconds())


def _when(job: Job, now: datetime) -> str:
    at = (job.started or job.submitted).astimezone(now.tzinfo)
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%m-%d %H:%M}"


# The details of one job


_MOST_LINES = 500
"""The largest number of lines of output that are shown."""


def job_text(job: Job, now: datetime, *, key: KeyOf, glyphs: Glyphs = UNICODE) -> Text:
    """A job from top to bottom; while it runs, what is new comes last. `key` tells the keys of actions."""
    return Text("\n").join(_lines(job, now, key, glyphs))


def _lines(job: Job, now: datetime, key: KeyOf, glyphs: Glyphs) -> Iterator[Text]:
    yield Text.assemble(
        state_glyph(job, glyphs), " ", (sanitize(job.plan.title), styles.STRONG), _spent(job, now, glyphs)
    )
    if job.elsewhere:
        yield Text(f"carried out by {sanitize(job.elsewhere)}", styles.DIM)
    if job.over:
        yield from _end(job, key, glyphs)
    for argv in job.commands:
        yield Text(f"$ {shell_words(argv)}", styles.STRONG)
    for line in job.output[-_MOST_LINES:]:
        yield Text(sanitize(line), styles.DIM)
    if not job.over:
        yield from _now(job, glyphs)


def _spent(job: Job, now: datetime, glyphs: Glyphs) -> tuple[str, str]:
    spent = job_time(job, now)
    return (f" {glyphs.separator} {job.state}{f' {glyphs.separator} {spent}' if spent else ''}", styles.DIM)


def _now(job: Job, glyphs: Glyphs) -> Iterator[Text]:
    progress = f"  {progress_words(job.progress, glyphs)}" if job.progress else ""
    yield Text(f"{glyphs.active} {result_words(job)}{progress}")


def _end(job: Job, key: KeyOf, glyphs: Glyphs) -> Iterator[Text]:
    if job.end:
        yield from _ended(job.end, partial(workbench_words, key=key), glyphs)
    if job.recovery:
        yield from _recovery(job.recovery, key, glyphs)


def _ended(end: Ended, words: RemedyWords, glyphs: Glyphs) -> Iterator[Text]:
    style = {"done": styles.GOOD, "failed": styles.ERROR}.get(end.state, styles.WARNING)
    message = end.outcome.message if end.outcome and end.state == "done" else end.message
    if message:
        yield Text(sanitize(message), style)
    for line in printable_lines(end.detail):
        yield Text(f"  {line}")
    if end.hint:
        yield Text(f"  {glyphs.remedy} {sanitize(words(end.hint))}")
    if end.outcome:
        yield from _outcome(end.outcome, words, glyphs)


def _outcome(outcome: Outcome, words: RemedyWords, glyphs: Glyphs) -> Iterator[Text]:
    if outcome.findings:
        yield findings_text(_gravest_first(outcome.findings), words=words, glyphs=glyphs)
    if not outcome.says_bytes:
        yield from (Text(line, styles.DIM) for line in _bytes(outcome))
    for file in outcome.files:
        yield Text.assemble(("made  ", styles.DIM), sanitize(file))
    if outcome.receiver:
        yield Text("The receiver runs:", styles.DIM)
        yield from (Text(f"  {sanitize(line)}") for line in outcome.receiver)


def _bytes(outcome: Outcome) -> Iterator[str]:
    """What the disk has gained or lost; a loss is said once."""
    freed, used = outcome.bytes_freed, outcome.bytes_used
    if freed is not None and (freed >= 0 or used is None):
        yield f"{format_bytes(abs(freed))} {'more' if freed >= 0 else 'less'} free on the disk"
    if used is not None:
        yield f"{format_bytes(used)} used on the disk"


def _gravest_first(findings: tuple[Finding, ...]) -> list[Finding]:
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: order[finding.severity])


def _recovery(recovery: Recovery, key: KeyOf, glyphs: Glyphs) -> Iterator[Text]:
    yield Text(sanitize(recovery.message), styles.PLAIN if recovery.state != "half" else styles.WARNING)
    if recovery.way_out:
        yield Text(f"  {glyphs.remedy} {key('list.open')}: {sanitize(recovery.way_out_title or 'put it right')}")


def job_commands(job: Job) -> str:
    """The commands that ran, or else those of the plan, one on each line, quoted for a shell.

    To be sanitized before they are shown.
    """
    argvs = job.commands or tuple(step.argv for step in job.plan.steps if step.argv)
    return "\n".join(shell_words(argv) for argv in argvs)
