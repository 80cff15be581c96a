"""Two condatuis of one user: one writes, the other waits and says for whom."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from support.fake_actions import MakeDirectory, queue_of, request
from support.job_process import job_process, said_by


async def test_the_second_waits_until_the_first_is_over(tmp_path: Path) -> None:
    action = MakeDirectory()
    jobs = queue_of(tmp_path, action)
    waits = asyncio.Event()
    jobs.subscribe(lambda job: waits.set() if job.waiting else None)
    async with job_process(tmp_path, "make", name="a") as first:
        assert await said_by(first) == "at make"
        job = jobs.submit(await jobs.plan(request(tmp_path, "b")))
        await asyncio.wait_for(waits.wait(), 60)
        waiting = jobs.job(job.id)
        assert waiting
        assert waiting.state == "queued"
        assert waiting.waiting == f"pid {first.pid} on {os.uname().nodename} is at work: Make a"
        assert action.performed == []
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over
    assert (over.state, over.waiting) == ("done", "")


async def test_where_locks_are_not_known_the_job_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    jobs = queue_of(tmp_path, MakeDirectory())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over
    assert over.state == "done"
    assert "has no locks" in over.output[0]
