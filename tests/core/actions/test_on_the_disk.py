"""What is called done is on the disk: a power cut at that moment takes nothing back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.actions.checkpoint import make_checkpoint, subject_of
from condatui_core.actions.clone import perform as clone_perform
from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.export import perform as export_perform
from condatui_core.actions.export import plan as export_plan
from condatui_core.actions.pack.messages import ARCHIVE
from condatui_core.actions.pack.place import PackPlace
from condatui_core.actions.registry import find_action
from condatui_core.fs import atomic_write, sync
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.job import Outcome
from condatui_core.records.request import (
    CleanRequest,
    CleanupRequest,
    CloneRequest,
    ExportRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    Request,
    UpdateRequest,
)
from condatui_core.records.restore_point import Occasion
from support.contexts import asking
from support.kernels import make_kernel
from support.plain_work import PlainWork, brought_back, removed
from support.power_cut import Disk, mounted_disk
from support.prefixes import FakePrefix
from support.removals import LINKS, RemovalMachine

FILES = 50


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted_disk(tmp_path) as disk:
        yield disk


def make(machine: RemovalMachine) -> FakePrefix:
    """An environment with files of its own, and one that its conda brings back without syncing anything."""
    prefix = machine.make("nlp")
    machine.install(prefix, package := machine.cache("libx"), copied=True)
    for number in range(FILES):
        prefix.write(f"notes/{number}", os.urandom(20_000))
    machine.conda(
        f'mkdir -p "$3/lib"; cp {package}/lib/* "$3/lib"; for each in python-3.11.9-h123_0_cpython libx-1.0-0; do\n'
        f'cp {machine.home}/records/$each.json "$3/conda-meta"; done'
    )
    (machine.home / "records").mkdir()
    for record in prefix.meta.glob("*.json"):
        (machine.home / "records" / record.name).write_bytes(record.read_bytes())
    os.sync()
    return prefix


async def cloned(machine: RemovalMachine, prefix: Path, target: Path) -> None:
    request, context = CloneRequest(source=str(prefix), target=str(target)), machine.context()
    await clone_perform.perform(await clone_plan.plan(request, context), request, context, PlainWork())


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and contents of everything below a directory, by its path in it."""
    return {
        str(each.relative_to(directory)): (each.lstat().st_mode, each.read_bytes() if each.is_file() else b"")
        for each in (directory, *directory.rglob("*"))
    }


def test_what_was_not_synced_is_lost_in_a_power_cut(disk: Disk) -> None:
    """Or the tests below would prove nothing."""
    (disk.path / "file").write_bytes(b"x" * 20_000)
    with disk.after_power_cut() as left:
        assert not (left / "file").exists() or not (left / "file").read_bytes()


async def test_a_power_cut_takes_nothing_of_what_was_brought_back(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix = make(machine)
    before = contents(prefix.path)
    (point,) = await removed(machine.context(), prefix)
    assert (await brought_back(machine.context(), point)).findings == ()
    with disk.after_power_cut() as left:
        assert contents(left / prefix.path.relative_to(disk.path)) == before
        assert f"{prefix}\n" in (left / machine.registry.relative_to(disk.path)).read_text()


async def test_a_power_cut_takes_nothing_of_a_clone(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix, target = make(machine), machine.envs / "clone"
    await cloned(machine, prefix.path, target)
    made = contents(target)
    assert len(made) > FILES
    with disk.after_power_cut() as left:
        assert contents(left / target.relative_to(disk.path)) == made


async def test_a_power_cut_does_not_bring_back_what_was_removed_and_takes_nothing_of_its_restore_point(
    disk: Disk,
) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix = make(machine)
    (point,) = await removed(machine.context(), prefix.path)
    kept = contents(machine.points / point)
    with disk.after_power_cut() as left:
        assert contents(left / (machine.points / point).relative_to(disk.path)) == kept
        assert os.listdir(left / machine.envs.relative_to(disk.path)) == []


async def test_a_power_cut_takes_nothing_of_an_export(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix = make(machine)
    file = disk.path / "environment.yml"
    request, context = ExportRequest(prefix=str(prefix), file=str(file)), machine.context()
    await export_perform(await export_plan(request, context), request, context, PlainWork())
    with disk.after_power_cut() as left:
        assert (left / "environment.yml").read_bytes() == file.read_bytes()


def test_a_power_cut_takes_nothing_of_a_packed_directory(disk: Disk) -> None:
    place = PackPlace(str(disk.path / "packed"), "job", replace=False)
    place.make()
    packed = place.directory / ARCHIVE
    (packed / "lib").mkdir(parents=True)
    for number in range(FILES):
        (packed / "lib" / str(number)).write_bytes(os.urandom(20_000))
    before = contents(packed)
    place.put()
    with disk.after_power_cut() as left:
        assert contents(left / "packed") == before
    place.remove()


async def test_a_power_cut_takes_nothing_of_what_was_brought_back_over_an_environment(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix = make(machine)
    before, context = contents(prefix.path), machine.context()
    subject = subject_of(str(prefix), context, Occasion(change="update"))
    point = make_checkpoint(subject, context, PlainWork(), limited=True).point.id
    prefix.write("notes/1", "another")
    outcome = await brought_back(context, point)
    with disk.after_power_cut() as left:
        assert contents(left / prefix.path.relative_to(disk.path)) == before
        assert os.listdir(left / machine.envs.relative_to(disk.path)) == [prefix.path.name]
        assert_points_are_whole(machine, outcome, disk, left)


async def test_a_power_cut_takes_nothing_of_an_update(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix, baseline = make(machine), machine.make("baseline")
    baseline.package("libx", "2.0", files={"lib/libx.so": os.urandom(20_000)})
    known(machine, prefix, baseline)
    outcome = await done(machine, UpdateRequest(prefixes=(str(prefix),), like=str(baseline)))
    after = contents(prefix.path)
    assert {"conda-meta/libx-2.0-0.json", "notes/1"} <= after.keys()
    with disk.after_power_cut() as left:
        assert contents(left / prefix.path.relative_to(disk.path)) == after
        assert_points_are_whole(machine, outcome, disk, left)


async def test_a_power_cut_takes_nothing_of_a_merge(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    keeper, member = make(machine), machine.make("member")
    member.pip_install("rich")
    known(machine, keeper, member)
    outcome = await done(machine, MergeRequest(keeper=str(keeper), member=str(member)))
    after = contents(member.path)
    assert {"conda-meta/libx-1.0-0.json", "notes/1", "lib/python3.11/site-packages/rich/__init__.py"} <= after.keys()
    with disk.after_power_cut() as left:
        assert contents(left / member.path.relative_to(disk.path)) == after
        assert sorted(os.listdir(left / machine.envs.relative_to(disk.path))) == ["member", "nlp"]
        assert_points_are_whole(machine, outcome, disk, left)


async def test_a_power_cut_does_not_bring_back_leftovers_kernels_and_what_was_in_caches(disk: Disk) -> None:
    machine = RemovalMachine(disk.path / "home")
    prefix, idle = make(machine), machine.cache("idle")
    prefix.write("lib/python3.10/site-packages/old.py", "of an older python")
    kernel = make_kernel(machine.home / ".local/share/jupyter/kernels/gone", str(machine.envs / "gone/bin/python"))
    known(machine, prefix)
    leftovers, kernels = LeftoversRequest(prefixes=(str(prefix),)), KernelsRequest(paths=(str(kernel),))
    caches = CleanRequest(pkgs_dirs=(str(machine.root / "pkgs"),), what=("packages",))
    outcome = await done(machine, CleanupRequest(parts=(leftovers, caches, kernels)))
    after, copies = contents(prefix.path), contents(machine.home / ".condatui/state/kernels")
    assert any(path.endswith("kernel.json") for path in copies)
    with disk.after_power_cut() as left:
        assert contents(left / prefix.path.relative_to(disk.path)) == after
        assert contents(left / "home/.condatui/state/kernels") == copies
        assert [each for each in (kernel, idle) if (left / each.relative_to(disk.path)).exists()] == []
        assert_points_are_whole(machine, outcome, disk, left)


def known(machine: RemovalMachine, *prefixes: FakePrefix) -> None:
    """Let the machine know these as they are now, and have a conda that links; all of it is on the disk."""
    machine.environments.clear()
    for each in prefixes:
        machine.note(each.path)
    machine.conda(LINKS)
    os.sync()


async def done(machine: RemovalMachine, request: Request) -> Outcome:
    """Plan something and carry it out."""
    context, action = asking(machine.context()), find_action(request)
    plan = await action.plan(request, context)
    assert plan.blockers == ()
    outcome: Outcome = await action.perform(plan, plan.request, context, PlainWork())
    assert not outcome.stopped
    return outcome


def assert_points_are_whole(machine: RemovalMachine, outcome: Outcome, disk: Disk, left: Path) -> None:
    (point,) = outcome.restore_points
    assert contents(left / (machine.points / point).relative_to(disk.path)) == contents(machine.points / point)


def without_marker(seen: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    return {path: each for path, each in seen.items() if path != HALF_MADE}


@pytest.mark.parametrize("how", ["restored", "cloned"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_all_is_synced_before_the_mark_of_what_is_half_made_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, at_once: bool
) -> None:
    machine = RemovalMachine(tmp_path / "home")
    prefix = make(machine)
    target = prefix.path if how == "restored" else machine.envs / "clone"
    seen: list[dict[str, tuple[int, bytes]]] = []
    synced: set[str] = set()

    def whole(path: str) -> bool:
        if path == str(target):
            seen.append(contents(target))
        return at_once

    def one(path: str) -> None:
        synced.add(os.path.relpath(path, target))
        atomic_write.sync_path(path)

    points = await removed(machine.context(), prefix) if how == "restored" else ()
    monkeypatch.setattr(sync, "sync_file_system", whole)
    monkeypatch.setattr(sync, "sync_path", one)
    await (brought_back(machine.context(), points[0]) if points else cloned(machine, prefix.path, target))
    (last,) = seen
    assert HALF_MADE in last
    assert without_marker(last) == contents(target)
    assert at_once or synced == {path for path in last if not os.path.islink(target / path)}
