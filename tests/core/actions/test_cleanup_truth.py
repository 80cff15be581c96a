"""What the link graph predicts of a choice, what its plan says, and what the disk gains: the same, to the byte."""

from __future__ import annotations

import os
import random
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.registry import find_action
from condatui_core.analyses.cleanup.choice import request_of
from condatui_core.disk.usage import Disk, DiskUsage
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.request import Cleanable, Request
from support.disk_trees import du, write
from support.plain_work import PlainWork
from support.removals import RemovalMachine
from support.tiers import thorough

PARTS: tuple[Cleanable, ...] = ("tarballs", "packages", "index", "logs")


def made(directory: Path, chance: random.Random) -> RemovalMachine:
    """Environments with packages of the cache, linked or copied, and files of their own that some of them share."""
    machine = RemovalMachine(directory)
    packages = [machine.cache(f"p{number}", size=chance.randrange(1, 90_000)) for number in range(8)]
    for name in ("cache/index.json", ".logs/conda.log"):
        write(machine.root / "pkgs" / name, chance.randrange(1, 20_000))
    shared: list[Path] = []
    for number in range(6):
        prefix = machine.make(f"e{number}")
        machine.environments.pop()
        for package in chance.sample(packages, chance.randrange(4)):
            machine.install(prefix, package, copied=chance.random() < 0.3)
        for file in chance.sample(shared, min(len(shared), chance.randrange(3))):
            os.link(file, prefix.path / file.name)
        shared.append(prefix.write(f"own-{number}", b"x" * chance.randrange(1, 50_000)))
        machine.note(prefix.path)
    return machine


def chosen_of(machine: RemovalMachine, chance: random.Random) -> CleanupChoice:
    prefixes = [each.prefix for each in machine.environments]
    parts = tuple(chance.sample(PARTS, chance.randrange(1, 5)))
    return CleanupChoice(
        prefixes=tuple(chance.sample(prefixes, chance.randrange(1, 6))),
        cleaned=((str(machine.root / "pkgs"), parts),),
    )


async def measured(context: JobContext) -> DiskUsage:
    disk = Disk(context.locations, environ=context.caller.environ, clock=context.clock)
    async with aclosing(disk.survey(context.inventory)) as steps:
        *_, last = [each async for each in steps]
    return last


@pytest.mark.parametrize("seed", [0, *thorough([1, 2])])
async def test_predicted_planned_and_freed_are_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    machine = made(tmp_path, chance)
    context, choice, before = machine.context(), chosen_of(machine, chance), du(machine.root)
    request = cast("Request", request_of(choice))
    action = find_action(request)
    plan = await action.plan(request, context)
    assert plan.blockers == ()
    outcome = await action.perform(plan, plan.request, context, PlainWork())
    really = before - du(machine.root)
    assert plan.bytes_freed == outcome.predicted_bytes == (outcome.bytes_freed or 0) + outcome.kept_bytes == really
    assert outcome.kept_bytes == sum(du(machine.points / each) for each in machine.point_ids())


@pytest.mark.parametrize("seed", [2, *thorough([0, 1])])
async def test_the_link_graph_predicts_what_the_plan_says(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    machine = made(tmp_path, chance)
    context, choice = machine.context(), chosen_of(machine, chance)
    usage = await measured(context)
    request = cast("Request", request_of(choice))
    plan = await find_action(request).plan(request, context)
    assert usage.frees_with_choice(choice) == plan.bytes_freed
