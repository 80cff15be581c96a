"""The execution of one job: its journal, its turn in the queue, its action, and an inspection if it did not finish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.fs.safe_read import reason
from condatui_core.jobs.attempt import Attempt, inspect_job, perform_plan, run_attempt
from condatui_core.jobs.full_disk import full_disk_error, journal_error
from condatui_core.jobs.job_handle import JobHandle, Turn
from condatui_core.jobs.job_work import JobWork, run_in_thread
from condatui_core.jobs.journal import Entry, Inspected, JobBegun, Submission
from condatui_core.jobs.journal_store import prune
from condatui_core.jobs.reserve import make_again
from condatui_core.jobs.writer_lock import WriterLock
from condatui_core.log import unexpected
from condatui_core.proc.owner import Owner
from condatui_core.proc.runner import CommandLog
from condatui_core.records.job import Ended, Outcome, Recovery, Said
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

    def __init__(self, handle: JobHandle, turn: Turn, runtime: JobRuntime) -> None:
        self._handle = handle
        self._turn = turn
        self._runtime = runtime
        self._context: JobContext | None = None

    async def run(self) -> None:
        """Wait for the job's turn and carry it out; returns when the job has ended, in every case without raising."""
        with ExitStack() as cleanup:
            cleanup.callback(self._turn.leave)
            running = asyncio.ensure_future(run_attempt(partial(self._carry_out, cleanup)))
            self._handle.begin(running)
            await self._end(await self._result(running))

    async def _carry_out(self, cleanup: ExitStack) -> Outcome:
        handle, runtime = self._handle, self._runtime
        try:
            await handle.journal.begin(handle.job.plan, Submission(owner=runtime.owner, at=handle.job.submitted))
        except OSError as error:
            raise await asyncio.to_thread(full_disk_error, error, await runtime.job_context()) from error
        await self._turn.wait()
        await self._take_lock(cleanup)
        begun = JobBegun(at=runtime.clock())
        try:
            await handle.journal.write(begun)
        except OSError as error:
            raise await asyncio.to_thread(full_disk_error, error, await runtime.job_context()) from error
        handle.apply([begun])
        _logger.debug("job %s begins: %s", handle.job.id, handle.job.plan.title)
        handle.work = JobWork(
            handle.job.id, handle.journal, handle.apply, log=runtime.log, clock=runtime.clock, grace=runtime.grace
        )
        self._context = await runtime.job_context()
        return await perform_plan(handle.job.plan, self._context, handle.work, runtime.find_action)

    async def _take_lock(self, cleanup: ExitStack) -> None:
        """Wait until no other process writes."""
        lock = WriterLock(self._runtime.locations.state, self._runtime.owner)
        cleanup.callback(_release, lock)
        while not await run_in_thread(partial(self._try_lock, lock)):
            holder = sanitize(await asyncio.to_thread(lock.holder))
            if holder != self._handle.job.waiting:
                self._handle.update(replace(self._handle.job, waiting=holder))
                self._say(f"Waiting: {holder}")
            await asyncio.sleep(_PAUSE)
        if not lock.supported:
            self._say(f"{self._runtime.locations.state} has no locks: another condatui would not wait for this one")

    def _try_lock(self, lock: WriterLock) -> bool:
        try:
            return lock.try_take(self._handle.job.plan.title)
        except OSError as error:
            raise journal_error(error) from error

    def _say(self, line: str) -> None:
        said = Said(at=self._runtime.clock(), line=sanitize(line))
        self._handle.journal.note([said])
        self._handle.apply([said])

    async def _end(self, attempt: Attempt) -> None:
        """Write the end down and report it: whatever fails meanwhile, a job never stays at work for ever."""
        handle, runtime = self._handle, self._runtime
        ended = attempt.ended(runtime.clock(), leaving=handle.leaving)
        events: list[Entry] = []
        try:
            if ended.state != "done":
                events.append(Inspected(at=runtime.clock(), recovery=await self._inspect()))
            ended = replace(ended, at=runtime.clock())
            if (failure := await self._write_end(ended, events)) is not None:
                events.append(_unwritten(failure, runtime.clock()))
            level = logging.WARNING if ended.state == "failed" else logging.DEBUG
            _logger.log(level, "job %s is %s: %s: %s", handle.job.id, ended.state, handle.job.plan.title, ended.message)
            await asyncio.to_thread(prune, runtime.locations.jobs, runtime.clock())
            await asyncio.to_thread(make_again, runtime.locations.reserve)
        except Exception as error:  # noqa: BLE001 - the end of the job counts, and the log has the traceback
            events.append(_unwritten(error, runtime.clock()))
        finally:
            handle.apply([*events, ended])

    async def _write_end(self, ended: Ended, entries: Sequence[Entry]) -> Exception | None:
        """Bring the journal to its end and let go of it; what failed, the first of it. The next start then tells."""
        handle, failure = self._handle, None
        if not handle.journal.whole:
            entries = [*(Said(at=ended.at, line=line) for line in handle.job.output[-_LAST_LINES:]), *entries]
        for use in (partial(handle.journal.write, *entries, ended), handle.journal.close):
            try:
                await use()
            except Exception as error:  # noqa: BLE001, PERF203 - as above
                failure = failure or error
        return failure

    async def _inspect(self) -> Recovery:
        if self._context is None:
            return Recovery(state="untouched", message="Nothing was done: it had not begun.")
        return await inspect_job(self._handle.job, self._context, self._runtime.find_action)

    async def _result(self, running: asyncio.Task[Attempt]) -> Attempt:
        """Wait for the attempt; if the event loop ends, it is cancelled and still gets the time to end in order."""
        while not running.done():
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:  # noqa: PERF203 - each one is passed on
                self._handle.cancel(leaving=True)
        return Attempt() if running.cancelled() else running.result()


def _release(lock: WriterLock) -> None:
    try:
        lock.release()
    except OSError as error:  # the kernel has let go of it all the same
        unexpected(error, "The writer's lock was not closed in order.")


def _unwritten(error: Exception, at: datetime) -> Said:
    """The last line of a job whose end may not be on the disk."""
    words = unexpected(error)  # which the log has, with its traceback
    why = reason(error) if isinstance(error, OSError) else words.title
    return Said(at=at, line=sanitize(f"The end of the job could not be written into its journal: {why}"))
