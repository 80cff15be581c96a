"""The jobs, attended beside the screens: how far they are, what came of them, and what was interrupted earlier."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.timer import Timer

from condatui.actions.registry import ACTION_BY_ID
from condatui.messages import JobChanged, JobEnded
from condatui.session import Session
from condatui_core.records.finding import Finding

if TYPE_CHECKING:
    from condatui_core.jobs.queue import JobQueue
    from condatui_core.records.job import Job


JOBS_GROUP = "jobs"
"""The workers that attend to jobs."""
_PACE = 0.1
"""Seconds between two pictures of a job that goes on."""
_OVER = frozenset({"done", "failed", "cancelled", "interrupted"})


class JobMonitor:
    """Hears of every job of the queue, and tells the session and the app."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._begun = False
        self._queue: JobQueue | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._due: Timer | None = None
        self._interrupted: tuple[Job, ...] = ()
        """What ended with an earlier sitting, until the user has seen it."""
        self._knows = False
        """Whether it is known what was done before, so that an end can be told from old news."""
        self._told: set[str] = set()
        """Jobs whose end is known to the user, or is nothing of this sitting."""

    def start(self) -> None:
        """Attend from now on; more than once is once. The first picture does without all this."""
        if not self._begun:
            self._begun = True
            self._app.run_worker(
                self._attend(), group=JOBS_GROUP, exit_on_error=False, description="attend to the jobs"
            )

    @property
    def at_work(self) -> tuple[Job, ...]:
        """The jobs of this process that are not over."""
        if self._queue is None or not self._queue.writing:
            return ()
        return tuple(job for job in self._queue.jobs if job.state not in _OVER and not job.elsewhere)

    async def close(self) -> None:
        """Cancel what is not over, wait until it has ended in order, and hear no more."""
        if self._queue is not None:
            await self._queue.close()
        self._unsubscribe()

    async def settle(self) -> None:
        """The user looks at the jobs, and knows now what was interrupted; others may have jobs by now."""
        if self._queue is None:
            return
        interrupted, self._interrupted = self._interrupted, ()
        self._session.tell_interrupted(())
        await self._queue.recall()
        self._show()
        for job in interrupted:
            await self._queue.settle(job.id)

    def hear(self) -> None:
        """A job has come further: show it soon, together with what else happens until then."""
        if self._due is None:
            self._due = self._app.set_timer(_PACE, self._show)

    async def _attend(self) -> None:
        await asyncio.to_thread(import_module, "condatui_core.jobs.queue")  # takes a while: not on the loop
        self._session.directory = await asyncio.to_thread(_directory, self._session.directory)
        queue = self._queue = self._session.workbench.jobs
        self._unsubscribe = queue.subscribe(lambda _job: self._tell())
        self._interrupted = await queue.interrupted()
        known = await queue.recall()
        self._told |= {job.id for job in known if job.state in _OVER}
        self._knows = True
        self._show()
        key = self._session.keymap.labels(ACTION_BY_ID["place.jobs"])[0]
        self._session.tell_interrupted((*(_finding(job, key) for job in self._interrupted), *_of_newer(queue)))

    def _tell(self) -> None:
        self._app.post_message(JobChanged())

    def _show(self) -> None:
        self._due = None
        if self._queue is None or not self._knows:
            return
        jobs = self._queue.jobs
        self._session.show_jobs(jobs)
        for job in reversed(jobs):
            if job.state in _OVER and job.id not in self._told:
                self._told.add(job.id)
                self._app.post_message(JobEnded(job))


def _directory(home: Path) -> Path:
    """Where files go that the user gives no directory: where condatui was started, or home if that is read-only."""
    try:
        directory = Path.cwd()
    except OSError:  # it was removed
        return home
    return directory if os.access(directory, os.W_OK) else home


def _of_newer(queue: JobQueue) -> Iterator[Finding]:
    """What is known of jobs whose journals only a newer condatui can read."""
    if queue.newer:
        yield Finding(id="newer-journal", severity="warning", message=queue.newer)


def _finding(job: Job, key: str) -> Finding:
    """One true sentence, and where the way out is."""
    now = f": {job.recovery.message}" if job.recovery else ""
    message = f"{job.plan.title} was interrupted{now}"
    out = " and the way out" if job.recovery and job.recovery.way_out else ""
    return Finding(id="interrupted", severity="warning", message=message, remedy=f"{key} shows it{out}")
