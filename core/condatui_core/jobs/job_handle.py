"""A job of this process: how it stands, whose turn it is, and who is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from msgspec.structs import replace

from condatui_core.jobs.attempt import Attempt
from condatui_core.jobs.job_work import JobWork
from condatui_core.jobs.journal import Entry, Journal, after_all
from condatui_core.records.job import CommandBegun, CommandEnded, Ended, Event, Job, Progressed, Said, StageBegun

# Whose turn it is: in the order in which they asked, whatever each of them does meanwhile.


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
        """Return when it is somebody's turn, who must still be in line."""
        await self._waiting[turn].wait()

    def leave(self, turn: object) -> None:
        """Make room for the next; may be called twice."""
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

    async def come(self) -> None:
        """Return when it is its turn."""
        await self._turns.wait(self)

    def leave(self) -> None:
        """Make room for the next, whether it was its turn or not; may be called twice."""
        self._turns.leave(self)


# A job of this process: how it stands, what happened to it, and who wants to know.


_MOST_EVENTS = 10_000
_EVENTS = (StageBegun, CommandBegun, CommandEnded, Said, Progressed, Ended)


class JobHandle:
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
