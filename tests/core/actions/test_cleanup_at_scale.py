"""Cleanups really carried out at scale: predicted, planned, told and freed are the same, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from condatui_core.actions.clean import installers
from condatui_core.actions.registry import find_action
from condatui_core.analyses.cleanup.choice import request_of
from condatui_core.records.request import Request
from support.cleanup_worlds import cleanup_world, measured
from support.plain_work import PlainWork


@pytest.fixture(autouse=True)
def no_installers_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester's own pip and uv are none of these machines'."""
    monkeypatch.setattr(installers, "running_processes", lambda *, closely: ())


@pytest.mark.parametrize("seed", range(30))
async def test_predicted_planned_told_and_freed_are_the_same(tmp_path: Path, seed: int) -> None:
    world = cleanup_world(tmp_path, seed)
    context, choice = world.context(), world.choice()
    usage = await measured(context)
    request = cast("Request", request_of(choice))
    action = find_action(request)
    plan = await action.plan(request, context)
    assert plan.blockers == ()
    before = world.occupied()
    outcome = await action.perform(plan, plan.request, context, PlainWork())
    really = before - world.occupied()
    assert outcome.bytes_freed == really
    assert outcome.kept_bytes == world.kept()
    assert plan.bytes_freed == really + outcome.kept_bytes
    assert usage.frees_with_choice(choice) == plan.bytes_freed
