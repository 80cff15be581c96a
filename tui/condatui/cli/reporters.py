"""Reporters of an action's progress: text for people, or lines of JSON for programs."""

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

# Lines of JSON: one for the plan, one for every event and one for the result


class PlanLine(Struct, frozen=True):
    """The first line."""

    plan: Plan
    """The plan; with `--dry-run` this is the only line."""


class EventLine(Struct, frozen=True):
    """One of the lines between the first and the last."""

    event: Event
    """What happened."""


class ActionResult(Struct, frozen=True, kw_only=True):
    """The result of a job."""

    id: str
    """The id of the job, as in its journal."""
    state: JobState
    """How it ended; `done` is the only success."""
    message: str
    """One line."""
    detail: str
    """Where it failed, and the error message of the program or system; may have several lines."""
    hint: str
    """What the user can do about it; empty if unknown."""
    started: datetime | None
    """None if it never started."""
    ended: datetime | None
    """None if it did not end."""
    outcome: Outcome | None
    """None if it failed or was cancelled before it had a result."""
    recovery: Recovery | None = field(name="aftermath")
    """The state of the disk afterwards, and the way out; null for a job that is done."""


class ResultLine(Struct, frozen=True):
    """The last line."""

    result: ActionResult
    """The result of the job."""


def result_line(job: Job) -> ResultLine:
    """The last line for a job that has ended."""
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


# Reporters


class Reporter(Protocol):
    """Reports a plan, the events of its job, and its result."""

    def plan(self, plan: Plan) -> None:
        """Report the plan."""
        ...

    def event(self, event: Event) -> None:
        """Report an event."""
        ...

    def result(self, job: Job) -> None:
        """Report the result."""
        ...


class JsonReporter:
    """Prints lines of JSON."""

    def plan(self, plan: Plan) -> None:
        """Print the plan."""
        print_json(PlanLine(plan_in_words(plan)))

    def event(self, event: Event) -> None:
        """Print an event, except the end, which is in the result."""
        if not isinstance(event, Ended):
            print_json(EventLine(event))

    def result(self, job: Job) -> None:
        """Print the result."""
        print_json(result_line(job))


class LastingReporter:
    """Stops reporting when the terminal or the reading process is gone, so that what was agreed to goes on.

    How much of a plan fits into a pipe does not decide whether its job is done.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._connected = True

    def plan(self, plan: Plan) -> None:
        """Report the plan."""
        self._report(partial(self._reporter.plan, plan))

    def event(self, event: Event) -> None:
        """Report an event."""
        self._report(partial(self._reporter.event, event))

    def result(self, job: Job) -> None:
        """Report the result."""
        self._report(partial(self._reporter.result, job))

    def _report(self, report: Callable[[], None]) -> None:
        try:
            if self._connected:
                report()
        except OSError:
            self._connected = False


def make_reporter(invocation: Invocation, *, as_json: bool) -> Reporter:
    """The reporter for programs, which prints lines of JSON, or for people."""
    if as_json:
        return LastingReporter(JsonReporter())

    from condatui.cli.pages.actions import PageReporter  # noqa: PLC0415 - Rich is for people

    return LastingReporter(PageReporter(ascii_only=invocation.settings.ascii))
