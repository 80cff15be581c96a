"""Creates environments by the real conda: what is asked for is there, and what goes wrong leaves a true word."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from condatui_core.actions.create import perform as create_perform
from condatui_core.actions.create import plan as create_plan
from condatui_core.actions.create import recover as create_recover
from condatui_core.actions.guards import refuse
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.baseline_proposal import propose_baseline, request_of
from condatui_core.errors import CondaError, CondatuiError, RefusedError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.proc.runner import Answer
from condatui_core.records.job import Outcome, Plan, Progressed, Recovery
from condatui_core.records.request import CreateRequest, RemoveRequest
from condatui_core.settings import Settings
from condatui_core.text import format_bytes
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, dying_conda, run_dying, told, workbench_of
from support.fake_conda import answer
from support.plain_work import PlainWork
from support.sandboxes import copy_sandbox, manifest
from support.tiers import thorough


@dataclass
class Place:
    """A sandbox to create environments in."""

    sandbox: Sandbox
    context: JobContext

    @property
    def target(self) -> str:
        return str(self.sandbox.root_prefix / "envs" / "new")

    def request(self, *specs: str, **fields: object) -> CreateRequest:
        given = {"target": self.target, "specs": specs, **fields}
        return CreateRequest(**given)  # type: ignore[arg-type]

    async def plan(self, request: CreateRequest) -> Plan:
        return await create_plan.plan(request, self.context)

    async def perform(self, request: CreateRequest, work: PlainWork | None = None) -> Outcome:
        plan = await self.plan(request)
        refuse(plan.blockers)
        return await create_perform.perform(plan, request, self.context, work or PlainWork())

    async def recovery(self, request: CreateRequest, work: PlainWork) -> Recovery:
        plan = await self.plan(request)
        return await create_recover.recover(plan, request, work.stages[-1] if work.stages else "", self.context)


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("created") / "sandbox", ["nlp-exp", "notebooks"])


@pytest.fixture(scope="module")
def loaded(copied: Sandbox) -> JobContext:
    return asyncio.run(context_of(copied))


@pytest.fixture
def place(copied: Sandbox, loaded: JobContext) -> Place:
    shutil.rmtree(copied.root_prefix / "envs" / "new", ignore_errors=True)
    return Place(copied, loaded)


async def test_what_is_asked_for_is_made_and_noted_as_requested(place: Place) -> None:
    request = place.request("python", "numpy", "tqdm", variables=(("TOKEN", "a b"),))
    plan = await place.plan(request)
    assert not os.path.lexists(request.target), "a plan changes nothing"
    work = PlainWork()
    outcome = await create_perform.perform(plan, request, place.context, work)
    made = read_prefix(request.target)
    assert plan.creation
    assert sorted(each.dist_name for each in made.packages) == sorted(plan.creation.packages)
    assert {name for name, _ in made.history.requested} == {"python", "numpy", "tqdm"}
    assert made.variables == (("TOKEN", "a b"),)
    assert work.ran[0] in {step.argv for step in plan.steps}, "what was shown is what was run"
    assert (outcome.findings, made.problems, is_marked_incomplete(request.target)) == ((), (), False)
    assert (await place.recovery(request, work)).state == "done"


async def test_what_conda_downloads_is_told_while_it_comes(copied: Sandbox, tmp_path: Path) -> None:
    """Its caches are empty; of archives on this machine it tells only that they have come."""
    pkgs, away = copied.root_prefix / "pkgs", tmp_path / "pkgs"
    pkgs.rename(away)
    try:
        jobs = workbench_of(copied).jobs
        plan = await jobs.plan(CreateRequest(target=str(tmp_path / "downloaded"), specs=("tzdata",)))
        job = jobs.submit(plan)
        told = [event.doing async for event in jobs.events(job.id) if isinstance(event, Progressed)]
    finally:
        shutil.rmtree(pkgs, ignore_errors=True)
        away.rename(pkgs)
    over = jobs.job(job.id)
    assert over and over.state == "done", over
    assert dict(plan.facts)["to download"].startswith("1 package")
    first, *then = dict.fromkeys(told)
    assert first == "solving, then linking"
    # What lasts less than the time between two reports may be missing.
    assert then in (["unpacking", "linking"], ["linking"], ["unpacking"], [])
    assert not [line for line in over.output if "fetch" in line]


async def test_a_proposal_is_made_build_for_build_and_leaves_room_for_updates(place: Place) -> None:
    inventory = place.context.inventory
    proposal = propose_baseline(inventory)
    request = request_of(proposal, place.target, inventory.first_channel_config)
    before = {name: manifest(place.sandbox.prefixes[name]) for name in ("nlp-exp", "notebooks")}
    assert request.channels
    installed = sum(each.installed_bytes for each in proposal.records)
    facts = dict((await place.plan(request)).facts)
    assert facts["files"].startswith(format_bytes(installed))
    await place.perform(request)
    made = read_prefix(request.target)
    assert {each.dist_name for each in made.packages} == {each.dist_name for each in proposal.records}
    requested = dict(made.history.requested)
    assert requested == {name: name for name in proposal.leaves}, "and no build is requested"
    assert {each.name for each in made.packages if each.requested_specs} == set(proposal.leaves)
    assert "python" in requested
    assert before == {name: manifest(place.sandbox.prefixes[name]) for name in before}


async def test_only_the_channels_that_are_named_are_searched(place: Place, tmp_path: Path) -> None:
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / "repodata.json").write_text('{"packages": {}}')
    plan = await place.plan(place.request("tqdm", channels=(f"file://{tmp_path}",)))
    assert [each.id for each in plan.blockers] == ["not-solved"]
    assert (plan.steps, os.path.lexists(place.target)) == ((), False)


@pytest.mark.parametrize("there", ["environment", "directory", "file", "link", "broken link"])
async def test_what_is_there_is_never_replaced(place: Place, tmp_path: Path, there: str) -> None:
    target = tmp_path / "there"
    precious = tmp_path / "precious"
    (precious / "conda-meta").mkdir(parents=True)
    (precious / "conda-meta" / "history").write_text("mine")
    if there in ("environment", "directory"):
        shutil.copytree(precious if there == "environment" else precious / "conda-meta", target)
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to(precious if there == "link" else tmp_path / "nowhere")
    before = manifest(tmp_path)
    request = place.request("tqdm", target=str(target))
    plan = await place.plan(request)
    assert "target-exists" in [each.id for each in plan.blockers]
    with pytest.raises(RefusedError):
        await create_perform.perform(plan, request, place.context, PlainWork())
    assert manifest(tmp_path) == before


async def test_a_target_that_comes_up_in_the_last_moment_is_left_alone(place: Place, tmp_path: Path) -> None:
    target = tmp_path / "new"

    def make(stage: str) -> None:
        (target / "conda-meta").mkdir(parents=True)
        (target / "conda-meta" / "history").write_text("mine")

    request, work = place.request("tqdm", target=str(target)), PlainWork(before_stage=make)
    with pytest.raises(RefusedError, match="has appeared"):
        await place.perform(request, work)
    assert work.ran == []
    assert [path.name for path in target.rglob("*")] == ["conda-meta", "history"]
    assert (await place.recovery(request, work)).state == "untouched"


@pytest.mark.parametrize(
    ("fields", "blocked"),
    [
        ({"specs": ()}, "bad-spec"),
        ({"specs": ("--force",)}, "bad-spec"),
        ({"specs": (" ",)}, "bad-spec"),
        ({"specs": ("no-such-package",)}, "not-solved"),
        ({"pip": ("rich==13.0",)}, "pip"),
        ({"variables": (("a=b", ""),)}, "bad-variable"),
        ({"variables": (("a;reboot;", "1"),)}, "bad-variable"),
        ({"installation": "/no/such/conda"}, "no-conda"),
        ({"target": "/no/such/\ndirectory"}, "bad-name"),
        ({"target": "/dev/null/new"}, "no-directory"),
    ],
)
async def test_what_cannot_be_made_is_said_before(place: Place, fields: Mapping[str, object], blocked: str) -> None:
    plan = await place.plan(place.request(**{"specs": ("tqdm",), **fields}))
    assert blocked in [each.id for each in plan.blockers]
    assert plan.steps == ()


async def test_what_breaks_a_rule_of_the_policy_is_said_before(place: Place, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("format: 1\nforbidden_packages: [tqdm]\n")
    settings = Settings(usual_places=False, policy=str(tmp_path / "policy.yaml"))
    context = replace(place.context, settings=settings)
    plan = await create_plan.plan(place.request("tqdm"), context)
    assert [each.message[:32] for each in plan.warnings if each.id == "policy"] == ["The policy is against it: it has"]
    assert not plan.blockers


async def test_what_does_not_fit_on_the_disk_is_not_begun(place: Place) -> None:
    download = {"actions": {"LINK": [], "FETCH": [{"name": "torch", "dist_name": "torch-2-0", "size": 10**15}]}}

    async def ask(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> object:
        return answer(download)

    context = replace(place.context, ask_conda=ask)  # type: ignore[arg-type]
    plan = await create_plan.plan(place.request("torch"), context)
    assert [each.id for each in plan.blockers] == ["no-space"]
    assert (plan.bytes_needed or 0) >= 5 * 10**15


async def test_caches_are_asked_first_only_for_what_cannot_be_newer(place: Place) -> None:
    asked: list[bool] = []

    async def ask(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> object:
        asked.append("--offline" in argv)
        raise CondaError("It refuses.")

    context = replace(place.context, ask_conda=ask)  # type: ignore[arg-type]
    for specs, offline, expected in (
        (("tqdm", "numpy=1.26.4=py311_0"), False, [False]),
        (("numpy=1.26.4=py311_0",), False, [True, False]),
        (("tqdm",), True, [True]),
    ):
        asked.clear()
        await create_plan.plan(place.request(*specs, offline=offline), context)
        assert asked == expected


async def test_a_conda_that_has_done_nothing_is_not_believed_and_leaves_nothing(place: Place) -> None:
    async def lie(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        return answer({"success": True})

    request, work = place.request("tqdm"), PlainWork(runner=lie)
    with pytest.raises(CondatuiError, match="is not as it was to become") as raised:
        await place.perform(request, work)
    assert "tqdm: is not there" in raised.value.detail
    found = await place.recovery(request, work)
    assert (found.state, found.way_out) == ("half", RemoveRequest(prefixes=(request.target,)))


async def test_a_conda_that_refuses_leaves_nothing(place: Place) -> None:
    async def refuse_it(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        return answer({"exception_name": "CondaHTTPError", "message": "no"}, exit_code=1)

    request, work = place.request("tqdm"), PlainWork(runner=refuse_it)
    with pytest.raises(CondaError):
        await place.perform(request, work)
    assert not os.path.lexists(request.target)
    assert (await place.recovery(request, work)).state == "untouched"


# kill -9


@pytest.mark.parametrize(
    ("stage", "effect", "state"),
    [
        ("create", 3, "half"),
        ("verify", 5, "half"),
        *thorough([("create", 0, "untouched"), ("create", 6, "half"), ("verify", 0, "half"), ("verify", 2, "half")]),
    ],
)
async def test_condatui_killed_while_it_creates(place: Place, stage: str, effect: int, state: str) -> None:
    request = place.request("python", "xlrd", requested=("python",), offline=True)
    assert run_dying(place.sandbox, request, stage, effect)[0] == -9
    after = await told(place.sandbox)
    assert (after.state, "used since" in after.message) == (state, False)
    if after.way_out is None:
        assert not os.path.lexists(request.target)
        return
    plan = await workbench_of(place.sandbox).jobs.plan(after.way_out)
    assert (plan.blockers, plan.confirm) == ((), "")
    assert (await carried_out(place.sandbox, after.way_out)).state == "done"
    assert not os.path.lexists(request.target)


@pytest.mark.parametrize("number", [*thorough([5]), 100])
@pytest.mark.thorough
async def test_conda_killed_while_it_links(place: Place, number: int) -> None:
    request = place.request("python", "numpy", offline=True)
    with dying_conda(place.sandbox, "install", "os.link", request.target, number, with_parent=True):
        assert run_dying(place.sandbox, request, "", 0)[0] == -9
    after = await told(place.sandbox)
    assert (after.state, after.way_out) == ("half", RemoveRequest(prefixes=(request.target,)))
    assert "used since" not in after.message, "all that is there is conda's"
    assert (await carried_out(place.sandbox, RemoveRequest(prefixes=(request.target,)))).state == "done"


async def test_what_came_into_a_half_made_one_is_kept(place: Place) -> None:
    request = place.request("python", offline=True)
    assert run_dying(place.sandbox, request, "verify", 0)[0] == -9
    (Path(request.target) / "work.ipynb").write_text("a day of work")
    after = await told(place.sandbox)
    assert "has been used since: work.ipynb is its own" in after.message
    assert after.way_out
    removed = await carried_out(place.sandbox, after.way_out)
    assert removed.end and removed.end.outcome
    assert len(removed.end.outcome.restore_points) == 1
