"""Bringing an environment that is there back to how it was: what is there is kept, and put back if anything fails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from condatui_core.actions.checkpoint import make_checkpoint, subject_of
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.actions.restore import rebuild
from condatui_core.actions.restore.listing import last_change, read_last_change, restore_points
from condatui_core.actions.set_aside import set_aside_of
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.records.job import PackageMove
from condatui_core.records.request import RestoreRequest
from condatui_core.records.restore_point import Occasion
from condatui_core.restore_points import apply
from support.plain_work import PlainWork, brought_back, removed
from support.prefixes import FakePrefix
from support.removals import RemovalMachine
from support.sandboxes import manifest

T = TypeVar("T")

LINKS = 'mkdir -p "$3/lib" "$3/conda-meta"; touch "$3/conda-meta/libx-1.0-0.json"; ln {}/lib/* "$3/lib"'
"""What a conda does that puts the package back."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


def kept(machine: RemovalMachine, prefix: FakePrefix, **occasion: str) -> str:
    """Make a restore point of an environment; returns its id."""
    context, why = machine.context(), Occasion(**{"change": "update", "like": "/envs/base", **occasion})  # type: ignore[arg-type]
    return make_checkpoint(subject_of(str(prefix), context, why), context, PlainWork(), limited=True).point.id


@pytest.fixture
def changed(machine: RemovalMachine) -> tuple[FakePrefix, str, dict[str, tuple[int, int, int]]]:
    """An environment that was changed since a restore point was made of it, and how it was before."""
    prefix = machine.make("nlp")
    package = machine.cache("libx")
    machine.install(prefix, package)
    machine.conda(LINKS.format(package))
    before = manifest(prefix.path)
    point = kept(machine, prefix)
    (prefix.path / "lib/libx.so").unlink()
    (prefix.path / "conda-meta/libx-1.0-0.json").unlink()
    prefix.write("notes/todo.txt", "another")
    prefix.write("mine.txt", "new")
    prefix.pip_install("rich", "13.0")
    return prefix, point, before


async def test_it_is_as_it_was_and_how_it_was_until_then_can_be_had_again(
    machine: RemovalMachine, changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]]
) -> None:
    prefix, point, before = changed
    now = manifest(prefix.path)
    plan = await restore_plan.plan(RestoreRequest(id=point), machine.context())
    assert plan.blockers == ()
    assert plan.moves == (
        PackageMove(name="libx", change="new", after="1.0"),
        PackageMove(name="rich", change="gone", before="13.0", requested=True, pip=True),
    )
    work = PlainWork()
    outcome = await restore_perform.perform(plan, RestoreRequest(id=point), machine.context(), work)
    assert outcome.findings == ()
    assert manifest(prefix.path) == before
    assert work.stages == ["look", "keep", "aside", "link", "unpack", "compare", "delete"]
    assert set_aside_of(str(prefix)) == ()
    (until_now,) = outcome.restore_points
    assert f"Restore point {until_now} has it as it was until now." in outcome.message
    machine.conda("exit 1")  # nothing of what there was until then needs it
    assert (await brought_back(machine.context(), until_now)).findings == ()
    assert manifest(prefix.path) == now


def refuses_to_link(*_: object) -> None:
    raise CondatuiError("It cannot be linked.")


def fails_to_unpack(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda patch, machine: machine.conda("exit 1"), id="conda"),
        pytest.param(lambda patch, machine: patch.setattr(apply._Applier, "unpack", fails_to_unpack), id="unpack"),
        pytest.param(lambda patch, machine: patch.setattr(rebuild, "_compare", refuses_to_link), id="compare"),
    ],
)
async def test_if_anything_fails_what_was_there_is_put_back(
    machine: RemovalMachine,
    changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]],
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[pytest.MonkeyPatch, RemovalMachine], None],
) -> None:
    prefix, point, _ = changed
    now, inode = manifest(prefix.path), prefix.path.stat().st_ino
    broken(monkeypatch, machine)
    with pytest.raises(CondatuiError):
        await brought_back(machine.context(), point)
    assert (manifest(prefix.path), prefix.path.stat().st_ino) == (now, inode)
    assert machine.point_ids() == [point], "the one of how it is was made for nothing"


class CancelledIn(PlainWork):
    """A job that is cancelled while the first function of a stage runs in its thread: what that returns is lost."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    async def in_thread(self, function: Callable[[], T]) -> T:
        result = await super().in_thread(function)
        if self.stages[-1] == self._stage:
            self._stage = ""
            raise asyncio.CancelledError
        return result


@pytest.mark.parametrize("stage", ["aside", "link"])
async def test_a_cancellation_at_any_moment_puts_it_back(
    machine: RemovalMachine, changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]], stage: str
) -> None:
    prefix, point, _ = changed
    now, inode = manifest(prefix.path), prefix.path.stat().st_ino
    with pytest.raises(asyncio.CancelledError):
        await brought_back(machine.context(), point, CancelledIn(stage))
    assert (manifest(prefix.path), prefix.path.stat().st_ino) == (now, inode)
    assert (set_aside_of(str(prefix)), machine.point_ids()) == ((), [point])


async def test_what_is_not_as_it_was_afterwards_is_no_success(
    machine: RemovalMachine,
    changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was made instead stays under a hidden name, since something may have come into it."""
    prefix, point, _ = changed
    now = manifest(prefix.path)
    finish = apply._Applier.finish

    def spoil(applier: apply._Applier) -> None:
        finish(applier)
        (prefix.path / "notes/todo.txt").write_text("spoiled")

    monkeypatch.setattr(apply._Applier, "finish", spoil)
    work = PlainWork()
    with pytest.raises(CondatuiError, match="could not be brought back to how it was: 1 path is not as it was"):
        await brought_back(machine.context(), point, work)
    assert manifest(prefix.path) == now
    (half,) = set_aside_of(str(prefix))
    assert f"what was made instead is in {half}" in work.said


async def test_what_changes_after_it_was_kept_stops_it(
    machine: RemovalMachine,
    changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]],
) -> None:
    prefix, point, _ = changed

    def write(stage: str) -> None:
        if stage == "aside":
            prefix.write("late.txt", "just written")

    with pytest.raises(RefusedError, match="is being changed right now"):
        await brought_back(machine.context(), point, PlainWork(before_stage=write))
    assert (prefix.path / "late.txt").read_text() == "just written"
    assert machine.point_ids() == [point]


async def test_what_comes_into_what_was_set_aside_stays(
    machine: RemovalMachine,
    changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]],
) -> None:
    prefix, point, before = changed

    def write(stage: str) -> None:
        if stage == "delete":
            (aside,) = set_aside_of(str(prefix))
            Path(aside, "late.txt").write_text("of a process that works in it")

    outcome = await brought_back(machine.context(), point, PlainWork(before_stage=write))
    assert manifest(prefix.path) == before
    (aside,) = set_aside_of(str(prefix))
    assert Path(aside, "late.txt").read_text() == "of a process that works in it"
    (left,) = (each for each in outcome.findings if each.id == "left-behind")
    assert any(line.startswith(f"{aside}/late.txt") for line in left.evidence)


async def test_another_environment_than_the_planned_one_is_not_replaced(
    machine: RemovalMachine,
    changed: tuple[FakePrefix, str, dict[str, tuple[int, int, int]]],
) -> None:
    prefix, point, _ = changed
    request, context = RestoreRequest(id=point), machine.context()
    plan = await restore_plan.plan(request, context)
    os.rename(prefix.path, prefix.path.with_name("moved"))
    machine.make("nlp", registered=False)
    with pytest.raises(RefusedError, match="has come or gone since this was planned"):
        await restore_perform.perform(plan, request, context, PlainWork())
    gone = await removed(machine.context(), prefix)
    plan = await restore_plan.plan(RestoreRequest(id=gone[0]), context)
    os.rename(prefix.path.with_name("moved"), prefix.path)
    with pytest.raises(RefusedError, match="has come or gone since this was planned"):
        await restore_perform.perform(plan, RestoreRequest(id=gone[0]), context, PlainWork())


@pytest.mark.parametrize("kind", ["file", "link", "directory", "half-made"])
async def test_only_an_environment_is_replaced(machine: RemovalMachine, kind: str) -> None:
    prefix = machine.make("nlp")
    point = kept(machine, prefix)
    if kind == "half-made":
        prefix.write(".condatui-clone", "")
    else:
        os.rename(prefix.path, prefix.path.with_name("moved"))
    if kind == "file":
        prefix.path.touch()
    elif kind == "link":
        prefix.path.symlink_to(prefix.path.with_name("moved"))
    elif kind == "directory":
        prefix.path.mkdir()
    plan = await restore_plan.plan(RestoreRequest(id=point), machine.context())
    assert [each.id for each in plan.blockers] == ["target-exists"]
    assert plan.restoration and plan.restoration.replaces is None


async def test_what_must_not_be_changed_is_not_brought_back(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    point = kept(machine, prefix)
    prefix.write("conda-meta/frozen", '{"message": "in service"}')
    plan = await restore_plan.plan(RestoreRequest(id=point), machine.context())
    (blocker,) = plan.blockers
    assert (blocker.id, blocker.remedy) == ("frozen", f"If you may thaw it, delete {prefix}/conda-meta/frozen.")


# Undoing


def undone(machine: RemovalMachine) -> str:
    return read_last_change(machine.context())


async def test_the_last_change_is_undone_once(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    with pytest.raises(UsageError, match="no change to undo"):
        undone(machine)
    first = kept(machine, prefix)
    with pytest.raises(UsageError):
        undone(machine)  # nothing has changed since
    prefix.write("one", "1")
    second = kept(machine, prefix, change="leftovers")
    prefix.write("two", "2")
    assert undone(machine) == second
    await brought_back(machine.context(), second)
    assert undone(machine) == first
    await brought_back(machine.context(), first)
    with pytest.raises(UsageError):
        undone(machine)
    (gone,) = await removed(machine.context(), prefix)
    assert undone(machine) == gone


async def test_going_back_on_request_is_a_change_that_can_be_undone(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    point = kept(machine, prefix, change="request")
    prefix.write("one", "1")
    (now,) = (await brought_back(machine.context(), point)).restore_points
    assert undone(machine) == now
    await brought_back(machine.context(), now)
    assert (prefix.path / "one").read_text() == "1"
    with pytest.raises(UsageError):
        last_change(await restore_points(machine.context()))
