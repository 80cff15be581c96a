"""Restore points on request: nothing changes, what was changed since comes back, and they are no change to undo."""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path

import pytest

from condatui_core.actions import checkpoints
from condatui_core.actions.checkpoint import make_checkpoint
from condatui_core.actions.restore.listing import read_last_change, restore_points
from condatui_core.errors import UsageError
from condatui_core.records.job import Outcome
from condatui_core.records.request import CheckpointRequest
from support.plain_work import PlainWork, brought_back
from support.prefixes import FakePrefix
from support.removals import RemovalMachine
from support.sandboxes import manifest


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


async def kept(machine: RemovalMachine, *prefixes: FakePrefix, note: str = "") -> Outcome:
    request, context = CheckpointRequest(prefixes=tuple(map(str, prefixes)), note=note), machine.context()
    plan = await checkpoints.plan(request, context)
    assert plan.blockers == ()
    return await checkpoints.perform(plan, request, context, PlainWork())


async def test_the_plan_says_what_is_kept_and_what_conda_can_put_back(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx", size=600_000))
    before = manifest(prefix.path)
    plan = await checkpoints.plan(CheckpointRequest(prefixes=(str(prefix),)), machine.context())
    assert plan.title == "Make a restore point of nlp"
    assert 0 < plan.kept_bytes < 100_000
    assert dict(plan.facts)["kept"].endswith("before compression; conda can put the rest back")
    assert (manifest(prefix.path), machine.point_ids()) == (before, [])


async def test_what_has_changed_since_comes_back_and_that_is_undone(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    before = manifest(prefix.path)
    outcome = await kept(machine, prefix, note="before the workshop")
    (point,) = outcome.restore_points
    (summary,) = await restore_points(machine.context())
    assert (summary.id, summary.why, outcome.kept_bytes) == (point, "on request: before the workshop", summary.bytes)
    with pytest.raises(UsageError, match="no change to undo"):
        read_last_change(machine.context())
    prefix.pip_install("rich")
    prefix.write("notes/todo.txt", b"edited")
    changed = manifest(prefix.path)
    await brought_back(machine.context(), point)
    assert manifest(prefix.path) == before
    await brought_back(machine.context(), read_last_change(machine.context()))
    assert manifest(prefix.path) == changed


@pytest.mark.parametrize("state", ["orphan", "missing", "broken"])
async def test_what_is_no_whole_environment_is_refused(machine: RemovalMachine, state: str) -> None:
    prefix = machine.make("nlp")
    machine.environments.clear()
    machine.note(prefix.path, state=state)
    plan = await checkpoints.plan(CheckpointRequest(prefixes=(str(prefix),)), machine.context())
    assert [each.id for each in plan.blockers] == ["not-an-environment"]


async def test_what_is_frozen_or_not_writable_can_be_kept(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.environments.clear()
    machine.note(prefix.path, frozen=True, writable=False)
    assert len((await kept(machine, prefix)).restore_points) == 1


async def test_of_several_what_was_kept_before_one_failed_is_told_and_the_rest_can_be_made(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = machine.make("a"), machine.make("b")
    request, context = CheckpointRequest(prefixes=(str(first), str(second))), machine.context()
    plan = await checkpoints.plan(request, context)
    inspect = partial(checkpoints.recover, plan, request, "keep", context)
    assert (await inspect()).state == "untouched"

    def fail(subject: object, *arguments: object, **named: object) -> object:
        if getattr(subject, "prefix", "") == str(second):
            raise OSError(errno.ENOSPC, "No space left on device")
        return make_checkpoint(subject, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "make_checkpoint", fail)
    outcome = await checkpoints.perform(plan, request, context, PlainWork())
    assert (outcome.stopped, len(outcome.restore_points)) == (True, 1)
    recovery = await inspect()
    assert (recovery.state, recovery.way_out) == ("half", CheckpointRequest(prefixes=(str(second),)))
    monkeypatch.undo()
    await kept(machine, second)
    assert (await inspect()).state == "done"
