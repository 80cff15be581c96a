"""Cleanups really carried out at scale: predicted, planned, told and freed are the same, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from condatui_core.actions.clean import installers
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.registry import find_action
from condatui_core.analyses.cleanup.choice import request_of
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import Request
from support.cleanup_worlds import CleanupWorld, cleanup_world, measured
from support.contexts import asking
from support.plain_work import PlainWork
from support.removals import LINKS
from support.tiers import thorough


@pytest.fixture(autouse=True)
def no_installers_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester's own pip and uv are none of these machines'."""
    monkeypatch.setattr(installers, "running_processes", lambda *, closely: ())


@pytest.mark.parametrize("seed", [6, 29, *thorough(set(range(30)) - {6, 29})])
async def test_predicted_planned_told_and_freed_are_the_same(tmp_path: Path, seed: int) -> None:
    world = cleanup_world(tmp_path, seed)
    context, choice = world.context(), world.choice()
    usage = await measured(context)
    plan, _ = await cleaned_up(world, choice, context)
    assert usage.frees_with_choice(choice) == plan.bytes_freed


@pytest.mark.parametrize("seed", [1, *thorough([0, 2])])
async def test_with_merges_no_less_is_freed_than_was_said(tmp_path: Path, seed: int) -> None:
    world = cleanup_world(tmp_path, seed)
    world.machine.conda(LINKS)
    context, choice = world.context(), world.choice_with_merges()
    usage = await measured(context)
    plan, outcome = await cleaned_up(world, choice, asking(context))
    freed = (outcome.bytes_freed or 0) + outcome.kept_bytes
    assert max(usage.frees_with_choice(choice), plan.bytes_freed or 0) <= freed
    assert (outcome.predicted_bytes, outcome.predicted_at_least) == (plan.bytes_freed, True)
    assert "differs-from-plan" not in {each.id for each in outcome.findings}, "more than the least is no surprise"


async def cleaned_up(world: CleanupWorld, choice: CleanupChoice, context: JobContext) -> tuple[Plan, Outcome]:
    """Carry a choice out, and hold what was planned and told of it against the disk."""
    request = cast("Request", request_of(choice))
    action = find_action(request)
    plan = await action.plan(request, context)
    assert (plan.blockers, plan.left_out) == ((), ())
    before = world.occupied()
    outcome: Outcome = await action.perform(plan, plan.request, context, PlainWork())
    really = before - world.occupied()
    assert not outcome.stopped
    assert outcome.bytes_freed == really
    assert outcome.kept_bytes == world.kept()
    assert plan.frees_at_least or plan.bytes_freed == really + outcome.kept_bytes
    return plan, outcome
