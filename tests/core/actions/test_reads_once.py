"""An action reads a prefix once: every record is parsed at most once, and the tree is walked at most once."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from condatui_core.actions import guards, keep_point
from condatui_core.actions.clone import perform as clone_perform
from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.merge import plan as merge_plan
from condatui_core.actions.prefix_state import PrefixState
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.fs.held_tree import HeldTree
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.finding import Finding
from condatui_core.records.request import CheckpointRequest, CloneRequest, MergeRequest, RemoveRequest
from condatui_core.records.restore_point import RestorePoint
from condatui_core.restore_points import store
from condatui_core.restore_points.create import RestorePointSource, create_restore_point, estimate
from support.inventories import NOW
from support.plain_work import PlainWork
from support.prefix_reads import reads_of
from support.prefixes import FakePrefix
from support.removals import RemovalMachine

PACKAGES = 45
LINKS = """
case "$*" in
  *--file*)
    cp -a {source}/lib {source}/bin "$3/"
    cp -a {source}/conda-meta/*.json "$3/conda-meta/";;
esac
"""
"""A conda that makes of a target what its source is."""
LONG_AGO = 1_600_000_000


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


@pytest.fixture
def prefix(machine: RemovalMachine) -> FakePrefix:
    """An environment of 45 packages, some of them in the cache, whose directories were left alone for long."""
    made = machine.make("nlp")
    for number in range(PACKAGES // 3):
        made.package(f"libx{number}", files={f"lib/x{number}/{each}.so": b"x" * 100 for each in range(10)})
        made.python_package(f"module{number}")
        machine.install(made, machine.cache(f"liby{number}"))
    machine.environments.clear()
    machine.note(made.path)
    _age(made.path)
    return made


def _age(prefix: Path) -> None:
    """What was changed a moment ago is listed once more, for the time of a change tells too little of it."""
    for directory, _, _ in os.walk(prefix):
        os.utime(directory, (LONG_AGO, LONG_AGO))


async def test_planning_a_removal(machine: RemovalMachine, prefix: FakePrefix) -> None:
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    with reads_of(prefix) as reads:
        plan = await remove_plan.plan(request, context)
    assert (plan.packages, len(reads.records)) == (PACKAGES + 2, PACKAGES + 1)  # one is of pip
    assert (reads.parses, reads.walks) == (1, 1)


async def test_making_a_restore_point_on_request(machine: RemovalMachine, prefix: FakePrefix) -> None:
    request, context = CheckpointRequest(prefixes=(str(prefix),)), machine.context()
    plan = await keep_point.plan(request, context)
    with reads_of(prefix) as reads:
        await keep_point.perform(plan, request, context, PlainWork())
    assert (reads.parses, reads.walks) == (1, 1)


@pytest.mark.parametrize("restore_point", [True, False])
async def test_carrying_out_a_removal(machine: RemovalMachine, prefix: FakePrefix, restore_point: bool) -> None:
    request, context = RemoveRequest(prefixes=(str(prefix),), restore_point=restore_point), machine.context()
    plan = await remove_plan.plan(request, context)
    with reads_of(prefix) as reads:
        await remove_perform.perform(plan, request, context, PlainWork())
    assert not prefix.path.exists()
    assert (reads.parses, reads.walks) == (1, 1)


async def test_a_removal_from_its_plan_to_its_end(machine: RemovalMachine, prefix: FakePrefix) -> None:
    """Once for the plan and once when it is done; to copy a record into the restore point is not to parse it."""
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    with reads_of(prefix) as reads:
        plan = await remove_plan.plan(request, context)
        await remove_perform.perform(plan, request, context, PlainWork())
    assert not prefix.path.exists()
    assert {*reads.records.values()} == {2}, reads.records
    assert reads.walks == 2, reads.directories


def keep(machine: RemovalMachine, prefix: FakePrefix) -> RestorePoint:
    """Make a restore point as a removal does."""
    directory, name = machine.points, prefix.path.name
    subject = RestorePointSource(
        prefix=str(prefix), name=name, at=NOW, host="", user="", root_prefix=str(machine.root), conda_version="24.7.1"
    )
    found = estimate(read_snapshot(str(prefix)), (str(machine.root / "pkgs"),), thorough=True)
    return create_restore_point(directory, subject, found, lambda count: None)


def test_making_a_restore_point(machine: RemovalMachine, prefix: FakePrefix) -> None:
    with reads_of(prefix) as reads:
        point = keep(machine, prefix)
    assert len(point.packages) == len(reads.records) == PACKAGES + 1
    assert (reads.parses, reads.walks) == (1, 1)


async def test_planning_a_removal_of_what_has_a_restore_point(machine: RemovalMachine, prefix: FakePrefix) -> None:
    point = keep(machine, prefix)
    request = RemoveRequest(prefixes=(str(prefix),), restore_point=False)
    with reads_of(prefix) as reads:
        plan = await remove_plan.plan(request, machine.context())
    assert (plan.restore_points, plan.confirm) == ((point.id,), ""), "all of it is in the restore point"
    assert (reads.parses, reads.walks) == (1, 1)


async def test_planning_a_removal_reads_each_manifest_to_compare_and_to_prune_and_no_more(
    machine: RemovalMachine, prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = keep(machine, prefix)
    read: list[str] = []
    read_point = store.read_point

    def count(directory: Path, point_id: str) -> RestorePoint:
        read.append(point_id)
        return read_point(directory, point_id)

    monkeypatch.setattr(store, "read_point", count)
    await remove_plan.plan(RemoveRequest(prefixes=(str(prefix),)), machine.context())
    assert read == [point.id] * 2


async def test_planning_a_clone(machine: RemovalMachine, prefix: FakePrefix) -> None:
    request = CloneRequest(source=str(prefix), target=str(machine.envs / "copy"))
    with reads_of(prefix) as reads:
        plan = await clone_plan.plan(request, machine.context())
    assert (plan.packages, len(reads.records)) == (PACKAGES + 2, PACKAGES + 1)  # one is of pip
    assert (reads.parses, reads.walks) == (1, 1)


async def test_planning_a_merge_plans_its_clone_once(
    machine: RemovalMachine, prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    blockers_to_make = guards.blockers_to_make

    def count(target: PrefixState, context: JobContext) -> tuple[Finding, ...]:
        looked.append(target.prefix)
        return blockers_to_make(target, context)

    monkeypatch.setattr(guards, "blockers_to_make", count)
    request = MergeRequest(keeper=str(machine.make("hub")), member=str(prefix))
    plan = await merge_plan.plan(request, machine.context())
    assert [each.id for each in plan.blockers] == ["conda-refuses"], "there is no conda that could be asked"
    assert looked == [str(prefix)]


async def test_carrying_out_a_clone(
    machine: RemovalMachine, prefix: FakePrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target is walked twice: to see what conda has linked, and to compare it with its source in the end."""
    held: Counter[str] = Counter()
    read_bounded = HeldTree.read_bounded

    def count(tree: HeldTree, path: str, limit: int) -> bytes:
        held[path] += 1
        return read_bounded(tree, path, limit)

    monkeypatch.setattr(HeldTree, "read_bounded", count)
    machine.conda(LINKS.format(source=prefix))
    target = machine.envs / "copy"
    request, context = CloneRequest(source=str(prefix), target=str(target)), machine.context()
    plan = await clone_plan.plan(request, context)
    with reads_of(prefix) as source, reads_of(target) as made:
        outcome = await clone_perform.perform(plan, request, context, PlainWork())
    assert [each.id for each in outcome.findings] == []
    assert (source.parses, source.walks) == (1, 1)
    assert (len(held), set(held.values())) == (PACKAGES + 1, {1})
    assert (made.parses, made.walks) == (0, 2), "its records are read in the tree that is held, and not by path"
