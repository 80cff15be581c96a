"""Environments of other tools: what would change one is refused with the tool's own command, whatever the action."""

from __future__ import annotations

import shlex
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, get_args

import pytest

from condatui_core.actions.by_hand import BY_HAND
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.registry import ACTIONS, find_action
from condatui_core.errors import RefusedError
from condatui_core.jobs.queue import JobQueue
from condatui_core.proc.runner import CommandLog
from condatui_core.records.finding import Finding
from condatui_core.records.job import Plan
from condatui_core.records.request import (
    CheckpointRequest,
    CleanRequest,
    CleanupRequest,
    CloneRequest,
    CreateRequest,
    ExportAllRequest,
    ExportRequest,
    ForgetRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    PackRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
    RollbackRequest,
    SeparateRequest,
    SeveralRequest,
    ShipRequest,
    SlimRequest,
    UnpackRequest,
    UpdateRequest,
)
from support.disk_trees import write
from support.plain_work import PlainWork
from support.removals import RemovalMachine

_Made: TypeAlias = Callable[["Owned"], Request]


class Owned:
    """A machine with an environment of conda, `lab`, and one that another tool keeps for a project."""

    def __init__(self, home: Path, *, place: str = ".pixi/envs", manifest: str = "pixi.toml") -> None:
        self.machine = RemovalMachine(home, script='echo "{}"')
        self.lab = str(self.machine.make("lab"))
        self.project = home / "my project"
        self.manifest = write(self.project / manifest)
        self.prefix = str(self.machine.make(f"../../my project/{place}/test", registered=False).path.resolve())
        self.machine.environments.clear()
        self.machine.note(Path(self.lab))
        self.machine.note(Path(self.prefix), name=self.prefix)
        self.new = str(self.project / place / "new")
        self.archive = home / "lab.tar"
        with tarfile.open(self.archive, "w") as archive:
            archive.add(self.lab, arcname=".")
        self.point = ""

    async def make_point(self) -> None:
        """Keep it in a restore point, and change it afterwards."""
        checkpoint = CheckpointRequest(prefixes=(self.prefix,))
        action = ACTIONS[CheckpointRequest]()
        outcome = await action.perform(await self.plan(checkpoint), checkpoint, self.machine.context(), PlainWork())
        (self.point,) = outcome.restore_points
        write(Path(self.prefix) / "new")

    async def plan(self, request: Request) -> Plan:
        context = self.machine.context()

        async def job_context() -> JobContext:
            return context

        queue = JobQueue(context.locations, job_context, log=CommandLog(), clock=context.clock, find_action=find_action)
        return await queue.plan(request)


@pytest.fixture
def owned(tmp_path: Path) -> Owned:
    return Owned(tmp_path)


CHANGES: dict[type, _Made] = {
    RemoveRequest: lambda owned: RemoveRequest(prefixes=(owned.prefix,), restore_point=False),
    UpdateRequest: lambda owned: UpdateRequest(prefixes=(owned.prefix,), like=owned.lab),
    RollbackRequest: lambda owned: RollbackRequest(prefix=owned.prefix, revision=0),
    LeftoversRequest: lambda owned: LeftoversRequest(prefixes=(owned.prefix,)),
    SeparateRequest: lambda owned: SeparateRequest(prefix=owned.prefix),
    MergeRequest: lambda owned: MergeRequest(keeper=owned.lab, member=owned.prefix),
    RestoreRequest: lambda owned: RestoreRequest(id=owned.point),
}
"""What would change an environment that is there."""

MAKES: dict[type, _Made] = {
    CloneRequest: lambda owned: CloneRequest(source=owned.lab, target=owned.new),
    CreateRequest: lambda owned: CreateRequest(target=owned.new, specs=("numpy",)),
    SlimRequest: lambda owned: SlimRequest(source=owned.lab, target=owned.new, classes=()),
    UnpackRequest: lambda owned: UnpackRequest(archive=str(owned.archive), target=owned.new),
}
"""What would make one where the tool keeps its own."""

READS: dict[type, _Made] = {
    CheckpointRequest: lambda owned: CheckpointRequest(prefixes=(owned.prefix,)),
    ExportRequest: lambda owned: ExportRequest(prefix=owned.prefix, file=f"{owned.machine.home}/out.yml"),
    PackRequest: lambda owned: PackRequest(prefix=owned.prefix, file=f"{owned.machine.home}/out.tar.gz"),
    ShipRequest: lambda owned: ShipRequest(prefix=owned.prefix, directory=f"{owned.machine.home}/image"),
    ExportAllRequest: lambda owned: ExportAllRequest(directory=f"{owned.machine.home}/all"),
}
"""What only reads it."""

OTHERS = {CleanRequest, CleanupRequest, ForgetRequest, KernelsRequest, RelinkRequest, SeveralRequest}
"""What is about no environment, is made of these, or leaves environments of other tools out, which tests of its own
show."""


def test_the_tables_have_every_action() -> None:
    """A new action has to say here whether it changes an environment."""
    assert {*CHANGES, *MAKES, *READS, *OTHERS} == set(get_args(Request))


def blockers_by_owner(plan: Plan) -> list[Finding]:
    return [each for each in plan.blockers if each.id == "managed-by"]


def commands_in(plan: Plan) -> list[str]:
    """The commands that a plan tells for a shell, which would go behind the tool's back."""
    by_hand = [said for label, said in plan.facts if label == BY_HAND]
    return [*by_hand, *(shlex.join(each.argv) for each in plan.steps if each.argv)]


@pytest.mark.parametrize("kind", CHANGES, ids=lambda each: each.__name__)
async def test_what_would_change_it_names_the_command_of_its_tool(owned: Owned, kind: type) -> None:
    if kind is RestoreRequest:
        await owned.make_point()
    plan = await owned.plan(CHANGES[kind](owned))
    (found,) = blockers_by_owner(plan)
    manifest = owned.manifest
    assert found.message == f"pixi manages {owned.prefix} for {owned.project}."
    command = f"pixi clean --environment test --manifest-path {shlex.quote(str(manifest))}"
    assert found.remedy == f"Change it with pixi, by {manifest}; `{command}` removes it."
    assert commands_in(plan) == []


@pytest.mark.parametrize("kind", MAKES, ids=lambda each: each.__name__)
async def test_nothing_is_made_where_a_tool_keeps_its_own(owned: Owned, kind: type) -> None:
    plan = await owned.plan(MAKES[kind](owned))
    (found,) = blockers_by_owner(plan)
    assert found.message == f"{owned.new} is where pixi keeps environments of {owned.project}."
    assert commands_in(plan) == []


OTHER_TOOLS = {"snakemake": (".snakemake/conda", "Snakefile"), "conda-project": ("envs", "conda-project.yml")}
"""Where they keep environments of a project, and a file that lies beside."""


@pytest.mark.parametrize("tool", OTHER_TOOLS)
async def test_every_tool_is_guarded_against_every_change(tmp_path: Path, tool: str) -> None:
    place, manifest = OTHER_TOOLS[tool]
    owned = Owned(tmp_path, place=place, manifest=manifest)
    await owned.make_point()
    for make in (*CHANGES.values(), *MAKES.values()):
        plan = await owned.plan(make(owned))
        (found,) = blockers_by_owner(plan)
        assert tool in found.message
        assert commands_in(plan) == []


@pytest.mark.parametrize("kind", READS, ids=lambda each: each.__name__)
async def test_what_only_reads_it_is_not_refused(owned: Owned, kind: type) -> None:
    assert blockers_by_owner(await owned.plan(READS[kind](owned))) == []


async def test_one_that_a_tool_has_taken_over_since_it_was_planned_stays(owned: Owned) -> None:
    project = Path(owned.lab).parent.parent  # `envs` of a conda, which becomes that of a project
    request = RemoveRequest(prefixes=(owned.lab,))
    plan = await owned.plan(request)
    assert plan.blockers == ()
    assert commands_in(plan) == [f"{owned.machine.root}/bin/conda remove --prefix {owned.lab} --all"]
    write(Path(owned.lab) / "conda-meta/pixi")
    action = ACTIONS[RemoveRequest]()
    with pytest.raises(RefusedError, match="pixi manages lab"):
        await action.perform(plan, request, owned.machine.context(), PlainWork())
    assert Path(owned.lab).is_dir()
    assert project.is_dir()


async def test_a_project_s_own_environment_goes_with_a_note(owned: Owned) -> None:
    prefix = owned.machine.make("../../lab work/.conda", registered=False).path.resolve()
    owned.machine.environments.clear()
    project = str(prefix.parent)
    owned.machine.note(prefix, name=str(prefix), project=project)
    plan = await owned.plan(RemoveRequest(prefixes=(str(prefix),)))
    assert plan.blockers == ()
    (found,) = [each for each in plan.warnings if each.id == "project"]
    assert found.message == f"{prefix} is the environment of the project in {project}, which may expect it there."
