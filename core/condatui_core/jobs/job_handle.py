"""A job of this process: its state, its turn in the queue, and its subscribers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from msgspec.structs import replace

from condatui_core.jobs.attempt import Attempt
from condatui_core.jobs.job_work import JobWork
from condatui_core.jobs.journal import Entry, Journal, apply_entries
from condatui_core.records.job import CommandBegun, CommandEnded, Ended, Event, Job, Progressed, Said, StageBegun

# Turns, given in the order in which jobs asked for them


class TurnQueue:
    """Gives turns, one at a time. It lives on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[object, asyncio.Event] = {}

    def ask(self) -> Turn:
        """Get in line."""
        turn = Turn(self)
        self._waiting[turn] = asyncio.Event()
        self._next()
        return turn

    async def wait(self, turn: object) -> None:
        """Return when it is this turn's time; it must not have left the line."""
        await self._waiting[turn].wait()

    def leave(self, turn: object) -> None:
        """Leave the line, so that the next can go on; may be called twice."""
        self._waiting.pop(turn, None)
        self._next()

    def _next(self) -> None:
        for event in self._waiting.values():
            event.set()
            return


class Turn:
    """A place in the line."""

    def __init__(self, turns: TurnQueue) -> None:
        self._turns = turns

    async def wait(self) -> None:
        """Return when all turns before this one have left."""
        await self._turns.wait(self)

    def leave(self) -> None:
        """Leave the line, before or after this turn came; may be called twice."""
        self._turns.leave(self)


# Jobs of this process


_MOST_EVENTS = 10_000
_EVENTS = (StageBegun, CommandBegun, CommandEnded, Said, Progressed, Ended)


class JobHandle:
    """A job that this process carries out; to be used on the event loop only."""

    def __init__(self, job: Job, journal: Journal, changed: Callable[[Job], None]) -> None:
        self.job = job
        self.journal = journal
        self.work: JobWork | None = None
        """What its action works with; None before its turn."""
        self.attempt: asyncio.Task[Attempt] | None = None
        """The running attempt, which `cancel` cancels; None before it begins."""
        self._changed = changed
        self.leaving = False
        """Whether it is cancelled because the user leaves condatui, not because the user cancelled the job."""
        self._cancelled = False
        self._events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self._count = 0
        self._more = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.job.end is not None

    def begin(self, attempt: asyncio.Task[Attempt]) -> None:
        """Note the attempt that `cancel` has to end; if the job is cancelled already, it is ended at once."""
        self.attempt = attempt
        if self._cancelled:
            attempt.cancel()

    def cancel(self, *, leaving: bool = False) -> None:
        """End the job in order; a second call kills its command."""
        if self.over:
            return
        self.leaving = self.leaving or (leaving and not self._cancelled)
        self._cancelled = True
        if self.work:
            self.work.cancel()
        if self.attempt:
            self.attempt.cancel()
        if self.job.state == "running":
            self.update(replace(self.job, state="cancelling"))

    def apply(self, entries: Sequence[Entry | Event]) -> None:
        """Apply entries to the job, and pass them to its subscribers; entries after its end are dropped."""
        if not self.over:
            self.update(apply_entries(self.job, entries), entries)

    def update(self, job: Job, entries: Iterable[Entry | Event] = ()) -> None:
        """Set the job's new state, and publish it with the entries that led to it."""
        self.job = job
        for entry in entries:
            if isinstance(entry, _EVENTS):
                self._events.append(entry)
                self._count += 1
        self._more.set()
        self._more = asyncio.Event()
        self._changed(job)

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events so far that are still remembered, and all that follow, up to the job's end."""
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
