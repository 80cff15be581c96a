"""Follows the jobs beside the screens: their progress, their ends, and what was interrupted earlier."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.timer import Timer

from condatui.messages import JobChanged, JobEnded
from condatui.session import Session
from condatui.workers import start_worker

if TYPE_CHECKING:
    from condatui_core.jobs.queue import JobQueue
    from condatui_core.records.job import Job


JOBS_GROUP = "jobs"
"""The worker group that follows the jobs."""
_PACE = 0.1
"""Seconds between two updates of the jobs on the screen."""
_LOOKING = 1.0
"""Seconds that the working directory may take to say whether it can be written to."""


class JobMonitor:
    """Follows every job of the queue, and keeps the session and the app informed."""

    def __init__(self, app: App[None], session: Session) -> None:
        self._app = app
        self._session = session
        self._begun = False
        self._queue: JobQueue | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._due: Timer | None = None
        self._interrupted: tuple[Job, ...] = ()
        """Jobs that were interrupted in an earlier run of condatui, until the user has seen them."""
        self._recalled = False
        """Whether the jobs of earlier runs are known, so that a new end can be distinguished from an old one."""
        self._reported: set[str] = set()
        """Ids of the jobs whose end was posted, or that ended in an earlier run."""
        self._knows_directory = False

    def start(self) -> None:
        """Follow the jobs, unless they are followed already. The first drawing does without it, to be fast."""
        if not self._begun:
            self._begun = True
            start_worker(self._app, self._run, group=JOBS_GROUP, description="follow the jobs")

    async def find_directory(self) -> None:
        """Find out where the files of a form lie that are named without a directory, before it suggests one.

        The first form may be opened before the jobs are followed. The key does not wait for a disk that hangs.
        """
        if not self._knows_directory:
            with suppress(asyncio.TimeoutError):
                found = asyncio.to_thread(_directory, self._session.directory)
                self._session.directory = await asyncio.wait_for(found, _LOOKING)
                self._knows_directory = True

    @property
    def at_work(self) -> tuple[Job, ...]:
        """The jobs of this process that are not over."""
        if self._queue is None or not self._queue.writing:
            return ()
        return tuple(job for job in self._queue.jobs if not job.over and not job.elsewhere)

    async def close(self, *, asked: bool = False) -> None:
        """Cancel the jobs that are not over, wait for their orderly ends, and stop following.

        If the user was `asked` and agreed, the next start has nothing to tell of them.
        """
        if self._queue is not None:
            await self._queue.close(asked=asked)
        self._unsubscribe()

    async def settle(self) -> None:
        """Note that the user has seen what was interrupted, and read the jobs of other processes."""
        if self._queue is None:
            return
        interrupted, self._interrupted = self._interrupted, ()
        self._session.dismiss_interrupted()
        await self._queue.recall()
        self._session.show_damaged_journals(self._queue.damaged)
        self._show()
        for job in interrupted:
            await self._queue.settle(job.id)

    def schedule_update(self) -> None:
        """Show the jobs soon, together with what else happens until then."""
        if self._due is None:
            self._due = self._app.set_timer(_PACE, self._show)

    async def _run(self) -> None:
        """Follow the jobs; after a failure, the next `start` tries again."""
        try:
            await self._follow()
        except Exception:
            self._unsubscribe()
            self._begun = False
            raise

    async def _follow(self) -> None:
        await asyncio.to_thread(import_module, "condatui_core.jobs.queue")  # takes a while, so in a thread
        await self.find_directory()
        from condatui_core.jobs.journal_store import interrupted_finding  # noqa: PLC0415 - which the queue has imported

        queue = self._queue = self._session.workbench.jobs
        self._unsubscribe = queue.subscribe(lambda _job: self._post_change())
        self._interrupted = await queue.interrupted()
        known = await queue.recall()
        self._reported |= {job.id for job in known if job.over}
        self._recalled = True
        self._show()
        told = map(interrupted_finding, self._interrupted)
        self._session.show_interrupted((*told, *queue.newer), queue.damaged)

    def _post_change(self) -> None:
        self._app.post_message(JobChanged())

    def _show(self) -> None:
        self._due = None
        if self._queue is None or not self._recalled:
            return
        jobs = self._queue.jobs
        self._session.show_jobs(jobs)
        for job in reversed(jobs):
            if job.over and job.id not in self._reported:
                self._reported.add(job.id)
                self._app.post_message(JobEnded(job))


def _directory(home: Path) -> Path:
    """The default directory for files: the current one, or home if that is read-only or gone."""
    try:
        directory = Path.cwd()
    except OSError:  # it has been removed
        return home
    return directory if os.access(directory, os.W_OK) else home
