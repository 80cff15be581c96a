"""The queue of jobs: one writes at a time, here and in every other condatui of this user."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timezone

from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.errors import RefusedError
from condatui_core.jobs.execution import JobExecution, JobRuntime
from condatui_core.jobs.interrupted import EarlierJobs
from condatui_core.jobs.job_handle import JobHandle, TurnQueue
from condatui_core.jobs.journal import Journal, new_job
from condatui_core.jobs.journal_store import newer_note
from condatui_core.proc.command_log import CommandLog
from condatui_core.proc.owner import this_process
from condatui_core.records.job import Event, Job, Plan
from condatui_core.records.request import Request
from condatui_core.settings import Locations

GRACE = 10.0
"""Seconds that a command gets to end in order when its job is cancelled: conda rolls back."""


class JobQueue:
    """All jobs of this process, and what is known of those of others. It lives on one event loop."""

    def __init__(
        self,
        locations: Locations,
        job_context: Callable[[], Awaitable[JobContext]],
        *,
        log: CommandLog,
        clock: Callable[[], datetime],
        find_action: FindAction,
        grace: float = GRACE,
    ) -> None:
        """`job_context` says how things are now; `grace` are the seconds between asking a command to end and -9."""
        self._means = JobRuntime(
            locations=locations,
            owner=this_process(),
            job_context=job_context,
            find_action=find_action,
            log=log,
            clock=clock,
            grace=grace,
        )
        self._held: dict[str, JobHandle] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._earlier = EarlierJobs(locations.jobs, self._means.owner, find_action, clock)
        self._turns = TurnQueue()
        self._subscribers: dict[object, Callable[[Job], None]] = {}
        self._closed = False

    async def plan(self, request: Request) -> Plan:
        """Find out what a request would do, changing nothing; what stands against it is among the blockers."""
        action = await asyncio.to_thread(self._means.find_action, request)
        plan: Plan = await action.plan(request, await self._means.job_context())
        return plan

    def submit(self, plan: Plan) -> Job:
        """Take a plan on; it is carried out when it is its turn. RefusedError if it has blockers, or after `close`."""
        if plan.blockers:
            raise RefusedError(plan.blockers[0].message, hint=plan.blockers[0].remedy)
        if self._closed:
            raise RefusedError("condatui is about to end: no job begins any more.")
        now = self._means.clock()
        job = new_job(self._new_id(now), plan, now)
        held = JobHandle(job, Journal(self._means.locations.jobs / job.id), self._publish)
        seeing = JobExecution(held, self._turns.ask(), self._means).see_through()
        self._held[job.id] = held
        self._tasks[job.id] = asyncio.get_running_loop().create_task(seeing)
        self._publish(job)
        return job

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, newest first; those of other processes and earlier times as `recall` has found them last."""
        known = {each.id: each for each in (*self._earlier.jobs, *(held.job for held in self._held.values()))}
        return tuple(sorted(known.values(), key=lambda job: (job.submitted, job.id), reverse=True))

    @property
    def newer(self) -> str:
        """What `recall` has found last that a newer condatui has written: one line, empty if nothing."""
        return newer_note(self._earlier.newer) if self._earlier.newer else ""

    @property
    def writing(self) -> bool:
        """Whether a job of this process is not over yet."""
        return not all(held.over for held in self._held.values())

    def job(self, id: str) -> Job | None:  # noqa: A002 - the record's own word
        """The job with this id, as it stands; None if none is known."""
        return next((each for each in self.jobs if each.id == id), None)

    def cancel(self, id: str) -> None:  # noqa: A002 - as above
        """End a job of this process in order; said once more, its command is killed. One that is over stays so."""
        if held := self._held.get(id):
            held.cancel()

    def subscribe(self, callback: Callable[[Job], None]) -> Callable[[], None]:
        """Call back with every job that changes from now on; what is returned ends that, and may be called twice."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def events(self, id: str) -> AsyncIterator[Event]:  # noqa: A002 - as above
        """Yield what happens to a job of this process, from its beginning to its end. KeyError if there is none."""
        return self._held[id].events()

    async def recall(self) -> tuple[Job, ...]:
        """Look what the journals tell of other processes and earlier times, and give all jobs, newest first."""
        await self._earlier.read()
        return self.jobs

    async def interrupted(self) -> tuple[Job, ...]:
        """Find the jobs that ended with their process and are not settled, each with what there is now."""
        found = await self._earlier.interrupted(self._means.job_context)
        for job in found:
            self._publish(job)
        return found

    async def settle(self, id: str) -> None:  # noqa: A002 - as above
        """The user knows what became of an interrupted job: it is not told again."""
        await self._earlier.settle(id)

    async def close(self, grace: float = 2 * GRACE) -> bool:
        """Take no more jobs, end what is not over and wait for it so many seconds; says whether all has ended.

        The next start tells what became of those that were ended.
        """
        self._closed = True
        for seconds in (grace, GRACE):  # the second time without mercy
            tasks = [task for task in self._tasks.values() if not task.done()]
            if not tasks:
                return True
            for held in self._held.values():
                held.cancel(leaving=True)
            await asyncio.wait(tasks, timeout=seconds)
        return all(task.done() for task in self._tasks.values())

    def _new_id(self, now: datetime) -> str:
        stamp = now.astimezone(timezone.utc).strftime("%Y%m%d-%H%M%S")
        while (name := f"{stamp}-{secrets.token_hex(2)}") in self._held:
            continue
        return name

    def _publish(self, job: Job) -> None:
        for tell in tuple(self._subscribers.values()):
            tell(job)
