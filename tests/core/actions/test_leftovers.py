"""Deleting what an upgrade of python has left behind: kept first, nothing else touched, brought back by an undo."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from condatui_core.actions.leftovers import perform as leftovers_perform
from condatui_core.actions.leftovers import plan as leftovers_plan
from condatui_core.actions.leftovers import recover as leftovers_recover
from condatui_core.actions.restore.listing import read_last_change
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs import held_tree
from condatui_core.fs.delete_tree import delete_what_goes
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.job import Outcome
from condatui_core.records.request import LeftoversRequest
from support.plain_work import PlainWork, brought_back
from support.prefixes import FakePrefix, distribution_files
from support.removals import KilledError, RemovalMachine
from support.sandboxes import manifest

OLD = "lib/python3.10/site-packages"


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


@pytest.fixture
def prefix(machine: RemovalMachine) -> FakePrefix:
    """An environment whose python was 3.10 once."""
    prefix = machine.make("nlp")
    for path, data in distribution_files("rich", "13.0", "pip", (), root=OLD).items():
        prefix.write(path, data)
    prefix.write(f"{OLD}/mine.py", "of nobody")
    (prefix.path / f"{OLD}/link").symlink_to("mine.py")
    return prefix


async def deleted(machine: RemovalMachine, prefix: FakePrefix, work: PlainWork | None = None) -> Outcome:
    request, context = LeftoversRequest(prefixes=(str(prefix),)), machine.context()
    plan = await leftovers_plan.plan(request, context)
    assert plan.blockers == ()
    return await leftovers_perform.perform(plan, request, context, work or PlainWork())


def space(path: Path) -> int:
    return sum(each.lstat().st_blocks * 512 for each in (path, *path.rglob("*")))


async def test_the_plan_says_what_lies_there_and_changes_nothing(machine: RemovalMachine, prefix: FakePrefix) -> None:
    before = manifest(prefix.path)
    plan = await leftovers_plan.plan(LeftoversRequest(prefixes=(str(prefix),)), machine.context())
    assert dict(plan.facts)[OLD] == "6 files: rich 13.0"
    assert plan.bytes_freed == space(prefix.path / "lib/python3.10")
    assert [each.paths for each in plan.leftovers] == [("lib/python3.10",)]
    assert manifest(prefix.path) == before


async def test_it_goes_whole_and_comes_back_by_an_undo(machine: RemovalMachine, prefix: FakePrefix) -> None:
    before, used = manifest(prefix.path), space(prefix.path)
    outcome = await deleted(machine, prefix)
    there = manifest(prefix.path)
    assert not (prefix.path / "lib/python3.10").exists()
    assert {path for path in before if "python3.10" not in path} == set(there)
    assert read_prefix(str(prefix)).stale_site_packages == ()
    (point,) = outcome.restore_points
    kept = space(machine.points / point)
    assert outcome.bytes_freed == used - space(prefix.path) - kept
    assert read_last_change(machine.context()) == point
    assert (await brought_back(machine.context(), point)).findings == ()
    assert manifest(prefix.path) == before


async def test_what_a_package_states_and_what_lies_beside_stays(machine: RemovalMachine, prefix: FakePrefix) -> None:
    prefix.package("odd", files={f"{OLD}/odd/data.txt": "of a package"})
    prefix.write(f"{OLD}/odd/mine.txt", "of nobody")
    prefix.write("lib/python3.10/note.txt", "beside")
    machine.environments.clear()
    machine.note(prefix.path)
    await deleted(machine, prefix)
    left = {str(each.relative_to(prefix.path)) for each in (prefix.path / "lib/python3.10").rglob("*")}
    assert left == {
        "lib/python3.10/note.txt",
        "lib/python3.10/site-packages",
        f"{OLD}/odd",
        f"{OLD}/odd/data.txt",
    }


async def test_without_leftovers_there_is_nothing_to_do(machine: RemovalMachine) -> None:
    prefix = machine.make("clean")
    plan = await leftovers_plan.plan(LeftoversRequest(prefixes=(str(prefix),)), machine.context())
    assert [each.id for each in plan.blockers] == ["nothing-to-do"]


async def test_a_frozen_environment_is_refused(machine: RemovalMachine, prefix: FakePrefix) -> None:
    prefix.write("conda-meta/frozen", "{}")
    plan = await leftovers_plan.plan(LeftoversRequest(prefixes=(str(prefix),)), machine.context())
    assert [each.id for each in plan.blockers] == ["frozen"]


async def test_what_has_come_since_the_plan_stops_it(machine: RemovalMachine, prefix: FakePrefix) -> None:
    request, context = LeftoversRequest(prefixes=(str(prefix),)), machine.context()
    plan = await leftovers_plan.plan(request, context)
    prefix.write(f"{OLD}/came.py", "since")
    before = manifest(prefix.path)
    with pytest.raises(RefusedError, match="is not what was planned any more"):
        await leftovers_perform.perform(plan, request, context, PlainWork())
    assert manifest(prefix.path) == before
    assert machine.point_ids() == []


async def test_what_changes_after_it_was_kept_stays(machine: RemovalMachine, prefix: FakePrefix) -> None:
    def write(stage: str) -> None:
        if stage == "delete":
            prefix.write(f"{OLD}/mine.py", "edited just now")

    with pytest.raises(CondatuiError, match="could not be deleted, or has changed since it was kept") as failed:
        await deleted(machine, prefix, PlainWork(before_stage=write))
    assert (prefix.path / f"{OLD}/mine.py").read_text() == "edited just now"
    assert f"{OLD}/mine.py" in failed.value.detail
    assert str(failed.value.advice).startswith("Restore point ")


async def test_however_a_later_one_fails_what_was_freed_before_is_told(
    machine: RemovalMachine, prefix: FakePrefix
) -> None:
    other = machine.make("other")
    other.write(f"{OLD}/mine.py", "of nobody")
    request, context = LeftoversRequest(prefixes=(str(prefix), str(other))), machine.context()
    plan = await leftovers_plan.plan(request, context)
    assert plan.blockers == ()
    looked: list[str] = []

    def break_it(stage: str) -> None:
        looked.extend([stage] if stage == "look" else [])
        if len(looked) == 2:
            raise OSError(errno.EIO, "Input/output error", str(other))

    outcome = await leftovers_perform.perform(plan, request, context, PlainWork(before_stage=break_it))
    assert (outcome.stopped, list(outcome.restore_points)) == (True, machine.point_ids())
    assert outcome.message.startswith("The leftovers in nlp are gone: ")
    (stopped,) = outcome.findings
    assert stopped.message == f"{other} failed: nothing after it was begun."
    assert (other.path / f"{OLD}/mine.py").exists()


async def test_a_link_that_is_planted_leads_nowhere(
    machine: RemovalMachine, prefix: FakePrefix, tmp_path: Path
) -> None:
    outside = tmp_path / "outside/site-packages"
    outside.mkdir(parents=True)
    (outside / "mine.py").write_text("elsewhere")

    def plant(stage: str) -> None:
        if stage == "delete":
            os.rename(prefix.path / "lib/python3.10", tmp_path / "moved")
            (prefix.path / "lib/python3.10").symlink_to(outside.parent)

    with pytest.raises(CondatuiError):
        await deleted(machine, prefix, PlainWork(before_stage=plant))
    assert (outside / "mine.py").read_text() == "elsewhere"
    assert (tmp_path / "moved/site-packages/mine.py").exists()


@pytest.mark.parametrize(
    ("stage", "state"), [("look", "untouched"), ("keep", "untouched"), ("delete", "untouched"), ("verify", "done")]
)
async def test_killed_in_any_stage_it_says_what_is_there(
    machine: RemovalMachine, prefix: FakePrefix, stage: str, state: str
) -> None:
    request, context = LeftoversRequest(prefixes=(str(prefix),)), machine.context()
    plan = await leftovers_plan.plan(request, context)

    def die(name: str) -> None:
        if name == stage:
            raise KilledError

    with pytest.raises(KilledError):
        await leftovers_perform.perform(plan, request, context, PlainWork(before_stage=die))
    after = await leftovers_recover.recover(plan, request, stage, context)
    assert (after.state, after.way_out) == (state, None)


async def test_killed_before_it_keeps_anything_an_older_restore_point_says_nothing(
    machine: RemovalMachine, prefix: FakePrefix
) -> None:
    await deleted(machine, prefix)
    prefix.write(f"{OLD}/newer.py", "of nobody")
    request, context = LeftoversRequest(prefixes=(str(prefix),)), machine.context()
    plan = await leftovers_plan.plan(request, context)
    assert [*plan.restore_points] == machine.point_ids()
    after = await leftovers_recover.recover(plan, request, "look", context)
    assert (after.state, after.message) == ("untouched", "Nothing was deleted: nlp is as it was.")


async def test_half_deleted_the_way_out_deletes_the_rest_and_both_come_back(
    machine: RemovalMachine, prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = manifest(prefix.path)
    request, context = LeftoversRequest(prefixes=(str(prefix),)), machine.context()
    plan = await leftovers_plan.plan(request, context)

    def die(directory: int, path: str, goes: object) -> object:
        delete_what_goes(directory, path, begun)
        raise KilledError

    def begun(inside: str, _: os.stat_result) -> bool:
        return inside in (".", "site-packages") or inside.startswith("site-packages/rich")

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(held_tree, "delete_what_goes", die)
        await leftovers_perform.perform(plan, request, context, PlainWork())
    (first,) = machine.point_ids()
    after = await leftovers_recover.recover(plan, request, "delete", context)
    assert (after.state, after.way_out) == ("half", request)
    assert f"Restore point {first} has nlp as it was." in after.message
    await deleted(machine, prefix)
    second = read_last_change(machine.context())
    await brought_back(machine.context(), second)
    assert read_last_change(machine.context()) == first
    await brought_back(machine.context(), first)
    assert manifest(prefix.path) == before
