"""What the plan of a merge says that it frees, held against what the disk gains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from condatui_core.actions.merge import perform as merge_perform
from condatui_core.actions.merge import plan as merge_plan
from condatui_core.records.request import MergeRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.disk_trees import du
from support.plain_work import PlainWork

_SLACK = 64 << 10
"""Bytes by which directories and conda's notes may be larger than they were."""


@pytest.mark.parametrize(("member", "keeper"), [("pip-mix", "notebooks"), ("bert-finetune", "nlp-base")])
async def test_a_merge_frees_what_was_predicted(sandbox_copy: Callable[..., Sandbox], member: str, keeper: str) -> None:
    sandbox = sandbox_copy(member, keeper)
    request = MergeRequest(keeper=str(sandbox.prefixes[keeper]), member=str(sandbox.prefixes[member]))
    context = await context_of(sandbox)
    plan = await merge_plan.plan(request, context)
    assert plan.blockers == ()
    before = du(sandbox.root_prefix)
    outcome = await merge_perform.perform(plan, request, context, PlainWork())
    really = before - du(sandbox.root_prefix)
    assert plan.bytes_freed is not None
    assert (outcome.bytes_freed or 0) + outcome.kept_bytes == really
    assert abs(plan.bytes_freed - really) <= abs(really) / 10 + _SLACK
    assert outcome.predicted_bytes == plan.bytes_freed
