"""The queue of jobs: one job writes at a time, among all condatui processes of this user."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timezone

from condatui_core.actions.by_hand import leave_to_its_tool
from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.errors import RefusedError
from condatui_core.fs.private_directory import remove_abandoned
from condatui_core.jobs.execution import JobExecution, JobRuntime
from condatui_core.jobs.interrupted import EarlierJobs
from condatui_core.jobs.job_handle import JobHandle, TurnQueue
from condatui_core.jobs.journal import Journal, new_job
from condatui_core.jobs.journal_store import newer_findings
from condatui_core.jobs.reserve import make_again
from condatui_core.log import unexpected
from condatui_core.proc.owner import this_process
from condatui_core.proc.runner import CommandLog
from condatui_core.records.finding import Finding
from condatui_core.records.job import Event, Job, Plan
from condatui_core.records.request import Request, prefixes_in
from condatui_core.settings import Locations

GRACE = 10.0
"""Seconds that a command gets to end in order when its job is cancelled: conda rolls back."""


class JobQueue:
    """All jobs of this process, and what journals say of those of others. To be used on one event loop only."""

    def __init__(
        self,
        locations: Locations,
        job_context: Callable[[], Awaitable[JobContext]],
        *,
        log: CommandLog,
        clock: Callable[[], datetime],
        find_action: FindAction,
        check_writable: Callable[[], None] = lambda: None,
        check_here: Callable[[Iterable[str]], None] = lambda _: None,
        grace: float = GRACE,
    ) -> None:
        """`job_context` gives the current context; `grace` is the seconds between SIGTERM and SIGKILL.

        `check_writable` raises RefusedError while nothing may be changed: then no job is taken. `check_here` raises it
        for environments of other machines: then there is no plan.
        """
        self._runtime = JobRuntime(
            locations=locations,
            owner=this_process(),
            job_context=job_context,
            find_action=find_action,
            log=log,
            clock=clock,
            grace=grace,
        )
        self._handles: dict[str, JobHandle] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._earlier = EarlierJobs(locations.jobs, self._runtime.owner, find_action, clock)
        self._turns = TurnQueue()
        self._subscribers: dict[object, Callable[[Job], None]] = {}
        self._check_writable = check_writable
        self._check_here = check_here
        self._closed = False

    async def plan(self, request: Request) -> Plan:
        """Find out what a request would do, changing nothing; reasons against it are among the plan's blockers.

        RefusedError if it is about an environment of another machine.
        """
        self._check_here(prefixes_in(request))
        action = await asyncio.to_thread(self._runtime.find_action, request)
        plan: Plan = await action.plan(request, await self._runtime.job_context())
        return leave_to_its_tool(plan)

    def submit(self, plan: Plan) -> Job:
        """Queue a plan; it is carried out when its turn comes.

        RefusedError if it has blockers, while nothing may be written, or after `close`.
        """
        self._check_writable()
        if plan.blockers:
            raise RefusedError(plan.blockers[0].message, hint=plan.blockers[0].remedy)
        if self._closed:
            raise RefusedError("condatui is about to end: no job begins any more.")
        now = self._runtime.clock()
        job = new_job(self._new_id(now), plan, now)
        handle = JobHandle(
            job, Journal(self._runtime.locations.jobs / job.id, self._runtime.locations.reserve), self._publish
        )
        running = JobExecution(handle, self._turns.ask(), self._runtime).run()
        self._handles[job.id] = handle
        self._tasks[job.id] = asyncio.get_running_loop().create_task(running)
        self._publish(job)
        return job

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, newest first; those of other and earlier processes as the last `recall` found them."""
        known = {each.id: each for each in (*self._earlier.jobs, *(handle.job for handle in self._handles.values()))}
        return tuple(sorted(known.values(), key=lambda job: (job.submitted, job.id), reverse=True))

    @property
    def newer(self) -> tuple[Finding, ...]:
        """What to tell about the journals of a newer condatui that the last `recall` found."""
        return newer_findings(self._earlier.newer)

    @property
    def damaged(self) -> tuple[Finding, ...]:
        """The journals that the last `recall` could not read, with their paths."""
        return tuple(each.finding for each in self._earlier.damaged)

    @property
    def writing(self) -> bool:
        """Whether a job of this process has not ended yet."""
        return not all(handle.over for handle in self._handles.values())

    def job(self, id: str) -> Job | None:  # noqa: A002 - the record's own word
        """The job with this id in its current state; None if none is known."""
        return next((each for each in self.jobs if each.id == id), None)

    def cancel(self, id: str) -> None:  # noqa: A002 - as above
        """End a job of this process in order; a second call kills its command. A job that has ended is left alone."""
        if handle := self._handles.get(id):
            handle.cancel()

    def subscribe(self, callback: Callable[[Job], None]) -> Callable[[], None]:
        """Call back with every job that changes from now on; the returned function unsubscribes, even called twice."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def events(self, id: str) -> AsyncIterator[Event]:  # noqa: A002 - as above
        """Yield the events of a job of this process, from its beginning to its end. KeyError if there is none."""
        return self._handles[id].events()

    async def recall(self) -> tuple[Job, ...]:
        """Read the journals of other and earlier processes, and return all jobs, newest first."""
        await self._earlier.read()
        return self.jobs

    async def interrupted(self) -> tuple[Job, ...]:
        """Find the jobs that ended with their process and are not settled, each with what it has left.

        What such a process has told conda or pip in files is deleted.
        """
        await asyncio.to_thread(remove_abandoned, self._runtime.locations.private)
        with suppress(RefusedError):  # where nothing may be written
            self._check_writable()
            await asyncio.to_thread(make_again, self._runtime.locations.reserve)
        found = await self._earlier.interrupted(self._runtime.job_context)
        for job in found:
            self._publish(job)
        return found

    async def settle(self, id: str) -> None:  # noqa: A002 - as above
        """Note that the user knows what became of an interrupted job, so that it is not reported again."""
        await self._earlier.settle(id)

    async def close(self, grace: float = 2 * GRACE, *, asked: bool = False) -> bool:
        """Take no more jobs, end those that still run and wait `grace` seconds for them; returns whether all ended.

        With `asked`, the user has agreed that they are cancelled; otherwise the next start reports what became of them.
        """
        self._closed = True
        for seconds in (grace, GRACE):  # the second time, `cancel` kills the commands
            tasks = [task for task in self._tasks.values() if not task.done()]
            if not tasks:
                return True
            for handle in self._handles.values():
                handle.cancel(leaving=not asked)
            await asyncio.wait(tasks, timeout=seconds)
        return all(task.done() for task in self._tasks.values())

    def _new_id(self, now: datetime) -> str:
        stamp = now.astimezone(timezone.utc).strftime("%Y%m%d-%H%M%S")
        while (name := f"{stamp}-{secrets.token_hex(2)}") in self._handles:
            continue
        return name

    def _publish(self, job: Job) -> None:
        for callback in tuple(self._subscribers.values()):
            try:
                callback(job)
            except Exception as error:  # noqa: BLE001, PERF203 - a listener that fails must not end the job
                unexpected(error, "A change of a job could not be reported.")
