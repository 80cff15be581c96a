"""The jobs as rows: what is being done, what waits, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.durations import format_seconds
from condatui.view_models.progress_bar import progress_words
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.table import Column
from condatui_core.printable import printable
from condatui_core.records.job import Job, JobState

COLUMNS = (
    Column("sign", "", 1),
    Column("job", "job", 48, flexible=True),
    Column("stage", "what came of it", 60, cut="end", flexible=True, priority=3),
    Column("time", "time", 8, align="right"),
    Column("started", "started", 11, priority=1),
)

ENDED: frozenset[JobState] = frozenset({"done", "failed", "cancelled", "interrupted"})
"""The states that a job stays in."""

_TONES: dict[JobState, str] = {
    "done": tones.GOOD,
    "failed": tones.ERROR,
    "interrupted": tones.WARNING,
    "cancelled": tones.WARNING,
    "cancelling": tones.WARNING,
}


def is_over(job: Job) -> bool:
    """Whether nothing more comes of it."""
    return job.state in ENDED


def state_sign(job: Job, signs: Signs) -> Text:
    """The sign of a state, in its colour."""
    sign = {
        "queued": signs.unread[:1],
        "running": signs.active,
        "cancelling": signs.active,
        "done": signs.good,
        "failed": signs.error,
        "cancelled": signs.nothing,
        "interrupted": signs.warning,
    }[job.state]
    return Text(sign, _TONES.get(job.state, tones.STRONG))


def result_words(job: Job) -> str:
    """One line: what is being done, or what came of it."""
    if job.state == "queued":
        return printable(f"waits: {job.waiting}") if job.waiting else "waits for its turn"
    if job.state == "cancelling":
        return "is being cancelled"
    if job.aftermath and job.state in {"cancelled", "interrupted"}:
        return printable(f"{job.state}: {job.aftermath.message}")
    if is_over(job):
        return printable(_ended(job))
    return printable(job.stage.title) if job.stage else "begins"


def _ended(job: Job) -> str:
    if job.end is None:
        return job.state
    if job.end.outcome and job.state == "done":
        return job.end.outcome.message
    return job.end.message or job.state


class JobsModel:
    """Jobs as rows, in the order given."""

    def __init__(self, jobs: Sequence[Job], *, now: datetime, signs: Signs = UNICODE) -> None:
        self._jobs = jobs
        self._now = now
        self._signs = signs

    @property
    def columns(self) -> tuple[Column, ...]:
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
            state_sign(job, self._signs),
            Text(printable(job.plan.title), tones.STRONG if at_work else tones.PLAIN),
            self._came_of(job),
            Text(job_time(job, self._now)),
            Text(_when(job, self._now), tones.DIM),
        )

    def _came_of(self, job: Job) -> Text:
        """The words, and before them how far it is: they may have to be cut."""
        done = f"{progress_words(job.progress, self._signs)}  " if job.state == "running" and job.progress else ""
        return Text(done + result_words(job), tones.PLAIN if job.state == "done" else _TONES.get(job.state, ""))


def job_time(job: Job, now: datetime) -> str:
    """How long it took, or takes so far; empty if it has not begun."""
    if job.started is None:
        return ""
    return format_seconds(((job.ended or now) - job.started).total_seconds())


def _when(job: Job, now: datetime) -> str:
    at = (job.started or job.submitted).astimezone(now.tzinfo)
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%m-%d %H:%M}"
