"""Jobs whose process is gone: what each has left, and the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions.protocol import FindAction, JobContext
from condatui_core.fs.locks import FileLock
from condatui_core.jobs.attempt import inspect_job
from condatui_core.jobs.journal import LOCK, Entry, Inspected, Settled, append_to, apply_entries
from condatui_core.jobs.journal_store import DamagedJournal, ReadJournal, survey_journals
from condatui_core.proc.owner import Owner, command_of, descendants_of
from condatui_core.records.job import Ended, Job, Recovery


class EarlierJobs:
    """The jobs that this process knows only from journals: those of earlier processes and of other running ones."""

    def __init__(self, directory: Path, here: Owner, find_action: FindAction, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._here = here
        self._find_action = find_action
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._inspected: dict[str, Job] = {}
        """By id, the jobs that `interrupted` has inspected, with what it found."""
        self.newer: tuple[Path, ...] = ()
        """The journals of a newer condatui that the last `read` found."""
        self.damaged: tuple[DamagedJournal, ...] = ()
        """The journals that the last `read` could not read."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that the last `read` found."""
        return tuple(self._jobs.values())

    async def read(self) -> list[ReadJournal]:
        """Read all journals but those of this process, whose jobs the queue knows better."""
        survey = await asyncio.to_thread(survey_journals, self._directory, self._here)
        self.newer, self.damaged = survey.newer, survey.damaged
        others = [each for each in survey.journals if each.owner != self._here]
        self._jobs = {each.job.id: self._inspected.get(each.job.id, each.job) for each in others}
        return others

    async def interrupted(self, job_context: Callable[[], Awaitable[JobContext]]) -> tuple[Job, ...]:
        """Find the jobs that did not finish and are not settled, and inspect what each has left."""
        unfinished = [each for each in await self.read() if each.needs_attention]
        if not unfinished:
            return ()
        context = await job_context()
        found = [await self._inspect(each, context) for each in unfinished]
        self._inspected |= {job.id: job for job in found}
        self._jobs |= self._inspected
        return tuple(found)

    async def settle(self, id: str) -> None:  # noqa: A002 - the record's own word
        """Record that the user knows of the job; if that cannot be written, the next start reports the job again."""
        if id in self._jobs:
            await asyncio.to_thread(_record, self._directory / id, Settled(at=self._clock()))

    async def _inspect(self, journal: ReadJournal, context: JobContext) -> Job:
        running = await asyncio.to_thread(descendants_of, journal.job.id)
        if running:
            command = await asyncio.to_thread(command_of, running[0])
            message = f"One of its commands still runs, pid {running[0]}: {command}"
            still = Recovery(state="half", message=message)
            return replace(journal.job, recovery=still)
        inspected = Inspected(at=self._clock(), recovery=await inspect_job(journal.job, context, self._find_action))
        if journal.job.end:
            return apply_entries(journal.job, [inspected])
        ended = Ended(at=self._clock(), state="interrupted", message="condatui ended before it was done.", exit_code=1)
        await asyncio.to_thread(partial(_record, journal.directory, inspected, ended))
        return apply_entries(journal.job, [inspected, ended])


def _record(directory: Path, *entries: Entry) -> None:
    """Add entries to a journal, unless another process is just doing so."""
    lock = FileLock(directory / LOCK)
    with suppress(OSError):
        if lock.try_take():
            append_to(directory, *entries)
    lock.release()
