"""What removing and bringing back must never take along: what lies elsewhere, what came later, what is only half."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.clean import plan as clean_plan
from condatui_core.actions.clone import perform as clone_perform
from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.incomplete_marker import is_marked_incomplete, mark_incomplete
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.remove import recover as remove_recover
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.actions.restore import recover as restore_recover
from condatui_core.actions.restore.listing import find_restore_point
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.tree import read_tree
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.request import CleanRequest, CloneRequest, RemoveRequest, RestoreRequest
from condatui_core.restore_points import apply
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.inventories import NOW
from support.plain_work import PlainWork, brought_back, removed
from support.prefixes import FakePrefix
from support.removals import KilledError, RemovalMachine, dying_deletion


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


def contents(directory: Path) -> dict[str, bytes]:
    """What the files of a directory hold, whatever is linked to what."""
    return {os.path.relpath(each, directory): each.read_bytes() for each in directory.rglob("*") if each.is_file()}


async def test_packages_that_were_moved_elsewhere_and_linked_stay_there(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = sandbox_copy("notebooks")
    prefix, scratch = sandbox.prefixes["notebooks"], tmp_path / "scratch"
    moved = next(prefix.glob("lib/python3*/site-packages/pandas"))
    moved.rename(scratch)
    moved.symlink_to(scratch)
    before, context = contents(scratch), await context_of(sandbox)
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    assert "detour" in [each.id for each in plan.warnings]
    assert dict(plan.facts)["by hand"].startswith("rm "), "conda would follow the link"
    (point,) = (await remove_perform.perform(plan, request, context, PlainWork())).restore_points
    assert not prefix.exists()
    assert contents(scratch) == before
    assert (await brought_back(context, point)).findings == ()
    assert contents(scratch) == before
    assert moved.readlink() == scratch


async def test_nothing_is_added_to_a_clone_that_leads_out_of_itself(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = sandbox_copy("train-pinned")
    source, scratch = sandbox.prefixes["train-pinned"], tmp_path / "scratch"
    moved = next(source.glob("lib/python3*/site-packages/numpy"))
    moved.rename(scratch)
    moved.symlink_to(scratch)
    before, context, work = contents(scratch), await context_of(sandbox), PlainWork()
    request = CloneRequest(source=str(source), target=str(source.with_name("more")), add=("xlrd",), offline=True)
    with pytest.raises(CondatuiError, match="xlrd was not added") as failed:
        await clone_perform.perform(await clone_plan.plan(request, context), request, context, work)
    assert "leads out of it" in failed.value.detail
    assert contents(scratch) == before
    assert len(work.ran) == 2, "conda links, and the python is tried"


@pytest.mark.parametrize("place", ["elsewhere", "conda/envs/nlp/moved"])
async def test_what_was_linked_since_the_plan_is_not_followed_either(machine: RemovalMachine, place: str) -> None:
    prefix, context, moved = machine.make("nlp"), machine.context(), machine.home / place
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    (prefix.path / "bin").rename(moved)
    (prefix.path / "bin").symlink_to(moved)
    work = PlainWork()
    await remove_perform.perform(plan, request, context, work)
    assert work.ran == [], "conda crashes at a link where it wants to delete a directory, inside as well"
    assert moved.exists() == (place == "elsewhere")


def test_a_tree_deeper_than_any_stack_and_any_limit_of_open_files_goes(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "deep")
    descriptor = os.open(tmp_path / "deep", os.O_RDONLY)
    for _ in range(3000):  # deeper than a path may be long
        os.mkdir("sub", dir_fd=descriptor)
        below = os.open("sub", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    assert delete_tree(str(tmp_path / "deep")) == ()
    assert os.listdir(tmp_path) == []


async def test_names_as_long_as_they_can_be_come_back(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    prefix.write("x" * 255, "long")
    prefix.write(".condatui-restored", "called as condatui would call it")
    os.link(prefix.path / ("x" * 255), prefix.path / ("y" * 255))
    (point,) = await removed(machine.context(), prefix)
    assert (await brought_back(machine.context(), point)).findings == ()
    assert (prefix.path / ("x" * 255)).samefile(prefix.path / ("y" * 255))
    assert (prefix.path / ".condatui-restored").read_text() == "called as condatui would call it"


async def test_what_was_not_mounted_when_it_was_planned_does_not_go(machine: RemovalMachine) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    prefix.path.rename(machine.home / "unmounted")
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    assert [each.id for each in plan.warnings] == ["missing"]
    (machine.home / "unmounted").rename(prefix.path)
    with pytest.raises(RefusedError, match="has appeared since"):
        await remove_perform.perform(plan, request, context, PlainWork())
    assert (prefix.path / "notes/todo.txt").exists()
    prefix.path.rename(machine.home / "unmounted")
    after = await remove_recover.recover(plan, request, "look", context)
    assert (after.state, "had not begun" in after.message) == ("untouched", True)


def test_what_is_mounted_is_seen_through_a_link_above(tmp_path: Path) -> None:
    (tmp_path / "real/nlp/data").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    tree = read_tree(str(tmp_path / "link/nlp"), {str((tmp_path / "real/nlp/data").resolve())})
    assert tree.mounts == [str(tmp_path / "link/nlp/data")]


async def test_a_package_that_was_taken_out_since_stays_out(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    prefix.package("libx", files={"lib/libx.so": b"x"})
    (first,) = await removed(machine.context(), prefix)
    await brought_back(machine.context(), first)
    for gone in (next(prefix.meta.glob("libx-*.json")), prefix.path / "lib/libx.so"):
        gone.unlink()
    with (prefix.meta / "history").open("a") as history:
        history.write("==> 2026-05-01 12:00:00 <==\n# cmd: conda remove libx\n-conda-forge::libx-1.0-0\n")
    left = contents(prefix.path)
    (second,) = await removed(machine.context(), prefix)
    assert second != first
    await brought_back(machine.context(), second)
    assert contents(prefix.path) == left


async def test_of_several_restore_points_the_one_of_a_whole_environment_is_meant(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    (whole,) = await removed(machine.context(), prefix)
    mark_incomplete(str(prefix), source="/somewhere", job="", now=NOW)
    prefix.write("mine", "of which nothing is known")
    (half,) = await removed(machine.context(), prefix)
    assert half > whole
    assert find_restore_point("nlp", machine.context()) == whole
    await brought_back(machine.context(), half)
    assert is_marked_incomplete(str(prefix)), "it was half-made, and is again"


async def test_what_comes_up_while_it_is_brought_back_is_not_replaced(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    (point,) = await removed(machine.context(), prefix)

    def come_up(stage: str) -> None:
        if stage == "link":
            prefix.write("mine", "made meanwhile")

    with pytest.raises(RefusedError, match="appeared in the meantime"):
        await brought_back(machine.context(), point, PlainWork(before_stage=come_up))
    assert os.listdir(prefix.path) == ["mine"]
    request, context = RestoreRequest(id=point), machine.context()
    after = await restore_recover.recover(await restore_plan.plan(request, context), request, "link", context)
    assert (after.state, after.way_out) == ("untouched", None), "nobody offers to delete it"


async def test_it_is_marked_until_it_is_back(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = machine.make("nlp")
    (point,) = await removed(machine.context(), prefix)
    replace = os.replace

    def fail_at_the_end(source: object, target: object, **directories: int) -> None:
        if str(target).endswith("history"):
            raise OSError(28, "No space left on device", str(target))
        replace(str(source), str(target), **directories)

    with monkeypatch.context() as patched, pytest.raises(CondatuiError, match="No space left"):
        patched.setattr(os, "replace", fail_at_the_end)
        await brought_back(machine.context(), point)
    assert is_marked_incomplete(str(prefix))
    machine.note(prefix.path)
    assert await removed(machine.context(), prefix) == (), "the restore point of before has all of it"
    await brought_back(machine.context(), find_restore_point("nlp", machine.context()))
    assert HALF_MADE not in os.listdir(prefix.path)


async def test_what_condatui_has_begun_to_delete_is_no_environment_any_more(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    before = contents(prefix.path)
    with dying_deletion("conda-meta/history", "notes/todo.txt"):
        await removed(machine.context(), prefix)
    whole = machine.point_ids()
    assert list(await removed(machine.context(), prefix)) == machine.point_ids() == whole
    await brought_back(machine.context(), find_restore_point("nlp", machine.context()))
    assert contents(prefix.path) == before


async def test_a_strict_conda_is_asked_to_go_on(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx"))
    (point,) = await removed(machine.context(), prefix)
    machine.conda('echo "$CONDA_SAFETY_CHECKS $CONDA_PATH_CONFLICT" > "$HOME/said"; exit 1')
    with pytest.raises(CondatuiError):
        await brought_back(machine.context(), point)
    assert (machine.home / "said").read_text() == "warn clobber\n"


async def test_the_last_archive_that_a_restore_point_needs_is_named(machine: RemovalMachine) -> None:
    prefix, package = machine.make("nlp"), machine.cache("libx")
    machine.install(prefix, package)
    await removed(machine.context(), prefix)
    request = CleanRequest(pkgs_dirs=(str(machine.root / "pkgs"),), what=("tarballs",))
    machine.environments.clear()
    plan = await clean_plan.plan(request, machine.context())
    assert [each.id for each in plan.warnings] == [], "it is there extracted"
    shutil.rmtree(package)
    plan = await clean_plan.plan(request, machine.context())
    assert [each.evidence for each in plan.warnings if each.id == "restore-points"] == [("libx-1.0-0",)]


async def test_what_was_made_anew_after_a_half_removal_is_kept_when_it_goes(machine: RemovalMachine) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    with dying_deletion("lib"):
        await remove_perform.perform(plan, request, context, PlainWork())
    machine.vanish(prefix)
    FakePrefix(prefix.path).revision()
    prefix.write("thesis.tex", "written since")
    after = await remove_recover.recover(plan, request, "remove", context)
    assert after.way_out is None or (isinstance(after.way_out, RemoveRequest) and after.way_out.restore_point)


async def test_what_is_left_is_kept_anew_if_the_restore_point_is_damaged(machine: RemovalMachine) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    with dying_deletion("lib"):
        await remove_perform.perform(plan, request, context, PlainWork())
    (damaged,) = machine.point_ids()
    after = await remove_recover.recover(plan, request, "remove", context)
    assert "has nlp whole" in after.message
    (machine.points / damaged / "files.tar.gz").write_bytes(b"")
    after = await remove_recover.recover(plan, request, "remove", context)
    assert isinstance(after.way_out, RemoveRequest)
    assert f"{damaged} of nlp is damaged" in after.message
    again = await remove_plan.plan(after.way_out, context)
    await remove_perform.perform(again, after.way_out, context, PlainWork())
    assert len(machine.point_ids()) == 2


async def test_a_half_made_environment_that_took_the_place_of_its_source_is_kept(machine: RemovalMachine) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    mark_incomplete(str(machine.envs / "half"), source=str(prefix), job="", now=NOW)
    (machine.envs / "half" / HALF_MADE).rename(prefix.path / HALF_MADE)
    prefix.write("results.csv", "of a month")
    (point,) = await removed(context, prefix)
    await brought_back(machine.context(), point)
    assert (prefix.path / "results.csv").read_text() == "of a month"


@pytest.mark.parametrize("late", ["before the plan", "after the plan"])
async def test_what_comes_into_the_rest_of_a_removal_after_its_way_out_was_offered_is_kept(
    machine: RemovalMachine, late: str
) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    with dying_deletion("lib", "conda-meta/history"):
        await remove_perform.perform(plan, request, context, PlainWork())
    after = await remove_recover.recover(plan, request, "remove", context)
    assert isinstance(after.way_out, RemoveRequest)
    if late == "before the plan":
        prefix.write("late.ipynb", "hours of work")
    again = await remove_plan.plan(after.way_out, context)
    told = [each.message for each in again.warnings if each.id == "used-since"]
    if late == "before the plan":
        (message,) = told
        assert message.endswith("nlp is being removed, and has been used since: late.ipynb is its own.")
    else:
        assert told == []
        prefix.write("late.ipynb", "hours of work")
    outcome = await remove_perform.perform(again, after.way_out, context, PlainWork())
    assert not prefix.path.exists()
    await brought_back(machine.context(), outcome.restore_points[0])
    assert (prefix.path / "late.ipynb").read_text() == "hours of work"


async def test_half_an_environment_is_not_given_up_for_a_damaged_restore_point(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    (point,) = await removed(machine.context(), prefix)

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(apply._Applier, "link", die)
        await brought_back(machine.context(), point)
    archive = machine.points / point / "files.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-40])
    request, context = RestoreRequest(id=point), machine.context()
    after = await restore_recover.recover(await restore_plan.plan(request, context), request, "unpack", context)
    assert (after.state, after.way_out) == ("half", None)
    assert "is damaged" in after.message
