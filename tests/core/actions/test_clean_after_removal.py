"""Cleaning caches in the job that removes environments: planned before, to the byte, and nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.actions.clean import perform as clean_perform
from condatui_core.actions.clean import plan as clean_plan
from condatui_core.actions.clean import recover as clean_recover
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.disk.findings import holders_of_packages
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import Cleanable, CleanRequest, RemoveRequest
from support.disk_trees import cache, du, graph_of, link, prefixes
from support.installer_caches import uv_cache
from support.plain_work import PlainWork
from support.prefixes import FakePrefix
from support.removals import RemovalMachine

PARTS: tuple[Cleanable, ...] = ("packages",)


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """`one` and `two` have `shared` by hard links, `one` alone has `mine` by links and `copied` by a copy."""
    machine = RemovalMachine(tmp_path)
    packages = {name: machine.cache(name, size=20_000) for name in ("shared", "mine", "copied", "soft")}
    one, two = machine.make("one"), machine.make("two")
    for prefix in (one, two):
        machine.install(prefix, packages["shared"])
    machine.install(one, packages["mine"])
    machine.install(one, packages["copied"], copied=True)
    (one.path / "lib/soft.so").symlink_to(packages["soft"] / "lib/soft.so")
    machine.environments.clear()
    for prefix in (one, two):
        machine.note(prefix.path)
    return machine


def occupied(machine: RemovalMachine) -> int:
    """The bytes of conda and of uv's cache, without what condatui keeps."""
    return du(*(path for path in (machine.root, machine.home / ".cache") if path.exists()))


def removing(machine: RemovalMachine, *names: str) -> RemoveRequest:
    return RemoveRequest(prefixes=tuple(str(machine.envs / name) for name in names))


def cleaning(
    machine: RemovalMachine, *removed: str, what: tuple[Cleanable, ...] = PARTS, uv: bool = False
) -> CleanRequest:
    caches = (machine.root / "pkgs", *([machine.home / ".cache/uv"] if uv else []))
    return CleanRequest(
        pkgs_dirs=tuple(map(str, caches)), what=what, removed_before=removing(machine, *removed).prefixes
    )


async def removed_and_cleaned(machine: RemovalMachine, cleans: CleanRequest, *names: str) -> tuple[Plan, Plan, Outcome]:
    """Plan both, then carry both out with what was known before, as one job does."""
    context, removes = machine.context(), removing(machine, *names)
    removal = await remove_plan.plan(removes, context)
    plan = await clean_plan.plan(cleans, context)
    assert (removal.blockers, plan.blockers) == ((), ())
    await remove_perform.perform(removal, removes, context, PlainWork())
    return removal, plan, await clean_perform.perform(plan, cleans, context, PlainWork())


def packages_in(machine: RemovalMachine) -> list[str]:
    return sorted(name for name in os.listdir(machine.root / "pkgs") if not name.endswith(".conda"))


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (("one",), ["shared-1.0-0"]),
        (("two",), ["copied-1.0-0", "mine-1.0-0", "shared-1.0-0", "soft-1.0-0"]),
        (("one", "two"), []),
    ],
)
async def test_what_only_the_removed_hold_goes_to_the_byte(
    machine: RemovalMachine, names: tuple[str, ...], left: list[str]
) -> None:
    graph = graph_of([*prefixes([machine.envs / "one", machine.envs / "two"]), cache(machine.root / "pkgs")])
    copied_by = holders_of_packages(machine.environments)
    whole = graph.frees_with_cleaning(
        removing(machine, *names).prefixes, {str(machine.root / "pkgs"): PARTS}, copied_by=copied_by
    )
    before = occupied(machine)
    removal, plan, outcome = await removed_and_cleaned(machine, cleaning(machine, *names), *names)
    assert packages_in(machine) == left
    assert plan.bytes_freed == outcome.bytes_freed
    assert (removal.bytes_freed or 0) + (plan.bytes_freed or 0) == before - occupied(machine) == whole
    assert outcome.findings == ()


async def test_without_it_the_same_clean_would_find_them_in_use(machine: RemovalMachine) -> None:
    plan = await clean_plan.plan(cleaning(machine), machine.context())
    assert (plan.cleaning.paths if plan.cleaning else None) == ()


async def test_if_the_removal_did_not_happen_nothing_of_it_is_cleaned(machine: RemovalMachine) -> None:
    request, context = cleaning(machine, "one", "two"), machine.context()
    plan = await clean_plan.plan(request, context)
    before = packages_in(machine)
    outcome = await clean_perform.perform(plan, request, context, PlainWork())
    assert (packages_in(machine), outcome.bytes_freed) == (before, 0)


async def test_a_link_to_an_environment_removes_none(machine: RemovalMachine) -> None:
    (machine.envs / "alias").symlink_to(machine.envs / "one")
    plan = await clean_plan.plan(cleaning(machine, "alias"), machine.context())
    assert plan.bytes_freed == 0


async def test_what_came_into_use_meanwhile_stays(machine: RemovalMachine) -> None:
    request, context = cleaning(machine, "one"), machine.context()
    plan = await clean_plan.plan(request, context)
    link(machine.root / "pkgs/mine-1.0-0/lib/mine.so", machine.home / "elsewhere.so")
    removes = removing(machine, "one")
    await remove_perform.perform(await remove_plan.plan(removes, context), removes, context, PlainWork())
    await clean_perform.perform(plan, request, context, PlainWork())
    assert packages_in(machine) == ["mine-1.0-0", "shared-1.0-0"]


async def test_what_the_restore_points_to_come_need_is_said_and_agreed(machine: RemovalMachine) -> None:
    both: tuple[Cleanable, ...] = ("tarballs", "packages")
    _, plan, outcome = await removed_and_cleaned(machine, cleaning(machine, "one", what=both), "one")
    assert plan.cleaning is not None
    assert set(plan.cleaning.needed) == {"mine-1.0-0", "copied-1.0-0"}
    assert [(each.id, set(each.evidence)) for each in plan.warnings] == [
        ("restore-points", {"mine-1.0-0", "copied-1.0-0"})
    ]
    assert packages_in(machine) == ["shared-1.0-0"]
    assert outcome.findings == ()


def local_channel(machine: RemovalMachine, prefix: FakePrefix) -> Path:
    """Let `mine` come from a channel in a directory; returns the archive there."""
    archive = machine.home / "channel/linux-64/mine-1.0-0.conda"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"x")
    for record in (
        prefix.path / "conda-meta/mine-1.0-0.json",
        machine.root / "pkgs/mine-1.0-0/info/repodata_record.json",
    ):
        text = record.read_text()
        assert "https://conda.anaconda.org/conda-forge/linux-64/mine-1.0-0.conda" in text
        record.write_text(
            text.replace("https://conda.anaconda.org/conda-forge/linux-64/mine-1.0-0.conda", archive.as_uri())
        )
    return archive


@pytest.mark.parametrize("there", [True, False])
async def test_what_only_the_cache_can_put_back_is_spared(machine: RemovalMachine, there: bool) -> None:
    archive = local_channel(machine, FakePrefix(machine.envs / "one"))
    if not there:
        archive.unlink()
    machine.environments.clear()
    for name in ("one", "two"):
        machine.note(machine.envs / name)
    both: tuple[Cleanable, ...] = ("tarballs", "packages")
    request = cleaning(machine, "one", what=both)
    before = occupied(machine)
    removal, plan, outcome = await removed_and_cleaned(machine, request, "one")
    assert packages_in(machine) == (["shared-1.0-0"] if there else ["mine-1.0-0", "shared-1.0-0"])
    assert [each.evidence for each in plan.warnings if each.id == "only-here"] == ([] if there else [("mine-1.0-0",)])
    assert (removal.bytes_freed or 0) + (plan.bytes_freed or 0) == before - occupied(machine)
    assert plan.bytes_freed == outcome.bytes_freed


async def test_a_channel_that_goes_after_it_was_planned_spares_the_package(machine: RemovalMachine) -> None:
    archive = local_channel(machine, FakePrefix(machine.envs / "one"))
    machine.environments.clear()
    for name in ("one", "two"):
        machine.note(machine.envs / name)
    both: tuple[Cleanable, ...] = ("tarballs", "packages")
    request, context = cleaning(machine, "one", what=both), machine.context()
    plan = await clean_plan.plan(request, context)
    removes = removing(machine, "one")
    await remove_perform.perform(await remove_plan.plan(removes, context), removes, context, PlainWork())
    archive.unlink()
    outcome = await clean_perform.perform(plan, request, context, PlainWork())
    assert packages_in(machine) == ["mine-1.0-0", "shared-1.0-0"]
    assert [(each.id, each.evidence) for each in outcome.findings] == [("spared", ("mine-1.0-0",))]


async def test_uvs_cache_frees_what_the_removed_held_with_it(machine: RemovalMachine) -> None:
    uv = uv_cache(machine.home / ".cache/uv")
    for name in ("one", "two"):
        link(uv / "archive-v0/abcdef/numpy/core.so", machine.envs / name / "lib/core.so")
    link(uv / "archive-v0/abcdef/numpy/__init__.py", machine.envs / "one/lib/__init__.py")
    before = occupied(machine)
    request = cleaning(machine, "one", what=("packages", "uv"), uv=True)
    removal, plan, outcome = await removed_and_cleaned(machine, request, "one")
    assert plan.bytes_freed == outcome.bytes_freed
    assert (removal.bytes_freed or 0) + (plan.bytes_freed or 0) == before - occupied(machine)
    assert (machine.envs / "two/lib/core.so").stat().st_nlink == 1


async def test_an_interrupted_one_tells_what_is_left(machine: RemovalMachine) -> None:
    request, context = cleaning(machine, "one"), machine.context()
    plan = await clean_plan.plan(request, context)
    removes = removing(machine, "one")
    await remove_perform.perform(await remove_plan.plan(removes, context), removes, context, PlainWork())
    assert (await clean_recover.recover(plan, request, "packages", context)).state == "half"
    await clean_perform.perform(plan, request, context, PlainWork())
    assert (await clean_recover.recover(plan, request, "packages", context)).state == "done"
