"""Removing environments: guards, what conda does and does not do, and what is left when it ends half-way."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import json
import os
import resource
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.remove import recover as remove_recover
from condatui_core.actions.remove.inspect import inspect_targets
from condatui_core.actions.remove.plan import Points, removal_plan
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.mounts import Mount
from condatui_core.fs.tree import InodeTally, TreeEntry
from condatui_core.prefixes import snapshot
from condatui_core.records.environment import KeepMark, UserMarks
from condatui_core.records.job import Outcome, Plan, PlannedRemoval
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.remedy import RepairMarks, Unkeep
from condatui_core.restore_points import create
from condatui_core.restore_points.archive import write_archive
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.plain_work import PlainWork
from support.prefixes import FakePrefix, manifest
from support.removals import KilledError, RemovalMachine, cannot_set_aside, dying_deletion


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


def asked(*prefixes: object, **fields: bool) -> RemoveRequest:
    return RemoveRequest(prefixes=tuple(map(str, prefixes)), **fields)


async def planned(machine: RemovalMachine, *prefixes: object, **fields: bool) -> Plan:
    return await remove_plan.plan(asked(*prefixes, **fields), machine.context())


async def removed(context: JobContext, request: RemoveRequest, work: PlainWork | None = None) -> Outcome:
    plan = await remove_plan.plan(request, context)
    assert plan.blockers == ()
    return await remove_perform.perform(plan, request, context, work or PlainWork())


async def blockers(machine: RemovalMachine, *prefixes: object, **fields: bool) -> list[str]:
    return [each.id for each in (await planned(machine, *prefixes, **fields)).blockers]


async def test_the_plan_says_what_is_kept_and_what_runs(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    before = manifest(prefix.path)
    plan = await planned(machine, prefix)
    assert plan.title == "Remove nlp"
    assert [step.title.partition(" nlp ")[0] for step in plan.steps] == [
        "Make a restore point of nlp",
        "Set",
        "Keep what has changed in it since",
        "Delete what was set aside",
        "Take",
    ]
    assert dict(plan.facts)["by hand"] == f"{machine.root}/bin/conda remove --prefix {prefix} --all"
    assert plan.bytes_needed == sum(path.stat().st_size for path in prefix.path.rglob("*") if path.is_file())
    assert (plan.confirm, plan.blockers, plan.packages) == ("", (), 1 + 1)
    assert manifest(prefix.path) == before
    assert not machine.points.exists()


async def test_it_is_gone_and_only_its_own_line_is_dropped_from_the_list(machine: RemovalMachine) -> None:
    one, two = machine.make("one"), machine.make("two")
    machine.registry.write_bytes(b"# mine\n" + machine.registry.read_bytes() + b"/else/where\n\xff\n")
    outcome = await removed(machine.context(), asked(one))
    assert not one.path.exists()
    assert two.path.exists()
    assert machine.registry.read_bytes() == f"# mine\n{two}\n/else/where\n".encode() + b"\xff\n"
    assert outcome.restore_points == tuple(machine.point_ids())
    assert outcome.findings == ()


async def test_conda_does_not_run_on_what_goes(machine: RemovalMachine) -> None:
    prefix, work = machine.make("nlp"), PlainWork()
    await removed(machine.context(), asked(prefix), work)
    assert (work.ran, os.listdir(machine.envs)) == ([], [])


async def test_what_cannot_be_set_aside_stays_as_it_is_without_a_restore_point(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    before = manifest(prefix.path)
    cannot_set_aside(monkeypatch, "nlp")
    with pytest.raises(CondatuiError, match="could not be set aside: nothing was changed") as failed:
        await removed(machine.context(), asked(prefix))
    assert f"{machine.envs}: Permission denied" in failed.value.detail
    assert manifest(prefix.path) == before
    assert machine.point_ids() == []
    assert machine.registry.read_text() == f"{prefix}\n"


async def test_a_deletion_that_dies_half_way_leaves_a_restore_point_and_a_way_out(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    context, request = machine.context(), asked(prefix)
    plan = await remove_plan.plan(request, context)
    with dying_deletion("lib"):
        await remove_perform.perform(plan, request, context, PlainWork())
    after = await remove_recover.recover(plan, request, "remove", context)
    assert after.state == "half"
    assert after.way_out == asked(prefix)
    (point,) = machine.point_ids()
    assert point in after.message
    assert (await planned(machine, prefix, restore_point=False)).confirm == "", "all that is left is kept already"
    assert isinstance(after.way_out, RemoveRequest)
    await removed(context, after.way_out)
    back = RestoreRequest(id=point)
    await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    assert (prefix.path / "notes/todo.txt").read_text() == "of nlp"


@pytest.mark.parametrize(
    ("stage", "state"), [("look", "untouched"), ("keep", "untouched"), ("remove", "untouched"), ("leftovers", "done")]
)
async def test_killed_in_any_stage_it_says_what_is_there(machine: RemovalMachine, stage: str, state: str) -> None:
    prefix = machine.make("nlp")
    context, request = machine.context(), asked(prefix)

    def die(name: str) -> None:
        if name == stage:
            raise KilledError

    plan = await remove_plan.plan(request, context)
    with pytest.raises(KilledError):
        await remove_perform.perform(plan, request, context, PlainWork(before_stage=die))
    after = await remove_recover.recover(plan, request, stage, context)
    assert (after.state, after.way_out) == (state, None)
    assert ("as it was" in after.message) == (state == "untouched")


async def test_several_that_stay_are_told_as_several(machine: RemovalMachine) -> None:
    first, second, context = machine.make("nlp"), machine.make("vision"), machine.context()
    request = asked(first, second)
    after = await remove_recover.recover(await remove_plan.plan(request, context), request, "look", context)
    assert after.message == "Nothing was removed: nlp, vision are as they were."


async def test_what_is_left_of_a_half_removal_needs_no_second_restore_point(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    aside = 'mv "$3/bin/python3.11" "$3/bin/python3.11.c~"; echo "# cmd: conda remove --all" >> "$3/conda-meta/history"'
    with dying_deletion(script=f'{aside}; rm -r "$3/lib"'):
        await removed(machine.context(), asked(prefix))
    points = machine.point_ids()
    plan = await planned(machine, prefix)
    assert (plan.bytes_needed, points[0] in dict(plan.facts)["kept already"]) == (0, True)
    outcome = await removed(machine.context(), asked(prefix))
    assert list(outcome.restore_points) == machine.point_ids() == points
    back, context = RestoreRequest(id=points[0]), machine.context()
    restored = await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    assert restored.findings == ()


async def test_what_somebody_has_deleted_since_stays_deleted(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    first = await removed(machine.context(), asked(prefix))
    back, context = RestoreRequest(id=first.restore_points[0]), machine.context()
    await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    (prefix.path / "notes/todo.txt").unlink()
    second = await removed(context, asked(prefix))
    assert second.restore_points != first.restore_points
    back = RestoreRequest(id=second.restore_points[0])
    await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    assert list((prefix.path / "notes").iterdir()) == []


async def test_a_restore_point_of_earlier_says_nothing_of_this_removal(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    earlier = await removed(machine.context(), asked(prefix))
    back, context, request = RestoreRequest(id=earlier.restore_points[0]), machine.context(), asked(prefix)
    await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    (prefix.path / "notes/todo.txt").unlink()
    plan = await remove_plan.plan(request, context)
    assert plan.restore_points == earlier.restore_points
    assert (await remove_recover.recover(plan, request, "keep", context)).state == "untouched"


@pytest.mark.parametrize(("stage", "state"), [("keep", "untouched"), ("remove", "untouched"), ("leftovers", "half")])
async def test_without_a_restore_point_the_records_tell_what_is_there(
    machine: RemovalMachine, stage: str, state: str
) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    request = asked(prefix, restore_point=False)
    plan = await remove_plan.plan(request, context)
    assert (await remove_recover.recover(plan, request, stage, context)).state == state
    (prefix.path / "bin/python3.11").unlink()
    assert (await remove_recover.recover(plan, request, "remove", context)).state == "half"


async def test_what_cannot_be_deleted_is_said_with_the_reason(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    real = os.unlink

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        if path == "todo.txt":
            raise OSError(errno.EPERM, "Operation not permitted", path)
        real(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(CondatuiError, match="could not be removed whole") as failed:
        await removed(machine.context(), asked(prefix))
    assert f"{prefix}/notes/todo.txt: Operation not permitted" in failed.value.detail
    assert machine.point_ids()[0] in failed.value.detail
    assert [path.name for path in prefix.path.rglob("*")] == ["notes", "todo.txt"]


async def test_of_a_link_only_the_link_goes(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    link = machine.envs / "current"
    link.symlink_to("nlp")
    before = manifest(prefix.path)
    plan = await planned(machine, link)
    assert [each.id for each in plan.warnings] == ["symlink"]
    await removed(machine.context(), asked(link))
    assert not os.path.lexists(link)
    assert manifest(prefix.path) == before
    assert machine.registry.read_text() == f"{prefix}\n"
    assert machine.point_ids() == []


async def test_what_is_only_registered_is_forgotten(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.vanish(prefix)
    await removed(machine.context(), asked(prefix))
    assert machine.registry.read_text() == ""
    assert machine.point_ids() == []


async def test_what_is_left_of_an_environment_goes_without_conda(machine: RemovalMachine) -> None:
    remains = machine.envs / "half"
    (remains / "lib").mkdir(parents=True)
    (remains / "lib/x.py").write_text("x")
    machine.note(remains, state="orphan")
    machine.conda("touch $0.was_called")
    outcome = await removed(machine.context(), asked(remains))
    assert not remains.exists()
    assert not (machine.root / "bin/conda.was_called").exists()
    assert len(outcome.restore_points) == 1


async def test_base_the_home_and_what_holds_others_are_refused(machine: RemovalMachine) -> None:
    outer = machine.make("outer")
    inner = FakePrefix(outer.path / "envs/inner")
    inner.revision()
    machine.note(machine.root, base=True)
    assert await blockers(machine, machine.root) == ["base"]
    assert await blockers(machine, machine.home) == ["not-an-environment"]
    assert await blockers(machine, outer) == ["holds-environments"]
    assert await blockers(machine, machine.home / "nothing") == ["not-an-environment"]
    assert inner.meta.exists()


async def test_what_something_is_mounted_in_is_refused(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    (prefix.path / "data").mkdir()
    monkeypatch.setattr(snapshot, "mounts", lambda: (Mount(f"{prefix}/data"),))
    assert await blockers(machine, prefix) == ["holds-mount"]


async def test_a_frozen_environment_goes_only_when_asked(machine: RemovalMachine) -> None:
    prefix = machine.make("prod")
    prefix.write("conda-meta/frozen", '{"message": "Ask first."}')
    assert await blockers(machine, prefix) == ["frozen"]
    plan = await planned(machine, prefix, override_frozen=True)
    assert (plan.blockers, plan.confirm) == ((), "prod")


async def test_what_the_user_keeps_goes_only_when_asked(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    marks = UserMarks(kept=((str(prefix), KeepMark(note="the paper")),))
    plain = machine.context()
    context = dataclasses.replace(plain, inventory=replace(plain.inventory, marks=marks))
    plan = await remove_plan.plan(asked(prefix), context)
    assert [(each.id, each.message, each.remedy) for each in plan.blockers] == [
        ("kept", "nlp is kept (the paper).", Unkeep(prefix=str(prefix)))
    ]
    plan = await remove_plan.plan(asked(prefix, override_kept=True), context)
    assert (plan.blockers, plan.confirm, [each.id for each in plan.warnings][:1]) == ((), "nlp", ["kept"])


async def test_nothing_goes_while_what_is_kept_is_not_known(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    plain = machine.context()
    context = dataclasses.replace(plain, inventory=replace(plain.inventory, marks_unknown=True))
    plan = await remove_plan.plan(asked(prefix), context)
    assert [(each.id, each.remedy) for each in plan.blockers] == [
        ("keep-unreadable", RepairMarks(file=str(context.locations.keep_file)))
    ]
    assert (await remove_plan.plan(asked(prefix, override_kept=True), context)).blockers == ()


@pytest.mark.parametrize(("fields", "confirm"), [({}, ""), ({"restore_point": False}, "nlp")])
async def test_a_word_is_asked_for_only_where_something_is_at_risk(
    machine: RemovalMachine, fields: dict[str, bool], confirm: str
) -> None:
    assert (await planned(machine, machine.make("nlp"), **fields)).confirm == confirm


async def test_more_than_the_limit_is_kept_only_when_that_was_agreed(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    request, small = asked(prefix), machine.context(restore_point_bytes=100)
    unaware = await remove_plan.plan(request, machine.context())
    with pytest.raises(RefusedError, match="restore_point_bytes"):
        await remove_perform.perform(unaware, request, small, PlainWork())
    assert prefix.path.exists()
    assert machine.point_ids() == []
    plan = await remove_plan.plan(request, small)
    assert (plan.confirm, [each.id for each in plan.warnings]) == ("nlp", ["restore-point-large", "no-cache"])
    await remove_perform.perform(plan, request, small, PlainWork())
    assert len(machine.point_ids()) == 1


async def test_a_plan_decides_by_what_it_saw_and_not_by_what_it_says(machine: RemovalMachine) -> None:
    prefix, other = machine.make("nlp"), machine.make("cv")
    request, small = asked(prefix), machine.context(restore_point_bytes=100)
    plan = await remove_plan.plan(request, small)
    assert plan.removal and plan.removal.directories == plan.removal.over_limit == (str(prefix),)
    elsewhere = replace(plan, removal=PlannedRemoval(directories=(str(other),), over_limit=(str(other),)))
    with pytest.raises(RefusedError, match="has appeared since"):
        await remove_perform.perform(elsewhere, request, small, PlainWork())
    await remove_perform.perform(replace(plan, steps=(), warnings=()), request, small, PlainWork())
    assert not prefix.path.exists()


async def test_too_little_room_for_the_restore_point_is_said_beforehand(machine: RemovalMachine) -> None:
    request, context, freed = asked(machine.make("nlp")), machine.context(), InodeTally()
    candidates = await inspect_targets(request.prefixes, context, freed=freed)
    points = Points(directory="/full", free_bytes=10)
    plan = removal_plan(candidates, points, request, context, frees=freed.bytes)
    assert [(each.id, each.evidence) for each in plan.blockers] == [("no-space", ("/full",))]
    without = asked(*request.prefixes, restore_point=False)
    assert removal_plan(candidates, points, without, context, frees=freed.bytes).blockers == ()


async def test_what_is_changed_while_it_is_kept_is_not_removed(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")

    def and_something_happens(
        file: Path, root: str, entries: Sequence[TreeEntry], on_bytes: Callable[[int], None]
    ) -> dict[str, str]:
        digests = write_archive(file, root, entries, on_bytes)
        prefix.write("notes/new.txt", "just written")
        return digests

    monkeypatch.setattr(create, "write_archive", and_something_happens)
    with pytest.raises(RefusedError, match=r"notes"):
        await removed(machine.context(), asked(prefix))
    assert (prefix.path / "notes/new.txt").exists()
    assert machine.point_ids() == []


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond two kilobytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_on_a_full_disk_nothing_is_removed(machine: RemovalMachine, full_disk: None) -> None:
    prefix = machine.make("nlp")
    for name in ("noise", "more"):
        prefix.write(name, os.urandom(2048))
    before = manifest(prefix.path)
    with pytest.raises(CondatuiError, match="No restore point of nlp could be made") as failed:
        await removed(machine.context(), asked(prefix))
    assert "File too large" in failed.value.detail
    assert manifest(prefix.path) == before
    assert machine.point_ids() == []


async def test_what_vanishes_between_plan_and_job_does_no_harm(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    context, request = machine.context(), asked(prefix)
    plan = await remove_plan.plan(request, context)
    machine.vanish(prefix)
    await remove_perform.perform(plan, request, context, PlainWork())
    assert machine.registry.read_text() == ""
    vanishing = machine.make("two")
    work = PlainWork(before_stage=lambda name: machine.vanish(vanishing) if name == "keep" else None)
    with pytest.raises(CondatuiError, match="cannot be read"):
        await removed(machine.context(), asked(vanishing), work)


@pytest.mark.parametrize("name", ["-p", "a b", "$(touch x)", "$HOME", "; rm", "n" * 200, "caf\udce9"])
async def test_no_name_is_taken_for_anything_else(machine: RemovalMachine, name: str) -> None:
    prefix, other = machine.make(name), machine.make("other")
    (machine.envs / "x").mkdir()
    outcome = await removed(machine.context(), asked(prefix))
    (point,) = outcome.restore_points
    assert sorted(os.listdir(machine.envs)) == ["other", "x"]
    assert other.meta.exists()
    back = RestoreRequest(id=point)
    context = machine.context()
    restored = await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    assert (prefix.path / "notes/todo.txt").exists()
    assert restored.findings == ()


async def test_in_a_batch_one_that_fails_stops_no_other(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefixes = [machine.make(f"e{number:03}", registered=False) for number in range(40)]
    cannot_set_aside(monkeypatch, "e007")
    request = asked(*prefixes)
    plan = await remove_plan.plan(request, machine.context())
    assert (plan.title, plan.packages, plan.confirm) == ("Remove 40 environments", 40 * (1 + 1), "")
    outcome = await remove_perform.perform(plan, request, machine.context(), PlainWork())
    assert sorted(os.listdir(machine.envs)) == ["e007"]
    assert len(outcome.restore_points) == len(machine.point_ids()) == 39
    assert [(each.id, "e007" in each.message) for each in outcome.findings] == [("not-removed", True)]
    after = await remove_recover.recover(plan, request, "leftovers", machine.context())
    assert (after.state, after.way_out) == ("half", asked(prefixes[7]))


async def test_in_a_batch_an_error_of_the_disk_hides_nothing_that_went(machine: RemovalMachine) -> None:
    request = asked(*(machine.make(name) for name in ("one", "two", "three")))
    plan = await remove_plan.plan(request, machine.context())
    kept: list[str] = []

    def break_it(stage: str) -> None:
        kept.extend([stage] if stage == "keep" else [])
        if stage == "keep" and len(kept) == 2:
            raise OSError(errno.EIO, "Input/output error", "/a/disk")

    outcome = await remove_perform.perform(plan, request, machine.context(), PlainWork(before_stage=break_it))
    assert os.listdir(machine.envs) == ["two"]
    assert len(outcome.restore_points) == 2
    assert [(each.id, each.message) for each in outcome.findings] == [
        ("not-removed", f"{machine.envs / 'two'}: Input/output error")
    ]


async def test_nothing_outside_is_touched_through_links(machine: RemovalMachine, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/file").write_text("precious")
    prefix = machine.make("nlp")
    (prefix.path / "lib/away").symlink_to(outside)
    (prefix.path / "bin/file").symlink_to(outside / "deep/file")
    await removed(machine.context(), asked(prefix))
    assert (outside / "deep/file").read_text() == "precious"


async def test_pipes_and_sockets_are_never_opened(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = machine.make("nlp")
    os.mkfifo(prefix.path / "pipe", 0o600)
    monkeypatch.chdir(prefix.path)  # the path of a socket may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("sock")
    monkeypatch.chdir("/")
    plan = await planned(machine, prefix)
    assert [each.evidence for each in plan.warnings if each.id == "not-kept"] == [("sock: a socket",)]
    outcome = await removed(machine.context(), asked(prefix))
    back, context = RestoreRequest(id=outcome.restore_points[0]), machine.context()
    await restore_perform.perform(await restore_plan.plan(back, context), back, context, PlainWork())
    assert stat.S_ISFIFO((prefix.path / "pipe").lstat().st_mode)
    assert not (prefix.path / "sock").exists()


async def test_the_real_conda_knows_nothing_of_it_any_more(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "half-cloned")
    context = await context_of(sandbox)
    with (sandbox.home / ".conda/environments.txt").open("a") as registry:
        registry.write("/not/mounted/now\n")
    outcome = await removed(context, asked(sandbox.prefixes["notebooks"], sandbox.prefixes["half-cloned"]))
    assert "/not/mounted/now\n" in (sandbox.home / ".conda/environments.txt").read_text()
    assert not sandbox.prefixes["notebooks"].exists()
    assert not sandbox.prefixes["half-cloned"].exists()
    assert "notebooks" not in (sandbox.home / ".conda/environments.txt").read_text()
    assert len(outcome.restore_points) == 2
    command = [sandbox.conda, "env", "list", "--json"]
    listed = await asyncio.to_thread(
        partial(subprocess.run, command, env=sandbox.environ, capture_output=True, check=True)
    )
    assert str(sandbox.prefixes["notebooks"]) not in json.loads(listed.stdout)["envs"]


async def test_the_plan_says_what_names_the_environment(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    (machine.home / ".bashrc").write_text("# mine\nconda activate nlp\n")
    context = machine.context()
    plan = await remove_plan.plan(asked(prefix), context)
    (told,) = (each for each in plan.warnings if each.id == "named-elsewhere")
    assert told.message == "nlp is named elsewhere, which stays as it is: ~/.bashrc line 2."
    assert told.evidence == (f"{machine.home}/.bashrc:2: conda activate nlp",)
