"""The journal of one job: on the disk before anything is done, so that whatever dies, the next start knows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from condatui_core.jobs.journals.entries import Entry, Submission
from condatui_core.jobs.journals.lossless_json import encode
from condatui_core.jobs.running.file_lock import FileLock
from condatui_core.records.job import Plan, Said
from condatui_core.whole_files import write_whole

PLAN, OWNER, EVENTS, LOCK = "plan.json", "owner.json", "events.jsonl", "lock"
_MOST_OUTPUT = 256 * 1024
"""How many bytes of output a journal holds, besides the last lines."""

_T = TypeVar("_T")


class Journal:
    """Writes down what a job does, in its order and beside the event loop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = FileLock(directory / LOCK)
        self._stream: BinaryIO | None = None
        self._torn = False
        self._room = _MOST_OUTPUT
        self._pool = ThreadPoolExecutor(1, "journal")

    async def begin(self, plan: Plan, submission: Submission) -> None:
        """Make the journal; returns when it is on the disk. Raises OSError, and then there is none."""
        await self._in_turn(lambda: self._begin(plan, submission))

    async def write(self, *entries: Entry) -> None:
        """Add entries; returns when they are on the disk. Raises OSError."""
        await self._in_turn(lambda: self._append(entries, durable=True))

    def note(self, entries: Sequence[Entry]) -> None:
        """Add entries that may be lost; the output only as far as there is room for it."""
        self._pool.submit(self._note, tuple(entries))

    async def close(self) -> None:
        """Let go of it once all is written."""
        try:
            await self._in_turn(self._close)
        finally:
            self._pool.shutdown(wait=False)

    @property
    def whole(self) -> bool:
        """Whether all output is in it so far."""
        return self._room > 0

    async def _in_turn(self, use: Callable[[], _T]) -> _T:
        future: Future[_T] = self._pool.submit(use)
        return await asyncio.shield(asyncio.wrap_future(future))

    def _begin(self, plan: Plan, submission: Submission) -> None:
        self._directory.mkdir(mode=0o700, parents=True)
        try:
            self._lock.try_take()
            write_whole(self._directory / OWNER, encode(submission), replace=True)
            self._stream = open(self._directory / EVENTS, "ab", buffering=0)  # noqa: SIM115 - closed with the job
            write_whole(self._directory / PLAN, encode(plan), replace=True)  # last: what has a plan is a journal
            _put_on_disk(self._directory)
        except OSError:
            self._close()
            for name in (PLAN, OWNER, EVENTS, LOCK):
                (self._directory / name).unlink(missing_ok=True)
            with suppress(OSError):
                self._directory.rmdir()
            raise

    def _append(self, entries: Sequence[Entry], *, durable: bool) -> None:
        if self._stream is None:
            return
        data = b"".join(encode(entry) + b"\n" for entry in entries)
        if self._torn:  # what a full disk has cut off ends here, so that it does not spoil what follows
            data = b"\n" + data
        self._torn = True
        written = self._stream.write(data)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes could be written to {self._directory / EVENTS}")
        self._torn = False
        if durable:
            os.fsync(self._stream.fileno())

    def _note(self, entries: Sequence[Entry]) -> None:
        kept = []
        for entry in entries:
            if isinstance(entry, Said):
                self._room -= len(entry.line)
                if self._room < 0:
                    continue
            kept.append(entry)
        with suppress(OSError):  # what it was good for is shown all the same
            self._append(kept, durable=False)

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._lock.release()


def add_to(directory: Path, *entries: Entry) -> None:
    """Add entries to the journal of a job that nobody carries out any more. Raises OSError."""
    with open(directory / EVENTS, "r+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 1, 0))
        torn = stream.read(1) not in (b"", b"\n")
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n" * torn + b"".join(encode(entry) + b"\n" for entry in entries))
        os.fsync(stream.fileno())


def _put_on_disk(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
