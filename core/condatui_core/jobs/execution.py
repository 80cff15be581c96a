"""The execution of one job: its journal, its turn in the queue, its action, and an inspection if it did not finish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.jobs.attempt import Attempt, attempt, inspect_job, perform_plan
from condatui_core.jobs.job_handle import JobHandle, Turn
from condatui_core.jobs.job_work import JobWork, journal_error, to_its_end
from condatui_core.jobs.journal import Entry, Inspected, JobBegun, Submission
from condatui_core.jobs.journal_store import prune
from condatui_core.jobs.writer_lock import WriterLock
from condatui_core.proc.command_log import CommandLog
from condatui_core.proc.owner import Owner
from condatui_core.records.job import Outcome, Recovery, Said
from condatui_core.settings import Locations
from condatui_core.text import sanitize

_logger = logging.getLogger(__name__)
_PAUSE = 0.2
"""Seconds between two attempts to take the writer lock."""
_LAST_LINES = 50
"""Lines that the journal gets at the end of a job whose output was too long for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRuntime:
    """What every job of this process needs to run."""

    locations: Locations
    owner: Owner
    job_context: Callable[[], Awaitable[JobContext]]
    find_action: FindAction
    log: CommandLog
    clock: Callable[[], datetime]
    grace: float
    """Seconds between asking a command to end and killing it."""


class JobExecution:
    """Takes one job from the queue to its end."""

    def __init__(self, held: JobHandle, turn: Turn, means: JobRuntime) -> None:
        self._held = held
        self._turn = turn
        self._means = means
        self._context: JobContext | None = None

    async def see_through(self) -> None:
        """Wait for the job's turn and carry it out; returns when the job has ended, in every case without raising."""
        with ExitStack() as at_last:
            at_last.callback(self._turn.leave)
            doing = asyncio.ensure_future(attempt(partial(self._do, at_last)))
            self._held.begin(doing)
            await self._end(await self._result(doing))

    async def _do(self, at_last: ExitStack) -> Outcome:
        held, means = self._held, self._means
        try:
            await held.journal.begin(held.job.plan, Submission(owner=means.owner, at=held.job.submitted))
        except OSError as error:
            raise journal_error(error) from error
        await self._turn.come()
        await self._take_lock(at_last)
        begun = JobBegun(at=means.clock())
        try:
            await held.journal.write(begun)
        except OSError as error:
            raise journal_error(error) from error
        held.tell([begun])
        _logger.debug("job %s begins: %s", held.job.id, held.job.plan.title)
        held.work = JobWork(held.job.id, held.journal, held.tell, log=means.log, clock=means.clock, grace=means.grace)
        self._context = await means.job_context()
        return await perform_plan(held.job.plan, self._context, held.work, means.find_action)

    async def _take_lock(self, at_last: ExitStack) -> None:
        """Wait until no other condatui writes, and take the lock."""
        lock = WriterLock(self._means.locations.state, self._means.owner)
        at_last.callback(lock.release)
        while not await to_its_end(partial(self._try, lock)):
            holder = sanitize(await asyncio.to_thread(lock.holder))
            if holder != self._held.job.waiting:
                self._held.replace(replace(self._held.job, waiting=holder))
                self._say(f"Waiting: {holder}")
            await asyncio.sleep(_PAUSE)
        if not lock.supported:
            self._say(f"{self._means.locations.state} knows no locks: another condatui would not wait for this one")

    def _try(self, lock: WriterLock) -> bool:
        try:
            return lock.try_take(self._held.job.plan.title)
        except OSError as error:
            raise journal_error(error) from error

    def _say(self, line: str) -> None:
        said = Said(at=self._means.clock(), line=sanitize(line))
        self._held.journal.note([said])
        self._held.tell([said])

    async def _end(self, came_to: Attempt) -> None:
        held, means = self._held, self._means
        ended = came_to.ended(means.clock(), left=held.left)
        entries: list[Entry] = []
        if ended.state != "done":
            entries = [Inspected(at=means.clock(), recovery=await self._look())]
        told = [*entries, replace(ended, at=means.clock())]
        if not held.journal.whole:
            entries = [*(Said(at=ended.at, line=line) for line in held.job.output[-_LAST_LINES:]), *entries]
        with suppress(OSError):  # the next start inspects the job instead
            await held.journal.write(*entries, told[-1])
        await held.journal.close()
        level = logging.WARNING if ended.state == "failed" else logging.DEBUG
        _logger.log(level, "job %s is %s: %s: %s", held.job.id, ended.state, held.job.plan.title, ended.message)
        await asyncio.to_thread(prune, means.locations.jobs, means.clock())
        held.tell(told)

    async def _look(self) -> Recovery:
        if self._context is None:
            return Recovery(state="untouched", message="Nothing was done: it had not begun.")
        return await inspect_job(self._held.job, self._context, self._means.find_action)

    async def _result(self, doing: asyncio.Task[Attempt]) -> Attempt:
        """Wait for the attempt; if the event loop ends, it is cancelled and still gets the time to end in order."""
        while not doing.done():
            try:
                await asyncio.wait({doing})
            except asyncio.CancelledError:  # noqa: PERF203 - each one is passed on
                self._held.cancel(leaving=True)
        return Attempt() if doing.cancelled() else doing.result()
