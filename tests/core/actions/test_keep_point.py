"""Checkpoints: a restore point of an environment that stays, to which it is brought back file for file."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.actions import checkpoint, keep_point
from condatui_core.actions.restore.listing import read_last_change, restore_points
from condatui_core.errors import RefusedError, UsageError
from condatui_core.records.job import Outcome
from condatui_core.records.request import CheckpointRequest
from condatui_core.restore_points.create import create_restore_point
from support.plain_work import PlainWork, brought_back
from support.prefixes import FakePrefix
from support.removals import RemovalMachine
from support.sandboxes import manifest

LINKS = 'mkdir -p "$3/lib" "$3/conda-meta"; touch "$3/conda-meta/libx-1.0-0.json"; ln {}/lib/* "$3/lib"'
"""What a conda does that puts the package back."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


@pytest.fixture
def prefix(machine: RemovalMachine) -> FakePrefix:
    made, package = machine.make("nlp"), machine.cache("libx")
    machine.install(made, package)
    machine.conda(LINKS.format(package))
    made.write("notes/todo.txt", "one")
    return made


async def checkpointed(machine: RemovalMachine, *prefixes: FakePrefix, note: str = "") -> Outcome:
    request = CheckpointRequest(prefixes=tuple(map(str, prefixes)), note=note)
    plan = await keep_point.plan(request, machine.context())
    assert plan.blockers == ()
    return await keep_point.perform(plan, request, machine.context(), PlainWork())


async def test_it_is_brought_back_file_for_file_and_that_is_undone(machine: RemovalMachine, prefix: FakePrefix) -> None:
    before = manifest(prefix.path)
    (point,) = (await checkpointed(machine, prefix, note="before the paper")).restore_points
    assert manifest(prefix.path) == before
    (listed,) = await restore_points(machine.context())
    assert (listed.id, listed.why) == (point, "on request: before the paper")
    (prefix.path / "lib/libx.so").unlink()
    (prefix.path / "conda-meta/libx-1.0-0.json").unlink()
    prefix.write("notes/todo.txt", "another")
    prefix.pip_install("rich", "13.0")
    changed = manifest(prefix.path)
    await brought_back(machine.context(), point)
    assert manifest(prefix.path) == before
    undoing = read_last_change(machine.context())
    assert undoing != point
    await brought_back(machine.context(), undoing)
    assert manifest(prefix.path) == changed


async def test_it_is_no_change_that_could_be_undone(machine: RemovalMachine, prefix: FakePrefix) -> None:
    await checkpointed(machine, prefix)
    with pytest.raises(UsageError):
        read_last_change(machine.context())


async def test_the_plan_says_what_is_kept(machine: RemovalMachine, prefix: FakePrefix) -> None:
    """The package's file is a link into the cache: conda puts it back."""
    plan = await keep_point.plan(CheckpointRequest(prefixes=(str(prefix),), note="why"), machine.context())
    facts = dict(plan.facts)
    assert facts["not kept"].startswith("what conda puts back of 2 packages")
    assert facts["note"] == "why"
    assert 0 < plan.kept_bytes < (prefix.path / "lib/libx.so").stat().st_size


async def test_frozen_ones_too(machine: RemovalMachine, prefix: FakePrefix) -> None:
    prefix.write("conda-meta/frozen", "{}")
    assert len((await checkpointed(machine, prefix, machine.make("other"))).restore_points) == 2


async def test_what_is_no_environment_and_what_holds_others_is_blocked(
    machine: RemovalMachine, prefix: FakePrefix
) -> None:
    (prefix.path / "envs/inner/conda-meta").mkdir(parents=True)
    (prefix.path / "envs/inner/conda-meta/history").touch()
    request = CheckpointRequest(prefixes=(str(prefix), str(machine.envs / "gone")))
    plan = await keep_point.plan(request, machine.context())
    assert [each.id for each in plan.blockers] == ["holds-environments", "not-an-environment"]


async def test_none_is_left_of_what_is_changed_meanwhile(
    machine: RemovalMachine, prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = create_restore_point

    def change_and_make(*arguments: object) -> object:
        prefix.write("notes/todo.txt", "while it is read")
        return make(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoint, "create_restore_point", change_and_make)
    with pytest.raises(RefusedError, match="being changed right now"):
        await checkpointed(machine, prefix)
    assert machine.point_ids() == []


async def test_after_an_interruption_it_says_which_are_made(machine: RemovalMachine, prefix: FakePrefix) -> None:
    other = machine.make("other")
    request = CheckpointRequest(prefixes=(str(prefix), str(other)))
    plan = await keep_point.plan(request, machine.context())
    assert (await keep_point.recover(plan, request, "keep", machine.context())).state == "untouched"
    await checkpointed(machine, prefix)
    half = await keep_point.recover(plan, request, "keep", machine.context())
    assert (half.state, half.way_out) == ("half", CheckpointRequest(prefixes=(str(other),)))
    await checkpointed(machine, other)
    assert (await keep_point.recover(plan, request, "keep", machine.context())).state == "done"
