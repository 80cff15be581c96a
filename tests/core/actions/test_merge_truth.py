"""What a merge is said to free, before it is planned and by its plan, held against what the disk gains."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from condatui_core.actions.merge import perform as merge_perform
from condatui_core.actions.merge import plan as merge_plan
from condatui_core.actions.protocol import JobContext
from condatui_core.disk.usage import Disk, DiskUsage
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.request import MergeRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.disk_trees import du
from support.plain_work import PlainWork

_SLACK = 512 << 10
"""Bytes by which a bound may be lower than what comes: records and directories might have become larger."""


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """What is freed is measured on a disk."""
    return disk_path


async def measured(context: JobContext) -> DiskUsage:
    disk = Disk(context.locations, environ=context.caller.environ, clock=context.clock)
    async with aclosing(disk.survey(context.inventory)) as steps:
        *_, last = [each async for each in steps]
    return last


@pytest.mark.thorough
@pytest.mark.parametrize(("member", "keeper"), [("pip-mix", "notebooks"), ("nlp-exp", "nlp-base")])
async def test_a_merge_frees_no_less_than_was_said(
    sandbox_copy: Callable[..., Sandbox], member: str, keeper: str
) -> None:
    sandbox = sandbox_copy(member, keeper)
    request = MergeRequest(keeper=str(sandbox.prefixes[keeper]), member=str(sandbox.prefixes[member]))
    context = await context_of(sandbox)
    usage = await measured(context)
    said = usage.frees_with_choice(CleanupChoice(merges=((request.member, request.keeper),)))
    plan = await merge_plan.plan(request, context)
    assert plan.blockers == ()
    before = du(sandbox.root_prefix)
    outcome = await merge_perform.perform(plan, request, context, PlainWork())
    really = before - du(sandbox.root_prefix)
    assert plan.bytes_freed is not None
    assert plan.frees_at_least
    assert (outcome.bytes_freed or 0) + outcome.kept_bytes == really
    for bound in (said, plan.bytes_freed):
        assert really - abs(really) / 10 - _SLACK <= bound <= really
    assert (outcome.predicted_bytes, outcome.predicted_at_least) == (plan.bytes_freed, True)
