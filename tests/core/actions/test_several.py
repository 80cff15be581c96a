"""One thing for several environments: one plan and one job, which stops where a part fails and says what is left."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from condatui_core.actions import several
from condatui_core.actions.protocol import Action, JobContext, Work
from condatui_core.actions.registry import find_action
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import blocker, finding
from condatui_core.records.job import Outcome, Plan, Recovery
from condatui_core.records.request import PackRequest, Request, RestoreRequest, SeveralRequest
from support.contexts import made_context
from support.plain_work import PlainWork, removed
from support.removals import RemovalMachine


class Parts:
    """Stands for the actions of the parts: restores that a test lets fail."""

    def __init__(self, *failing: str, state: str = "untouched", needs: int = 0) -> None:
        self.failing = failing
        self.state = state
        self.needs = needs
        self.performed: list[str] = []

    def find(self, _: Request) -> Action[Any]:
        return Action(self.plan, self.perform, self.recover)

    async def plan(self, request: RestoreRequest, context: JobContext) -> Plan:
        found = (blocker("no", "This cannot be."),) if request.id in self.failing else ()
        return Plan(
            request=request,
            title=f"Restore {request.id}",
            prefixes=(f"/envs/{request.id[0]}",),
            bytes_needed=self.needs or 1000,
            warnings=(finding("warned", "warning", "Mind this."),),
            blockers=found,
        )

    async def perform(self, plan: Plan, request: RestoreRequest, context: JobContext, work: Work) -> Outcome:
        await work.stage("link", "Linking")
        if request.id in self.failing:
            raise CondatuiError("The disk is full.")
        self.performed.append(request.id)
        return Outcome(message=f"{request.id} is back.", bytes_used=10, files=(f"/envs/{request.id}",))

    async def recover(self, plan: Plan, request: RestoreRequest, stage: str, context: JobContext) -> Recovery:
        assert stage == "link"
        message = f"{request.id} is {self.state}."
        return Recovery(state=self.state, message=message)  # type: ignore[arg-type]


def wanted(*ids: str) -> SeveralRequest:
    return SeveralRequest(parts=tuple(RestoreRequest(id=each) for each in ids))


@pytest.fixture
def context(tmp_path: Path) -> JobContext:
    return made_context(Inventory(), tmp_path)


async def test_the_plan_has_all_of_the_parts_and_names_them_in_what_it_tells(context: JobContext) -> None:
    plan = await several.plan(wanted("a", "b"), context, find_action=Parts("b").find)
    assert (plan.title, plan.prefixes, plan.bytes_needed) == ("Restore 2 environments", ("/envs/a", "/envs/b"), 2000)
    assert [each.message for each in plan.warnings] == ["Restore a: Mind this.", "Restore b: Mind this."]
    assert [each.message for each in plan.blockers] == ["Restore b: This cannot be."]
    assert [each.request for each in plan.parts] == list(wanted("a", "b").parts)
    assert plan.facts[0] == ("part 1", "Restore a: 1.0 KB")


async def test_two_parts_for_one_place_stand_in_each_others_way(context: JobContext) -> None:
    plan = await several.plan(wanted("a1", "a2", "b"), context, find_action=Parts().find)
    assert [each.message for each in plan.blockers] == ["2 of them would go to /envs/a."]


async def test_what_finds_room_alone_but_not_together_is_not_begun(context: JobContext, tmp_path: Path) -> None:
    class InOnePlace(Parts):
        async def plan(self, request: RestoreRequest, context: JobContext) -> Plan:
            return replace(await super().plan(request, context), prefixes=(str(tmp_path / request.id),))

    free = shutil.disk_usage(tmp_path).free
    plan = await several.plan(wanted("a", "b"), context, find_action=InOnePlace(needs=free * 2 // 3).find)
    assert [each.id for each in plan.blockers] == ["no-space"]
    assert plan.blockers[0].message.startswith("All together may need ")


async def test_a_part_that_fails_is_the_last_and_the_ones_before_are_told(context: JobContext) -> None:
    parts, work = Parts(), PlainWork()
    plan = await several.plan(wanted("a", "b", "c"), context, find_action=parts.find)
    parts.failing = ("b",)
    outcome = await several.perform(plan, wanted(), context, work, find_action=parts.find)
    assert parts.performed == ["a"]
    assert (outcome.stopped, outcome.files, outcome.bytes_used) == (True, ("/envs/a",), 10)
    assert outcome.message == "Restore 3 environments: 1 of 3 done. a is back."
    assert outcome.findings[0].message == "Restore b failed, so nothing after it was begun."
    assert work.stages == ["1:link", "2:link"]
    parts.failing = ("a",)
    with pytest.raises(CondatuiError, match="full"):
        await several.perform(plan, wanted(), context, PlainWork(), find_action=parts.find)


async def test_the_end_says_what_was_done_to_which(context: JobContext) -> None:
    parts, work = Parts(), PlainWork()
    plan = await several.plan(wanted("a", "b", "c", "d"), context, find_action=parts.find)
    outcome = await several.perform(plan, wanted(), context, work, find_action=parts.find)
    told = "4 of 4 done. a is back. b is back. c is back. And 1 more, which the output names."
    assert outcome.message == f"Restore 4 environments: {told}"
    assert work.said == [f"{each} is back." for each in "abcd"]


@pytest.mark.parametrize(
    ("stage", "state", "after", "rest"),
    [
        ("", "untouched", "untouched", ()),
        ("1:link", "untouched", "untouched", ()),
        ("2:link", "untouched", "half", ("b", "c")),
        ("2:link", "done", "half", ("c",)),
        ("3:link", "done", "done", ()),
    ],
)
async def test_what_an_interruption_has_left_is_finished_by_the_parts_that_are_left(
    context: JobContext, stage: str, state: str, after: str, rest: tuple[str, ...]
) -> None:
    parts = Parts(state=state)
    plan = await several.plan(wanted("a", "b", "c"), context, find_action=parts.find)
    found = await several.recover(plan, wanted(), stage, context, find_action=parts.find)
    assert found.state == after
    left = found.way_out.parts if isinstance(found.way_out, SeveralRequest) else tuple(filter(None, [found.way_out]))
    assert tuple(each.id for each in left if isinstance(each, RestoreRequest)) == rest


async def test_two_environments_come_back_and_a_job_that_dies_between_them_brings_back_the_other(
    tmp_path: Path,
) -> None:
    machine = RemovalMachine(tmp_path)
    made = [machine.make(name) for name in ("one", "two")]
    points = [point for each in made for point in await removed(machine.context(), each)]
    assert not any(each.path.exists() for each in made)
    request = wanted(*points)
    carry_out = partial(several.perform, find_action=find_action)
    plan = await several.plan(request, machine.context(), find_action=find_action)
    assert plan.blockers == ()

    def die(stage: str) -> None:
        if stage.startswith("2:"):
            raise KeyboardInterrupt

    work = PlainWork(before_stage=die)
    with pytest.raises(KeyboardInterrupt):
        await carry_out(plan, request, machine.context(), work)
    assert [each.path.exists() for each in made] == [True, False]
    found = await several.recover(plan, request, work.stages[-1], machine.context(), find_action=find_action)
    assert (found.state, found.way_out) == ("half", RestoreRequest(id=points[1]))
    (rest,) = [each for each in plan.parts if each.request == found.way_out]
    await find_action(rest.request).perform(rest, rest.request, machine.context(), PlainWork())
    assert [(each.path / "notes/todo.txt").read_text() for each in made] == ["of one", "of two"]


async def test_two_archives_of_one_name_stand_in_each_others_way(tmp_path: Path) -> None:
    machine = RemovalMachine(tmp_path)
    first, second = machine.make("one"), machine.make("two")
    file = str(tmp_path / "out.tar")
    parts = tuple(PackRequest(prefix=str(each.path), file=file) for each in (first, second))
    plan = await several.plan(SeveralRequest(parts=parts), machine.context(), find_action=find_action)
    assert plan.title == "Pack 2 environments"
    assert f"2 of them would go to {file}." in [each.message for each in plan.blockers]
