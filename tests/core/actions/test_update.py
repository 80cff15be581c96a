"""Bringing an environment to the versions of a baseline: planned by conda, kept, verified, undone."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions import verified_change
from condatui_core.actions.checkpoint import Checkpoint, CheckpointSubject, make_checkpoint
from condatui_core.actions.protocol import JobContext, Work
from condatui_core.actions.restore.listing import read_last_change
from condatui_core.actions.update.like import LikeSpecs, conflicts_of, specs_like
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Job, PackageMove
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import History, PrefixContents
from condatui_core.records.request import RestoreRequest, UpdateRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, dying_conda, run_dying, told, workbench_of
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough

NUMPY = "numpy-1.26.4-py311h64a7726_0"
NUMPY_BEFORE = "numpy-2.1.3-py311h71ddf71_0"


# What conda is asked for


def record(name: str, version: str, *depends: str, build: str = "0") -> PackageRecord:
    return PackageRecord(name=name, version=version, build=build, base_url="https://c.org/forge", depends=depends)


BASELINE = PrefixContents(
    packages=(record("core", "2.0"), record("only-there", "1.0"), record("same", "1.0"), record("torch", "3.0"))
)


def like(*packages: PackageRecord, **fields: object) -> LikeSpecs:
    contents = PrefixContents(packages=packages, **fields)  # type: ignore[arg-type]
    return specs_like(contents, BASELINE, ChannelConfig())


def test_what_both_have_and_is_not_the_same_is_asked_for() -> None:
    wanted = like(record("core", "1.0"), record("same", "1.0"), record("only-here", "1.0"))
    assert wanted == LikeSpecs(specs=("https://c.org/forge::core=2.0=0",))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"pinned": ("core <2",)}, "pinned as `core <2`"),
        ({"history": History(requested=(("core", "core=1.0"),))}, "requested as `core=1.0`"),
        ({"history": History(requested=(("core", "core==1.0[build=x*]"),))}, "requested as `core==1.0[build=x*]`"),
        ({"history": History(requested=(("core", "core"),))}, ""),
        ({"history": History(requested=(("core", "core>=1"),))}, ""),
        ({"history": History(requested=(("core", "core==1.0=0"),))}, ""),
    ],
)
def test_what_the_user_wants_otherwise_stays(fields: dict[str, object], why: str) -> None:
    wanted = like(record("core", "1.0"), **fields)
    assert wanted.left_out == ((f"core stays 1.0: {why}",) if why else ())
    assert bool(wanted.specs) is not bool(why)


def test_what_that_needs_stays_as_well() -> None:
    wanted = like(record("torch", "1.0", "core 1.*"), record("core", "1.0"), pinned=("torch 1.*",))
    assert wanted.specs == ()
    assert wanted.left_out == ("core stays 1.0: torch 1.0 needs core 1.*", "torch stays 1.0: pinned as `torch 1.*`")


def test_what_does_not_go_together_is_said_in_a_line() -> None:
    contents = PrefixContents(packages=(record("core", "1.0"), record("user", "5", "core <2")))
    wanted = specs_like(contents, BASELINE, ChannelConfig())
    assert conflicts_of(contents, BASELINE, wanted) == ("user 5 needs core <2; there would be 2.0 0",)


# On the sandbox


@pytest.fixture
def copied(sandbox_copy: Callable[..., Sandbox]) -> Sandbox:
    return sandbox_copy("notebooks", "nlp-base", "vision-cpu", "prod-frozen", "try-again-final-v2")


def request_of(sandbox: Sandbox, *names: str) -> UpdateRequest:
    prefixes = tuple(str(sandbox.prefixes[name]) for name in names)
    return UpdateRequest(prefixes=prefixes, like=str(sandbox.prefixes["nlp-base"]))


def packages(prefix: Path) -> set[str]:
    return {each.stem for each in (prefix / "conda-meta").glob("*.json")}


def but_bytecode(prefix: Path) -> dict[str, tuple[int, int, int]]:
    return {path: state for path, state in manifest(prefix).items() if "__pycache__" not in path}


async def test_it_moves_what_the_plan_says_and_is_undone(copied: Sandbox) -> None:
    prefix = copied.prefixes["notebooks"]
    (prefix / "mine.txt").write_text("mine")
    before, had = manifest(prefix), packages(prefix)
    requested = read_prefix(str(prefix)).history.requested
    request = request_of(copied, "notebooks")
    plan = await workbench_of(copied).jobs.plan(request)
    assert manifest(prefix) == before
    assert plan.moves == (PackageMove(name="numpy", change="down", before="2.1.3", after="1.26.4"),)
    assert [(each.added, each.removed, each.offline) for each in plan.updates] == [((NUMPY,), (NUMPY_BEFORE,), True)]
    job = await carried_out(copied, request)
    assert job.state == "done", job.end
    assert packages(prefix) == had - {NUMPY_BEFORE} | {NUMPY}
    assert read_prefix(str(prefix)).history.requested == requested
    noted = json.loads((prefix / f"conda-meta/{NUMPY}.json").read_text())
    assert noted["requested_spec"] == "None"
    again = await workbench_of(copied).jobs.plan(request)
    assert [each.id for each in again.blockers] == ["nothing-to-do"]
    asked = json.loads(conda(copied, "install", "-p", str(prefix), "--offline", "--dry-run", "--json", "numpy=2.1.3"))
    assert [each["name"] for each in asked["actions"]["LINK"]] == ["numpy"], "conda keeps to no build"
    undoing = read_last_change(await context_of(copied))
    assert (await carried_out(copied, RestoreRequest(id=undoing))).state == "done"
    assert manifest(prefix) == before


@pytest.mark.thorough
async def test_several_are_updated_one_after_the_other(copied: Sandbox) -> None:
    request = request_of(copied, "notebooks", "vision-cpu")
    plan = await workbench_of(copied).jobs.plan(request)
    assert plan.blockers == ()
    keeps = dict(plan.facts)["vision-cpu keeps"].splitlines()
    assert "pytorch stays 2.5.1: requested as `pytorch==2.5.1[build=cpu_generic*]`" in keeps
    assert any(line.startswith("libtorch stays 2.5.1: pytorch 2.5.1 needs libtorch") for line in keeps)
    job = await carried_out(copied, request)
    assert job.state == "done", job.end
    assert all(NUMPY in packages(copied.prefixes[name]) for name in ("notebooks", "vision-cpu"))
    assert job.end and job.end.outcome and len(job.end.outcome.restore_points) == 2


async def test_what_must_not_be_changed_is_refused(copied: Sandbox) -> None:
    names = ("prod-frozen", "try-again-final-v2", "nlp-base")
    plan = await workbench_of(copied).jobs.plan(request_of(copied, *names))
    assert {"frozen", "pip-over-conda", "baseline"} <= {each.id for each in plan.blockers}
    assert plan.updates == ()
    base = await workbench_of(copied).jobs.plan(request_of(copied, "base"))
    assert "base" in {each.id for each in base.blockers}
    gone = UpdateRequest(prefixes=(str(copied.prefixes["notebooks"]),), like="/nowhere")
    assert "baseline" in {each.id for each in (await workbench_of(copied).jobs.plan(gone)).blockers}


async def test_a_refusal_of_conda_is_a_blocker_in_plain_words(copied: Sandbox) -> None:
    """No channel has the version of the baseline, and a package of the environment could not do with it."""
    prefix, baseline = copied.prefixes["notebooks"], copied.prefixes["nlp-base"]
    amend(baseline, "numpy", {"version": "9.9.9"})
    amend(prefix, "pandas", {"depends": ["numpy <3"]})
    plan = await workbench_of(copied).jobs.plan(request_of(copied, "notebooks"))
    (blocker,) = plan.blockers
    assert (blocker.id, blocker.message) == ("not-solved", "conda cannot bring notebooks to these versions.")
    assert blocker.evidence == ("pandas 2.2.3 needs numpy <3; there would be 9.9.9 py311h64a7726_0",)


def amend(prefix: Path, name: str, fields: dict[str, object]) -> None:
    """Let the record of a package state something else."""
    (file,) = (prefix / "conda-meta").glob(f"{name}-[0-9]*.json")
    stated = json.loads(file.read_text()) | fields
    file.unlink()
    named = f"{name}-{stated['version']}-{stated['build']}.json"
    file.with_name(named).write_text(json.dumps(stated))


async def planned_then(sandbox: Sandbox, request: UpdateRequest, change: Callable[[], object]) -> Job:
    jobs = workbench_of(sandbox).jobs
    plan = await jobs.plan(request)
    change()
    job = jobs.submit(plan)
    async for _ in jobs.events(job.id):
        pass
    return jobs.job(job.id) or job


async def test_if_conda_would_do_something_else_by_now_nothing_is_changed(copied: Sandbox) -> None:
    prefix = copied.prefixes["notebooks"]
    pins = prefix / "conda-meta/pinned"
    job = await planned_then(copied, request_of(copied, "notebooks"), lambda: pins.write_text("numpy >=2\n"))
    assert (job.state, job.end and job.end.message) == (
        "failed",
        "notebooks was not updated: it is not as it was planned any more.",
    )
    assert NUMPY_BEFORE in packages(prefix)
    assert not (copied.home / ".condatui/state/restore").exists()


async def test_if_all_is_held_by_its_user_that_is_the_reason_why_nothing_goes(copied: Sandbox) -> None:
    (copied.prefixes["notebooks"] / "conda-meta/pinned").write_text("numpy >=2\n")
    plan = await workbench_of(copied).jobs.plan(request_of(copied, "notebooks"))
    assert [each.id for each in plan.blockers] == ["held"]
    assert "numpy stays 2.1.3: pinned as `numpy >=2`" in plan.blockers[0].evidence[0]


async def test_the_first_surprise_ends_it_and_what_was_done_stays_told(copied: Sandbox) -> None:
    request = request_of(copied, "notebooks", "vision-cpu")
    pins = copied.prefixes["vision-cpu"] / "conda-meta/pinned"
    job = await planned_then(copied, request, lambda: pins.write_text("numpy >=2\n"))
    assert job.state == "failed"
    assert job.end and "notebooks updated before; restore point" in job.end.detail
    assert [name for name in ("notebooks", "vision-cpu") if NUMPY in packages(copied.prefixes[name])] == ["notebooks"]
    rest = UpdateRequest(prefixes=(str(copied.prefixes["vision-cpu"]),), like=request.like)
    assert job.recovery and (job.recovery.state, job.recovery.way_out) == ("half", rest)


async def test_an_error_of_the_disk_at_a_later_one_hides_nothing_that_was_done(
    copied: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = iter((False, True))

    def fail(subject: CheckpointSubject, context: JobContext, work: Work, *, limited: bool) -> Checkpoint:
        if next(failing):
            raise OSError(errno.ENOSPC, "No space left on device", subject.prefix)
        return make_checkpoint(subject, context, work, limited=limited)

    monkeypatch.setattr(verified_change, "make_checkpoint", fail)
    job = await carried_out(copied, request_of(copied, "notebooks", "vision-cpu"))
    assert job.end
    assert (job.state, job.end.message) == (
        "failed",
        f"{copied.prefixes['vision-cpu']}: No space left on device",
    )
    assert "notebooks updated before; restore point" in job.end.detail


async def test_a_conda_that_does_less_than_it_says_is_found_out(copied: Sandbox) -> None:
    prefix = copied.prefixes["notebooks"]
    before = but_bytecode(prefix)
    whole = copied.conda.read_text()
    start = 'if __name__ == "__main__":'
    ends = 'if "install" in sys.argv and "--dry-run" not in sys.argv:\n    sys.exit(0)'
    lazy = whole.replace(start, f"{ends}\n{start}")
    assert lazy != whole
    copied.conda.write_text(lazy)
    job = await carried_out(copied, request_of(copied, "notebooks"))
    copied.conda.write_text(whole)
    assert (job.state, job.end and job.end.message) == ("failed", "notebooks is not as it was to become.")
    assert job.recovery and job.recovery.state == "untouched"
    assert but_bytecode(prefix) == before


# kill -9


@pytest.fixture(scope="module")
def killed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves the environment in it as it was."""
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("killed-update") / "sandbox", ["notebooks", "nlp-base"])


@pytest.mark.parametrize(("stage", "effect"), [("keep", 8), *thorough([("look", 0), ("keep", 0), ("conda", 0)])])
async def test_killed_before_conda_begins_nothing_has_changed(killed: Sandbox, stage: str, effect: int) -> None:
    before = manifest(killed.prefixes["notebooks"])
    assert run_dying(killed, request_of(killed, "notebooks"), stage, effect)[0] == -9
    after = await told(killed)
    assert (after.state, after.way_out) == ("untouched", None)
    assert manifest(killed.prefixes["notebooks"]) == before


async def spec_of(sandbox: Sandbox) -> str:
    """What conda is asked for, which is a word of its command."""
    plan = await workbench_of(sandbox).jobs.plan(request_of(sandbox, "notebooks"))
    (spec,) = plan.updates[0].specs
    return spec


async def test_killed_with_its_conda_the_way_out_brings_it_back(killed: Sandbox) -> None:
    prefix = killed.prefixes["notebooks"]
    before = manifest(prefix)
    with dying_conda(killed, await spec_of(killed), "os.link", str(prefix), 8, with_parent=True):
        assert run_dying(killed, request_of(killed, "notebooks"), "", 0)[0] == -9
    after = await told(killed)
    assert after.state == "half"
    assert isinstance(after.way_out, RestoreRequest)
    assert (await carried_out(killed, after.way_out)).state == "done"
    assert manifest(prefix) == before


@pytest.mark.thorough
async def test_if_its_conda_dies_alone_the_job_says_the_way_out(killed: Sandbox) -> None:
    prefix = killed.prefixes["notebooks"]
    before = manifest(prefix)
    with dying_conda(killed, await spec_of(killed), "os.link", str(prefix), 8):
        code, said = run_dying(killed, request_of(killed, "notebooks"), "", 0)
    point = sorted(os.listdir(killed.home / ".condatui/state/restore"))[-1]
    assert (code, said.partition("\n")[0]) == (0, "failed")
    assert f"notebooks is updated in part only. Restore point {point} has it as it was." in said
    assert (await carried_out(killed, RestoreRequest(id=point))).state == "done"
    assert manifest(prefix) == before


async def test_killed_before_the_requests_are_back_it_is_half_done(killed: Sandbox) -> None:
    """The history keeps the exact builds that conda was asked for: it would keep to them for ever."""
    prefix = killed.prefixes["notebooks"]
    before, asked = manifest(prefix), await spec_of(killed)
    assert run_dying(killed, request_of(killed, "notebooks"), "conda", 1)[0] == -9
    assert NUMPY in packages(prefix)
    assert asked in (prefix / "conda-meta/history").read_text().rpartition("==>")[2]
    after = await told(killed)
    assert after.state == "half"
    assert "its history requests exact builds in place of what its user requested" in after.message
    assert isinstance(after.way_out, RestoreRequest)
    assert (await carried_out(killed, after.way_out)).state == "done"
    assert manifest(prefix) == before


async def test_killed_while_it_is_verified_it_is_updated(killed: Sandbox) -> None:
    prefix = killed.prefixes["notebooks"]
    before = manifest(prefix)
    assert run_dying(killed, request_of(killed, "notebooks"), "verify", 0)[0] == -9
    after = await told(killed)
    assert after.state == "done"
    assert "updated, and not verified" in after.message
    undoing = read_last_change(await context_of(killed))
    assert f"Restore point {undoing} has it as it was." in after.message
    assert (await carried_out(killed, RestoreRequest(id=undoing))).state == "done"
    assert manifest(prefix) == before
