"""What undoes the last job: all that it has done at once, with what cannot come back named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from condatui_core.actions import several
from condatui_core.actions.cleanup import perform as cleanup_perform
from condatui_core.actions.cleanup import plan as cleanup_plan
from condatui_core.actions.last_change import undo_of_last_change
from condatui_core.actions.registry import find_action
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.errors import UsageError
from condatui_core.records.job import Ended, Job, Outcome, Plan, StageBegun
from condatui_core.records.request import (
    CleanRequest,
    CleanupPart,
    CleanupRequest,
    ForgetRequest,
    PackRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
    SeveralRequest,
)
from support.plain_work import PlainWork, brought_back, removed
from support.removals import RemovalMachine

NAMES = ("old", "older")


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """Two environments, and a package cache with a package that nothing uses."""
    machine = RemovalMachine(tmp_path)
    machine.cache("idle", size=50_000)
    for name in NAMES:
        machine.make(name)
    return machine


def prefixes(machine: RemovalMachine) -> tuple[str, ...]:
    return tuple(str(machine.envs / name) for name in NAMES)


def cleaning(machine: RemovalMachine) -> CleanRequest:
    return CleanRequest(pkgs_dirs=(str(machine.root / "pkgs"),), what=("tarballs", "packages"))


def job_of(machine: RemovalMachine, plan: Plan, outcome: Outcome, *, later: int = 0) -> Job:
    """What a journal tells of a job that was carried out by the clock of the machine, or so many seconds later."""
    at = machine.context().clock() + timedelta(seconds=later)
    ended = Ended(at=at, state="done", message=outcome.message, outcome=outcome)
    return Job(id=f"{at:%Y%m%d-%H%M%S}-0000", plan=plan, state="done", submitted=at, started=at, ended=at, end=ended)


async def cleaned_up(machine: RemovalMachine, *parts: CleanupPart) -> Job:
    """Clean up; the job as its journal tells it."""
    request = CleanupRequest(parts=parts)
    plan = await cleanup_plan.plan(request, machine.context(), find_action=find_action)
    assert plan.blockers == ()
    perform = partial(cleanup_perform.perform, find_action=find_action)
    return job_of(machine, plan, await perform(plan, request, machine.context(), PlainWork()))


async def removing(machine: RemovalMachine, *going: str, later: int = 0) -> Job:
    """Remove these; the job as its journal tells it."""
    at = machine.context().clock() + timedelta(seconds=later)
    context = replace(machine.context(), clock=lambda: at)
    plan = await remove_plan.plan(RemoveRequest(prefixes=going), context)
    return job_of(machine, plan, Outcome(message="", restore_points=await removed(context, *going)), later=later)


def points_of(job: Job) -> tuple[str, ...]:
    """The restore points that a job has made."""
    assert job.end and job.end.outcome
    return job.end.outcome.restore_points


async def undone(machine: RemovalMachine, request: Request) -> Outcome:
    assert isinstance(request, SeveralRequest)
    plan = await several.plan(request, machine.context(), find_action=find_action)
    return await several.perform(plan, request, machine.context(), PlainWork(), find_action=find_action)


async def test_one_undo_takes_back_all_of_a_job_and_names_what_does_not_come_back(machine: RemovalMachine) -> None:
    job = await cleaned_up(machine, RemoveRequest(prefixes=prefixes(machine)), cleaning(machine))
    assert not any(Path(each).exists() for each in prefixes(machine))
    request = undo_of_last_change(None, machine.context(), [job])
    assert isinstance(request, SeveralRequest)
    points = {each.id for each in request.parts if isinstance(each, RestoreRequest)}
    assert points == set(job.end.outcome.restore_points if job.end and job.end.outcome else ())
    plan = await several.plan(request, machine.context(), find_action=find_action)
    assert plan.title == "Undo: Clean up: 2 environments and 1 cache"
    (told,) = (each.message for each in plan.warnings if each.id == "no-way-back")
    assert told.startswith(f"This does not come back. Clean {machine.root}/pkgs: a cache has no restore point;")
    await undone(machine, request)
    assert all((Path(each) / "notes/todo.txt").is_file() for each in prefixes(machine))
    with pytest.raises(UsageError, match="no change to undo"):
        undo_of_last_change(None, machine.context())


@pytest.mark.parametrize(("stage", "told"), [("2:look", 0), ("2:tarballs", 1)])
async def test_a_cleaning_that_deleted_nothing_yet_is_not_said_to_be_lost(
    machine: RemovalMachine, stage: str, told: int
) -> None:
    job = await cleaned_up(machine, RemoveRequest(prefixes=prefixes(machine)), cleaning(machine))
    assert job.started and job.end
    begun = StageBegun(at=job.started, name=stage, title="")
    killed = structs.replace(job, state="failed", stage=begun, end=structs.replace(job.end, outcome=None))
    request = undo_of_last_change(None, machine.context(), [killed])
    assert isinstance(request, SeveralRequest)
    assert (len(request.parts), len(request.stays)) == (2, told)


async def test_what_was_brought_back_meanwhile_is_no_part_of_an_undo(machine: RemovalMachine) -> None:
    job = await cleaned_up(machine, RemoveRequest(prefixes=prefixes(machine)), cleaning(machine))
    assert job.end and job.end.outcome
    first, second = job.end.outcome.restore_points
    await brought_back(machine.context(), first)
    request = undo_of_last_change(None, machine.context(), [job])
    assert isinstance(request, SeveralRequest)  # for the sake of what it cannot bring back
    assert request.parts == (RestoreRequest(id=second),)


async def test_a_removal_of_one_is_undone_by_its_restore_point_and_changes_of_other_jobs_stay(
    machine: RemovalMachine,
) -> None:
    context = machine.context()
    (earlier,) = await removed(context, prefixes(machine)[0])
    later = machine.context()
    plan = await remove_plan.plan(RemoveRequest(prefixes=prefixes(machine)[1:]), later)
    points = await removed(later, prefixes(machine)[1])
    job = job_of(machine, plan, Outcome(message="", restore_points=points))
    assert undo_of_last_change(None, context, [job]) == RestoreRequest(id=max(points[0], earlier))


async def test_what_blocks_one_part_of_an_undo_is_left_out_and_the_others_come_back(machine: RemovalMachine) -> None:
    job = await cleaned_up(machine, RemoveRequest(prefixes=prefixes(machine)), cleaning(machine))
    request = undo_of_last_change(None, machine.context(), [job])
    assert isinstance(request, SeveralRequest)
    Path(prefixes(machine)[0]).write_text("something else has taken its place")
    plan = await several.plan(request, machine.context(), find_action=find_action)
    assert (plan.blockers, len(plan.parts), len(plan.left_out)) == ((), 1, 1)
    assert "left-out" in {each.id for each in plan.warnings}
    await undone(machine, request)
    assert (Path(prefixes(machine)[1]) / "notes/todo.txt").is_file()


def damage(machine: RemovalMachine, point: str) -> None:
    (machine.points / point / "files.tar.gz").write_text("this is no archive")


def occupy(machine: RemovalMachine, point: str) -> None:
    """Let something else come up at the path of which this is the newest restore point."""
    del point
    Path(prefixes(machine)[0]).mkdir()


UNUSABLE = [
    pytest.param(damage, "its restore point {} cannot be used: files.tar.gz", id="damaged"),
    pytest.param(occupy, "there is something at this path now, over which an undo does not bring", id="occupied"),
]


@pytest.mark.parametrize(("spoil", "words"), UNUSABLE)
async def test_what_a_part_of_a_job_has_no_usable_restore_point_for_is_named(
    machine: RemovalMachine, spoil: Callable[[RemovalMachine, str], None], words: str
) -> None:
    job = await removing(machine, *prefixes(machine))
    first, second = points_of(job)
    spoil(machine, first)
    request = undo_of_last_change(None, machine.context(), [job])
    assert isinstance(request, SeveralRequest)
    assert request.parts == (RestoreRequest(id=second),)
    (told,) = request.stays
    assert told.startswith(f"{prefixes(machine)[0]}: {words.format(first)}")
    await brought_back(machine.context(), second)
    with pytest.raises(UsageError) as caught:
        undo_of_last_change(None, machine.context(), [job])
    assert f"{prefixes(machine)[0]}: {words.format(first)}" in caught.value.detail


@pytest.mark.parametrize(("spoil", "words"), UNUSABLE)
async def test_an_earlier_job_is_not_undone_without_a_word_on_the_last_one(
    machine: RemovalMachine, spoil: Callable[[RemovalMachine, str], None], words: str
) -> None:
    earlier = await removing(machine, prefixes(machine)[1])
    last = await removing(machine, prefixes(machine)[0], later=60)
    (point,) = points_of(last)
    spoil(machine, point)
    request = undo_of_last_change(None, machine.context(), [earlier, last])
    assert isinstance(request, SeveralRequest)
    assert (len(request.parts), request.undoes) == (1, "Remove older")
    assert words.format(point) in request.stays[0]


async def test_what_was_brought_back_and_changed_since_is_not_missed(machine: RemovalMachine) -> None:
    job = await removing(machine, *prefixes(machine))
    first, second = points_of(job)
    await brought_back(machine.context(), first)
    assert undo_of_last_change(None, machine.context(), [job]) == RestoreRequest(id=second)
    (Path(prefixes(machine)[0]) / "notes/new.txt").write_text("since then")
    back = job_of(machine, Plan(request=RestoreRequest(id=first), title="Back"), Outcome(message=""), later=60)
    assert undo_of_last_change(None, machine.context(), [job, back]) == RestoreRequest(id=second)


async def test_a_restore_point_that_cannot_be_used_is_named_if_nothing_is_left_to_undo(machine: RemovalMachine) -> None:
    (point,) = await removed(machine.context(), prefixes(machine)[0])
    damage(machine, point)
    with pytest.raises(UsageError, match="no restore point that can be used is left") as caught:
        undo_of_last_change(None, machine.context())
    assert caught.value.detail.startswith(f"{point} cannot be used: files.tar.gz")


@pytest.mark.parametrize("before", [True, False])
async def test_the_last_job_is_named_if_it_has_no_way_back(machine: RemovalMachine, *, before: bool) -> None:
    """With an earlier change, that one is proposed, and the plan tells."""
    jobs: list[Job] = []
    if before:
        plan = await remove_plan.plan(RemoveRequest(prefixes=prefixes(machine)[:1]), machine.context())
        points = await removed(machine.context(), prefixes(machine)[0])
        jobs.append(job_of(machine, plan, Outcome(message="", restore_points=points)))
    cleaned = Plan(request=cleaning(machine), title="Clean /opt/pkgs")
    jobs.append(job_of(machine, cleaned, Outcome(message="Cleaned."), later=60))
    packing = Plan(request=PackRequest(prefix="/a", file="/b"), title="Pack")
    jobs.append(job_of(machine, packing, Outcome(message=""), later=90))
    if before:
        request = undo_of_last_change(None, machine.context(), jobs)
        assert isinstance(request, SeveralRequest)
        assert (len(request.parts), request.undoes) == (1, "Remove old")
        assert request.stays[0].startswith("The job after it, Clean /opt/pkgs, has no way back: a cache")
    else:
        with pytest.raises(UsageError) as caught:
            undo_of_last_change(None, machine.context(), jobs)
        assert caught.value.title == "The last job has no way back: Clean /opt/pkgs."
        assert "downloaded or built again" in caught.value.detail


async def test_what_was_done_since_hides_that_an_earlier_job_had_no_way_back(machine: RemovalMachine) -> None:
    forgotten = job_of(machine, Plan(request=ForgetRequest(ids=("a",)), title="Forget"), Outcome(message=""))
    restored = job_of(machine, Plan(request=RestoreRequest(id="b"), title="Restore"), Outcome(message=""), later=60)
    with pytest.raises(UsageError, match="There is no change to undo"):
        undo_of_last_change(None, machine.context(), [forgotten, restored])
    with pytest.raises(UsageError, match="The last job has no way back: Forget"):
        undo_of_last_change(None, machine.context(), [forgotten])
