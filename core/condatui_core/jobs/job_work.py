"""The `Work` that the engine gives an action: it reports every stage, command and line, and journals them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.client import run_conda
from condatui_core.conda.errors import last_words
from condatui_core.conda.progress import CondaProgress, doing_at_first, tells_progress, told_environ
from condatui_core.conda.registry import put_back_lines, registered_lines
from condatui_core.jobs.command_output import LineOutput
from condatui_core.jobs.full_disk import journal_error
from condatui_core.jobs.journal import Journal
from condatui_core.proc.owner import marked
from condatui_core.proc.runner import CommandLog, ProcessRunner
from condatui_core.records.job import CommandBegun, CommandEnded, Event, Progressed, Said, StageBegun
from condatui_core.text import mask_credentials, sanitize

_T = TypeVar("_T")
Unit = Literal["bytes", "files", "packages", "environments", "percent"]

_MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a command's stdout, and of its stderr, that are kept for the action that ran it."""
_MOST_SECONDS = 86_400.0
"""Seconds after which a command hangs, unless its action says otherwise: downloads may take hours."""
_PACE = 0.1
"""Seconds between two reports of progress."""

OnEvents = Callable[[Sequence[Event]], None]


class JobWork:
    """The `Work` of one job. Made and used on the event loop, but for the methods that say otherwise."""

    def __init__(
        self,
        job_id: str,
        journal: Journal,
        on_events: OnEvents,
        *,
        log: CommandLog,
        clock: Callable[[], datetime],
        grace: float,
    ) -> None:
        self._job_id = job_id
        self._journal = journal
        self._on_events = on_events
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._cancelled = False
        self._latest: Progressed | None = None
        self._scheduled = False
        self._reported_at = 0.0
        hearing = partial(LineOutput, on_lines=self._say_all, on_percent=self._percent, on_conda=self._told)
        runner = partial(
            ProcessRunner, log, clock, most_bytes=_MOST_BYTES, grace=grace, make_output=hearing, summarize=last_words
        )
        self._run = runner()
        self._run_on_terminal = runner(on_terminal=True)

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self._job_id

    @property
    def cancelled(self) -> bool:
        """Whether the job is to end soon."""
        return self._cancelled

    def cancel(self) -> None:
        """Set `cancelled`, so that loops in threads end."""
        self._cancelled = True

    async def stage(self, name: str, title: str) -> None:
        """Go on to the next stage; returns when the journal on the disk says so. CondatuiError if it cannot."""
        event = StageBegun(at=self._clock(), name=name, title=sanitize(title))
        try:
            await self._journal.write(event)
        except OSError as error:
            raise journal_error(error) from error
        self._latest = None
        self._on_events([event])

    async def run(
        self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None = None
    ) -> CondaAnswer:
        """Run a command to its end; cancelling ends it with all its descendants. CondaError as in `Work`.

        What it drops from environments.txt is put back: no action lets conda remove an environment. A conda tells on
        the way what it downloads.
        """
        self._note(CommandBegun(at=self._clock(), argv=tuple(map(mask_credentials, argv))))
        if doing := doing_at_first(argv):
            self._told(CondaProgress(doing))
        home = Path(environ.get("HOME", os.sep))
        registered = await self.in_thread(partial(registered_lines, home))
        try:
            limit = _MOST_SECONDS if seconds is None else seconds
            run, environ = (
                (self._run_on_terminal, told_environ(environ)) if tells_progress(argv) else (self._run, environ)
            )
            answer = await run_conda(run, argv, environ=marked(environ, self._job_id), seconds=limit)
        finally:
            if self._latest and self._latest.doing:
                self._latest = None
            await self.in_thread(partial(self._put_back, home, registered))
        self._note(CommandEnded(at=self._clock(), exit_code=answer.exit_code, milliseconds=answer.milliseconds))
        return answer

    def _put_back(self, home: Path, registered: Sequence[bytes]) -> None:
        try:
            put_back_lines(home, registered)
        except OSError as error:
            self.say(f"environments.txt: what conda has dropped from it could not be put back: {error}")

    def progress(self, done: int, total: int | None, unit: Unit) -> None:
        """Report how far the stage has come; may be called from a thread, and any number of times."""
        self._report(Progressed(at=self._clock(), done=done, total=total, unit=unit))

    def _report(self, progress: Progressed) -> None:
        self._latest = progress
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon_threadsafe(self._schedule_report)

    def say(self, line: str) -> None:
        """Add a line to the output; may be called from a thread."""
        shown = [sanitize(mask_credentials(each)) for each in line.splitlines() or [line]]
        self._loop.call_soon_threadsafe(self._say_all, shown)

    async def in_thread(self, function: Callable[[], _T]) -> _T:
        """Run a blocking function in a thread. If the job is cancelled meanwhile, this still waits until it returns."""
        return await run_in_thread(function, on_cancel=self.cancel)

    def _percent(self, percent: int) -> None:
        self.progress(percent, 100, "percent")

    def _told(self, told: CondaProgress) -> None:
        """Report what a conda is doing."""
        done, total = (0, None) if told.percent is None else (told.percent, 100)
        self._report(Progressed(at=self._clock(), done=done, total=total, unit="percent", doing=sanitize(told.doing)))

    def _schedule_report(self) -> None:
        self._loop.call_at(max(self._loop.time(), self._reported_at + _PACE), self._report_progress)

    def _report_progress(self) -> None:
        self._scheduled = False
        self._reported_at = self._loop.time()
        if self._latest is not None:
            self._on_events([self._latest])

    def _say_all(self, lines: Sequence[str]) -> None:
        now = self._clock()
        self._note(*(Said(at=now, line=line) for line in lines))

    def _note(self, *events: CommandBegun | CommandEnded | Said) -> None:
        self._journal.note(events)
        self._on_events(events)


async def run_in_thread(function: Callable[[], _T], *, on_cancel: Callable[[], None] = lambda: None) -> _T:
    """Run a function in a thread to its end. A cancellation calls `on_cancel` and is raised after the function returns.

    A thread cannot be ended from outside.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function))
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:  # noqa: PERF203 - each one is waited out
            cancelled = True
            on_cancel()
    if cancelled:
        if not running.cancelled():
            running.exception()  # retrieved, so that asyncio does not log it: the cancellation counts
        raise asyncio.CancelledError
    return running.result()
