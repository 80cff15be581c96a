"""What the next start says of jobs whose process is gone, wherever it was killed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from condatui_core.jobs.journal import OWNER
from condatui_core.proc.owner import descendants_of
from condatui_core.records.job import Job
from support.fake_actions import MakeDirectory, queue_of
from support.job_process import job_process, said_by


async def killed(home: Path, stop: str, **more: str) -> None:
    """Kill a process without mercy when its job has got there."""
    async with job_process(home, stop, **more) as process:
        assert await said_by(process) == f"at {stop}"
        process.kill()
        await process.wait()


async def next_start(home: Path) -> tuple[tuple[Job, ...], MakeDirectory]:
    action = MakeDirectory()
    return await queue_of(home, action).interrupted(), action


@pytest.mark.parametrize(("stop", "state"), [("make", "half"), ("fill", "half"), ("finish", "done")])
async def test_the_next_start_says_what_there_is(tmp_path: Path, stop: str, state: str) -> None:
    await killed(tmp_path, stop)
    (job,), action = await next_start(tmp_path)
    assert job.state == "interrupted"
    assert job.recovery
    assert job.recovery.state == state
    assert (job.recovery.way_out is not None) == (state == "half")
    assert action.looked == [stop]
    assert job.stage
    assert job.stage.name == stop


async def test_it_is_told_until_it_is_settled(tmp_path: Path) -> None:
    await killed(tmp_path, "make")
    assert len((await next_start(tmp_path))[0]) == 1
    (tmp_path / "new").rmdir()
    jobs = queue_of(tmp_path, MakeDirectory())
    (job,) = await jobs.interrupted()
    assert job.recovery
    assert job.recovery.state == "untouched"
    await jobs.settle(job.id)
    assert await queue_of(tmp_path, MakeDirectory()).interrupted() == ()


async def test_what_was_killed_and_told_stays_in_the_list_of_jobs(tmp_path: Path) -> None:
    await killed(tmp_path, "make")
    await next_start(tmp_path)
    jobs = queue_of(tmp_path, MakeDirectory())
    (job,) = await jobs.recall()
    assert (job.state, job.elsewhere) == ("interrupted", "")
    assert job.ended is not None
    assert jobs.jobs == (job,)


async def test_a_command_that_outlives_condatui_is_noticed_and_nothing_judged(tmp_path: Path) -> None:
    script = "echo begun; trap '' TERM; while :; do sleep 0.1; done"
    await killed(tmp_path, "command", script=script)
    (job,), action = await next_start(tmp_path)
    assert job.recovery
    assert "commands still runs, pid " in job.recovery.message
    assert action.looked == []
    pid = int(job.recovery.message.partition("pid ")[2].partition(":")[0])
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    while descendants_of(job.id):  # noqa: ASYNC110 - no event tells of what other processes do
        await asyncio.sleep(0.005)
    (job,), action = await next_start(tmp_path)
    assert job.recovery
    assert (job.recovery.state, action.looked) == ("half", ["fill"])


async def test_a_job_that_is_being_carried_out_elsewhere_is_not_judged(tmp_path: Path) -> None:
    async with job_process(tmp_path, "make") as process:
        assert await said_by(process) == "at make"
        assert (await next_start(tmp_path))[0] == ()
        (job,) = await queue_of(tmp_path, MakeDirectory()).recall()
        assert job.state == "running"
        assert job.elsewhere.startswith(f"pid {process.pid} on ")


async def test_a_job_of_another_machine_is_not_ours_to_judge(tmp_path: Path) -> None:
    await killed(tmp_path, "make")
    (owner,) = (tmp_path / ".condatui" / "state" / "jobs").glob(f"*/{OWNER}")
    text = owner.read_text().replace(os.uname().nodename, "elsewhere")
    boot = Path("/proc/sys/kernel/random/boot_id")
    owner.write_text(text.replace(boot.read_text().strip(), "another-boot") if boot.exists() else text)
    assert (await next_start(tmp_path))[0] == ()


async def test_one_that_waited_for_its_turn_says_that_it_never_began(tmp_path: Path) -> None:
    async with job_process(tmp_path, "make") as first:
        assert await said_by(first) == "at make"
        async with job_process(tmp_path, "events", name="b") as second:
            assert "is at work: Make new" in await said_by(second)
        (job,), action = await next_start(tmp_path)
        assert job.recovery
        assert (job.recovery.state, action.looked) == ("untouched", [])
        assert job.recovery.message.startswith("By its journal it had not begun")
        assert not (tmp_path / "b").exists()


async def test_what_ends_it_in_another_way_loses_no_more(tmp_path: Path) -> None:
    """Without a handler it ends like by any other signal: the next start knows."""
    async with job_process(tmp_path, "fill") as process:
        assert await said_by(process) == "at fill"
        process.terminate()
        await process.wait()
    (job,), _ = await next_start(tmp_path)
    assert job.state == "interrupted"
