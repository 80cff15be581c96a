"""A job of this process: how it stands, what happened to it, and who wants to know."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from msgspec.structs import replace

from condatui_core.jobs.journals.entries import Entry, after_all
from condatui_core.jobs.journals.journal import Journal
from condatui_core.jobs.running.job_work import JobWork
from condatui_core.jobs.running.runner import Attempt
from condatui_core.records.job import CommandBegun, CommandEnded, Ended, Event, Job, Progressed, Said, StageBegun

_MOST_EVENTS = 10_000
_EVENTS = (StageBegun, CommandBegun, CommandEnded, Said, Progressed, Ended)


class HeldJob:
    """A job that this process carries out; all of it lives on the event loop."""

    def __init__(self, job: Job, journal: Journal, changed: Callable[[Job], None]) -> None:
        self.job = job
        self.journal = journal
        self.work: JobWork | None = None
        """What it is carried out with, once it is its turn."""
        self.attempt: asyncio.Task[Attempt] | None = None
        """What a cancellation ends."""
        self._changed = changed
        self.left = False
        """Whether it is cancelled because condatui is left, not because the user does not want it any more."""
        self._cancelled = False
        self._events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self._count = 0
        self._more = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.job.end is not None

    def begin(self, attempt: asyncio.Task[Attempt]) -> None:
        """Take note of what is to be cancelled; it may be cancelled already."""
        self.attempt = attempt
        if self._cancelled:
            attempt.cancel()

    def cancel(self, *, leaving: bool = False) -> None:
        """End it in order; said once more, its command is killed."""
        if self.over:
            return
        self.left = self.left or (leaving and not self._cancelled)
        self._cancelled = True
        if self.work:
            self.work.cancel()
        if self.attempt:
            self.attempt.cancel()
        if self.job.state == "running":
            self.replace(replace(self.job, state="cancelling"))

    def tell(self, entries: Sequence[Entry | Event]) -> None:
        """Let this have happened; what comes after the end is too late."""
        if not self.over:
            self.replace(after_all(self.job, entries), entries)

    def replace(self, job: Job, entries: Iterable[Entry | Event] = ()) -> None:
        """Let the job be so, because of this."""
        self.job = job
        for entry in entries:
            if isinstance(entry, _EVENTS):
                self._events.append(entry)
                self._count += 1
        self._more.set()
        self._more = asyncio.Event()
        self._changed(job)

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happened so far, as far as it is remembered, and what happens from now on, up to the end."""
        seen = 0
        while True:
            more, forgotten = self._more, self._count - len(self._events)
            new = [*self._events][max(seen - forgotten, 0) :]
            seen = self._count
            for event in new:
                yield event
                if isinstance(event, Ended):
                    return
            if seen == self._count:
                await more.wait()
