"""Whatever the disk refuses to the journal, and whenever: the job ends, and says so."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

import pytest

from condatui_core.fs.atomic_write import sync_stream
from condatui_core.fs.locks import FileLock
from condatui_core.jobs import journal
from condatui_core.jobs.journal_store import prune
from condatui_core.jobs.queue import JobQueue
from condatui_core.records.job import Job, Said
from support.fake_actions import MakeDirectory, queue_of, request

_FAULTS = {"open": 1, "mkdir": 1, "write": 5, "close": 1, "sync": 5, "fsync": 6, "replace": 1, "lock": 2, "unlock": 2}
"""Where a fault strikes, and how often a job comes by there."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Fault:
    """Fails when it is come by for the so-many-th time."""

    def __init__(self, number: int) -> None:
        self._left = number

    @property
    def struck(self) -> bool:
        return self._left <= 0

    def on(self, use: Callable[_P, _T], *, after: bool = False) -> Callable[_P, _T]:
        """`after`: it is done all the same, as with a descriptor, which is closed whatever close says."""

        def used(*args: _P.args, **fields: _P.kwargs) -> _T:
            self._left -= 1
            strikes = self._left == 0
            if strikes and after:
                use(*args, **fields)
            if strikes:
                raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
            return use(*args, **fields)

        return used


class _Stream:
    """The journal's file, of which one thing fails."""

    def __init__(self, stream: IO[bytes], point: str, fault: Fault) -> None:
        self.fileno = stream.fileno
        for name in ("write", "flush", "close"):
            use = getattr(stream, name)
            setattr(self, name, fault.on(use, after=name == "close") if name == point else use)


def inject(monkeypatch: pytest.MonkeyPatch, point: str, number: int) -> Fault:
    """Let one use of the disk by the journal fail."""
    fault = Fault(number)

    def opened(file: Path, mode: str, buffering: int) -> _Stream:
        return _Stream(open(file, mode, buffering), point, fault)

    monkeypatch.setattr(journal, "open", fault.on(opened) if point == "open" else opened, raising=False)
    if point in ("fsync", "replace"):
        monkeypatch.setattr(os, point, fault.on(getattr(os, point)))
    elif point == "sync":
        monkeypatch.setattr(journal, "sync_stream", fault.on(sync_stream))
    elif point == "mkdir":
        monkeypatch.setattr(Path, "mkdir", fault.on(Path.mkdir))
    elif point in ("lock", "unlock"):
        name = "try_take" if point == "lock" else "release"
        monkeypatch.setattr(FileLock, name, fault.on(getattr(FileLock, name), after=point == "unlock"))
    return fault


async def over(jobs: JobQueue, job: Job) -> tuple[Job, str]:
    """The job at its end, and what it said."""
    said = [event.line async for event in jobs.events(job.id) if isinstance(event, Said)]
    found = jobs.job(job.id)
    assert found
    return found, "\n".join(said)


@pytest.mark.parametrize(
    ("point", "number"), [(point, number + 1) for point, often in _FAULTS.items() for number in range(often)]
)
async def test_a_job_ends_whatever_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, number: int
) -> None:
    jobs = queue_of(tmp_path, MakeDirectory())
    plan = await jobs.plan(request(tmp_path))
    with monkeypatch.context() as patch:
        fault = inject(patch, point, number)
        job, _ = await over(jobs, jobs.submit(plan))
        assert await jobs.close()
    assert fault.struck
    assert job.state in ("done", "failed")
    assert job.end
    assert job.end.message
    assert not jobs.writing
    after = queue_of(tmp_path, MakeDirectory())
    assert (await over(after, after.submit(await after.plan(request(tmp_path, "next")))))[0].state == "done"


@pytest.mark.parametrize(("point", "number"), [("close", 1), ("write", 7), ("sync", 5)])
async def test_an_end_that_is_not_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, number: int
) -> None:
    jobs = queue_of(tmp_path, MakeDirectory(script="true"))
    inject(monkeypatch, point, number)
    job, said = await over(jobs, jobs.submit(await jobs.plan(request(tmp_path))))
    assert job.state == "done"
    assert "The end of the job could not be written into its journal: " in said


async def test_what_fails_after_the_end_does_not_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = Fault(1)
    monkeypatch.setattr("condatui_core.jobs.execution.prune", fault.on(prune))
    jobs = queue_of(tmp_path, MakeDirectory())
    job, _ = await over(jobs, jobs.submit(await jobs.plan(request(tmp_path))))
    assert (job.state, fault.struck) == ("done", True)


async def test_a_listener_that_fails_does_not_end_the_job(tmp_path: Path) -> None:
    def refuse(_job: Job) -> None:
        raise ZeroDivisionError("by nothing")

    jobs = queue_of(tmp_path, MakeDirectory())
    unsubscribe = jobs.subscribe(lambda _job: None)
    plan = await jobs.plan(request(tmp_path))
    job = jobs.submit(plan)
    jobs.subscribe(refuse)
    assert (await over(jobs, job))[0].state == "done"
    unsubscribe()
