"""Environments made and updated from files by the real conda and pip: verified, never replaced, never half told."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from condatui_core.actions.from_file import asked_of, drift_from, lacking
from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.restore.listing import before_last_change
from condatui_core.actions.update import plan as update_plan
from condatui_core.analyses.revisions import state_after
from condatui_core.errors import CondaError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Job, Recovery
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import CreateRequest, ExportFormat, ExportRequest, RestoreRequest, UpdateRequest
from condatui_core.verification import verify_file
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, run_dying, told, workbench_of
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough
from support.wheels import wheel

FILE = """\
name: made
channels: [conda-forge]
variables: {{TOKEN: s3cret}}
dependencies:
  - python=3.11
  - numpy=1.26
  - pip
  - pip:
      - --find-links {wheels}
      - --extra-index-url https://me:pa55@index.invalid/simple
      - -r more.txt
      - -c bounds.txt
      - -e {source}/segtools
"""


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    place = tmp_path_factory.mktemp("from-file")
    return copy_sandbox(sandbox, place / "sandbox", ["notebooks", "pip-mix", "vision-cpu", "nlp-base"])


@pytest.fixture
def file(copied: Sandbox, sandbox: Sandbox, tmp_path: Path) -> Path:
    """An environment.yml with everything that pip can be asked for offline."""
    file = tmp_path / "made.yml"
    file.write_text(FILE.format(wheels=sandbox.directory / "wheels", source=copied.home / "src"))
    (tmp_path / "more.txt").write_text("einops>=0.7\ntimm\n")
    (tmp_path / "bounds.txt").write_text("timm<2\n")
    return file


def prefix_of(sandbox: Sandbox, name: str) -> str:
    return str(sandbox.root_prefix / "envs" / name)


async def drift(sandbox: Sandbox, prefix: str, file: str) -> list[str]:
    context = await context_of(sandbox)
    environment = context.environment(prefix)
    assert environment
    found = verify_file(environment, file, context.inventory.channel_config(environment))
    return [f"{each.kind} {each.name}" for each in found.drift]


def journal(sandbox: Sandbox) -> str:
    """All that is written down of jobs; a restore point has what its environment had."""
    jobs = sandbox.home / ".condatui" / "state" / "jobs"
    found = "".join(each.read_text(errors="replace") for each in jobs.rglob("*") if each.is_file())
    assert "made.yml" in found
    return found


def words(job: Job) -> str:
    assert job.end
    return f"{job.end.message}\n{job.end.detail}"


@pytest.mark.parametrize("form", ["yaml", "explicit", *thorough(["requirements", "json", "conda-lock"])])
async def test_what_is_exported_is_made_again_without_drift(
    copied: Sandbox, tmp_path: Path, form: ExportFormat
) -> None:
    file, target = tmp_path / "exported", prefix_of(copied, f"again-{form}")
    export = ExportRequest(prefix=str(copied.prefixes["vision-cpu"]), file=str(file), format=form)
    assert (await carried_out(copied, export)).state == "done"
    job = await carried_out(copied, CreateRequest(target=target, file=str(file), offline=True))
    assert job.state == "done", words(job)
    assert await drift(copied, target, str(file)) == []
    original = read_prefix(str(copied.prefixes["vision-cpu"]))
    assert {each.dist_name for each in read_prefix(target).packages} == {each.dist_name for each in original.packages}
    shutil.rmtree(target)


async def test_pip_has_its_part_and_no_secret_is_written_down(copied: Sandbox, file: Path) -> None:
    target = prefix_of(copied, "made")
    request = CreateRequest(target=target, file=str(file), offline=True)
    plan = await workbench_of(copied).jobs.plan(request)
    assert dict(plan.facts)["variables"] == "TOKEN"
    assert dict(plan.facts)["for pip"] == f"einops>=0.7\ntimm\n-e {copied.home}/src/segtools"
    job = await carried_out(copied, request)
    assert job.state == "done", words(job)
    made = read_prefix(target)
    assert {each.name for each in made.pip_distributions} == {"einops", "timm", "segtools"}
    assert made.variables == (("TOKEN", "s3cret"),)
    assert not is_marked_incomplete(target)
    assert not [secret for secret in ("s3cret", "pa55") if secret in journal(copied)]

    file.write_text(
        file.read_text().replace("numpy=1.26", "tqdm").replace("s3cret", "0ther").replace("-r more.txt", "einops")
    )
    (file.parent / "bounds.txt").write_text("")
    before = manifest(Path(target))
    update = UpdateRequest(prefixes=(target,), file=str(file), offline=True)
    assert "gone" not in {each.change for each in (await workbench_of(copied).jobs.plan(update)).moves}
    pruning = UpdateRequest(prefixes=(target,), file=str(file), prune=True, offline=True)
    plan = await workbench_of(copied).jobs.plan(pruning)
    assert manifest(Path(target)) == before, "a plan changes nothing"
    moves = {each.name: each.change for each in plan.moves}
    assert (moves["numpy"], moves["timm"], moves["tqdm"]) == ("gone", "gone", "new")
    job = await carried_out(copied, pruning)
    assert job.state == "done", words(job)
    updated = read_prefix(target)
    assert {each.name for each in updated.pip_distributions} == {"einops", "segtools"}
    assert {"python", "tqdm", "pip"} <= {each.name for each in updated.packages}
    assert "numpy" not in {each.name for each in updated.packages}
    assert updated.variables == (("TOKEN", "0ther"),)
    assert await drift(copied, target, str(file)) == ["extra segtools"], "verify cannot tell whose place that is"
    assert "nothing-to-do" in [each.id for each in (await workbench_of(copied).jobs.plan(pruning)).blockers]
    assert job.end
    assert job.end.outcome
    undone = await carried_out(copied, RestoreRequest(id=job.end.outcome.restore_points[0]))
    assert undone.state == "done", words(undone)
    assert {each.name for each in read_prefix(target).packages} == {each.name for each in made.packages}
    assert "timm" in {each.name for each in read_prefix(target).pip_distributions}
    assert not [secret for secret in ("0ther", "pa55") if secret in journal(copied)]


async def test_what_turns_out_to_be_needed_stays_and_is_not_counted(copied: Sandbox, tmp_path: Path) -> None:
    """conda by itself would clean up idna and certifi, which only pip's httpx needs then."""
    target, file = prefix_of(copied, "web"), tmp_path / "asked.yml"
    creation = CreateRequest(target=target, specs=("python=3.11", "pip", "requests"), offline=True)
    assert (await carried_out(copied, creation)).state == "done"
    place = wheel(tmp_path, "httpx", requires=("certifi", "idna>=2"))
    file.write_text(f"channels: [conda-forge]\ndependencies: [python=3.11, pip, {{pip: [{place}]}}]\n")
    request = UpdateRequest(prefixes=(target,), file=str(file), prune=True, offline=True)
    jobs = workbench_of(copied).jobs
    plan = await jobs.plan(request)  # of what a path has pip is not asked beforehand
    planned = {"requests", "certifi", "charset-normalizer", "idna", "urllib3"}
    assert {each.name for each in plan.moves} == planned
    submitted = jobs.submit(plan)
    async for _ in jobs.events(submitted.id):
        pass
    job = jobs.job(submitted.id) or submitted
    assert job.state == "done", words(job)
    assert {each.name for each in read_prefix(target).packages} & planned == {"certifi", "idna"}
    assert job.end
    assert job.end.outcome
    assert "asked.yml: 4 packages;" in job.end.outcome.message
    assert [each.evidence for each in job.end.outcome.findings if each.id == "stays"] == [
        ("certifi 2024.8.30: httpx needs it", "idna 3.10: httpx needs it")
    ]
    shutil.rmtree(target)


async def test_what_comes_and_what_goes_is_one_revision_and_gone_back_from_whole(
    copied: Sandbox, tmp_path: Path
) -> None:
    """conda installs and then removes: to before the last of these is half-way."""
    prefix, file = copied.prefixes["notebooks"], tmp_path / "asked.yml"
    file.write_text("channels: [conda-forge]\ndependencies: [python=3.11, tqdm]\n")
    before = read_prefix(str(prefix))
    job = await carried_out(copied, UpdateRequest(prefixes=(str(prefix),), file=str(file), prune=True, offline=True))
    assert job.end
    assert job.end.outcome, words(job)
    (point,) = job.end.outcome.restore_points
    after = read_prefix(str(prefix))
    *earlier, last = after.history.revisions
    assert (tuple(earlier), " install " in last.command) == (before.history.revisions, True)
    listed = [json.loads(conda(copied, "list", "-p", str(prefix), "--revisions", "--json"))[-1]]
    assert [(len(each["install"]), len(each["remove"])) for each in listed] == [(len(last.added), len(last.removed))]
    stated = {f"{each.name}-{each.version}-{each.build}" for each in state_after(after.history, last.number)}
    assert stated == {each.dist_name for each in after.packages}
    assert set(dict(after.history.requested)) == {"python", "tqdm"}
    context = await context_of(copied)
    environment = context.environment(str(prefix))
    assert environment
    assert before_last_change(environment, context) == RestoreRequest(id=point)
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert read_prefix(str(prefix)).history.revisions == before.history.revisions


@pytest.mark.parametrize("there", ["environment", "directory", "broken link"])
async def test_create_never_replaces_anything(copied: Sandbox, file: Path, tmp_path: Path, there: str) -> None:
    target = tmp_path / "there"
    if there == "broken link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        (target / ("conda-meta" if there == "environment" else "mine")).mkdir(parents=True)
        (target / "mine.txt").write_text("mine")
    before = manifest(tmp_path)
    plan = await workbench_of(copied).jobs.plan(CreateRequest(target=str(target), file=str(file)))
    assert "target-exists" in [each.id for each in plan.blockers]
    assert manifest(tmp_path) == before


async def test_a_file_that_changed_since_the_plan_is_not_followed(copied: Sandbox, file: Path) -> None:
    jobs = workbench_of(copied).jobs
    target = prefix_of(copied, "changed")
    plan = await jobs.plan(CreateRequest(target=target, file=str(file), offline=True))
    (file.parent / "more.txt").write_text("einops\n")
    submitted = jobs.submit(plan)
    async for _ in jobs.events(submitted.id):
        pass
    assert "has changed since" in words(jobs.job(submitted.id) or submitted)
    assert not os.path.lexists(target)


async def test_a_line_that_cannot_be_honoured_stands_against_all(copied: Sandbox, file: Path) -> None:
    file.write_text(file.read_text().replace("-r more.txt", "--config-settings=x"))
    target = prefix_of(copied, "refused")
    plan = await workbench_of(copied).jobs.plan(CreateRequest(target=target, file=str(file), offline=True))
    (found,) = [each for each in plan.blockers if each.id == "bad-line"]
    assert "--config-settings" in found.evidence[0]
    file.write_text("variables: {'A;id': x}\ndependencies: [python]\n")
    update = UpdateRequest(prefixes=(str(copied.prefixes["vision-cpu"]),), file=str(file), offline=True)
    assert "bad-variable" in [each.id for each in (await workbench_of(copied).jobs.plan(update)).blockers]


@pytest.mark.parametrize("stage", [*thorough(["pip"]), "verify"])
async def test_killed_it_is_told_as_half_made(copied: Sandbox, file: Path, stage: str) -> None:
    target = prefix_of(copied, f"killed-{stage}")
    assert run_dying(copied, CreateRequest(target=target, file=str(file), offline=True), stage, 0)[0] == -9
    recovery = await told(copied)
    assert recovery.state == "half", recovery
    assert recovery.way_out
    assert ("may have been used since" in recovery.message) is (stage == "verify")
    assert " its own" not in recovery.message
    removal = await workbench_of(copied).jobs.plan(recovery.way_out)
    assert not [each.message for each in removal.warnings if " its own" in each.message]
    assert is_marked_incomplete(target)
    assert (await carried_out(copied, recovery.way_out)).state == "done"
    assert not os.path.lexists(target)


async def test_killed_beside_pip_no_file_of_it_is_left(copied: Sandbox, file: Path) -> None:
    """It holds a password."""
    target, private = prefix_of(copied, "killed-private"), copied.home / ".condatui" / "state" / "private"
    request = CreateRequest(target=target, file=str(file), offline=True)
    assert run_dying(copied, request, "pip", _AFTER_THE_FILE)[0] == -9
    assert "pa55" in "".join(each.read_text() for each in private.rglob("requirements.txt"))
    recovery = await told(copied)
    assert os.listdir(private) == []
    assert recovery.way_out
    assert (await carried_out(copied, recovery.way_out)).state == "done"


_AFTER_THE_FILE = 5
"""The effect of the stage by which what pip is asked for has been written: place, lock, directory, requirements."""


@pytest.mark.thorough
async def test_killed_with_another_channel_it_is_told_by_the_channel(copied: Sandbox, tmp_path: Path) -> None:
    """The same build comes from another channel: no name and no version tells it."""
    prefix, file = copied.prefixes["nlp-base"], tmp_path / "asked.yml"
    (record,) = (prefix / "conda-meta").glob("tqdm-[0-9]*.json")
    was, forge = record.read_text(), json.loads(record.read_text())["channel"]
    record.write_text(was.replace("/conda-forge", "/elsewhere"))
    file.write_text("channels: [conda-forge]\ndependencies: ['conda-forge::tqdm']\n")
    request = UpdateRequest(prefixes=(str(prefix),), file=str(file), offline=True)
    (update,) = (await workbench_of(copied).jobs.plan(request)).updates
    assert update.added == update.removed == (record.stem,)
    assert update.from_another_channel == ((record.stem, forge.rpartition("/")[0]),)
    assert run_dying(copied, request, "conda", 0)[0] == -9
    assert (await told(copied)).state == "untouched"
    assert run_dying(copied, request, "verify", 0)[0] == -9
    recovery = await told(copied)
    assert (recovery.state, "updated, and not verified" in recovery.message) == ("done", True), recovery


async def test_killed_while_it_prunes_the_way_out_brings_it_back(copied: Sandbox, file: Path) -> None:
    prefix = str(copied.prefixes["notebooks"])
    before = {each.dist_name for each in read_prefix(prefix).packages}
    file.write_text("channels: [conda-forge]\ndependencies: [python=3.11, tqdm]\n")
    request = UpdateRequest(prefixes=(prefix,), file=str(file), prune=True, offline=True)
    assert run_dying(copied, request, "prune", 0)[0] == -9
    recovery = await told(copied)
    assert recovery.state == "half"
    assert isinstance(recovery.way_out, RestoreRequest)
    assert (await carried_out(copied, recovery.way_out)).state == "done"
    assert {each.dist_name for each in read_prefix(prefix).packages} == before


# kill -9 in the stages that only a file has


async def exported(sandbox: Sandbox, name: str, file: Path, form: ExportFormat) -> str:
    """What lists an environment as it is."""
    export = ExportRequest(prefix=str(sandbox.prefixes[name]), file=str(file), format=form)
    assert (await carried_out(sandbox, export)).state == "done"
    return file.read_text()


async def brought_back(sandbox: Sandbox, recovery: Recovery) -> None:
    assert isinstance(recovery.way_out, RestoreRequest)
    assert (await carried_out(sandbox, recovery.way_out)).state == "done"


@pytest.mark.parametrize("there", [*thorough([False]), True])
async def test_killed_after_its_variables_were_set_it_is_updated(
    copied: Sandbox, tmp_path: Path, *, there: bool
) -> None:
    prefix, file = copied.prefixes["vision-cpu"], tmp_path / "asked.yml"
    state = prefix / "conda-meta/state"
    if there:
        state.write_text('{"version": 1, "env_vars": {"TOKEN": "old"}}')
    file.write_text("channels: [conda-forge]\nvariables: {TOKEN: s3cret}\ndependencies: [python=3.11]\n")
    request = UpdateRequest(prefixes=(str(prefix),), file=str(file), offline=True)
    assert run_dying(copied, request, "verify", 0)[0] == -9
    recovery = await told(copied)
    assert recovery.state == "done", recovery
    assert "updated, and not verified" in recovery.message
    state.unlink()


@pytest.mark.thorough
async def test_killed_before_pip_prunes_it_is_updated_in_part(copied: Sandbox, tmp_path: Path) -> None:
    prefix, file = str(copied.prefixes["pip-mix"]), tmp_path / "asked.yml"
    names = sorted(each.name for each in read_prefix(prefix).packages)
    file.write_text(f"channels: [conda-forge]\ndependencies: [{', '.join(names)}]\n")
    request = UpdateRequest(prefixes=(prefix,), file=str(file), prune=True, offline=True)
    plan = await workbench_of(copied).jobs.plan(request)
    assert [(bool(each.pruned_by_pip), each.pruned) for each in plan.updates] == [(True, ())]
    assert run_dying(copied, request, "prune", 0)[0] == -9
    recovery = await told(copied)
    assert recovery.state == "half", recovery
    await brought_back(copied, recovery)


@pytest.mark.thorough
async def test_killed_before_the_requests_are_back_a_file_that_lists_all_is_half_followed(
    copied: Sandbox, tmp_path: Path
) -> None:
    prefix, file = copied.prefixes["notebooks"], tmp_path / "explicit.txt"
    listed = await exported(copied, "notebooks", file, "explicit")
    (numpy,) = (each for each in listed.splitlines() if "/numpy-" in each)
    other = await exported(copied, "nlp-base", tmp_path / "other.txt", "explicit")
    (wanted,) = (each for each in other.splitlines() if "/numpy-" in each)
    assert wanted != numpy
    file.write_text(listed.replace(numpy, wanted))
    request = UpdateRequest(prefixes=(str(prefix),), file=str(file), offline=True)
    assert run_dying(copied, request, "conda", 1)[0] == -9
    recovery = await told(copied)
    assert recovery.state == "half", recovery
    assert "its history requests exact builds" in recovery.message
    await brought_back(copied, recovery)


# What an update plans


@pytest.mark.parametrize(("spec", "offline", "expected"), [("tqdm", False, [False]), ("tqdm", True, [True])])
async def test_caches_alone_decide_nothing_about_what_may_be_newer(
    copied: Sandbox, tmp_path: Path, spec: str, *, offline: bool, expected: list[bool]
) -> None:
    file, asked = tmp_path / "asked.yml", list[bool]()
    file.write_text(f"channels: [conda-forge]\ndependencies: [{spec}]\n")

    async def ask(argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> object:
        asked.append("--offline" in argv)
        raise CondaError("It refuses.")

    context = replace(await context_of(copied), ask_conda=ask)  # type: ignore[arg-type]
    prefix = str(copied.prefixes["vision-cpu"])
    await update_plan.plan(UpdateRequest(prefixes=(prefix,), file=str(file), offline=offline), context)
    assert asked == expected


async def test_where_there_is_no_pip_none_is_let_act(copied: Sandbox, tmp_path: Path) -> None:
    prefix, file = copied.prefixes["pip-mix"], tmp_path / "asked.yml"
    (record,) = (prefix / "conda-meta").glob("pip-[0-9]*.json")
    names = sorted({each.name for each in read_prefix(str(prefix)).packages} - {"pip"})
    file.write_text(f"channels: [conda-forge]\ndependencies: [{', '.join(names)}]\n")
    request = UpdateRequest(prefixes=(str(prefix),), file=str(file), prune=True, offline=True)
    plan = await workbench_of(copied).jobs.plan(request)
    assert "no-pip" not in [each.id for each in plan.blockers]
    record.rename(tmp_path / record.name)
    moved = [each.rename(tmp_path / each.name) for each in prefix.glob("lib/python*/site-packages/pip-*.dist-info")]
    plan = await workbench_of(copied).jobs.plan(request)
    assert "no-pip" in [each.id for each in plan.blockers]
    (tmp_path / record.name).rename(record)
    for each in moved:
        (site,) = prefix.glob("lib/python*/site-packages")
        each.rename(site / each.name)


def test_a_file_that_is_edited_meanwhile_does_not_decide_what_has_come_true(tmp_path: Path) -> None:
    file = tmp_path / "asked.yml"
    file.write_text("dependencies: [numpy]\n")
    asked, contents = asked_of(str(file), ChannelConfig()), PrefixContents()
    assert lacking(drift_from(contents, str(file), asked, ChannelConfig())) == ("numpy *: is not there",)
    for edit in (lambda: file.write_text("dependencies: [torch]\n"), file.unlink):
        edit()
        assert lacking(drift_from(contents, str(file), asked, ChannelConfig())) == ("numpy *: is not there",)
