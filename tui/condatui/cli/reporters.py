"""To whom an action reports: lines for people or JSON for programs, until they stop listening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from msgspec import Struct, field

from condatui.cli.invocation import Invocation
from condatui.cli.remedies import command_line_words, outcome_in_words, plan_in_words
from condatui.json_documents import print_json
from condatui_core.records.job import Ended, Event, Job, JobState, Outcome, Plan, Recovery

# What an action tells programs: a line of JSON each for the plan, for every event and for the result.


class PlanLine(Struct, frozen=True):
    """The first line."""

    plan: Plan
    """What will be done; with `--dry-run` this is the only line."""


class EventLine(Struct, frozen=True):
    """One of the lines between."""

    event: Event
    """What happened."""


class ActionResult(Struct, frozen=True, kw_only=True):
    """What came of a job."""

    id: str
    """Of the job, as the journals have it."""
    state: JobState
    """How it ended; `done` is the only success."""
    message: str
    """One line."""
    detail: str
    """The words of whoever refused; may have several lines."""
    hint: str
    """What the user can do about it; empty if nothing is known."""
    started: datetime | None
    """None if it never began."""
    ended: datetime | None
    """None if it has no end."""
    outcome: Outcome | None
    """None if it failed or was cancelled before it came to anything."""
    recovery: Recovery | None = field(name="aftermath")
    """What is there after it, and the way out; null for a job that is done."""


class ResultLine(Struct, frozen=True):
    """The last line."""

    result: ActionResult
    """What came of it."""


def result_line(job: Job) -> ResultLine:
    """The last line for a job that is over."""
    end = job.end
    result = ActionResult(
        id=job.id,
        state=job.state,
        message=end.message if end else "",
        detail=end.detail if end else "",
        hint=command_line_words(end.hint) if end else "",
        started=job.started,
        ended=job.ended,
        outcome=outcome_in_words(end.outcome) if end and end.outcome else None,
        recovery=job.recovery,
    )
    return ResultLine(result)


# Who is told what an action does: programs or people, until they stop listening.


class Reporter(Protocol):
    """Is told of a plan and of its job."""

    def plan(self, plan: Plan) -> None:
        """Tell what will be done."""
        ...

    def event(self, event: Event) -> None:
        """Tell what happened."""
        ...

    def result(self, job: Job) -> None:
        """Tell what came of it."""
        ...


class JsonReporter:
    """Prints lines of JSON."""

    def plan(self, plan: Plan) -> None:
        """Print the plan."""
        print_json(PlanLine(plan_in_words(plan)))

    def event(self, event: Event) -> None:
        """Print what happened; the end is in the result."""
        if not isinstance(event, Ended):
            print_json(EventLine(event))

    def result(self, job: Job) -> None:
        """Print what came of it."""
        print_json(result_line(job))


class LastingReporter:
    """Tells on until nobody listens any more: a terminal or a reader that is gone does not end what is being done."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._heard = True

    def plan(self, plan: Plan) -> None:
        """Tell what will be done; here a reader that is gone ends the command, since nothing has begun."""
        self._reporter.plan(plan)

    def event(self, event: Event) -> None:
        """Tell what happened."""
        self._tell(partial(self._reporter.event, event))

    def result(self, job: Job) -> None:
        """Tell what came of it."""
        self._tell(partial(self._reporter.result, job))

    def _tell(self, telling: Callable[[], None]) -> None:
        try:
            if self._heard:
                telling()
        except OSError:
            self._heard = False


def make_reporter(invocation: Invocation, *, as_json: bool) -> Reporter:
    """Who is told: programs by lines of JSON, or people."""
    if as_json:
        return LastingReporter(JsonReporter())

    from condatui.cli.pages.actions import PageReporter  # noqa: PLC0415 - Rich is for people

    return LastingReporter(PageReporter(ascii_only=invocation.settings.ascii))
