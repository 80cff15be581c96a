"""What an action tells programs: a line of JSON each for the plan, for every event and for the result."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from condatui_core.records.job import Aftermath, Event, Job, JobState, Outcome, Plan


class PlanLine(Struct, frozen=True):
    """The first line."""

    plan: Plan


class EventLine(Struct, frozen=True):
    """One of the lines between."""

    event: Event


class Result(Struct, frozen=True, kw_only=True):
    """What came of a job."""

    id: str
    state: JobState
    message: str
    detail: str
    hint: str
    started: datetime | None
    ended: datetime | None
    outcome: Outcome | None
    aftermath: Aftermath | None


class ResultLine(Struct, frozen=True):
    """The last line."""

    result: Result


def result_line(job: Job) -> ResultLine:
    """The last line for a job that is over."""
    end = job.end
    result = Result(
        id=job.id,
        state=job.state,
        message=end.message if end else "",
        detail=end.detail if end else "",
        hint=end.hint if end else "",
        started=job.started,
        ended=job.ended,
        outcome=end.outcome if end else None,
        aftermath=job.aftermath,
    )
    return ResultLine(result)
