"""Cleanups of several kinds: one plan, one job, the parts in order, and the first surprise is the end of it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replace_fields

from condatui_core.actions.cleanup import perform as cleanup_perform
from condatui_core.actions.cleanup import plan as cleanup_plan
from condatui_core.actions.cleanup import recover as cleanup_recover
from condatui_core.actions.protocol import Action, JobContext, Work
from condatui_core.actions.registry import find_action
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.analyses.cleanup.choice import parts_of
from condatui_core.disk.measure import Measurement
from condatui_core.disk.usage import Disk
from condatui_core.errors import RefusedError
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import blocker
from condatui_core.records.installation import CondaFacts
from condatui_core.records.job import Outcome, Plan, Recovery
from condatui_core.records.request import Cleanable, CleanRequest, CleanupPart, CleanupRequest, RemoveRequest, Request
from support.disk_trees import du, write
from support.installer_caches import uv_cache
from support.plain_work import PlainWork
from support.removals import RemovalMachine
from support.tiers import thorough

plan_cleanup = partial(cleanup_plan.plan, find_action=find_action)
perform_cleanup = partial(cleanup_perform.perform, find_action=find_action)
recover_cleanup = partial(cleanup_recover.recover, find_action=find_action)


PARTS: tuple[Cleanable, ...] = ("tarballs", "packages")


class KilledError(BaseException):
    """Stands for whatever ends a job from outside."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """Two environments that share a file with the package cache, which has an idle package as well."""
    machine = RemovalMachine(tmp_path)
    used = machine.cache("used", size=80_000)
    machine.cache("idle", size=50_000)
    for name in ("old", "older"):
        prefix = machine.make(name)
        machine.environments.pop()
        machine.install(prefix, used)
        machine.note(prefix.path)
    return machine


def prefix_of(machine: RemovalMachine, name: str) -> str:
    return str(machine.envs / name)


def removing(machine: RemovalMachine, *names: str) -> RemoveRequest:
    return RemoveRequest(prefixes=tuple(prefix_of(machine, each) for each in names))


def cleaning(machine: RemovalMachine, *removed: str) -> CleanRequest:
    return CleanRequest(
        pkgs_dirs=(str(machine.root / "pkgs"),),
        what=("tarballs", "packages"),
        removed_before=tuple(prefix_of(machine, each) for each in removed),
    )


async def planned(machine: RemovalMachine, *parts: CleanupPart) -> Plan:
    return await plan_cleanup(CleanupRequest(parts=parts), machine.context())


async def done(plan: Plan, context: JobContext, work: PlainWork | None = None) -> Outcome:
    assert plan.blockers == ()
    assert isinstance(plan.request, CleanupRequest)
    return await perform_cleanup(plan, plan.request, context, work or PlainWork())


async def test_the_plan_has_the_plans_of_its_parts_and_their_sums(machine: RemovalMachine) -> None:
    plan = await planned(machine, removing(machine, "old"), cleaning(machine, "old"))
    removal, clean = plan.parts
    assert plan.title == "Clean up: 1 environment and 1 cache"
    assert (removal.title, clean.title) == ("Remove old", f"Clean {machine.root / 'pkgs'}")
    assert plan.bytes_freed == (removal.bytes_freed or 0) + (clean.bytes_freed or 0)
    assert plan.bytes_needed == removal.bytes_needed
    assert plan.steps == (*removal.steps, *clean.steps)
    assert plan.prefixes == (prefix_of(machine, "old"),)
    assert ("net", plan.facts[0][1]) == plan.facts[0]
    assert plan.facts[1][0] == "part 1"
    assert (plan.confirm, plan.blockers) == ("", ())


async def test_a_part_that_something_stands_against_is_left_out_and_told(machine: RemovalMachine) -> None:
    (machine.envs / "old/conda-meta/frozen").write_text("{}")
    plan = await planned(machine, removing(machine, "old"), cleaning(machine, "old"))
    (left,) = plan.left_out
    assert (left.title, [each.id for each in left.blockers]) == ("Remove old", ["frozen"])
    assert [part.request for part in plan.parts] == [cleaning(machine)], "nothing is removed before"
    assert plan.request == CleanupRequest(parts=(cleaning(machine),))
    (warning,) = [each for each in plan.warnings if each.id == "left-out"]
    assert warning.message.startswith("Left out: Remove old. ")
    outcome = await done(plan, machine.context())
    assert os.path.lexists(prefix_of(machine, "old"))
    assert not os.path.lexists(machine.root / "pkgs/idle-1.0-0")
    assert (outcome.stopped, [each.id for each in outcome.findings]) == (False, ["left-out"])


async def test_of_several_environments_only_what_something_stands_against_is_left_out(machine: RemovalMachine) -> None:
    (machine.envs / "old/conda-meta/frozen").write_text("{}")
    plan = await planned(machine, removing(machine, "old", "older"), cleaning(machine, "old", "older"))
    assert [each.title for each in plan.left_out] == ["Remove old"]
    removal, clean = (part.request for part in plan.parts)
    assert isinstance(removal, RemoveRequest)
    assert removal.prefixes == (prefix_of(machine, "older"),)
    assert clean == cleaning(machine, "older")
    alone = await planned(machine, removing(machine, "old", "older"))
    assert (alone.prefixes, alone.blockers) == ((prefix_of(machine, "older"),), ())


async def test_if_something_stands_against_all_parts_nothing_goes(machine: RemovalMachine) -> None:
    for name in ("old", "older"):
        (machine.envs / name / "conda-meta/frozen").write_text("{}")
    plan = await planned(machine, removing(machine, "old"), removing(machine, "older"))
    assert ([each.id for each in plan.blockers], plan.left_out) == (["frozen", "frozen"], ())


async def test_a_part_that_has_to_be_confirmed_lets_all_be_confirmed(machine: RemovalMachine) -> None:
    context = machine.context(restore_point_bytes=10)
    plan = await plan_cleanup(CleanupRequest(parts=(removing(machine, "old"), cleaning(machine))), context)
    assert plan.confirm == "clean up"


async def test_it_does_all_and_says_what_was_predicted_and_what_came(machine: RemovalMachine) -> None:
    before = du(machine.root)
    plan = await planned(machine, removing(machine, "old", "older"), cleaning(machine))
    work = PlainWork()
    outcome = await done(plan, machine.context(), work)
    assert not os.path.lexists(prefix_of(machine, "old"))
    assert not os.path.lexists(prefix_of(machine, "older"))
    assert [each.partition(":")[0] for each in work.stages] == ["1"] * 8 + ["2"] * 3
    assert work.stages[0] == "1:look"
    assert work.stages[-1] == "2:packages"
    really = before - du(machine.root)
    kept = sum(du(machine.points / each) for each in machine.point_ids())
    assert outcome.predicted_bytes == plan.bytes_freed == really
    assert (outcome.bytes_freed, outcome.kept_bytes) == (really - kept, kept)
    assert outcome.restore_points == tuple(machine.point_ids())
    assert "predicted" in outcome.message
    assert outcome.findings == ()


async def test_one_walk_does_for_all_caches(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has other caches, and uv's comes first, since it is locked before the walk."""
    second, uv = machine.home / "more-pkgs", uv_cache(machine.home / ".cache/uv")
    write(second / "cache/497deca9.json", 30_000)
    context = machine.context()
    caches = (str(machine.root / "pkgs"), str(second))
    context = replace(
        context,
        inventory=replace_fields(context.inventory, pkgs_dirs=caches),
        conda_facts={str(machine.root): CondaFacts(envs_dirs=(str(machine.envs),), pkgs_dirs=caches)},
    )
    choice = CleanupChoice(
        prefixes=(prefix_of(machine, "old"),),
        cleaned=((caches[0], PARTS), (caches[1], ("index",)), (str(uv), ("uv",))),
    )
    plan = await plan_cleanup(CleanupRequest(parts=parts_of(choice)), context)
    assert [each.title for each in plan.parts[1:]] == [f"Clean {each}" for each in (uv, *caches)]
    walks: list[Inventory] = []
    measure_whole = Disk.measure_whole

    async def counting(disk: Disk, inventory: Inventory) -> Measurement:
        walks.append(inventory)
        return await measure_whole(disk, inventory)

    monkeypatch.setattr(Disk, "measure_whole", counting)
    before = du(machine.root, second, uv)
    outcome = await done(plan, context)
    really = before - du(machine.root, second, uv)
    assert len(walks) == 1
    assert [each.name for each in walks[0].environments] == ["older"], "and it is that of what is left"
    assert plan.bytes_freed == (outcome.bytes_freed or 0) + outcome.kept_bytes == really


async def test_a_part_that_fails_is_the_last_and_what_was_done_is_told(machine: RemovalMachine) -> None:
    parts = (removing(machine, "old"), removing(machine, "older"), cleaning(machine))
    plan = await planned(machine, *parts)

    def freeze(stage: str) -> None:
        if stage == "2:look":
            (machine.envs / "older/conda-meta/frozen").write_text("{}")

    work = PlainWork(before_stage=freeze)
    outcome = await done(plan, machine.context(), work)
    assert work.stages[-1] == "2:look"
    assert outcome.message.startswith("Stopped after 1 of 3 parts: ")
    assert outcome.stopped
    (stopped, difference) = outcome.findings
    assert (stopped.id, stopped.severity) == ("stopped", "error")
    assert stopped.message == "Remove older failed, so nothing after it was begun."
    assert difference.id == "differs-from-plan"
    assert [each.rpartition(":")[2].startswith(" not carried out") for each in difference.evidence] == [True, True]
    assert len(outcome.restore_points) == 1
    assert os.path.lexists(prefix_of(machine, "older"))
    assert os.path.lexists(machine.root / "pkgs/idle-1.0-0")


async def test_however_a_later_part_fails_what_was_done_is_told(machine: RemovalMachine) -> None:
    plan = await planned(machine, removing(machine, "old"), cleaning(machine))

    def break_it(stage: str) -> None:
        if stage == "2:look":
            raise OSError(errno.EIO, "Input/output error", "/a/disk")

    outcome = await done(plan, machine.context(), PlainWork(before_stage=break_it))
    assert outcome.message.startswith("Stopped after 1 of 2 parts: ")
    assert (outcome.stopped, len(outcome.restore_points)) == (True, 1)
    stopped = outcome.findings[0]
    assert (stopped.id, stopped.severity, stopped.evidence[0]) == ("stopped", "error", "Input/output error")


async def test_a_last_part_that_leaves_something_behind_is_named(machine: RemovalMachine) -> None:
    """The job exits with 1 then, which would be a riddle below "Cleaned up"."""
    plan = await planned(machine, removing(machine, "old"), cleaning(machine))
    assert isinstance(plan.request, CleanupRequest)

    def find(request: Request) -> Action[Any]:
        action = find_action(request)

        async def perform(part: Plan, request: CleanRequest, context: JobContext, work: Work) -> Outcome:
            outcome: Outcome = await action.perform(part, request, context, work)
            return replace_fields(outcome, findings=(blocker("left-behind", "1 thing could not be deleted."),))

        return Action(action.plan, perform if isinstance(request, CleanRequest) else action.perform, action.recover)

    outcome = await cleanup_perform.perform(plan, plan.request, machine.context(), PlainWork(), find_action=find)
    assert outcome.message.startswith(f"Cleaned up, but {plan.parts[1].title} did not go as planned: ")
    assert [each.id for each in outcome.findings if each.severity == "error"] == ["left-behind"]
    assert not outcome.stopped


async def test_if_the_last_part_has_stopped_all_has(machine: RemovalMachine) -> None:
    plan = await planned(machine, cleaning(machine), removing(machine, "old", "older"))

    def freeze(stage: str) -> None:
        if stage == "2:leftovers":
            (machine.envs / "older/conda-meta/frozen").write_text("{}")

    outcome = await done(plan, machine.context(), PlainWork(before_stage=freeze))
    assert [os.path.lexists(prefix_of(machine, each)) for each in ("old", "older")] == [False, True]
    assert outcome.stopped
    assert outcome.message.startswith("Stopped in part 2 of 2: ")


async def test_of_several_environments_the_first_that_fails_is_the_last(machine: RemovalMachine) -> None:
    machine.make("oldest")
    plan = await planned(machine, removing(machine, "old", "older", "oldest"), cleaning(machine))
    looked = []

    def freeze(stage: str) -> None:
        looked.append(stage)
        if looked.count("1:look") == 2:
            (machine.envs / "older/conda-meta/frozen").write_text("{}")

    outcome = await done(plan, machine.context(), PlainWork(before_stage=freeze))
    assert [os.path.lexists(prefix_of(machine, each)) for each in ("old", "older", "oldest")] == [False, True, True]
    assert os.path.lexists(machine.root / "pkgs/idle-1.0-0")
    assert [each.id for each in outcome.findings] == ["stopped", "differs-from-plan", "not-removed"]


async def test_if_the_first_part_fails_nothing_was_done(machine: RemovalMachine) -> None:
    plan = await planned(machine, removing(machine, "old"), cleaning(machine))
    (machine.envs / "old/conda-meta/frozen").write_text("{}")
    with pytest.raises(RefusedError, match="frozen"):
        await done(plan, machine.context())
    assert machine.point_ids() == []


async def test_caches_are_no_longer_held_by_copies_in_what_was_removed_before(machine: RemovalMachine) -> None:
    copied = machine.make("copied")
    machine.environments.pop()
    machine.install(copied, machine.cache("held"), copied=True)
    machine.note(copied.path)
    plan = await planned(machine, removing(machine, "copied"), cleaning(machine))
    await done(plan, machine.context())
    assert os.path.lexists(machine.root / "pkgs/held-1.0-0"), "it was not planned to go"


def only_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    for room in (remove_plan, cleanup_plan):
        monkeypatch.setattr(room, "free_bytes", lambda _: free)


async def test_on_a_full_disk_caches_go_first_and_make_room(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_free(monkeypatch, 10)
    alone = await remove_plan.plan(removing(machine, "old"), machine.context())
    assert [each.id for each in alone.blockers] == ["no-space"]
    plan = await planned(machine, removing(machine, "old"), cleaning(machine, "old"))
    assert plan.blockers == ()
    first, second = plan.parts
    assert first.request == cleaning(machine)
    assert isinstance(second.request, RemoveRequest)
    assert isinstance(plan.request, CleanupRequest)
    assert plan.request.parts == (first.request, second.request)
    assert next(each.id for each in plan.warnings if each.severity == "note") == "room-first"
    await done(plan, machine.context())
    assert len(machine.point_ids()) == 1


async def test_where_no_order_makes_room_it_says_so(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    only_free(monkeypatch, 10)
    shutil.rmtree(machine.root / "pkgs/idle-1.0-0")
    for archive in (machine.root / "pkgs").glob("*.conda"):
        archive.unlink()
    plan = await planned(machine, removing(machine, "old"), cleaning(machine))
    assert [each.blockers[0].id for each in plan.left_out] == ["no-space"]


async def test_no_less_than_nothing_is_free(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup_plan, "is_beside", lambda *_: False)
    only_free(monkeypatch, 10)
    plan = await planned(machine, removing(machine, "old"), removing(machine, "older"))
    assert [each.message.rpartition(", ")[2] for each in plan.blockers] == ["10 B are free.", "0 B are free."]


async def test_restore_points_of_several_parts_have_to_fit_together(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = (await remove_plan.plan(removing(machine, "old"), machine.context())).bytes_needed or 0
    monkeypatch.setattr(cleanup_plan, "is_beside", lambda *_: False)
    only_free(monkeypatch, needed + 10)
    plan = await planned(machine, removing(machine, "old"), removing(machine, "older"))
    assert [each.blockers[0].id for each in plan.left_out] == ["no-space"]


# Nothing is worked out twice


@dataclass
class Counting:
    """Finds actions of which each request that they plan is noted."""

    planned: list[CleanupPart] = field(default_factory=list)

    def find(self, request: Request) -> Action[Any]:
        action = find_action(request)

        async def plan(part: CleanupPart, context: JobContext) -> Plan:
            self.planned.append(part)
            plan: Plan = await action.plan(part, context)
            return plan

        return Action(plan, action.perform, action.recover)

    async def plan(self, context: JobContext, *parts: CleanupPart) -> Plan:
        return await cleanup_plan.plan(CleanupRequest(parts=parts), context, find_action=self.find)


async def test_parts_are_planned_once_even_if_others_are_left_out(machine: RemovalMachine) -> None:
    (machine.envs / "old/conda-meta/frozen").write_text("{}")
    counting = Counting()
    old, older = removing(machine, "old"), removing(machine, "older")
    plan = await counting.plan(machine.context(), old, older, cleaning(machine))
    assert ([each.title for each in plan.left_out], len(plan.parts)) == (["Remove old"], 2)
    asked = [part.prefixes for part in counting.planned if isinstance(part, RemoveRequest)]
    assert asked == [old.prefixes, older.prefixes]
    assert counting.planned.count(cleaning(machine)) == 1


async def test_a_part_is_planned_again_where_the_room_for_it_is_not_enough(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_free(monkeypatch, 10)
    counting = Counting()
    plan = await counting.plan(machine.context(), removing(machine, "old"), cleaning(machine))
    assert (plan.blockers, len(plan.parts)) == ((), 2)
    assert sum(isinstance(part, RemoveRequest) for part in counting.planned) == 2
    assert counting.planned.count(cleaning(machine)) == 1


async def test_the_disk_is_walked_once_for_all_parts(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[Inventory] = []
    measure = Disk.measure

    def counted(disk: Disk, inventory: Inventory, **how: bool) -> AsyncGenerator[Measurement, None]:
        walks.append(inventory)
        return measure(disk, inventory, **how)

    monkeypatch.setattr(Disk, "measure", counted)
    (machine.envs / "old/conda-meta/frozen").write_text("{}")
    tarballs, packages = (replace_fields(cleaning(machine, "old", "older"), what=(what,)) for what in PARTS)
    plan = await planned(machine, removing(machine, "old", "older"), tarballs, packages)
    assert ([len(each.prefixes) for each in plan.parts], len(plan.left_out)) == ([1, 0, 0], 1)
    assert len(walks) == 1


# Interrupted


async def interrupted(machine: RemovalMachine, plan: Plan, moment: str) -> Recovery:
    def die(stage: str) -> None:
        if stage == moment:
            raise KilledError

    with pytest.raises(KilledError):
        await done(plan, machine.context(), PlainWork(before_stage=die))
    assert isinstance(plan.request, CleanupRequest)
    return await recover_cleanup(plan, plan.request, moment, machine.context())


async def test_before_its_first_effect_nothing_was_done(machine: RemovalMachine) -> None:
    plan = await planned(machine, removing(machine, "old"), cleaning(machine))
    assert isinstance(plan.request, CleanupRequest)
    never = await recover_cleanup(plan, plan.request, "", machine.context())
    looked = await interrupted(machine, plan, "1:look")
    assert (never.state, looked.state) == ("untouched", "untouched")


@pytest.mark.parametrize(
    ("moment", "rest"),
    [("2:remove", "both"), ("2:leftovers", "cache"), *thorough([("2:look", "both"), ("3:look", "cache")])],
)
async def test_the_way_out_is_what_is_left(machine: RemovalMachine, moment: str, rest: str) -> None:
    plan = await planned(machine, removing(machine, "old"), removing(machine, "older"), cleaning(machine))
    after = await interrupted(machine, plan, moment)
    _, second, third = (part.request for part in plan.parts)
    assert after.state == "half"
    assert after.message.startswith("Remove old: done. ")
    assert after.way_out == (CleanupRequest(parts=(second, third)) if rest == "both" else third)  # type: ignore[arg-type]
    machine.environments = [each for each in machine.environments if os.path.lexists(each.prefix)]
    assert after.way_out
    action = find_action(after.way_out)
    again = await action.plan(after.way_out, machine.context())
    await action.perform(again, again.request, machine.context(), PlainWork())
    assert not os.path.lexists(prefix_of(machine, "older"))
    assert not os.path.lexists(machine.root / "pkgs/idle-1.0-0")


async def test_after_the_last_effect_all_is_done(machine: RemovalMachine) -> None:
    plan = await planned(machine, cleaning(machine), removing(machine, "old"))
    after = await interrupted(machine, plan, "2:leftovers")
    assert (after.state, after.way_out) == ("done", None)


def test_a_plan_with_parts_is_read_back_from_its_journal() -> None:
    import msgspec

    part = Plan(request=RemoveRequest(prefixes=("/old",)), title="Remove old")
    plan = Plan(
        request=CleanupRequest(parts=(RemoveRequest(prefixes=("/old",)),)), title="Clean up", parts=(part, part)
    )
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
