from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from condatui_core.actions.protocol import JobContext, Work
from condatui_core.errors import CondaError, RefusedError
from condatui_core.jobs.queue import JobQueue
from condatui_core.records.finding import Finding
from condatui_core.records.job import (
    CommandBegun,
    CommandEnded,
    Ended,
    Job,
    Outcome,
    Plan,
    Progressed,
    Said,
    StageBegun,
)
from condatui_core.records.request import CloneRequest
from support.fake_actions import MakeDirectory, queue_of, request


def pausing() -> tuple[Callable[[str], Awaitable[None]], asyncio.Event, asyncio.Event]:
    """Something that stops in the stage `fill`; the event that it got there, and the one that it waits for."""
    there, go_on = asyncio.Event(), asyncio.Event()

    async def at(stage: str) -> None:
        if stage == "fill":
            there.set()
            await go_on.wait()

    return at, there, go_on


async def ended(jobs: JobQueue, job: Job) -> Job:
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over is not None
    return over


async def carried_out(jobs: JobQueue, target: CloneRequest) -> Job:
    return await ended(jobs, jobs.submit(await jobs.plan(target)))


async def test_while_nothing_may_be_changed_no_job_is_taken(tmp_path: Path) -> None:
    refusals = [RefusedError("read-only")]

    def check_writable() -> None:
        if refusals:
            raise refusals[0]

    jobs = queue_of(tmp_path, MakeDirectory(), check_writable=check_writable)
    plan = await jobs.plan(request(tmp_path))
    with pytest.raises(RefusedError):
        jobs.submit(plan)
    assert (jobs.jobs, (tmp_path / "new").exists()) == ((), False)
    refusals.clear()
    assert (await ended(jobs, jobs.submit(plan))).state == "done"


class Failing(MakeDirectory):
    """Raises what it is given, once it has begun."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
        await work.stage("make", "Making")
        raise self.error


async def test_a_job_tells_its_stages_commands_lines_and_end(tmp_path: Path) -> None:
    jobs = queue_of(tmp_path, MakeDirectory(script="echo one; echo two >&2"))
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    assert job.state == "queued"
    events = [event async for event in jobs.events(job.id)]
    assert [each.name for each in events if isinstance(each, StageBegun)] == ["make", "fill", "finish"]
    assert sorted(each.line for each in events if isinstance(each, Said)) == ["one", "two"]
    (begun,) = [each for each in events if isinstance(each, CommandBegun)]
    (end,) = [each for each in events if isinstance(each, CommandEnded)]
    assert (begun.argv[0], end.exit_code) == ("sh", 0)
    over = jobs.job(job.id)
    assert over
    assert (over.state, over.end, over.commands) == ("done", events[-1], (begun.argv,))
    assert over.end
    assert over.end.message == "new was made"
    assert over.end.exit_code == 0
    assert (tmp_path / "new" / "whole").exists()


async def test_who_asks_late_hears_everything_from_the_beginning(tmp_path: Path) -> None:
    jobs = queue_of(tmp_path, MakeDirectory())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    first = [event async for event in jobs.events(job.id)]
    assert [event async for event in jobs.events(job.id)] == first


async def test_jobs_run_one_after_the_other(tmp_path: Path) -> None:
    at, there, go_on = pausing()
    action = MakeDirectory(at=at)
    jobs = queue_of(tmp_path, action)
    first = jobs.submit(await jobs.plan(request(tmp_path, "a")))
    second = jobs.submit(await jobs.plan(request(tmp_path, "b")))
    await there.wait()
    assert [each.state for each in jobs.jobs] == ["queued", "running"]
    assert jobs.writing
    go_on.set()
    assert [(await ended(jobs, each)).state for each in (first, second)] == ["done", "done"]
    assert action.performed == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert not jobs.writing


async def test_one_that_waits_is_cancelled_without_having_begun(tmp_path: Path) -> None:
    at, there, go_on = pausing()
    action = MakeDirectory(at=at)
    jobs = queue_of(tmp_path, action)
    first = jobs.submit(await jobs.plan(request(tmp_path, "a")))
    second = jobs.submit(await jobs.plan(request(tmp_path, "b")))
    await there.wait()
    jobs.cancel(second.id)
    over = await ended(jobs, second)
    assert (over.state, over.recovery and over.recovery.state) == ("cancelled", "untouched")
    go_on.set()
    await ended(jobs, first)
    assert action.performed == [str(tmp_path / "a")]


async def test_one_that_was_cancelled_at_once_never_begins(tmp_path: Path) -> None:
    action = MakeDirectory()
    jobs = queue_of(tmp_path, action)
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    jobs.cancel(job.id)
    assert (await ended(jobs, job)).state == "cancelled"
    assert action.performed == []


async def test_cancelling_looks_what_there_is_and_offers_the_way_out(tmp_path: Path) -> None:
    at, there, _ = pausing()
    action = MakeDirectory(at=at)
    jobs = queue_of(tmp_path, action)
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    await there.wait()
    states: list[str] = []
    jobs.subscribe(lambda each: states.append(each.state))
    jobs.cancel(job.id)
    over = await ended(jobs, job)
    assert states[0] == "cancelling"
    assert over.recovery
    assert (over.state, over.recovery.state, action.looked) == ("cancelled", "half", ["fill"])
    assert over.recovery.way_out is not None
    assert over.end
    assert over.end.exit_code == 130


async def test_cancelling_waits_for_what_a_thread_has_begun(tmp_path: Path) -> None:
    from threading import Event

    began, cancelled_seen = Event(), Event()

    class Threaded(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            def loop() -> None:
                began.set()
                while not work.cancelled:
                    pass
                cancelled_seen.set()

            await work.stage("make", "Making")
            await work.in_thread(loop)
            return Outcome(message="done all the same")

    jobs = queue_of(tmp_path, Threaded())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    await asyncio.to_thread(began.wait, 20)
    jobs.cancel(job.id)
    assert (await ended(jobs, job)).state == "cancelled"
    assert cancelled_seen.is_set()


async def test_an_error_of_ours_gives_its_words_and_exit_code(tmp_path: Path) -> None:
    error = CondaError("conda could not do it.", "because\x1b[2J", "Try again.")
    over = await carried_out(queue_of(tmp_path, Failing(error)), request(tmp_path))
    assert over.end
    assert (over.state, over.end.message, over.end.hint) == ("failed", "conda could not do it.", "Try again.")
    assert over.end.detail == "because\\x1b[2J"
    assert over.end.exit_code == 1
    assert over.recovery
    assert over.recovery.state == "untouched"


async def test_a_refusal_half_way_exits_as_one(tmp_path: Path) -> None:
    over = await carried_out(queue_of(tmp_path, Failing(RefusedError("It is in use."))), request(tmp_path))
    assert over.end
    assert (over.state, over.end.exit_code) == ("failed", 3)


@pytest.mark.parametrize("error", [ZeroDivisionError("by nothing"), OSError(28, "No space left on device")])
async def test_what_nobody_foresaw_ends_the_job_in_words_and_nothing_else(tmp_path: Path, error: Exception) -> None:
    jobs = queue_of(tmp_path, Failing(error))
    over = await carried_out(jobs, request(tmp_path))
    assert over.end
    assert over.state == "failed"
    assert str(error) in over.end.detail
    assert (await carried_out(jobs, request(tmp_path))).state == "failed"


async def test_an_aftermath_that_fails_is_said_too(tmp_path: Path) -> None:
    class Blind(Failing):
        async def recover(self, *_: object) -> object:  # type: ignore[override]
            raise ZeroDivisionError("by nothing")

    over = await carried_out(queue_of(tmp_path, Blind(CondaError("No."))), request(tmp_path))
    assert over.recovery
    assert over.recovery.message.startswith("What there is now could not be found out")


async def test_a_plan_with_a_blocker_is_not_taken_on(tmp_path: Path) -> None:
    blocker = Finding(id="target-exists", severity="error", message="new exists", remedy="choose another name")
    jobs = queue_of(tmp_path, MakeDirectory(blockers=(blocker,)))
    with pytest.raises(RefusedError, match="new exists"):
        jobs.submit(await jobs.plan(request(tmp_path)))
    assert jobs.jobs == ()


async def test_progress_is_told_now_and_then_however_often_it_is_made(tmp_path: Path) -> None:
    class Counting(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            def count() -> None:
                for number in range(50_000):
                    work.progress(number, 50_000, "files")

            await work.stage("make", "Making")
            await work.in_thread(count)
            await heard_all.wait()
            return Outcome(message="counted")

    heard_all = asyncio.Event()
    jobs = queue_of(tmp_path, Counting())
    job = jobs.submit(await jobs.plan(request(tmp_path)))
    told = 0
    async for event in jobs.events(job.id):
        if isinstance(event, Progressed):
            told += 1
            if event.done == 49_999:
                heard_all.set()
    assert 1 <= told < 1000


async def test_closing_ends_what_runs_and_what_waits(tmp_path: Path) -> None:
    at, there, _ = pausing()
    jobs = queue_of(tmp_path, MakeDirectory(at=at))
    for name in ("a", "b"):
        jobs.submit(await jobs.plan(request(tmp_path, name)))
    await there.wait()
    assert await jobs.close()
    assert {each.state for each in jobs.jobs} == {"interrupted"}
    with pytest.raises(RefusedError):
        jobs.submit(await jobs.plan(request(tmp_path, "c")))


async def test_jobs_whose_end_the_user_has_asked_for_are_cancelled_and_not_interrupted(tmp_path: Path) -> None:
    at, there, _ = pausing()
    jobs = queue_of(tmp_path, MakeDirectory(at=at))
    for name in ("a", "b"):
        jobs.submit(await jobs.plan(request(tmp_path, name)))
    await there.wait()
    assert await jobs.close(asked=True)
    assert await jobs.close()  # as the app does when it ends
    assert {(each.state, each.end and each.end.message) for each in jobs.jobs} == {("cancelled", "You cancelled it.")}
    later = queue_of(tmp_path, MakeDirectory())
    assert await later.interrupted() == ()


async def test_a_loop_that_ends_takes_its_jobs_along_in_order(tmp_path: Path) -> None:
    """As when an app is left without a word: the journal still tells how it ended."""
    at, there, _ = pausing()
    jobs = queue_of(tmp_path, MakeDirectory(at=at))

    async def forgetful() -> None:
        jobs.submit(await jobs.plan(request(tmp_path)))
        await there.wait()

    await asyncio.to_thread(asyncio.run, forgetful())
    (job,) = jobs.jobs
    assert isinstance(job.end, Ended)
    assert job.state == "interrupted"


async def test_who_does_not_want_to_hear_any_more_does_not(tmp_path: Path) -> None:
    jobs = queue_of(tmp_path, MakeDirectory())
    heard: list[Job] = []
    unsubscribe = jobs.subscribe(heard.append)
    plan = await jobs.plan(request(tmp_path))
    job = jobs.submit(plan)
    assert heard == [job]
    unsubscribe()
    unsubscribe()
    await ended(jobs, job)
    assert heard == [job]


async def test_a_job_that_stopped_has_failed_and_tells_what_it_did(tmp_path: Path) -> None:
    class Stopping(MakeDirectory):
        async def perform(self, plan: Plan, request: CloneRequest, context: JobContext, work: Work) -> Outcome:
            await super().perform(plan, request, context, work)
            return Outcome(message="Stopped after 1 of 2 parts", stopped=True)

    job = await carried_out(queue_of(tmp_path, Stopping()), request(tmp_path))
    assert job.end is not None
    assert (job.state, job.end.state, job.end.exit_code) == ("failed", "failed", 1)
    assert job.end.outcome is not None
    assert job.end.message == job.end.outcome.message == "Stopped after 1 of 2 parts"
    assert job.recovery is not None
