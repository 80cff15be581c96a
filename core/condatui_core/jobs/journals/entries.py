"""What a journal holds, line by line, and the job that it tells of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.jobs.running.owner import Owner
from condatui_core.records.job import (
    Aftermath,
    CommandBegun,
    CommandEnded,
    Ended,
    Event,
    Job,
    Plan,
    Progressed,
    Said,
    StageBegun,
)

MOST_LINES = 500
"""How many lines of output a job keeps."""


class Submission(Struct, frozen=True, kw_only=True):
    """Who has taken a job on, and when."""

    owner: Owner
    at: datetime


class Begun(Struct, frozen=True, kw_only=True, tag="begun"):
    """It was the job's turn."""

    at: datetime


class Judged(Struct, frozen=True, kw_only=True, tag="aftermath"):
    """Somebody has looked what there was after a job that did not come to its end."""

    at: datetime
    aftermath: Aftermath


class Settled(Struct, frozen=True, kw_only=True, tag="settled"):
    """The user knows what became of it."""

    at: datetime


Entry: TypeAlias = Begun | StageBegun | CommandBegun | CommandEnded | Said | Ended | Judged | Settled


def new_job(id: str, plan: Plan, submitted: datetime) -> Job:  # noqa: A002 - the record's own word
    """A job that waits for its turn."""
    return Job(id=id, plan=plan, state="queued", submitted=submitted)


def after_all(job: Job, entries: Iterable[Entry | Event]) -> Job:
    """The job after all of this has happened; many lines of output at once cost no more than one."""
    lines: list[str] = []
    for entry in entries:
        if isinstance(entry, Said):
            lines.append(entry.line)
        else:
            job = _after(job, entry)
    return replace(job, output=(*job.output, *lines[-MOST_LINES:])[-MOST_LINES:]) if lines else job


def _after(job: Job, entry: Entry | Event) -> Job:
    if isinstance(entry, Begun):
        return replace(job, state="running", started=entry.at, waiting="")
    if isinstance(entry, Judged):
        return replace(job, aftermath=entry.aftermath)
    if isinstance(entry, Ended):
        return replace(job, state=entry.state, ended=entry.at, end=entry, progress=None, waiting="")
    return _on_its_way(job, entry)


def _on_its_way(job: Job, entry: Entry | Event) -> Job:
    if isinstance(entry, StageBegun):
        return replace(job, stage=entry, progress=None)
    if isinstance(entry, Progressed):
        return replace(job, progress=entry)
    if isinstance(entry, CommandBegun):
        return replace(job, commands=(*job.commands, entry.argv))
    return job
