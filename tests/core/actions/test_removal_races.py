"""What others do at the path of an environment, and in it, while it is removed: nothing of theirs goes or is lost."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.remove import recover as remove_recover
from condatui_core.actions.set_aside import SetAside, is_of, origin_of, set_aside_of
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.delete_tree import Goes, Leftover
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.job import Outcome
from condatui_core.records.request import RemoveRequest
from condatui_core.restore_points.store import all_points
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.plain_work import PlainWork
from support.prefixes import FakePrefix
from support.removals import RemovalMachine, dying_deletion
from support.tiers import thorough

_COMES_UP = """
import os, sys
kind, path, target = sys.argv[1:]
print("ready", flush=True)
while True:  # until it is free
    try:
        os.mkdir(path) if kind == "directory" else os.symlink(target, path)
        break
    except FileExistsError:
        pass
"""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory with the same names as an environment, which is nobody's to remove."""
    path = tmp_path / "outside"
    for name in ("conda-meta/history", "bin/python3.11", "notes/todo.txt"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("precious")
    return path


async def removed(context: JobContext, prefix: object, work: PlainWork | None = None, **fields: bool) -> Outcome:
    request = RemoveRequest(prefixes=(str(prefix),), **fields)
    plan = await remove_plan.plan(request, context)
    assert plan.blockers == ()
    return await remove_perform.perform(plan, request, context, work or PlainWork())


def at_stage(stage: str, do: Callable[[], object]) -> PlainWork:
    """Let something happen when a stage begins."""
    return PlainWork(before_stage=lambda name: do() if name == stage else None)  # type: ignore[arg-type]


def when_set_aside(monkeypatch: pytest.MonkeyPatch, do: Callable[[str], object], *, times: int = 1) -> None:
    """Let something happen to what is set aside right before it is compared, so many times."""
    first_change, left = PrefixSnapshot.first_change, [times]

    def compare(snapshot: PrefixSnapshot, moved_to: str = "") -> str:
        if moved_to and left[0]:
            left[0] -= 1
            do(moved_to)
        return first_change(snapshot, moved_to)

    monkeypatch.setattr(PrefixSnapshot, "first_change", compare)


def when_deleted(monkeypatch: pytest.MonkeyPatch, do: Callable[[str], object]) -> None:
    """Let something happen after what is set aside was compared, right before it is deleted."""
    delete = SetAside.delete

    def and_delete(aside: SetAside, goes: Goes) -> tuple[Leftover, ...]:
        do(aside.path)
        return delete(aside, goes)

    monkeypatch.setattr(SetAside, "delete", and_delete)


def everything_kept(machine: RemovalMachine) -> dict[str, bytes]:
    """The contents that all restore points hold, by the name of the file in its directory."""
    found = {}
    for archive in machine.points.glob("*/files.tar.gz"):
        with tarfile.open(fileobj=gzip.open(archive)) as tar:
            for each in tar:
                if each.isfile() and (stream := tar.extractfile(each)):
                    found[os.path.basename(each.name)] = stream.read()
    return found


def names_in(directory: Path) -> list[str]:
    """The names of all files."""
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


def contents(directory: Path) -> dict[str, bytes]:
    """What is in all files."""
    return {os.path.relpath(each, directory): each.read_bytes() for each in directory.rglob("*") if each.is_file()}


@pytest.mark.parametrize("kind", [*thorough(["directory"]), "link"])
async def test_what_another_process_makes_as_soon_as_the_path_is_free_stays(
    sandbox_copy: Callable[..., Sandbox], outside: Path, kind: str
) -> None:
    sandbox = sandbox_copy("notebooks")
    prefix, before = sandbox.prefixes["notebooks"], contents(outside)
    context = await context_of(sandbox)
    other = subprocess.Popen(  # noqa: ASYNC220 - started here, and at work beside it
        [sys.executable, "-c", _COMES_UP, kind, str(prefix), str(outside)], stdout=subprocess.PIPE
    )
    try:
        assert other.stdout and other.stdout.readline()
        outcome = await removed(context, prefix)
        assert other.wait(60) == 0
    finally:
        other.kill()
        other.communicate()
    assert (prefix.is_symlink(), prefix.is_dir()) == (kind == "link", True)
    assert contents(outside) == before
    assert set_aside_of(str(prefix)) == ()
    assert len(outcome.restore_points) == 1


@pytest.mark.parametrize("restore_point", [True, False])
async def test_what_has_taken_the_place_of_what_was_planned_stays(
    machine: RemovalMachine, tmp_path: Path, *, restore_point: bool
) -> None:
    prefix, keeps = machine.make("nlp"), machine.make("cv")
    request = RemoveRequest(prefixes=(str(keeps), str(prefix)), restore_point=restore_point)
    plan = await remove_plan.plan(request, machine.context())
    prefix.path.rename(tmp_path / "elsewhere")
    before = contents(machine.make("nlp").path)
    outcome = await remove_perform.perform(plan, request, machine.context(), PlainWork())
    assert contents(prefix.path) == before
    assert not keeps.path.exists()
    (told,) = (each.message for each in outcome.findings if each.id == "not-removed")
    assert told == f"{prefix}: nlp is another directory than when this was planned."


async def test_another_directory_is_known_by_its_conda_meta_if_it_has_the_number_of_the_former_one(
    machine: RemovalMachine, tmp_path: Path
) -> None:
    prefix = machine.make("nlp")
    request = RemoveRequest(prefixes=(str(prefix),), restore_point=False)
    plan = await remove_plan.plan(request, machine.context())
    records = prefix.path / "conda-meta"
    records.rename(tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", records)
    with pytest.raises(RefusedError, match="another directory than when this was planned"):
        await remove_perform.perform(plan, request, machine.context(), PlainWork())
    assert (prefix.path / "notes/todo.txt").is_file()


@pytest.mark.parametrize("kind", ["directory", "environment", "link", "file"])
async def test_what_comes_up_at_the_path_is_told(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch, outside: Path, kind: str
) -> None:
    prefix, before = machine.make("nlp"), contents(outside)

    def come_up(aside: str) -> None:
        if kind == "file":
            prefix.path.write_text("new")
        elif kind == "link":
            prefix.path.symlink_to(outside)
        else:
            prefix.path.mkdir()
        if kind == "environment":
            FakePrefix(prefix.path).revision()

    when_deleted(monkeypatch, come_up)
    outcome = await removed(machine.context(), prefix)
    assert [each.id for each in outcome.findings] == ["come-up"]
    assert os.path.lexists(prefix.path)
    assert contents(outside) == before
    assert (machine.registry.read_text() != "") == (kind in ("environment", "link")), "conda knows an environment there"
    assert os.listdir(machine.envs) == ["nlp"]


async def test_a_directory_that_is_swapped_for_a_link_is_not_followed(machine: RemovalMachine, outside: Path) -> None:
    prefix, away = machine.make("nlp"), machine.home / "away"
    before, whole = contents(outside), contents(prefix.path)

    def swap() -> None:
        prefix.path.rename(away)
        prefix.path.symlink_to(outside)

    with pytest.raises(RefusedError, match="Something else is at"):
        await removed(machine.context(), prefix, at_stage("remove", swap))
    assert contents(outside) == before
    assert contents(away) == whole
    assert prefix.path.readlink() == outside
    assert (machine.point_ids(), os.listdir(machine.envs)) == ([], ["nlp"])


async def test_what_is_set_aside_is_not_followed_either(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch, outside: Path
) -> None:
    prefix, away = machine.make("nlp"), machine.home / "away"
    before, whole = contents(outside), contents(prefix.path)

    def swap(aside: str) -> None:
        os.rename(aside, away)
        os.symlink(outside, aside)

    when_deleted(monkeypatch, swap)
    with pytest.raises(CondatuiError, match="was moved elsewhere") as failed:
        await removed(machine.context(), prefix)
    assert machine.point_ids()[0] in failed.value.detail
    assert contents(outside) == before
    assert contents(away) == whole


async def test_no_file_is_lost_that_is_written_in_any_stage(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By somebody whose working directory is in it; each is deleted with a restore point of it, or stays."""
    prefix = machine.make("nlp")
    notes = os.open(prefix.path / "notes", os.O_RDONLY)
    written: list[str] = []

    def write(*_: object) -> None:
        for number in range(20):
            name = f"new-{len(written) + number}"
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=notes)
            os.write(descriptor, name.encode())
            os.close(descriptor)
        written.extend(f"new-{number}" for number in range(len(written), len(written) + 20))

    when_set_aside(monkeypatch, write, times=2)
    when_deleted(monkeypatch, write)
    with pytest.raises(CondatuiError, match="could not be removed whole") as failed:
        await removed(
            machine.context(), prefix, PlainWork(before_stage=lambda name: write() if name != "leftovers" else None)
        )
    os.close(notes)
    assert len(written) == 120
    there = {*names_in(prefix.path), *everything_kept(machine)}
    assert [name for name in written if name not in there] == []
    assert names_in(prefix.path) == sorted(written[-20:])
    assert len(machine.point_ids()) == 1, "those that were made for nothing are deleted"
    assert f"{prefix}/notes/{written[-1]}: it was not there before" in failed.value.detail


async def test_a_file_that_is_changed_before_it_is_deleted_stays(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    when_deleted(monkeypatch, lambda aside: Path(aside, "notes/todo.txt").write_text("more than before"))
    with pytest.raises(CondatuiError, match="could not be removed whole"):
        await removed(machine.context(), prefix)
    assert (prefix.path / "notes/todo.txt").read_text() == "more than before"
    assert everything_kept(machine)["todo.txt"] == b"of nlp"


async def test_what_does_not_come_to_rest_is_put_back(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = machine.make("nlp")
    numbers = iter(range(100))
    when_set_aside(monkeypatch, lambda aside: Path(aside, f"new-{next(numbers)}").touch(), times=100)
    with pytest.raises(RefusedError, match="is being changed right now"):
        await removed(machine.context(), prefix)
    assert os.listdir(machine.envs) == ["nlp"]
    assert (prefix.path / "notes/todo.txt").exists()
    assert machine.registry.read_text() == f"{prefix}\n"
    assert machine.point_ids() == []


async def test_what_cannot_be_put_back_is_told_with_the_way_back(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, context = machine.make("nlp"), machine.context()
    numbers = iter(range(100))

    def come_up(aside: str) -> None:
        prefix.path.mkdir(exist_ok=True)
        Path(aside, f"new-{next(numbers)}").touch()

    when_set_aside(monkeypatch, come_up, times=100)
    request = RemoveRequest(prefixes=(str(prefix),))
    plan = await remove_plan.plan(request, context)
    with pytest.raises(CondatuiError, match="is being changed right now") as failed:
        await remove_perform.perform(plan, request, context, PlainWork())
    (aside,) = set_aside_of(str(prefix))
    assert f"mv -- {aside} {prefix}" in str(failed.value)
    assert Path(aside, "notes/todo.txt").exists()
    after = await remove_recover.recover(plan, request, "remove", context)
    assert (after.state, after.way_out) == ("half", RemoveRequest(prefixes=(aside,)))
    assert f"nlp is whole, set aside in {aside}" in after.message
    assert os.listdir(prefix.path) == []
    again = await remove_plan.plan(request, context)
    assert "set-aside" in [each.id for each in again.warnings]
    monkeypatch.undo()
    outcome = await removed(context, aside)
    assert [each.prefix for each in all_points(machine.points)] == [str(prefix)]
    assert (len(outcome.restore_points), set_aside_of(str(prefix))) == (1, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may rename everything")
async def test_in_a_directory_that_may_not_be_written_nothing_is_removed(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    before = contents(prefix.path)
    lock = at_stage("remove", lambda: machine.envs.chmod(stat.S_IRUSR | stat.S_IXUSR))
    try:
        with pytest.raises(CondatuiError, match="could not be set aside: nothing was changed"):
            await removed(machine.context(), prefix, lock)
    finally:
        machine.envs.chmod(stat.S_IRWXU)
    assert contents(prefix.path) == before
    assert machine.point_ids() == []


async def test_without_a_restore_point_nothing_else_goes_either(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")
    when_deleted(monkeypatch, lambda aside: prefix.path.mkdir())
    await removed(machine.context(), prefix, restore_point=False)
    assert os.listdir(machine.envs) == ["nlp"]
    assert os.listdir(prefix.path) == []


async def test_what_conda_would_do_outside_is_told(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    prefix.write("bin/.tool-pre-unlink.sh", "true")
    prefix.write("Menu/tool.json", "{}")
    shortcut = machine.home / ".local/share/applications/tool.desktop"
    shortcut.parent.mkdir(parents=True)
    shortcut.write_text(f"[Desktop Entry]\nExec={prefix}/bin/tool\n")
    shortcut.with_name("other.desktop").write_text("[Desktop Entry]\nExec=/usr/bin/tool\n")
    plan = await remove_plan.plan(RemoveRequest(prefixes=(str(prefix),)), machine.context())
    told = {each.id: each.evidence for each in plan.warnings}
    assert told["unlink-scripts"] == ("bin/.tool-pre-unlink.sh",)
    assert told["menu"] == (str(shortcut),)


@pytest.mark.parametrize("name", ["nlp", "a b\n", "x" * 255, "é" * 120, ".hidden", "caf\udce9"])
async def test_what_is_set_aside_is_found_again_by_any_name(machine: RemovalMachine, name: str) -> None:
    prefix = machine.make(name)
    before = contents(prefix.path)
    other = machine.make("other")
    when: list[tuple[str, ...]] = []

    def look(aside: SetAside, goes: Goes) -> tuple[Leftover, ...]:
        when.append((*set_aside_of(str(prefix)), aside.path))
        return ()

    with pytest.MonkeyPatch.context() as patched, pytest.raises(CondatuiError, match="could not be removed whole"):
        patched.setattr(SetAside, "delete", look)
        await removed(machine.context(), prefix)
    ((found, path),) = when
    assert found == path
    assert is_of(path, str(prefix)) and not is_of(path, str(other))
    assert origin_of(path) == str(prefix) or len(os.fsencode(name)) > 200
    assert contents(prefix.path) == before, "it was put back"


async def test_a_half_that_was_put_back_is_no_environment(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    with dying_deletion("conda-meta/history"):
        await removed(machine.context(), prefix)
    assert set_aside_of(str(prefix)) == ()
    assert not (prefix.meta / "history").exists()


async def test_of_what_is_deleted_the_history_goes_first_and_the_records_last(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, unlink, gone = machine.make("nlp"), os.unlink, []

    def note(path: str, *, dir_fd: int | None = None) -> None:
        gone.append(path)
        unlink(path, dir_fd=dir_fd)

    files = len(contents(prefix.path))
    when_deleted(monkeypatch, lambda aside: monkeypatch.setattr(os, "unlink", note))
    await removed(machine.context(), prefix, restore_point=False)
    assert gone[0] == "history"
    assert gone[files - 1].endswith(".json"), "what is left of an environment is known by its records"
