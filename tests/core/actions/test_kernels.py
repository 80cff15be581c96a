"""Deleting Jupyter kernels whose environment is gone: no other, and each can be brought back by a command."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields

from condatui_core.actions import kernel_deletion, kernels
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.restore.listing import read_last_change
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.fs.delete_tree import Goes, delete_what_goes
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import KernelsRequest
from support.disk_trees import du, write
from support.kernels import make_kernel
from support.plain_work import PlainWork
from support.removals import RemovalMachine


class KilledError(Exception):
    """Stands for whatever ends a job from outside."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """A user with a kernel whose environment is there, and two whose environments are gone."""
    machine = RemovalMachine(tmp_path)
    machine.make("lab")
    write(machine.envs / "lab/bin/python")
    make_kernel(place(machine) / "lab", str(machine.envs / "lab/bin/python"))
    make_kernel(place(machine) / "old", str(machine.envs / "old/bin/python"), display_name="Old Lab")
    older = make_kernel(place(machine) / "older", str(machine.envs / "older/bin/python"))
    write(older / "more/launch.sh").chmod(0o755)
    (older / "icon.png").symlink_to("logo-64x64.png")
    return machine


def place(machine: RemovalMachine) -> Path:
    return machine.home / ".local/share/jupyter/kernels"


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    """What lies in a directory: mode and content, or the target of a link."""
    files = (path for path in directory.rglob("*") if path.is_symlink() or not path.is_dir())
    return {str(path): (path.lstat().st_mode, _content(path)) for path in files}


def _content(path: Path) -> bytes:
    return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()


def run_by_hand(commands: Sequence[str]) -> None:
    """Do what the user is told."""
    for command in commands:
        subprocess.run(command, shell=True, check=True)


def request_for(machine: RemovalMachine, *names: str) -> KernelsRequest:
    return KernelsRequest(paths=tuple(str(place(machine) / name) for name in names))


async def deleted(
    machine: RemovalMachine, *names: str, work: PlainWork | None = None, context: JobContext | None = None
) -> tuple[Plan, Outcome]:
    request, context = request_for(machine, *names), context or machine.context()
    plan = await kernels.plan(request, context)
    assert plan.blockers == ()
    return plan, await kernels.perform(plan, request, context, work or PlainWork())


def commands_of(outcome: Outcome) -> Sequence[str]:
    (kept,) = (each for each in outcome.findings if each.id == "kept")
    return kept.evidence


async def test_dead_kernels_go_and_the_commands_bring_them_back_file_for_file(machine: RemovalMachine) -> None:
    before, size = contents(place(machine)), du(place(machine))
    plan, outcome = await deleted(machine, "old", "older")
    assert os.listdir(place(machine)) == ["lab"]
    kept = du(*(machine.home / ".condatui/state/kernels").iterdir())
    assert plan.bytes_freed == (outcome.bytes_freed or 0) + outcome.kept_bytes == size - du(place(machine))
    assert plan.kept_bytes >= outcome.kept_bytes == kept
    assert "Old Lab" in dict(plan.facts)
    run_by_hand(commands_of(outcome))
    assert contents(place(machine)) == before


async def test_two_of_one_name_are_both_kept(machine: RemovalMachine) -> None:
    other = make_kernel(machine.envs / "lab/share/jupyter/kernels/old", str(machine.envs / "old/bin/python"))
    request = KernelsRequest(paths=(str(place(machine) / "old"), str(other)))
    context = machine.context()
    plan = await kernels.plan(request, context)
    outcome = await kernels.perform(plan, request, context, PlainWork())
    run_by_hand(commands_of(outcome))
    assert other.is_dir()
    assert (place(machine) / "old").is_dir()


@pytest.mark.parametrize(
    ("name", "why"),
    [("lab", "kernel-alive"), ("nothing", "not-a-kernel"), ("..", "not-a-kernel"), ("link", "symlink")],
)
async def test_no_other_directory_goes(machine: RemovalMachine, name: str, why: str) -> None:
    (place(machine) / "link").symlink_to(make_kernel(machine.home / "elsewhere", str(machine.envs / "old/bin/python")))
    plan = await kernels.plan(request_for(machine, name), machine.context())
    assert [each.id for each in plan.blockers] == [why]
    with pytest.raises(RefusedError):
        await kernels.perform(plan, request_for(machine, name), machine.context(), PlainWork())


async def test_one_of_another_user_is_left_to_that(machine: RemovalMachine) -> None:
    context = machine.context()
    other = replace(context, caller=replace_fields(context.caller, euid=os.geteuid() + 1))
    plan = await kernels.plan(request_for(machine, "old"), other)
    assert [each.id for each in plan.blockers] == ["other-owner"]


@pytest.mark.parametrize("odd", ["pipe", "large"])
async def test_what_cannot_be_kept_does_not_go(machine: RemovalMachine, odd: str) -> None:
    if odd == "pipe":
        os.mkfifo(place(machine) / "old/pipe")
    else:
        with (place(machine) / "old/large").open("wb") as file:
            file.truncate(200_000_000)
    plan = await kernels.plan(request_for(machine, "old"), machine.context())
    assert [each.id for each in plan.blockers] == ["kernel-odd" if odd == "pipe" else "kernel-large"]


async def test_an_environment_that_came_back_saves_its_kernel(machine: RemovalMachine) -> None:
    def comes_back(stage: str) -> None:
        if stage == "look":
            write(machine.envs / "old/bin/python")

    with pytest.raises(RefusedError, match="may still be there"):
        await deleted(machine, "old", "older", work=PlainWork(before_stage=comes_back))
    assert sorted(os.listdir(place(machine))) == ["lab", "old", "older"]


async def test_what_changes_after_it_was_kept_stays(machine: RemovalMachine) -> None:
    def changes(stage: str) -> None:
        if stage == "delete":
            write(place(machine) / "old/notes.txt")

    _, outcome = await deleted(machine, "old", "older", work=PlainWork(before_stage=changes))
    assert os.listdir(place(machine) / "old") == ["notes.txt"]
    assert "left-behind" in [each.id for each in outcome.findings]
    assert outcome.message.startswith("1 kernel deleted")


async def test_a_copy_of_something_else_is_none(machine: RemovalMachine) -> None:
    hidden, old = machine.home / "hidden", place(machine) / "old"

    def swaps(stage: str) -> None:
        if stage == "keep":
            old.rename(hidden)
            old.symlink_to(place(machine) / "lab")
        elif stage == "delete":
            old.unlink()
            hidden.rename(old)

    with pytest.raises(CondatuiError, match="nothing was deleted"):
        await deleted(machine, "old", work=PlainWork(before_stage=swaps))
    assert (hidden / "kernel.json").exists()
    assert not any(machine.context().locations.kernels.iterdir()), "a part of a copy is of no use"


@pytest.mark.parametrize("moment", ["look", "keep", "delete"])
async def test_interrupted_it_has_lost_nothing(machine: RemovalMachine, moment: str) -> None:
    def die(stage: str) -> None:
        if stage == moment:
            raise KilledError

    before, request, context = contents(place(machine)), request_for(machine, "old", "older"), machine.context()
    plan = await kernels.plan(request, context)
    with pytest.raises(KilledError):
        await kernels.perform(plan, request, context, PlainWork(before_stage=die))
    assert contents(place(machine)) == before
    assert (await kernels.recover(plan, request, moment, context)).state == "untouched"


async def test_interrupted_while_it_deletes_the_rest_is_told_and_goes_later(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete, before = delete_what_goes, contents(place(machine))

    def die(directory: int, path: str, goes: Goes, *, last: str) -> object:
        if path.endswith("older"):
            os.unlink(f"{path}/logo-64x64.png")
            raise KilledError
        return delete(directory, path, goes, last=last)

    request, context = request_for(machine, "old", "older"), machine.context()
    plan = await kernels.plan(request, context)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(kernel_deletion, "delete_what_goes", die)
        await kernels.perform(plan, request, context, PlainWork())
    after = await kernels.recover(plan, request, "delete", context)
    assert (after.state, after.way_out) == ("half", request_for(machine, "older"))
    await deleted(machine, "older", work=PlainWork(job_id="20260502-120000-0000"))
    assert (await kernels.recover(plan, request, "delete", context)).state == "done"
    first = machine.home / ".condatui/state/kernels/20260501-120000-0000/how-to-bring-back.txt"
    run_by_hand(first.read_text().splitlines())
    assert contents(place(machine)) == before


async def test_killed_between_icons_and_kernel_json_it_names_the_copy_that_is_whole(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(place(machine))

    def die(directory: int, path: str, goes: Goes, *, last: str) -> object:
        delete_what_goes(directory, path, lambda inside, status: inside != last and goes(inside, status))
        raise KilledError

    request, context = request_for(machine, "older"), machine.context()
    plan = await kernels.plan(request, context)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(kernel_deletion, "delete_what_goes", die)
        await kernels.perform(plan, request, context, PlainWork())
    assert os.listdir(place(machine) / "older") == ["kernel.json"]
    copy = machine.home / ".condatui/state/kernels/20260501-120000-0000/1-older"
    after = await kernels.recover(plan, request, "delete", context)
    assert (after.state, after.way_out) == ("half", request)
    assert after.message == f"{place(machine) / 'older'} is deleted in part: {copy} has it whole."
    await deleted(machine, "older", work=PlainWork(job_id="20260502-120000-0000"))
    run_by_hand((copy.parent / "how-to-bring-back.txt").read_text().splitlines())
    assert contents(place(machine)) == before


async def test_a_copy_of_an_earlier_kernel_of_that_name_says_nothing(machine: RemovalMachine) -> None:
    await deleted(machine, "old")
    make_kernel(place(machine) / "old", str(machine.envs / "old/bin/python"))
    os.utime(place(machine) / "old/kernel.json", (10**9, 10**9))
    (place(machine) / "old/logo-64x64.png").unlink()
    request, context = request_for(machine, "old"), machine.context()
    plan = await kernels.plan(request, context)
    assert (await kernels.recover(plan, request, "delete", context)).state == "untouched"


async def test_a_directory_without_its_kernel_is_told(machine: RemovalMachine) -> None:
    request, context = request_for(machine, "old"), machine.context()
    plan = await kernels.plan(request, context)
    for each in (place(machine) / "old").iterdir():
        each.unlink()
    after = await kernels.recover(plan, request, "delete", context)
    assert (after.state, after.way_out) == ("done", None)
    assert f"{place(machine) / 'old'} is left without its kernel: delete it by hand." in after.message


async def test_what_stays_of_one_kernel_does_not_hide_that_others_are_gone(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(directory: int, path: str, goes: Goes, *, last: str) -> object:
        if path.endswith("older"):
            raise OSError(errno.EIO, "Input/output error", path)
        return delete_what_goes(directory, path, goes, last=last)

    with monkeypatch.context() as patched:
        patched.setattr(kernel_deletion, "delete_what_goes", fail)
        _, outcome = await deleted(machine, "old", "older")
    assert outcome.message.startswith("1 kernel deleted")
    (left,) = (each for each in outcome.findings if each.id == "left-behind")
    assert left.evidence == (f"{place(machine) / 'older'}: Input/output error",)


async def test_without_a_copy_nothing_goes(machine: RemovalMachine) -> None:
    write(machine.home / ".condatui/state/kernels")  # a file where the directory would be
    with pytest.raises(CondatuiError, match="nothing was deleted"):
        await deleted(machine, "old")
    assert (place(machine) / "old/kernel.json").exists()


async def test_an_undo_says_how_kernels_come_back_and_offers_nothing_older(machine: RemovalMachine) -> None:
    await deleted(machine, "old", "older")
    with pytest.raises(UsageError, match="has deleted Jupyter kernels") as refused:
        read_last_change(machine.context())
    commands = refused.value.detail.splitlines()
    assert [each.rpartition("/")[2] for each in commands] == ["old", "older"]
    run_by_hand(commands)
    with pytest.raises(UsageError, match="no change to undo"):
        read_last_change(machine.context())
