"""Carry out one plan, and turn every outcome, errors included, into a record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from condatui_core.actions.protocol import FindAction, JobContext, Work
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.log import unexpected
from condatui_core.records.job import Ended, Job, Outcome, Plan, Recovery
from condatui_core.records.request import Request
from condatui_core.remedy import Advice
from condatui_core.text import sanitize

INTERRUPTED = 130
"""The exit code of a command whose job was cancelled."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How carrying out a plan ended."""

    outcome: Outcome | None = None
    error: CondatuiError | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the attempt ended with neither an outcome nor an error."""
        return self.outcome is None and self.error is None

    def ended(self, at: datetime, *, leaving: bool) -> Ended:
        """The event that ends the job. With `leaving`, a cancelled job is interrupted: the next start reports it."""
        if self.outcome is not None:
            return _ended_with(self.outcome, at)
        if self.error is None and leaving:
            message = "condatui was left before it was done."
            return Ended(at=at, state="interrupted", message=message, exit_code=INTERRUPTED)
        if self.error is None:
            return Ended(at=at, state="cancelled", message="You cancelled it.", exit_code=INTERRUPTED)
        return Ended(
            at=at,
            state="failed",
            message=sanitize(self.error.title),
            detail=_printable_lines(self.error.detail),
            hint=_printable(self.error.advice),
            exit_code=self.error.exit_code,
        )


def _ended_with(outcome: Outcome, at: datetime) -> Ended:
    """The end of a job that has an outcome: it failed all the same if it stopped, and its findings say why."""
    has_errors = any(each.severity == "error" for each in outcome.findings)
    return Ended(
        at=at,
        state="failed" if outcome.stopped else "done",
        message=sanitize(outcome.message),
        outcome=outcome,
        exit_code=int(has_errors or outcome.stopped),
    )


async def run_attempt(act: Callable[[], Awaitable[Outcome]]) -> Attempt:
    """Run an action; this is the boundary at which every error of a job becomes an `Attempt`."""
    try:
        return Attempt(outcome=await act())
    except asyncio.CancelledError:
        return Attempt()
    except CondatuiError as error:
        return Attempt(error=error)
    except Exception as error:  # noqa: BLE001 - the named boundary of jobs: every failure is reported
        return Attempt(error=unexpected(error))


async def perform_plan(plan: Plan, context: JobContext, work: Work, find_action: FindAction) -> Outcome:
    """Carry out a plan with its action. RefusedError if the plan has blockers."""
    if plan.blockers:
        first = plan.blockers[0]
        raise RefusedError(first.message, "\n".join(first.evidence), first.remedy)
    action = await asyncio.to_thread(find_action, plan.request)
    outcome: Outcome = await action.perform(plan, plan.request, context, work)
    return outcome


async def inspect_job(job: Job, context: JobContext, find_action: FindAction) -> Recovery:
    """Inspect what a job that did not finish has left; never raises."""
    if job.started is None:
        return Recovery(state="untouched", message="By its journal it had not begun, so that nothing was done.")
    stage = job.stage.name if job.stage else ""
    request: Request = job.plan.request
    try:
        action = await asyncio.to_thread(find_action, request)
        recovery: Recovery = await action.recover(job.plan, request, stage, context)
    except Exception as error:  # noqa: BLE001 - as in `run_attempt`: the failure becomes the message
        failure = unexpected(error)
        return Recovery(state="half", message=sanitize(f"What there is now could not be found out: {failure.title}"))
    return recovery


def _printable(advice: Advice) -> Advice:
    return _printable_lines(advice) if isinstance(advice, str) else advice


def _printable_lines(text: str) -> str:
    return "\n".join(map(sanitize, text.splitlines()))
