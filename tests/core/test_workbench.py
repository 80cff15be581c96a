"""The core end to end, on prefixes made by hand and condas that are small scripts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from condatui_core import inventory, loading
from condatui_core.errors import NewerFormatError, RefusedError, UsageError
from condatui_core.fs.mounts import Mount
from condatui_core.gpu.result_cache import ResultCache
from condatui_core.inventory import Machine
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.prefixes.reader import PrefixReader
from condatui_core.records.environment import Environment, Inventory, LastUsed, UserMarks
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.request import (
    CheckpointRequest,
    CleanupRequest,
    CloneRequest,
    ExportAllRequest,
    ExportRequest,
    LeftoversRequest,
    MergeRequest,
    PackRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RollbackRequest,
    SeparateRequest,
    ShipRequest,
    SlimRequest,
    UpdateRequest,
)
from condatui_core.records.usage import Run
from condatui_core.remedy import LeaveReadOnly
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support import gpu_facts
from support.cleanups import candidate
from support.disk_trees import write
from support.fake_jobs import plan_like
from support.inventories import loaded
from support.kernels import make_kernel
from support.prefix_reads import reads_of
from support.prefixes import FakePrefix
from support.snapshots import put_snapshot

_Answer = TypeVar("_Answer")

LATER = timedelta(hours=1)
"""What was made a moment ago is not believed to stay as it is; an hour later it is."""

CONFIGURATION = """{
  "channel_alias": {"scheme": "https", "location": "conda.anaconda.org", "name": ""},
  "custom_channels": {}, "custom_multichannels": {}, "default_channels": [],
  "envs_dirs": ["%s"], "pkgs_dirs": []
}"""


def _environment(path: Path, *packages: str) -> FakePrefix:
    prefix = FakePrefix(path)
    for package in packages:
        prefix.package(package)
    prefix.write("conda-meta/history", "==> 2026-01-01 00:00:00 <==\n# cmd: conda create\n")
    return prefix


def _conda(root: Path, script: str) -> Path:
    """A root prefix whose conda is a shell script."""
    _environment(root, "conda")
    executable = root / "bin" / "conda"
    executable.parent.mkdir(exist_ok=True)
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(0o755)
    return executable


def _answering(envs_dir: Path) -> str:
    return f"cat <<'END'\n{CONFIGURATION % envs_dir}\nEND"


def environment_at(prefix: str) -> Environment:
    return Environment(name=os.path.basename(prefix), prefix=prefix, contents=read_prefix(prefix))


MakeWorkbench = Callable[..., Workbench]


@pytest.fixture
def make(tmp_path: Path) -> MakeWorkbench:
    """Workbenches that see `tmp_path/home` and the condas they are given, and nothing of this machine."""

    def make_one(
        *condas: Path, roots: tuple[str, ...] = (), conda_seconds: float = 20, baseline: str = "", policy: str = ""
    ) -> Workbench:
        locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path / "home")
        chosen = Settings(
            conda=tuple(map(str, condas)),
            roots=roots,
            usual_places=False,
            conda_seconds=conda_seconds,
            baseline=baseline,
            policy=policy,
        )
        return Workbench(
            chosen, locations, environ={"PATH": "/usr/bin:/bin"}, clock=lambda: datetime.now(timezone.utc) + LATER
        )

    return make_one


@pytest.fixture
def two_environments(tmp_path: Path) -> tuple[Path, FakePrefix, FakePrefix]:
    """A conda with the environments `nlp` and `vision`."""
    envs = tmp_path / "root" / "envs"
    conda = _conda(tmp_path / "root", _answering(envs))
    return conda, _environment(envs / "nlp", "numpy"), _environment(envs / "vision", "numpy")


def _load(workbench: Workbench) -> list[Inventory]:
    async def all_of_it() -> list[Inventory]:
        return [inventory async for inventory in workbench.load()]

    return asyncio.run(all_of_it())


def _by_name(inventory: Inventory) -> dict[str, Environment]:
    return {os.path.basename(each.name): each for each in inventory.environments}


def test_names_come_first_then_packages_then_what_conda_says(tmp_path: Path, make: MakeWorkbench) -> None:
    conda = _conda(tmp_path / "conda", _answering(tmp_path / "fast"))
    _environment(tmp_path / "conda/envs/inside", "numpy")
    _environment(tmp_path / "fast/elsewhere", "scipy", "numpy")
    workbench = make(conda)
    glance = workbench.glance()
    assert [each.name for each in glance.environments] == ["base", "inside"]
    assert all(each.contents is None for each in glance.environments)
    *_, last = _load(workbench)
    assert last.complete
    environments = _by_name(last)
    assert list(environments) == ["base", "elsewhere", "inside"]
    assert environments["elsewhere"].channels == (("conda-forge", 2),)
    assert environments["elsewhere"].installation == str(tmp_path / "conda")
    assert [run.argv[1] for run in workbench.log.runs] == ["config"] or os.geteuid() != 0


def test_what_is_known_already_is_opened_hardly_at_all(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix]
) -> None:
    """On a slow disk each of them waits: five an environment, of which its file in the cache is one."""
    conda, nlp, vision = two_environments
    nlp.python_package("tqdm", "4.66.1")
    nlp.pip_install("httpx", "0.27")
    first = _load(make(conda))[-1]
    with reads_of(nlp) as reads, reads_of(vision) as others:
        again = _load(make(conda))[-1]
    assert _by_name(again)["nlp"].contents == _by_name(first)["nlp"].contents
    assert max(reads.opened.total(), others.opened.total()) <= 4, (reads.opened, others.opened)


def test_what_lies_on_another_machine_is_looked_at_and_read_at_once(
    make: MakeWorkbench,
    two_environments: tuple[Path, FakePrefix, FakePrefix],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, nlp, vision = two_environments
    together, met = threading.Barrier(2), list[str]()

    def meet(what: str, then: Callable[..., _Answer]) -> Callable[..., _Answer]:
        def met_by_two(*arguments: object, **options: object) -> _Answer:
            if {str(nlp), str(vision)} & {*map(str, arguments)}:
                together.wait(timeout=60)  # broken if no other thread comes
                met.append(what)
            return then(*arguments, **options)

        return met_by_two

    monkeypatch.setattr(inventory, "mounts", lambda: (Mount(str(tmp_path), "nfs4"),))
    monkeypatch.setattr(inventory, "probe_prefix", meet("looked at", probe_prefix))
    monkeypatch.setattr(PrefixReader, "read", meet("read", PrefixReader.read))
    registry = tmp_path / "home/.conda/environments.txt"
    registry.parent.mkdir(parents=True)
    registry.write_text(f"{nlp}\n{vision}\n")
    last = _load(make())[-1]
    assert [_by_name(last)[name].channels for name in ("nlp", "vision")] == [(("conda-forge", 1),)] * 2
    assert {"looked at", "read"} == {*met}


async def test_what_condatui_runs_to_see_what_it_uses_is_no_use(make: MakeWorkbench, tmp_path: Path) -> None:
    prefix = _environment(tmp_path / "env")
    before = LastUsed(at=datetime(2026, 1, 1, tzinfo=timezone.utc), evidence="bin/python was read", reliable=True)
    environment = replace(environment_at(str(prefix)), last_used=before)
    workbench, run = make(), Run(command=("true",), directory=str(tmp_path), seconds=0, output=2)
    assert (await workbench.trace(environment, run, asyncio.Event())).exit_code == 0
    seems = LastUsed(at=datetime.now(timezone.utc) + LATER, evidence="bin/python was read", reliable=True)
    assert OwnUses(workbench.locations.own_uses).correct(str(prefix), seems) == before


def test_the_second_time_nobody_is_asked_and_the_first_picture_has_every_name(
    tmp_path: Path, make: MakeWorkbench
) -> None:
    conda = _conda(tmp_path / "conda", _answering(tmp_path / "fast"))
    _environment(tmp_path / "fast/elsewhere")
    first = _load(make(conda))[-1]
    workbench = make(conda)
    assert [each.name for each in workbench.glance().environments] == ["base", "elsewhere"]
    assert [each.prefix for each in _load(workbench)[-1].environments] == [each.prefix for each in first.environments]
    assert workbench.log.runs == ()


class _Ticking:
    """A clock that goes on by an eighth of a second whenever it is asked: a batch has time for one prefix."""

    def __init__(self) -> None:
        self._now = 0

    def monotonic(self) -> float:
        self._now += 1
        return self._now / 8


def test_a_second_process_reads_ahead_only_what_is_not_in_the_cache(
    tmp_path: Path, make: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    async def start(prefixes: Sequence[str], cache: Path, *, environ: Mapping[str, str]) -> None:
        started.append(len(prefixes))

    monkeypatch.setattr(loading, "start_reading_ahead", start)
    monkeypatch.setattr("condatui_core.inventory.time", _Ticking())  # each prefix is a batch of its own
    conda = _conda(tmp_path / "conda", _answering(tmp_path / "fast"))
    for name in "abc":
        _environment(tmp_path / "conda/envs" / name, "numpy")
    _load(make(conda))
    assert started
    started.clear()
    _load(make(conda))
    assert not started


@pytest.mark.parametrize(
    "script",
    ["echo garbage", "exit 1", "kill -9 $$", """echo '{"error": "no"}'; exit 1""", "echo '[]'", "exec sleep 600"],
)
def test_a_conda_that_fails_is_a_problem_and_everything_else_still_shows(
    tmp_path: Path, make: MakeWorkbench, script: str
) -> None:
    conda = _conda(tmp_path / "conda", script)
    _environment(tmp_path / "conda/envs/inside", "numpy")
    *_, last = _load(make(conda, conda_seconds=1))
    assert [each.name for each in last.environments] == ["base", "inside"]
    assert [(problem.id, problem.source) for problem in last.problems] == [("conda-unusable", "machine")]
    assert str(conda) in last.problems[0].message


def test_a_conda_that_may_not_be_run_is_a_problem_and_its_environments_still_show(
    tmp_path: Path, make: MakeWorkbench
) -> None:
    conda = _conda(tmp_path / "conda", "exit 0")
    conda.chmod(0o644)
    _environment(tmp_path / "conda/envs/inside", "numpy")
    *_, last = _load(make(conda))
    assert [each.name for each in last.environments] == ["base", "inside"]
    assert ["not executable" in problem.message for problem in last.problems] == [True]


def test_loads_that_are_given_up_one_after_the_other_do_not_get_into_each_others_way(
    tmp_path: Path, make: MakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when `r` is pressed again and again: the thread of the former load is still reading."""
    for number in range(10):
        _environment(tmp_path / f"home/.conda/envs/e{number}", "numpy")
    inside: list[str] = []
    met: list[tuple[str, ...]] = []
    reading = threading.Event()

    def alone(name: str) -> None:
        method = getattr(Machine, name)

        def used(machine: Machine, *arguments: object, **options: object) -> object:
            inside.append(name)
            reading.set()
            met.append(tuple(inside))
            threading.Event().wait(0.02)  # long enough for another to come in
            try:
                return method(machine, *arguments, **options)
            finally:
                inside.remove(name)

        monkeypatch.setattr(Machine, name, used)

    alone("read_some")
    alone("survey")
    workbench = make()

    async def impatient() -> Inventory:
        for _ in range(5):
            task = asyncio.create_task(_last_of(workbench))
            await asyncio.to_thread(reading.wait)
            reading.clear()
            task.cancel()
        return await _last_of(workbench)

    last = asyncio.run(impatient())
    assert all(each.contents is not None for each in last.environments)
    assert len(last.environments) == 10
    assert len(met) > 5
    assert {len(each) for each in met} == {1}


async def _last_of(workbench: Workbench) -> Inventory:
    return [inventory async for inventory in workbench.load(refresh=True)][-1]


def test_a_conda_that_is_not_there_is_a_problem(tmp_path: Path, make: MakeWorkbench) -> None:
    *_, last = _load(make(tmp_path / "nowhere/conda"))
    assert last.complete
    assert [(problem.id, problem.source) for problem in last.problems] == [("conda-unusable", "machine")]


def test_without_any_conda_what_is_registered_and_what_lies_below_a_root_is_shown(
    tmp_path: Path, make: MakeWorkbench
) -> None:
    registered = _environment(tmp_path / "projects/a", "numpy")
    _environment(tmp_path / "data/users/ann/envs/b")
    (tmp_path / "home/.conda").mkdir(parents=True)
    (tmp_path / "home/.conda/environments.txt").write_text(f"{registered}\n{tmp_path}/gone\n")
    *_, last = _load(make(roots=(str(tmp_path / "data"), str(tmp_path / "no such root"))))
    states = {name: each.state for name, each in _by_name(last).items()}
    assert states == {"a": "ok", "b": "ok", "gone": "missing"}
    assert [(problem.id, problem.source) for problem in last.problems] == [("root-unusable", "machine")]
    assert last.installations == ()


def test_roots_and_condas_of_the_settings_may_begin_at_home(tmp_path: Path, make: MakeWorkbench) -> None:
    _environment(tmp_path / "home/data/users/ann/envs/b")
    *_, last = _load(make(Path("~/no conda here"), roots=("~/data",)))
    assert list(_by_name(last)) == ["b"]
    assert [each.executable for each in last.installations] == [f"{tmp_path}/home/no conda here"]


def test_a_change_from_outside_is_seen_and_only_that_environment_is_made_anew(
    tmp_path: Path, make: MakeWorkbench
) -> None:
    one = _environment(tmp_path / "home/.conda/envs/one", "numpy")
    _environment(tmp_path / "home/.conda/envs/two", "scipy")
    workbench = make()
    before = _load(workbench)[-1]
    assert not asyncio.run(workbench.changed())
    one.package("pandas")
    assert asyncio.run(workbench.changed())
    after = _by_name(_load(workbench)[-1])
    assert len(after["one"].contents.packages) == 2  # type: ignore[union-attr]
    assert after["two"].contents is _by_name(before)["two"].contents


def test_an_environment_that_comes_or_goes_is_seen(tmp_path: Path, make: MakeWorkbench) -> None:
    _environment(tmp_path / "home/.conda/envs/one")
    workbench = make()
    assert [each.name for each in _load(workbench)[-1].environments] == ["one"]
    (tmp_path / "home/.conda/envs/one").rename(tmp_path / "home/.conda/envs/two")
    assert asyncio.run(workbench.changed())
    assert [each.name for each in _load(workbench)[-1].environments] == ["two"]


class _Counted(tuple[str, ...]):
    """Paths that count how often they are gone through."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return super().__iter__()


def test_an_inventory_goes_once_through_what_a_conda_lists_however_many_environments_there_are(tmp_path: Path) -> None:
    listed = _Counted(str(_environment(tmp_path / "elsewhere" / name)) for name in ("one", "two", "three"))
    installation = Installation(executable=str(tmp_path / "conda/bin/conda"), root_prefix=str(tmp_path / "conda"))
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path / "home")
    machine = Machine(Settings(), locations, {}, lambda: datetime.now(timezone.utc))
    machine.found([installation])
    machine.learn(installation, CondaFacts(environments=listed))
    machine.survey()
    listed.times = 0
    owners = [each.installation for each in machine.inventory().environments]
    assert (owners, listed.times) == ([installation.root_prefix] * 4, 1)


def test_alike_environments_are_found_once_until_something_changes(tmp_path: Path, make: MakeWorkbench) -> None:
    conda = _conda(tmp_path / "conda", _answering(tmp_path / "fast"))
    for name in ("one", "other"):
        _environment(tmp_path / "fast" / name, "numpy", "scipy")
    workbench = make(conda)
    first, again = _load(workbench)[-1], _load(workbench)[-1]
    found = asyncio.run(workbench.groups(first))
    assert [(os.path.basename(group.keeper), len(group.members)) for group in found] == [("one", 1)]
    assert asyncio.run(workbench.groups(again)) is found
    _environment(tmp_path / "fast/other", "pandas")
    changed = _load(workbench)[-1]
    assert asyncio.run(workbench.groups(changed)) == ()
    assert len(asyncio.run(workbench.groups(changed, threshold=0.6))) == 1


def test_environments_that_computed_on_the_gpu_are_known_from_the_last_check(
    tmp_path: Path, make: MakeWorkbench
) -> None:
    conda = _conda(tmp_path / "conda", _answering(tmp_path / "fast"))
    for name in ("one", "other"):
        _environment(tmp_path / "fast" / name, "numpy")
    workbench = make(conda)
    inventory = _load(workbench)[-1]
    assert workbench.working_gpus(inventory) == frozenset()
    assert "gpu" not in vars(workbench)
    environments = _by_name(inventory)
    clock = lambda: datetime.now(timezone.utc) + LATER  # noqa: E731 - as the workbench has it
    cache = ResultCache(workbench.locations.gpu_cache, environ={"PATH": "/usr/bin:/bin"}, clock=clock)
    for name, runs in (("one", ()), ("other", (gpu_facts.computes(),))):
        found = gpu_facts.result(environments[name].prefix, gpu_facts.static(), gpu_facts.GPU_MACHINE, *runs)
        cache.keep(found, cache.dependencies(environments[name]))
    assert workbench.working_gpus(inventory) == {environments["other"].prefix}


def test_loading_that_is_given_up_leaves_no_conda_behind(tmp_path: Path, make: MakeWorkbench) -> None:
    mark = tmp_path / "pid"
    conda = _conda(tmp_path / "conda", f"echo $$ > {mark}; exec sleep 600")
    _environment(tmp_path / "conda/envs/inside")
    workbench = make(conda)

    async def give_up() -> int:
        loading = workbench.load()
        assert isinstance(loading, AsyncGenerator)
        await anext(loading)
        while not (mark.exists() and mark.read_text()):  # noqa: ASYNC110 - a process has no event to wait for
            await asyncio.sleep(0.01)
        await loading.aclose()
        pid = int(mark.read_text())
        for _ in range(500):
            if not _alive(pid):
                break
            await asyncio.sleep(0.01)
        return pid

    assert not _alive(asyncio.run(give_up()))
    assert [run.outcome for run in workbench.log.runs] == ["cancelled"]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_what_a_restore_point_keeps_of_a_candidate_is_what_the_plan_says(
    two_environments: tuple[Path, FakePrefix, FakePrefix], make: MakeWorkbench
) -> None:
    conda, nlp, vision = two_environments
    nlp.write("notes.txt", "x" * 5_000)
    workbench = make(conda)
    async for _ in workbench.load():
        pass
    said = dict[str, int]()
    for kind, keeper in (("environment", ""), ("merge", str(vision.path))):
        found = candidate("nlp", key=str(nlp.path), path=str(nlp.path), kind=kind, instead=keeper)
        said[kind] = await workbench.kept_bytes(found)
    plan = await workbench.jobs.plan(RemoveRequest(prefixes=(str(nlp.path),)))
    assert said == {"environment": plan.kept_bytes, "merge": plan.kept_bytes}
    assert plan.kept_bytes > 5_000


def test_what_the_user_keeps_is_seen_by_the_next_load(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix]
) -> None:
    conda, nlp, _ = two_environments
    workbench = make(conda)
    before = _by_name(_load(workbench)[-1])
    assert not asyncio.run(workbench.changed())
    asyncio.run(workbench.keep([str(nlp)], "the paper"))
    assert asyncio.run(workbench.changed())
    after = _by_name(_load(workbench)[-1])
    assert after["nlp"].keep is not None
    assert after["nlp"].keep.note == "the paper"
    assert after["vision"] is before["vision"], "what has not changed is the same object"
    assert [each.keep is not None for each in workbench.glance().environments if each.name == "nlp"] == [True]
    asyncio.run(workbench.unkeep([str(nlp)]))
    assert _by_name(_load(workbench)[-1])["nlp"].keep is None


def test_read_only_neither_marks_nor_jobs_nor_commands_are_taken(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix]
) -> None:
    conda, nlp, _ = two_environments
    workbench = make(conda)
    prefix = str(nlp)
    asyncio.run(workbench.keep([prefix], "the paper"))
    marks = workbench.marks()
    workbench.set_read_only(True)
    environment = environment_at(prefix)
    for change in (
        lambda: workbench.keep([prefix], "another"),
        lambda: workbench.unkeep([prefix]),
        lambda: workbench.set_baseline(prefix),
        lambda: workbench.remember_file(environment, "/f"),
        lambda: workbench.write_setting("columns", ["disk"]),
        lambda: workbench.trace(
            environment, Run(command=("true",), directory="/", seconds=1, output=1), asyncio.Event()
        ),
    ):
        with pytest.raises(RefusedError, match="read-only"):
            asyncio.run(change())
    with pytest.raises(RefusedError, match="read-only"):
        workbench.jobs.submit(plan_like(RemoveRequest(prefixes=(prefix,))))
    assert (workbench.marks(), workbench.jobs.jobs) == (marks, ())
    workbench.set_read_only(False)
    asyncio.run(workbench.unkeep([prefix]))


ELSEWHERE = "gpu07:/opt/envs/nlp"
HERE = "/opt/envs/nlp"


@pytest.mark.parametrize(
    "request_",
    [
        CloneRequest(source=ELSEWHERE, target="/opt/envs/new"),
        ExportRequest(prefix=ELSEWHERE, file="/tmp/x.yml"),
        ExportAllRequest(prefixes=(HERE, ELSEWHERE), directory="/tmp/x"),
        PackRequest(prefix=ELSEWHERE, file="/tmp/x.tar.gz"),
        ShipRequest(prefix=ELSEWHERE, directory="/tmp/x"),
        RemoveRequest(prefixes=(HERE, ELSEWHERE)),
        MergeRequest(keeper=ELSEWHERE, member=HERE),
        MergeRequest(keeper=HERE, member=ELSEWHERE),
        UpdateRequest(prefixes=(ELSEWHERE,), like=HERE),
        UpdateRequest(prefixes=(HERE,), like=ELSEWHERE),
        CheckpointRequest(prefixes=(ELSEWHERE,)),
        RollbackRequest(prefix=ELSEWHERE, revision=1),
        SlimRequest(source=ELSEWHERE, target="/opt/envs/new", classes=()),
        LeftoversRequest(prefixes=(ELSEWHERE,)),
        RelinkRequest(prefixes=(ELSEWHERE,)),
        SeparateRequest(prefix=ELSEWHERE),
        CleanupRequest(parts=(RelinkRequest(prefixes=(HERE,)), RemoveRequest(prefixes=(ELSEWHERE,)))),
    ],
    ids=lambda each: type(each).__name__,
)
def test_nothing_is_planned_for_what_another_machine_has(make: MakeWorkbench, request_: Request) -> None:
    with pytest.raises(RefusedError, match="on gpu07: what a snapshot tells can be looked at, not changed"):
        asyncio.run(make().jobs.plan(request_))


def test_what_another_machine_has_is_neither_marked_nor_run(make: MakeWorkbench) -> None:
    workbench = make()
    environment = environment_at(ELSEWHERE)
    for change in (
        lambda: workbench.keep([HERE, ELSEWHERE], "the paper"),
        lambda: workbench.unkeep([ELSEWHERE]),
        lambda: workbench.set_baseline(ELSEWHERE),
        lambda: workbench.remember_file(environment, "/f"),
        lambda: workbench.trace(
            environment, Run(command=("true",), directory="/", seconds=1, output=1), asyncio.Event()
        ),
    ):
        with pytest.raises(RefusedError, match="on gpu07"):
            asyncio.run(change())
    assert workbench.marks() == UserMarks()


async def test_a_package_is_inspected_with_its_files_unless_they_are_on_another_machine(
    make: MakeWorkbench, tmp_path: Path
) -> None:
    prefix = _environment(tmp_path / "nlp", "numpy")
    contents = read_prefix(str(prefix))
    (numpy,) = contents.packages
    here = replace(environment_at(str(prefix)), contents=contents)
    workbench = make()
    facts, files = await workbench.inspect_package(here, numpy)
    assert (facts.chain, files.why_not) == ((), "")
    _, files = await workbench.inspect_package(replace(here, host="gpu07"), numpy)
    assert files.why_not == "A snapshot tells no files."


async def test_a_setting_is_written_for_the_next_run(make: MakeWorkbench) -> None:
    workbench = make()
    file = await workbench.write_setting("columns", ("disk", "used"))
    assert 'columns: ["disk", "used"]\n' in file.read_text()


def test_snapshots_are_looked_at_only_where_there_are_some(make: MakeWorkbench, tmp_path: Path) -> None:
    workbench = make()
    with pytest.raises(UsageError):
        workbench.look_at_snapshots(str(tmp_path))
    assert workbench.snapshots == ""
    put_snapshot(tmp_path, "gpu07", loaded("nlp"))
    workbench.look_at_snapshots(str(tmp_path))
    assert workbench.snapshots == str(tmp_path)


def test_what_was_started_read_only_stays_so(make: MakeWorkbench) -> None:
    workbench = Workbench(
        Settings(read_only=True), make().locations, environ={}, clock=lambda: datetime.now(timezone.utc)
    )
    with pytest.raises(RefusedError) as raised:
        workbench.set_read_only(False)
    assert (raised.value.advice, workbench.read_only) == (LeaveReadOnly(started=True), True)


def test_marks_that_cannot_be_read_are_told_and_the_last_ones_still_hold(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix]
) -> None:
    conda, nlp, _ = two_environments
    workbench = make(conda)
    asyncio.run(workbench.keep([str(nlp)]))
    _load(workbench)
    workbench.locations.keep_file.write_text("format: 2\n")
    inventory = _load(workbench)[-1]
    assert (inventory.marks_unknown, _by_name(inventory)["nlp"].keep is not None) == (True, True)
    assert [each.id for each in inventory.problems] == ["keep-unreadable"]
    with pytest.raises(NewerFormatError):
        asyncio.run(workbench.keep([str(nlp)]))


def test_what_breaks_the_policy_of_the_settings_is_a_finding_and_a_policy_that_is_none_is_told(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix], tmp_path: Path
) -> None:
    conda, *_ = two_environments
    file = tmp_path / "home/policy.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("format: 1\nnames: vision\n")
    workbench = make(conda, policy="~/policy.yaml")
    inventory = _load(workbench)[-1]
    told = {
        each.name: [found.label for found in each.findings if found.id == "policy"] for each in inventory.environments
    }
    assert (told["nlp"], told["vision"], told["base"]) == (["policy: names"], [], [])
    assert workbench.policy() is not None
    file.write_text("format: 1\nname: vision\n")
    os.utime(file, ns=(0, 0))
    assert asyncio.run(workbench.changed())
    inventory = _load(workbench)[-1]
    assert [each.id for each in inventory.problems] == ["policy-unreadable"]
    assert not any(found.id == "policy" for each in inventory.environments for found in each.findings)


def test_the_baseline_is_remembered_and_the_settings_win(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix]
) -> None:
    conda, nlp, _ = two_environments
    workbench = make(conda)
    asyncio.run(workbench.set_baseline(str(nlp)))
    inventory = _load(workbench)[-1]
    assert (inventory.baseline and inventory.baseline.name, inventory.baseline_problem) == ("nlp", "")
    workbench.settings = replace(workbench.settings, baseline="vision")
    with pytest.raises(RefusedError, match="setting `baseline`"):
        asyncio.run(workbench.set_baseline(""))
    assert workbench.marks().baseline == str(nlp)
    other = make(conda, baseline="vision")
    inventory = _load(other)[-1]
    assert inventory.baseline is not None
    assert inventory.baseline.name == "vision"
    assert [each.name for each in inventory.environments if each.baseline] == ["vision"]


def test_a_baseline_that_is_gone_is_told(
    make: MakeWorkbench, two_environments: tuple[Path, FakePrefix, FakePrefix], tmp_path: Path
) -> None:
    conda, nlp, _ = two_environments
    workbench = make(conda)
    asyncio.run(workbench.set_baseline(str(nlp)))
    nlp.path.rename(tmp_path / "elsewhere")
    inventories = _load(workbench)
    assert inventories[-1].baseline is None
    assert "There is no environment" in inventories[-1].baseline_problem
    assert [each.id for each in inventories[-1].problems] == ["baseline-gone"]
    assert all(not each.problems for each in inventories if each.asking_conda), "it may still be found"


def test_what_is_behind_the_baseline_is_told_and_kept_up(make: MakeWorkbench, tmp_path: Path) -> None:
    envs = tmp_path / "root" / "envs"
    conda = _conda(tmp_path / "root", _answering(envs))
    baseline, clone = _environment(envs / "nlp"), _environment(envs / "clone")
    baseline.package("numpy", "1.26.4")
    clone.package("numpy", "1.26.3")
    clone.write(
        "conda-meta/history", f"==> 2026-01-01 00:00:00 <==\n# cmd: conda create -p /x --clone {baseline.path}\n"
    )
    workbench = make(conda)
    asyncio.run(workbench.set_baseline(str(baseline)))
    found = _by_name(_load(workbench)[-1])["clone"]
    assert [(each.name, each.version, each.newer) for each in found.behind] == [("numpy", "1.26.3", "1.26.4")]
    assert "behind-baseline" in [each.id for each in found.findings]
    assert _by_name(_load(workbench)[-1])["clone"] is found
    asyncio.run(workbench.set_baseline(""))
    assert _by_name(_load(workbench)[-1])["clone"].findings == ()


async def test_kernels_are_known_with_the_environments_that_they_start(make: MakeWorkbench, tmp_path: Path) -> None:
    root = tmp_path / "conda"
    _conda(root, _answering(root / "envs"))
    lab, home = _environment(root / "envs/lab", "ipykernel").path, tmp_path / "home"
    write(lab / "bin/python")
    place = home / ".local/share/jupyter/kernels"
    mine = make_kernel(place / "lab", str(lab / "bin/python"), display_name="My Lab")
    dead = make_kernel(place / "old", str(root / "envs/old/bin/python"))
    make_kernel(lab / "share/jupyter/kernels/python3", str(lab / "bin/python"))
    write(home / ".bashrc").write_text("# mine\nconda activate lab\n")
    workbench = make(root / "bin/conda")
    inventory = [each async for each in workbench.load()][-1]
    assert [each.path for each in inventory.kernels if each.gone] == [str(dead)]
    (found,) = (each for each in inventory.environments if each.prefix == str(lab))
    assert [(each.id, each.evidence) for each in found.findings if each.id == "kernel"] == [("kernel", (str(mine),))]
    references = await workbench.references(str(lab))
    assert [(each.kind, each.file, each.line) for each in references] == [
        ("kernel", str(mine), 0),
        ("shell", str(home / ".bashrc"), 2),
    ]
