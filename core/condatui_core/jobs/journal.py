"""The journal of one job: it is on the disk before each effect, so that the next start knows what a crash cut off."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from condatui_core.fs.atomic_write import sync_path, sync_stream, write_new, write_whole
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.documents import encode, encode_versioned
from condatui_core.fs.locks import FileLock
from condatui_core.jobs.reserve import FULL, give_up
from condatui_core.proc.owner import Owner
from condatui_core.records.job import (
    CommandBegun,
    CommandEnded,
    Ended,
    Event,
    Job,
    Plan,
    Progressed,
    Recovery,
    Said,
    StageBegun,
)

# The entries of a journal, and the job that they describe


MOST_LINES = 500
"""How many lines of output a job keeps."""


class Submission(Struct, frozen=True, kw_only=True):
    """The process that took a job on, and when."""

    owner: Owner
    at: datetime


class JobBegun(Struct, frozen=True, kw_only=True, tag="begun"):
    """The job's turn came."""

    at: datetime


class Inspected(Struct, frozen=True, kw_only=True, tag="aftermath"):
    """An inspection of what a job that did not finish has left."""

    at: datetime
    recovery: Recovery = field(name="aftermath")
    """Journals have used this name since the first release."""


class Settled(Struct, frozen=True, kw_only=True, tag="settled"):
    """The user knows what became of the job."""

    at: datetime


Entry: TypeAlias = JobBegun | StageBegun | CommandBegun | CommandEnded | Said | Ended | Inspected | Settled


def new_job(id: str, plan: Plan, submitted: datetime) -> Job:  # noqa: A002 - the record's own word
    """A job that waits for its turn."""
    return Job(id=id, plan=plan, state="queued", submitted=submitted)


def apply_entries(job: Job, entries: Iterable[Entry | Event]) -> Job:
    """The job after all these entries; many lines of output at once cost no more than one."""
    lines: list[str] = []
    for entry in entries:
        if isinstance(entry, Said):
            lines.append(entry.line)
        else:
            job = _apply(job, entry)
    return replace(job, output=(*job.output, *lines[-MOST_LINES:])[-MOST_LINES:]) if lines else job


def _apply(job: Job, entry: Entry | Event) -> Job:
    if isinstance(entry, JobBegun):
        return replace(job, state="running", started=entry.at, waiting="")
    if isinstance(entry, Inspected):
        return replace(job, recovery=entry.recovery)
    if isinstance(entry, Ended):
        return replace(job, state=entry.state, ended=entry.at, end=entry, progress=None, waiting="")
    return _apply_event(job, entry)


def _apply_event(job: Job, entry: Entry | Event) -> Job:
    if isinstance(entry, StageBegun):
        return replace(job, stage=entry, progress=None)
    if isinstance(entry, Progressed):
        return replace(job, progress=entry)
    if isinstance(entry, CommandBegun):
        return replace(job, commands=(*job.commands, entry.argv))
    if isinstance(entry, CommandEnded) and job.progress and job.progress.doing:  # what it was doing is over
        return replace(job, progress=None)
    return job


FORMAT = 6
"""The format of journals, stated in the owner's file. Raise it when an older condatui would misread or miss something:
with every new kind of request or entry, since condatui skips lines that it does not know."""
PLAN, OWNER, EVENTS, LOCK = "plan.json", "owner.json", "events.jsonl", "lock"
_MOST_OUTPUT = 256 * 1024
"""How many bytes of output a journal holds, besides the last lines."""

_T = TypeVar("_T")


class Journal:
    """Writes what a job does, in order and in a thread of its own."""

    def __init__(self, directory: Path, reserve: Path | None = None) -> None:
        """`reserve` is a file that is deleted when there is no room for the journal."""
        self._directory = directory
        self._reserve = reserve
        self._lock = FileLock(directory / LOCK)
        self._stream: BinaryIO | None = None
        self._torn = False
        self._room = _MOST_OUTPUT
        self._pool = ThreadPoolExecutor(1, "journal")

    async def begin(self, plan: Plan, submission: Submission) -> None:
        """Make the journal; returns when it is on the disk. Raises OSError, and then leaves no journal."""
        await self._in_order(lambda: self._with_room(lambda: self._begin(plan, submission)))

    async def write(self, *entries: Entry) -> None:
        """Add entries; returns when they are on the disk. Raises OSError."""
        await self._in_order(lambda: self._with_room(lambda: self._append(entries, durable=True)))

    def note(self, entries: Sequence[Entry]) -> None:
        """Add entries that may be lost; the output only as far as there is room for it."""
        with suppress(RuntimeError):  # what a thread says when the journal is closed comes too late
            self._pool.submit(self._note, tuple(entries))

    async def close(self) -> None:
        """Close the journal after all entries are written, and release its lock."""
        try:
            await self._in_order(self._close)
        finally:
            self._pool.shutdown(wait=False)

    @property
    def whole(self) -> bool:
        """Whether the journal holds all output so far."""
        return self._room > 0

    async def _in_order(self, function: Callable[[], _T]) -> _T:
        future: Future[_T] = self._pool.submit(function)
        return await asyncio.shield(asyncio.wrap_future(future))

    def _with_room(self, function: Callable[[], None]) -> None:
        """Do it; if there is no room, do it again in that of the reserve."""
        try:
            function()
        except OSError as error:
            if error.errno not in FULL or self._reserve is None or not give_up(self._reserve):
                raise
            function()

    def _begin(self, plan: Plan, submission: Submission) -> None:
        self._directory.mkdir(mode=0o700, parents=True)
        try:
            self._lock.try_take()
            write_new(self._directory / OWNER, encode_versioned(submission, FORMAT))
            self._stream = open(self._directory / EVENTS, "ab", buffering=0)  # noqa: SIM115 - closed with the job
            write_whole(self._directory / PLAN, encode(plan), replace=True)  # last: what has a plan is a journal
            sync_path(self._directory.parent)
        except OSError:
            with suppress(OSError):  # what has failed first counts
                self._close()
            delete_tree(str(self._directory))
            raise

    def _append(self, entries: Sequence[Entry], *, durable: bool) -> None:
        if self._stream is None:
            return
        data = b"".join(encode(entry) + b"\n" for entry in entries)
        if self._torn:  # a line that a full disk has cut off ends here, so that it does not spoil the next one
            data = b"\n" + data
        self._torn = True
        written = self._stream.write(data)
        if written != len(data):
            why = f"only {written} of {len(data)} bytes could be written"
            raise OSError(errno.ENOSPC, why, str(self._directory / EVENTS))
        self._torn = False
        if durable:
            sync_stream(self._stream)

    def _note(self, entries: Sequence[Entry]) -> None:
        kept = []
        for entry in entries:
            if isinstance(entry, Said):
                self._room -= len(entry.line)
                if self._room < 0:
                    continue
            kept.append(entry)
        with suppress(OSError):  # the screens show these entries all the same
            self._append(kept, durable=False)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        try:
            if stream is not None:
                stream.close()
        finally:
            self._lock.release()


def append_to(directory: Path, *entries: Entry) -> None:
    """Add entries to the journal of a job whose process is gone. Raises OSError."""
    with open(directory / EVENTS, "r+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 1, 0))
        torn = stream.read(1) not in (b"", b"\n")
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n" * torn + b"".join(encode(entry) + b"\n" for entry in entries))
        sync_stream(stream)
