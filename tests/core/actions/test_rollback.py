"""Going back to a revision, on real conda: exactly its packages and requests, kept before and undone after."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Iterator

import pytest

from condatui_core.actions.restore.listing import before_last_change, read_last_change
from condatui_core.actions.rollback import perform
from condatui_core.analyses.revisions import state_after
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.job import Job, Outcome
from condatui_core.records.request import CheckpointRequest, RestoreRequest, RollbackRequest
from condatui_core.records.revision import PackageSource
from condatui_core.restore_points import package_sources
from condatui_core.restore_points.package_sources import PackageFinder
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, dying_conda, run_dying, told, workbench_of
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough


class Past:
    """An environment after four real updates, and how it was after each revision."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.prefix = sandbox.prefixes["notebooks"]
        self.states: dict[int, tuple[set[str], set[str], dict[str, str]]] = {}
        self._note()
        self._run("install", "tqdm")
        self._run("install", "numpy=1.26.4")
        self._run("remove", "--force-remove", "pandas")
        self._run("install", "numpy=2.1.3")

    def _run(self, command: str, *words: str) -> None:
        self.run(command, *words)
        self._note()

    def run(self, command: str, *words: str) -> None:
        """Let conda change it."""
        conda(self.sandbox, command, "-p", str(self.prefix), "--offline", "--yes", *words)

    def _note(self) -> None:
        self.states[self.revision] = self.state

    @property
    def revision(self) -> int:
        """The number of the last revision."""
        return read_prefix(str(self.prefix)).history.revisions[-1].number

    @property
    def state(self) -> tuple[set[str], set[str], dict[str, str]]:
        """The packages, the files but for what conda and python write themselves, and the requests."""
        contents = read_prefix(str(self.prefix))
        files = {each for each in manifest(self.prefix) if "__pycache__" not in each}
        return {each.dist_name for each in contents.packages}, files, dict(contents.history.requested)


@pytest.fixture(scope="module")
def past(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """Every test leaves the environment in it as it was."""
    copied = copy_sandbox(sandbox, tmp_path_factory.mktemp("rollback") / "sandbox", ["notebooks"])
    made = Past(copied)
    before = manifest(made.prefix)
    yield made
    assert manifest(made.prefix) == before


def to(past: Past, revision: int) -> RollbackRequest:
    return RollbackRequest(prefix=str(past.prefix), revision=revision, offline=True)


async def undo(past: Past) -> None:
    undoing = read_last_change(await context_of(past.sandbox))
    assert (await carried_out(past.sandbox, RestoreRequest(id=undoing))).state == "done"


@pytest.mark.parametrize("back", [4, *thorough([1, 2, 3])])
async def test_it_is_as_it_was_after_each_revision_and_that_is_undone(past: Past, back: int) -> None:
    now, revision = manifest(past.prefix), past.revision - back
    job = await carried_out(past.sandbox, to(past, revision))
    assert job.state == "done", job.end
    assert past.state == past.states[revision]
    assert past.revision == revision + back + 1, "two transactions of conda are one revision"
    listed = json.loads(conda(past.sandbox, "list", "-p", str(past.prefix), "--revisions", "--json"))
    history = read_prefix(str(past.prefix)).history
    after = {f"{each.name}-{each.version}-{each.build}" for each in state_after(history, past.revision)}
    assert (listed[-1]["rev"], after) == (past.revision, past.states[revision][0])
    await undo(past)
    assert manifest(past.prefix) == now


async def test_without_a_revision_it_goes_to_before_the_last_change(past: Past) -> None:
    now, request = manifest(past.prefix), to(past, past.revision - 3)
    assert await before(past) == RollbackRequest(prefix=str(past.prefix), revision=past.revision - 1)
    (point,) = outcome_of(await carried_out(past.sandbox, request)).restore_points
    assert await before(past) == RestoreRequest(id=point)
    past.run("remove", "--force-remove", "pandas")
    assert await before(past) == RollbackRequest(prefix=str(past.prefix), revision=past.revision - 1)
    assert (await carried_out(past.sandbox, RestoreRequest(id=point))).state == "done"
    assert manifest(past.prefix) == now


async def before(past: Past) -> RestoreRequest | RollbackRequest:
    context = await context_of(past.sandbox)
    environment = context.environment(str(past.prefix))
    assert environment
    return before_last_change(environment, context)


def outcome_of(job: Job) -> Outcome:
    assert job.end
    assert job.end.outcome, job.end
    return job.end.outcome


async def test_the_plan_says_what_moves_and_changes_nothing(past: Past) -> None:
    now = manifest(past.prefix)
    plan = await workbench_of(past.sandbox).jobs.plan(to(past, past.revision - 1))
    assert plan.blockers == ()
    assert [(each.name, each.change) for each in plan.moves if each.requested] == [("numpy", "down")]
    facts = dict(plan.facts)
    assert (facts["requested again"], "requested no more" in facts) == ("numpy=1.26.4", False)
    assert manifest(past.prefix) == now


async def test_what_is_there_already_and_what_never_was_is_blocked(past: Past) -> None:
    jobs = workbench_of(past.sandbox).jobs
    for revision, why in ((past.revision, "nothing-to-do"), (99, "no-revision")):
        assert [each.id for each in (await jobs.plan(to(past, revision))).blockers] == [why]


@pytest.mark.thorough
async def test_killed_with_its_conda_the_way_out_brings_it_back(past: Past) -> None:
    now = manifest(past.prefix)
    with dying_conda(past.sandbox, "--file", "os.link", str(past.prefix), 20, with_parent=True):
        assert run_dying(past.sandbox, to(past, past.revision - 3), "", 0)[0] == -9
    after = await told(past.sandbox)
    assert after.state == "half"
    assert isinstance(after.way_out, RestoreRequest)
    assert (await carried_out(past.sandbox, after.way_out)).state == "done"
    assert manifest(past.prefix) == now


@pytest.mark.thorough
async def test_killed_while_conda_takes_packages_out_the_way_out_brings_it_back(past: Past) -> None:
    now = manifest(past.prefix)
    with dying_conda(past.sandbox, "--force-remove", "os.rename", str(past.prefix), 2, with_parent=True):
        assert run_dying(past.sandbox, to(past, past.revision - 4), "", 0)[0] == -9
    after = await told(past.sandbox)
    assert isinstance(after.way_out, RestoreRequest)
    assert (await carried_out(past.sandbox, after.way_out)).state == "done"
    assert manifest(past.prefix) == now


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(True, id="its channel is a directory", marks=pytest.mark.thorough),
        pytest.param(False, id="only conda knows its URL"),
    ],
)
async def test_what_no_cache_has_any_more_comes_from_its_channel(
    past: Past, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    now, cache = manifest(past.prefix), past.sandbox.root_prefix / "pkgs"
    for each in (*cache.glob("numpy-1.26.4-*"), *cache.glob("pandas-2.2.3-*")):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    monkeypatch.setattr(package_sources, "all_points", lambda _: ())
    if not known:
        monkeypatch.setattr(package_sources, "_local_file", lambda _: "")
    one, both = (RollbackRequest(prefix=str(past.prefix), revision=past.revision - back) for back in (1, 2))
    jobs = workbench_of(past.sandbox).jobs
    (numpy,), archives = [(await jobs.plan(each)).rollback.archives for each in (one, both)]  # type: ignore[union-attr]
    assert re.fullmatch(r"file:///.*/conda-forge/linux-64/numpy-1.26.4-[^/]*\.conda#[0-9a-f]{32}", numpy)
    assert (numpy in archives, len(archives)) == (True, 2)
    assert ("to download" in dict((await jobs.plan(both)).facts)) is not known
    job = await carried_out(past.sandbox, both)
    assert job.state == "done", job.end
    assert past.state == past.states[past.revision - 3]
    await undo(past)
    assert manifest(past.prefix) == now


async def test_a_checkpoint_is_gone_back_to_over_what_conda_has_changed_since(past: Past) -> None:
    now = manifest(past.prefix)
    (point,) = outcome_of(
        await carried_out(past.sandbox, CheckpointRequest(prefixes=(str(past.prefix),), note="before the paper"))
    ).restore_points
    past.run("install", "numpy=1.26.4", "pandas")
    (past.prefix / "mine.txt").write_text("written since")
    changed = manifest(past.prefix)
    job = await carried_out(past.sandbox, RestoreRequest(id=point))
    assert job.state == "done", job.end
    assert manifest(past.prefix) == now
    await undo(past)
    assert manifest(past.prefix) == changed
    assert (await carried_out(past.sandbox, RestoreRequest(id=point))).state == "done"
    assert manifest(past.prefix) == now


@pytest.mark.parametrize(
    ("stage", "state"), [("keep", "untouched"), ("verify", "done"), *thorough([("conda", "untouched")])]
)
async def test_killed_before_and_after_conda(past: Past, stage: str, state: str) -> None:
    now = manifest(past.prefix)
    effect = 5 if stage == "keep" else 0
    assert run_dying(past.sandbox, to(past, past.revision - 1), stage, effect)[0] == -9
    assert (await told(past.sandbox)).state == state
    if state == "done":
        await undo(past)
    assert manifest(past.prefix) == now


async def test_stopped_before_its_requests_are_noted_it_has_all_its_packages(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = manifest(past.prefix)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "history")

    monkeypatch.setattr(perform, "request_these", fail)
    job = await carried_out(past.sandbox, to(past, past.revision - 1))
    assert job.end
    assert job.recovery
    assert (job.end.message, job.recovery.state) == ("What was requested could not be noted.", "half")
    assert "with all its packages, but its history does not request" in job.recovery.message
    assert isinstance(job.recovery.way_out, RestoreRequest)
    assert job.end.hint == f"Restore point {job.recovery.way_out.id} has it as it was."
    assert (await carried_out(past.sandbox, job.recovery.way_out)).state == "done"
    assert manifest(past.prefix) == now


async def test_checksums_are_found_only_of_what_comes(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = PackageFinder.with_checksum

    def note(finder: PackageFinder, source: PackageSource) -> PackageSource:
        asked.append(source.package.name)
        return find(finder, source)

    monkeypatch.setattr(PackageFinder, "with_checksum", note)
    plan = await workbench_of(past.sandbox).jobs.plan(to(past, past.revision - 1))
    assert plan.rollback
    assert (asked, len(plan.rollback.added)) == (["numpy"], 1)
