"""Emptying the caches of pip and uv: what no environment holds goes, to the byte, and never while they are at work."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.actions.clean import installers
from condatui_core.actions.clean import perform as clean_perform
from condatui_core.actions.clean import plan as clean_plan
from condatui_core.actions.clean import recover as clean_recover
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import RefusedError
from condatui_core.fs.delete_tree import Goes, delete_what_goes
from condatui_core.prefixes.probe import user_name
from condatui_core.prefixes.processes import RunningProcess
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import Cleanable, CleanRequest
from support.disk_trees import du, link, write
from support.installer_caches import WHAT_UV_KEEPS, pip_cache, uv_cache
from support.plain_work import PlainWork
from support.removals import RemovalMachine

ME = user_name(os.geteuid())
VARIABLES: dict[int, dict[str, str]] = {8: {"HOME": "/home/of-another", "PATH": "/bin"}}
"""The variables of a process, by its pid; those of others may not be read."""
LARGEST: tuple[Cleanable, ...] = ("tarballs", "packages", "index", "logs", "pip", "uv")


class KilledError(Exception):
    """Stands for whatever ends a job from outside."""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    """A user with caches of conda, pip and uv; the environment has one file from uv's, by a hard link."""
    machine = RemovalMachine(tmp_path)
    pip_cache(tmp_path / ".cache/pip")
    uv = uv_cache(tmp_path / ".cache/uv")
    prefix = machine.make("nlp")
    link(uv / "archive-v0/abcdef/numpy/core.so", prefix.path / "lib/python3.11/site-packages/numpy/core.so")
    return machine


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RunningProcess]]:
    """What runs on the machine."""
    running: list[RunningProcess] = []
    monkeypatch.setattr(installers, "variables_of", VARIABLES.get)
    monkeypatch.setattr(installers, "running_processes", lambda *, closely: tuple(running))
    yield running


def occupied(machine: RemovalMachine) -> int:
    """The bytes of conda and the caches, without what condatui keeps."""
    return du(machine.root, machine.home / ".cache")


def cache_of(machine: RemovalMachine, tool: str) -> Path:
    return machine.home / ".cache" / tool


def request_for(machine: RemovalMachine, *tools: Cleanable) -> CleanRequest:
    return CleanRequest(pkgs_dirs=tuple(str(cache_of(machine, tool)) for tool in tools), what=tools)


async def emptied(
    machine: RemovalMachine, *tools: Cleanable, work: PlainWork | None = None, context: JobContext | None = None
) -> tuple[Plan, Outcome]:
    request, context = request_for(machine, *tools), context or machine.context()
    plan = await clean_plan.plan(request, context)
    assert plan.blockers == ()
    return plan, await clean_perform.perform(plan, request, context, work or PlainWork())


@pytest.mark.parametrize("tools", [("pip",), ("uv",), ("pip", "uv")])
async def test_it_frees_what_it_said_to_the_byte(machine: RemovalMachine, tools: tuple[Cleanable, ...]) -> None:
    before = occupied(machine)
    plan, outcome = await emptied(machine, *tools)
    assert plan.bytes_freed == outcome.bytes_freed == before - occupied(machine)
    assert (plan.bytes_freed or 0) > 20_000
    assert outcome.findings == ()
    for tool in tools:
        assert sorted(os.listdir(cache_of(machine, tool))) == (WHAT_UV_KEEPS if tool == "uv" else [])


async def test_what_an_environment_holds_stays_there_and_is_not_counted(machine: RemovalMachine) -> None:
    file = machine.envs / "nlp/lib/python3.11/site-packages/numpy/core.so"
    plan, _ = await emptied(machine, "uv")
    assert (file.stat().st_size, file.stat().st_nlink) == (80_000, 1)
    assert (plan.bytes_freed or 0) < 80_000


async def test_inodes_linked_within_the_cache_count_once(machine: RemovalMachine) -> None:
    cache = cache_of(machine, "uv")
    link(cache / "archive-v0/abcdef/numpy/__init__.py", cache / "archive-v0/second/__init__.py")
    link(cache / "archive-v0/abcdef/numpy/__init__.py", cache / "builds-v0/x/__init__.py")
    before = occupied(machine)
    plan, outcome = await emptied(machine, "uv")
    assert plan.bytes_freed == outcome.bytes_freed == before - occupied(machine)


async def test_what_is_not_the_tools_own_stays(machine: RemovalMachine) -> None:
    for tool in ("pip", "uv"):
        write(cache_of(machine, tool) / "my-notes/notes.txt")
        (cache_of(machine, tool) / "link").symlink_to(machine.home)
    plan, _ = await emptied(machine, "pip", "uv")
    assert sorted(os.listdir(cache_of(machine, "pip"))) == ["link", "my-notes"]
    assert sorted(os.listdir(cache_of(machine, "uv"))) == [*WHAT_UV_KEEPS, "link", "my-notes"]
    assert not any("my-notes" in path for path in (plan.cleaning.paths if plan.cleaning else ()))


async def test_the_plan_says_the_tools_own_command_and_what_is_built_again(machine: RemovalMachine) -> None:
    write(cache_of(machine, "uv") / "sdists-v9/.gitignore", 1)
    plan, _ = await emptied(machine, "pip", "uv")
    assert [label for label, _ in plan.facts] == [*(str(cache_of(machine, tool)) for tool in ("pip", "uv")), "way back"]
    assert [step.argv for step in plan.steps] == [
        ("pip", "cache", "purge", "--cache-dir", str(cache_of(machine, "pip"))),
        ("uv", "cache", "clean", "--cache-dir", str(cache_of(machine, "uv"))),
    ]
    assert [(each.id, each.evidence) for each in plan.warnings] == [
        ("built-wheels", (str(cache_of(machine, "pip") / "wheels"),))
    ]


async def test_caches_of_all_tools_are_one_plan(machine: RemovalMachine) -> None:
    machine.cache("idle", size=50_000)
    caches = (machine.root / "pkgs", cache_of(machine, "pip"), cache_of(machine, "uv"))
    request, context = CleanRequest(pkgs_dirs=tuple(map(str, caches)), what=LARGEST), machine.context()
    before = occupied(machine)
    plan = await clean_plan.plan(request, context)
    work = PlainWork()
    outcome = await clean_perform.perform(plan, request, context, work)
    assert plan.bytes_freed == outcome.bytes_freed == before - occupied(machine)
    assert work.stages == ["look", *LARGEST]
    assert os.listdir(machine.root / "pkgs") == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("pip", ("/opt/x/bin/python3.11", "/opt/x/bin/pip", "install", "torch")),
        ("pip", ("python", "-m", "pip", "install", "-r", "r.txt")),
        ("pip", ("pip3.11", "download", "torch")),
        ("uv", ("uv", "pip", "install", "torch")),
        ("uv", ("/usr/bin/uv", "--quiet", "sync")),
        ("uv", ("python3", "-m", "uv", "sync")),
    ],
)
async def test_it_is_refused_while_the_tool_is_at_work(
    machine: RemovalMachine, processes: list[RunningProcess], tool: Cleanable, arguments: tuple[str, ...]
) -> None:
    processes.append(RunningProcess(pid=7, programs=(), command=" ".join(arguments), user=ME, arguments=arguments))
    plan = await clean_plan.plan(request_for(machine, tool), machine.context())
    assert [(each.id, each.evidence) for each in plan.blockers] == [("cache-busy", (str(processes[0]),))]
    with pytest.raises(RefusedError, match=f"Another {tool} is at work"):
        await clean_perform.perform(plan, request_for(machine, tool), machine.context(), PlainWork())
    assert len(os.listdir(cache_of(machine, tool))) > 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("uv", "run", "server.py"),
        ("uv", "tool", "run", "ruff"),
        ("vim", "pip"),
        ("python", "my_pip.py"),
        ("python", "-m", "condatui", "clean", "--what", "pip,uv"),
        ("python", "-m", "pip", "install", "--no-cache-dir", "torch"),
        ("pip", "--cache-dir", "/scratch/pip", "install", "torch"),
        ("uv", "pip", "install", "--cache-dir=/scratch/uv", "torch"),
        ("uv", "sync", "--no-cache"),
        (),
    ],
)
async def test_other_processes_do_not_stand_in_the_way(
    machine: RemovalMachine, processes: list[RunningProcess], arguments: tuple[str, ...]
) -> None:
    processes += [
        RunningProcess(pid=7, programs=(), user=ME, arguments=arguments),
        RunningProcess(pid=8, programs=(), user=ME, arguments=("pip", "install", "x")),
        RunningProcess(pid=8, programs=(), user=ME, arguments=("uv", "sync")),
        RunningProcess(pid=9, programs=(), user="somebody-else", arguments=("pip", "install", "x")),
    ]
    plan, outcome = await emptied(machine, "pip", "uv")
    assert plan.bytes_freed == outcome.bytes_freed != 0


async def test_it_is_refused_while_a_program_runs_from_the_cache(
    machine: RemovalMachine, processes: list[RunningProcess]
) -> None:
    program = write(cache_of(machine, "uv") / "archive-v0/tool/bin/ruff")
    processes.append(RunningProcess(pid=7, programs=(str(program),), user=ME, arguments=(str(program),)))
    plan = await clean_plan.plan(request_for(machine, "uv"), machine.context())
    assert [each.id for each in plan.blockers] == ["in-use"]


async def test_it_is_refused_while_uv_has_locked_its_cache(machine: RemovalMachine) -> None:
    request, context = request_for(machine, "uv"), machine.context()
    free = await clean_plan.plan(request, context)
    with (cache_of(machine, "uv") / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        plan = await clean_plan.plan(request, context)
        assert [each.id for each in plan.blockers] == ["cache-busy"]
        with pytest.raises(RefusedError, match="Another uv is at work"):
            await clean_perform.perform(free, request, context, PlainWork())
    assert (cache_of(machine, "uv") / "archive-v0").is_dir()


async def test_uv_waits_while_its_cache_is_emptied(machine: RemovalMachine) -> None:
    def locked(stage: str) -> None:
        if stage == "uv":
            with (cache_of(machine, "uv") / ".lock").open("w") as lock, pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            seen.append(stage)

    seen: list[str] = []
    await emptied(machine, "uv", work=PlainWork(before_stage=locked))
    assert seen == ["uv"]
    with (cache_of(machine, "uv") / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # it is free again


async def test_an_environment_with_symlinks_into_it_blocks(machine: RemovalMachine) -> None:
    request, context = request_for(machine, "uv"), machine.context()
    free = await clean_plan.plan(request, context)
    prefix = machine.envs / "nlp"
    (prefix / "lib/core.so").symlink_to(cache_of(machine, "uv") / "archive-v0/abcdef/numpy/core.so")
    plan = await clean_plan.plan(request, context)
    assert [(each.id, each.evidence) for each in plan.blockers] == [("soft-links", (str(prefix),))]
    with pytest.raises(RefusedError, match="symlinks into"):
        await clean_perform.perform(free, request, context, PlainWork())
    assert (prefix / "lib/core.so").exists()


async def test_a_uv_that_makes_symlinks_is_warned_of(machine: RemovalMachine) -> None:
    write(machine.home / ".config/uv/uv.toml").write_text('link-mode = "symlink"\n')
    plan = await clean_plan.plan(request_for(machine, "uv"), machine.context())
    assert [(each.id, each.severity) for each in plan.warnings] == [("soft-links", "warning")]


@pytest.mark.parametrize("tool", ["pip", "uv"])
async def test_all_is_out_of_the_tools_sight_before_the_first_file_goes(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch, tool: Cleanable
) -> None:
    def die(directory: int, path: str, goes: object) -> tuple[()]:
        raise KilledError

    monkeypatch.setattr(installers, "delete_what_goes", die)
    before = du(cache_of(machine, tool))
    with pytest.raises(KilledError):
        await emptied(machine, tool)
    kept = WHAT_UV_KEEPS if tool == "uv" else []
    (trash,) = set(os.listdir(cache_of(machine, tool))).difference(kept)
    assert trash.startswith(".condatui-trash-")
    assert du(cache_of(machine, tool)) == before + 4096


async def test_after_a_kill_the_rest_is_told_and_goes_with_the_next(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(directory: int, path: str, goes: object) -> tuple[()]:
        raise KilledError

    request, context = request_for(machine, "uv"), machine.context()
    plan = await clean_plan.plan(request, context)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(installers, "delete_what_goes", die)
        await clean_perform.perform(plan, request, context, PlainWork())
    after = await clean_recover.recover(plan, request, "uv", context)
    assert (after.state, after.way_out) == ("half", request)
    before = occupied(machine)
    again, outcome = await emptied(machine, "uv")
    assert again.bytes_freed == outcome.bytes_freed == before - occupied(machine)
    assert sorted(os.listdir(cache_of(machine, "uv"))) == WHAT_UV_KEEPS
    assert (await clean_recover.recover(plan, request, "uv", context)).state == "done"


async def test_a_cancelled_job_leaves_the_rest_out_of_sight(machine: RemovalMachine) -> None:
    work = PlainWork()
    work.before_stage = lambda stage: setattr(work, "cancelled", stage == "pip")
    _, outcome = await emptied(machine, "pip", work=work)
    assert outcome.bytes_freed == 0
    assert [name[:16] for name in os.listdir(cache_of(machine, "pip"))] == [".condatui-trash-"]


async def test_what_cannot_be_deleted_is_told_and_not_counted(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = delete_what_goes

    def hinder(directory: int, path: str, goes: Goes) -> object:
        return whole(directory, path, lambda each, status: goes(each, status) and not each.endswith(".whl"))

    monkeypatch.setattr(installers, "delete_what_goes", hinder)
    before = occupied(machine)
    _, outcome = await emptied(machine, "pip")
    (trash,) = cache_of(machine, "pip").iterdir()
    assert outcome.bytes_freed == before - occupied(machine) + trash.lstat().st_blocks * 512
    assert [each.id for each in outcome.findings] == ["left-behind"]


async def test_what_fails_in_one_cache_does_not_hide_what_went_from_another(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trash = installers._new_trash
    full = iter((False, True))

    def fail(directory: int, job_id: str) -> str:
        if next(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        return make_trash(directory, job_id)

    monkeypatch.setattr(installers, "_new_trash", fail)
    _, outcome = await emptied(machine, "pip", "uv")
    assert (outcome.bytes_freed or 0) > 40_000
    (left,) = outcome.findings
    assert left.evidence == (f"{cache_of(machine, 'uv')}: No space left on device",)


async def test_a_cache_that_is_nobodys_is_refused(machine: RemovalMachine) -> None:
    uv_cache(machine.home / "other")
    request = CleanRequest(pkgs_dirs=(str(machine.home / "other"),), what=("uv",))
    plan = await clean_plan.plan(request, machine.context())
    assert [each.id for each in plan.blockers] == ["not-a-cache"]
    assert (plan.bytes_freed, plan.cleaning.paths if plan.cleaning else None) == (0, ())
