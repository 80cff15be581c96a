"""Cleaning package caches: exactly what was said, nothing that anybody needs, and conda works all the while."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields

from condatui_core.actions import guards
from condatui_core.actions.clean import perform as clean_perform
from condatui_core.actions.clean import plan as clean_plan
from condatui_core.actions.clean import recover as clean_recover
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.errors import RefusedError
from condatui_core.prefixes.processes import RunningProcess
from condatui_core.records.installation import CondaFacts
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import Cleanable, CleanRequest, RemoveRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.disk_trees import du, write
from support.plain_work import PlainWork
from support.removals import RemovalMachine
from support.sandboxes import conda
from support.tiers import thorough

EVERYTHING: tuple[Cleanable, ...] = ("tarballs", "packages", "index", "logs")


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """What is freed is measured on a disk."""
    return disk_path


class KilledError(Exception):
    """Stands for whatever ends a job from outside."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """In its cache, `used` is linked by an environment, and `idle` by none."""
    machine = RemovalMachine(tmp_path)
    used = machine.cache("used")
    machine.cache("idle", size=50_000)
    prefix = machine.make("nlp")
    machine.install(prefix, used)
    machine.environments.clear()
    machine.note(prefix.path)
    return machine


def request_of(root: Path, *what: Cleanable) -> CleanRequest:
    return CleanRequest(pkgs_dirs=(str(root / "pkgs"),), what=what)


async def cleaned(
    context: JobContext, root: Path, *what: Cleanable, work: PlainWork | None = None
) -> tuple[Plan, Outcome]:
    request = request_of(root, *what)
    plan = await clean_plan.plan(request, context)
    assert plan.blockers == ()
    return plan, await clean_perform.perform(plan, request, context, work or PlainWork())


def names_in(pkgs: Path) -> list[str]:
    return sorted(os.listdir(pkgs))


async def test_it_frees_what_it_said_to_the_byte_and_conda_goes_on(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks")
    pkgs = sandbox.root_prefix / "pkgs"
    write(pkgs / ".logs/conda.log", 9000)
    context = await context_of(sandbox)
    before = du(sandbox.root_prefix)
    plan, outcome = await cleaned(context, sandbox.root_prefix, *EVERYTHING)
    assert plan.bytes_freed == outcome.bytes_freed == before - du(sandbox.root_prefix)
    assert (plan.bytes_freed or 0) > 1_000_000
    assert outcome.findings == ()
    assert [*pkgs.glob("*.conda"), *pkgs.glob("*.tar.bz2"), *pkgs.glob("cache/*"), *pkgs.glob(".condatui*")] == []
    source, clone = sandbox.prefixes["notebooks"], sandbox.home / "again"
    conda(sandbox, "create", "-p", str(clone), "--clone", str(source), "--offline")
    assert len(list((clone / "conda-meta").glob("*.json"))) == 43


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (("tarballs",), ["idle-1.0-0", "used-1.0-0"]),
        (("packages",), ["idle-1.0-0.conda", "used-1.0-0", "used-1.0-0.conda"]),
        (("packages", "tarballs"), ["used-1.0-0"]),
    ],
)
async def test_only_what_was_asked_for_goes(
    machine: RemovalMachine, what: tuple[Cleanable, ...], left: list[str]
) -> None:
    before = du(machine.root)
    plan, outcome = await cleaned(machine.context(), machine.root, *what)
    assert names_in(machine.root / "pkgs") == left
    assert plan.bytes_freed == outcome.bytes_freed == before - du(machine.root)
    assert [step.argv[1:3] for step in plan.steps] == [("clean", f"--{each}") for each in what]


async def test_a_package_of_which_an_environment_holds_a_copy_stays(machine: RemovalMachine) -> None:
    other = machine.make("copied")
    machine.environments.pop()
    machine.install(other, machine.root / "pkgs/idle-1.0-0", copied=True)
    machine.note(other.path)
    plan, _ = await cleaned(machine.context(), machine.root, "packages")
    assert "idle-1.0-0" in names_in(machine.root / "pkgs")
    assert dict(plan.facts)["spared"].startswith("1 package of which environments hold copies")


async def test_a_package_that_symlinks_lead_into_stays(machine: RemovalMachine) -> None:
    (machine.envs / "nlp/lib/idle.so").symlink_to(machine.root / "pkgs/idle-1.0-0/lib/idle.so")
    plan, _ = await cleaned(machine.context(), machine.root, "packages")
    assert "idle-1.0-0" in names_in(machine.root / "pkgs")
    assert [(each.id, each.evidence) for each in plan.warnings] == [
        ("soft-links", (f"idle-1.0-0: {machine.envs / 'nlp'}",))
    ]


async def test_what_removed_environments_need_is_said(machine: RemovalMachine) -> None:
    request, context = RemoveRequest(prefixes=(str(machine.envs / "nlp"),)), machine.context()
    await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())
    machine.environments.clear()
    plan, _ = await cleaned(machine.context(), machine.root, "packages", "tarballs")
    assert [(each.id, each.evidence) for each in plan.warnings] == [("restore-points", ("used-1.0-0",))]
    assert names_in(machine.root / "pkgs") == []


@pytest.mark.parametrize("moment", ["packages", *thorough(["look", "tarballs"])])
async def test_interrupted_it_says_what_is_left_and_goes_on_later(machine: RemovalMachine, moment: str) -> None:
    def die(stage: str) -> None:
        if stage == moment:
            raise KilledError

    with pytest.raises(KilledError):
        await cleaned(machine.context(), machine.root, "packages", "tarballs", work=PlainWork(before_stage=die))
    request, context = request_of(machine.root, "packages", "tarballs"), machine.context()
    plan = await clean_plan.plan(request, context)
    after = await clean_recover.recover(plan, request, moment, context)
    assert after.state == ("untouched" if moment == "look" else "half")
    await clean_perform.perform(plan, request, context, PlainWork())
    assert (await clean_recover.recover(plan, request, "tarballs", context)).state == "done"


async def test_what_a_killed_clean_was_deleting_goes_with_the_next(machine: RemovalMachine) -> None:
    pkgs = machine.root / "pkgs"
    (pkgs / ".condatui-trash-1").mkdir()
    (pkgs / "idle-1.0-0").rename(pkgs / ".condatui-trash-1/idle-1.0-0")
    before = du(machine.root)
    plan, _ = await cleaned(machine.context(), machine.root, "packages")
    assert names_in(pkgs) == ["idle-1.0-0.conda", "used-1.0-0", "used-1.0-0.conda"]
    assert plan.bytes_freed == before - du(machine.root)


async def test_a_package_is_out_of_condas_sight_before_its_first_file_goes(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(path: str) -> tuple[()]:
        seen.append((names_in(machine.root / "pkgs"), os.listdir(Path(path) / "lib")))
        return ()

    monkeypatch.setattr(clean_perform, "delete_tree", lambda path: look(path) if path.endswith("-0") else ())
    await cleaned(machine.context(), machine.root, "packages")
    (trash, *names), files = seen[0]
    assert trash.startswith(".condatui-trash-")
    assert (names, files) == (["idle-1.0-0.conda", "used-1.0-0", "used-1.0-0.conda"], ["idle.so"])


async def test_a_package_that_comes_into_use_meanwhile_stays(machine: RemovalMachine) -> None:
    file = machine.root / "pkgs/idle-1.0-0/lib/idle.so"
    work = PlainWork(before_stage=lambda stage: os.link(file, machine.home / "used") if stage == "packages" else None)
    _, outcome = await cleaned(machine.context(), machine.root, "packages", work=work)
    assert file.exists()
    assert [finding.id for finding in outcome.findings] == ["left-behind"]
    assert outcome.bytes_freed == 0


async def removed(machine: RemovalMachine, name: str) -> None:
    request, context = RemoveRequest(prefixes=(str(machine.envs / name),)), machine.context()
    await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())
    machine.environments = [each for each in machine.environments if each.name != name]


async def test_what_comes_out_of_use_after_it_was_planned_stays(machine: RemovalMachine) -> None:
    request = request_of(machine.root, "packages")
    plan = await clean_plan.plan(request, machine.context())
    await removed(machine, "nlp")
    outcome = await clean_perform.perform(plan, request, machine.context(), PlainWork())
    assert names_in(machine.root / "pkgs") == ["idle-1.0-0.conda", "used-1.0-0", "used-1.0-0.conda"]
    assert (outcome.bytes_freed, outcome.findings) == (plan.bytes_freed, ())


async def test_what_a_restore_point_needs_that_was_made_after_it_was_planned_stays(machine: RemovalMachine) -> None:
    request = request_of(machine.root, "packages", "tarballs")
    plan = await clean_plan.plan(request, machine.context())
    prefix = machine.make("late")
    machine.environments.pop()
    machine.install(prefix, machine.root / "pkgs/idle-1.0-0")
    machine.note(prefix.path)
    await removed(machine, "late")
    outcome = await clean_perform.perform(plan, request, machine.context(), PlainWork())
    assert names_in(machine.root / "pkgs") == ["idle-1.0-0", "idle-1.0-0.conda", "used-1.0-0"]
    assert [(each.id, each.evidence) for each in outcome.findings] == [("spared", ("idle-1.0-0",))]
    assert (await clean_recover.recover(plan, request, "tarballs", machine.context())).state == "half"


async def test_only_package_caches_are_cleaned(machine: RemovalMachine) -> None:
    plan = await clean_plan.plan(CleanRequest(pkgs_dirs=(str(machine.home),), what=EVERYTHING), machine.context())
    assert [each.id for each in plan.blockers] == ["not-a-cache"]


# Newer layouts, and several caches


def with_caches(machine: RemovalMachine, *pkgs_dirs: Path) -> JobContext:
    """What actions get to see if the conda has these caches."""
    context = machine.context()
    facts = {str(machine.root): CondaFacts(envs_dirs=(str(machine.envs),), pkgs_dirs=tuple(map(str, pkgs_dirs)))}
    inventory = replace_fields(context.inventory, pkgs_dirs=tuple(map(str, pkgs_dirs)))
    return replace(context, inventory=inventory, conda_facts=facts)


async def test_packages_archives_and_index_of_newer_layouts_go_to_the_byte(machine: RemovalMachine) -> None:
    pkgs = machine.root / "pkgs"
    write(pkgs / "conda-forge/noarch/own-1.0-0/info/index.json")
    write(pkgs / "conda-forge/noarch/own-1.0-0/share/own.py", 20_000)
    write(pkgs / "conda-forge/noarch/own-1.0-0.conda", 9000)
    write(pkgs / "conda-forge/linux-64/zlib-1.3-0/info/index.json")
    os.link(write(pkgs / "conda-forge/linux-64/zlib-1.3-0/lib/libz.so", 9000), machine.envs / "nlp/lib/libz.so")
    for name in ("0a1b.json", "0a1b.info.json", "0a1b.msgpack.zst", "repodata_shards.db", "repodata_shards.db-wal"):
        write(pkgs / "cache" / name)
    before = du(machine.root)
    plan, outcome = await cleaned(machine.context(), machine.root, *EVERYTHING)
    assert plan.bytes_freed == outcome.bytes_freed == before - du(machine.root)
    assert names_in(pkgs) == ["conda-forge", "used-1.0-0"]
    assert names_in(pkgs / "conda-forge/noarch") == []
    assert names_in(pkgs / "conda-forge/linux-64") == ["zlib-1.3-0"]


async def test_an_index_goes_at_once_with_its_databases(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pkgs = machine.root / "pkgs"
    for name in ("repodata_shards.db", "repodata_shards.db-wal", "repodata_shards.db-shm"):
        write(pkgs / "cache" / name)
    seen: list[list[str]] = []

    def look(path: str) -> tuple[()]:
        seen.append(names_in(pkgs))
        return ()

    monkeypatch.setattr(clean_perform, "delete_tree", look)
    await cleaned(machine.context(), machine.root, "index")
    assert "cache" not in seen[0]
    monkeypatch.undo()
    before = du(machine.root)
    plan, _ = await cleaned(machine.context(), machine.root, "index")
    assert (plan.bytes_freed, names_in(pkgs)[0]) == (before - du(machine.root), "idle-1.0-0")


async def test_an_index_is_not_deleted_under_a_conda_at_work(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(machine.root / "pkgs/cache/repodata_shards.db")
    argv = (str(machine.root / "bin/python"), str(machine.root / "bin/conda"), "install", "numpy")
    conda_at_work = RunningProcess(pid=7, programs=argv[:1], command=" ".join(argv), arguments=argv)
    request = request_of(machine.root, "index")
    free = await clean_plan.plan(request, machine.context())
    monkeypatch.setattr(guards, "running_processes", lambda *, closely: (conda_at_work,))
    plan = await clean_plan.plan(request, machine.context())
    assert [each.id for each in plan.blockers] == ["conda-busy"]
    with pytest.raises(RefusedError, match="Another conda is at work"):
        await clean_perform.perform(free, request, machine.context(), PlainWork())
    assert (machine.root / "pkgs/cache/repodata_shards.db").exists()


async def test_several_caches_are_one_plan_and_what_another_one_has_is_not_needed(machine: RemovalMachine) -> None:
    other = machine.home / "more/pkgs"
    shutil.copytree(machine.root / "pkgs/used-1.0-0", other / "used-1.0-0")
    await removed(machine, "nlp")
    context = with_caches(machine, machine.root / "pkgs", other)
    one = CleanRequest(pkgs_dirs=(str(other),), what=("packages", "tarballs"))
    plan = await clean_plan.plan(one, context)
    assert (plan.warnings, plan.cleaning.paths if plan.cleaning else ()) == ((), (str(other / "used-1.0-0"),))
    both = CleanRequest(pkgs_dirs=(str(machine.root / "pkgs"), str(other)), what=("packages", "tarballs"))
    before = du(machine.root, other)
    plan = await clean_plan.plan(both, context)
    outcome = await clean_perform.perform(plan, both, context, PlainWork())
    assert [(each.id, each.evidence) for each in plan.warnings] == [("restore-points", ("used-1.0-0",))]
    assert plan.bytes_freed == outcome.bytes_freed == before - du(machine.root, other)
    assert (names_in(machine.root / "pkgs"), names_in(other)) == ([], [])


async def test_packages_whose_archives_stay_are_said_to_come_back(machine: RemovalMachine) -> None:
    alone, _ = await cleaned(machine.context(), machine.root, "packages")
    (warning,) = [each for each in alone.warnings if each.id == "archives-stay"]
    assert warning.evidence == (str(machine.root / "pkgs/idle-1.0-0"),)
    machine.cache("other")
    both, _ = await cleaned(machine.context(), machine.root, "tarballs", "packages")
    assert both.warnings == ()
