"""Merges by the sandbox's real conda: what was requested imports afterwards, and the member comes back as it was."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.imports import modules_of
from condatui_core.actions.merge import perform as merge_perform
from condatui_core.actions.merge import plan as merge_plan
from condatui_core.actions.merge import recover as merge_recover
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.job import Outcome, PackageMove, Plan
from condatui_core.records.request import MergeRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.plain_work import PlainWork, brought_back
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough

PIP_MIX = ("pip", "python", "requests", "einops", "timm", "labtools", "segtools")
"""What is requested in pip-mix, some of it by pip."""


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves it as it was."""
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("merges") / "sandbox", ["notebooks", "pip-mix"])


def request_of(sandbox: Sandbox, member: str, keeper: str, target: str = "", **fields: bool) -> MergeRequest:
    path = str(sandbox.root_prefix / "envs" / target) if target else ""
    prefixes = sandbox.prefixes
    return MergeRequest(keeper=str(prefixes[keeper]), member=str(prefixes[member]), target=path, **fields)


async def planned(sandbox: Sandbox, request: MergeRequest) -> Plan:
    return await merge_plan.plan(request, await context_of(sandbox))


async def merged(sandbox: Sandbox, request: MergeRequest, work: PlainWork | None = None) -> Outcome:
    context = await context_of(sandbox)
    plan = await merge_plan.plan(request, context)
    assert plan.blockers == ()
    return await merge_perform.perform(plan, request, context, work or PlainWork())


def imports(prefix: Path, *modules: str) -> None:
    """Import modules by the python of an environment; raises CalledProcessError if one cannot be."""
    code = ";".join(f"import {each}" for each in modules)
    subprocess.run([str(prefix / "bin/python"), "-I", "-B", "-c", code], check=True, capture_output=True, timeout=60)


def beside(prefix: Path) -> list[str]:
    """What merges and removals have left beside an environment."""
    return sorted(each for each in os.listdir(prefix.parent) if each.startswith(f".{prefix.name}."))


def points(sandbox: Sandbox) -> list[str]:
    directory = sandbox.home / ".condatui/state/restore"
    return sorted(os.listdir(directory)) if directory.is_dir() else []


async def test_a_member_goes_on_as_the_keeper_with_what_only_it_has(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "pip-mix")
    member, keeper = sandbox.prefixes["pip-mix"], sandbox.prefixes["notebooks"]
    (member / "mine.txt").write_text("of the user")
    before, of_keeper = manifest(member), manifest(keeper)
    outcome = await merged(sandbox, request_of(sandbox, "pip-mix", "notebooks"))
    assert (beside(member), manifest(keeper)) == ([], of_keeper)
    imports(member, "pip", "requests", "numpy", "pandas", "ipykernel", "einops", "timm", "labtools", "segtools")
    contents = read_prefix(str(member))
    assert set(PIP_MIX) <= {*(each.name for each in contents.packages), *(each.name for each in contents.distributions)}
    assert {"requests", "ipykernel", "pandas"} <= contents.requested_names
    assert dict(contents.history.requested)["requests"] == "requests", "as its user has asked for it"
    assert not (member / "mine.txt").exists()
    (point,) = outcome.restore_points
    back = await brought_back(await context_of(sandbox), point)
    assert back.findings == ()
    assert manifest(member) == before


async def test_the_plan_spells_out_what_moves(sandbox: Sandbox) -> None:
    before = manifest(sandbox.root_prefix / "envs")
    plan = await planned(sandbox, request_of(sandbox, "bert-finetune", "nlp-base"))
    assert manifest(sandbox.root_prefix / "envs") == before
    assert plan.moves == (
        PackageMove(name="transformers", change="down", before="4.48.3", after="4.47.1", requested=True),
    )
    assert plan.merge and plan.merge.offline
    assert [each.rpartition("::")[2].partition("=")[0] for each in plan.merge.specs] == ["evaluate"]
    (warning,) = (each for each in plan.warnings if each.id == "requested-moves")
    assert warning.evidence == ("transformers=4.48.3: 4.48.3 becomes 4.47.1",)


async def test_what_does_not_go_together_is_not_offered(sandbox: Sandbox) -> None:
    plan = await planned(sandbox, request_of(sandbox, "vision-cpu", "nlp-base"))
    assert [each.id for each in plan.blockers] == ["conda-refuses"]
    (reason,) = plan.blockers[0].evidence
    assert reason.startswith("torchvision 0.20.1 needs pytorch 2.5.1 cpu_*; the keeper has 2.6.0")
    assert plan.steps == ()
    with pytest.raises(RefusedError):
        work = PlainWork()
        await merge_perform.perform(plan, request_of(sandbox, "nlp-base", "nlp-base"), await context_of(sandbox), work)


@pytest.mark.parametrize("target", ["", *thorough(["together"])])
async def test_a_merged_one_that_does_not_import_is_taken_back(copied: Sandbox, target: str) -> None:
    member = copied.prefixes["pip-mix"]
    before = manifest(member)
    request = request_of(copied, "pip-mix", "notebooks", target)
    made = Path(request.target or request.member)

    def break_it(stage: str) -> None:
        if stage == "import":
            (file,) = made.glob("lib/python*/site-packages/requests/__init__.py")
            shutil.rmtree(file.parent)

    work = PlainWork(before_stage=break_it)
    with pytest.raises(CondatuiError, match="1 requested package does not import") as caught:
        await merged(copied, request, work)
    assert "requests: ModuleNotFoundError: No module named 'requests'" in caught.value.detail
    assert manifest(member) == before
    assert (beside(made), beside(member), points(copied)) == ([], [], [])
    assert os.path.exists(made) == (not target)
    context = await context_of(copied)
    plan = await merge_plan.plan(request, context)
    assert (await merge_recover.recover(plan, request, "import", context)).state == "untouched"


@pytest.mark.parametrize("stage", thorough(["carry"]))
async def test_a_cancelled_merge_leaves_the_member_as_it_was(copied: Sandbox, stage: str) -> None:
    member = copied.prefixes["pip-mix"]
    before = manifest(member)

    def cancel(name: str) -> None:
        if name == stage:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await merged(copied, request_of(copied, "pip-mix", "notebooks"), PlainWork(before_stage=cancel))
    assert manifest(member) == before
    assert (beside(member), points(copied)) == ([], [])


async def test_what_is_used_in_the_half_made_one_meanwhile_stays(copied: Sandbox) -> None:
    member = copied.prefixes["pip-mix"]
    before = manifest(member)

    def use_and_cancel(name: str) -> None:
        if name == "import":
            (member / "work.ipynb").write_text("a day of work")
            raise asyncio.CancelledError

    work = PlainWork(before_stage=use_and_cancel)
    with pytest.raises(asyncio.CancelledError):
        await merged(copied, request_of(copied, "pip-mix", "notebooks"), work)
    assert manifest(member) == before
    (left,) = beside(member)
    assert (member.parent / left / "work.ipynb").read_text() == "a day of work"
    assert any(left in line for line in work.said)
    shutil.rmtree(member.parent / left)


async def test_why_the_half_made_one_stays_is_said(copied: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    before = manifest(copied.prefixes["pip-mix"])

    def fail(name: str) -> None:
        if name == "import":
            monkeypatch.setattr("condatui_core.actions.merge.put_back.read_snapshot", unreadable)
            raise asyncio.CancelledError

    def unreadable(_: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    request = request_of(copied, "pip-mix", "notebooks", "beside")
    work = PlainWork(before_stage=fail)
    with pytest.raises(asyncio.CancelledError):
        await merged(copied, request, work)
    left = copied.prefixes["pip-mix"].parent / "beside"
    assert any(f"what was made stays in {left}: Input/output error" in line for line in work.said), work.said
    assert manifest(copied.prefixes["pip-mix"]) == before
    shutil.rmtree(left)


async def test_what_changes_in_the_member_after_it_was_kept_puts_it_back(copied: Sandbox) -> None:
    member = copied.prefixes["pip-mix"]

    def write(name: str) -> None:
        if name == "set-aside":
            (member / "late.txt").write_text("late")

    with pytest.raises(RefusedError, match="is being changed right now"):
        await merged(copied, request_of(copied, "pip-mix", "notebooks"), PlainWork(before_stage=write))
    assert ((member / "late.txt").read_text(), beside(member)) == ("late", [])
    (member / "late.txt").unlink()


@pytest.mark.thorough
async def test_the_merged_one_may_get_a_name_of_its_own(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "pip-mix")
    member = sandbox.prefixes["pip-mix"]
    before = manifest(member)
    request = request_of(sandbox, "pip-mix", "notebooks", "together")
    outcome = await merged(sandbox, request)
    assert not member.exists()
    imports(Path(request.target), "requests", "pandas", "einops", "timm", "segtools")
    scripts = (each for each in Path(request.target, "bin").iterdir() if each.is_file() and not each.is_symlink())
    assert not [each for each in scripts if os.fsencode(f"{member}/") in each.read_bytes()]
    (point,) = outcome.restore_points
    await brought_back(await context_of(sandbox), point)
    assert manifest(member) == before


async def test_what_names_a_member_that_goes_under_another_name_is_told(copied: Sandbox) -> None:
    bashrc = copied.home / ".bashrc"
    before = bashrc.read_text() if bashrc.exists() else None
    bashrc.write_text("conda activate pip-mix\n")
    try:
        beside, in_place = [
            await planned(copied, request_of(copied, "pip-mix", "notebooks", name)) for name in ("together", "")
        ]
    finally:
        bashrc.unlink() if before is None else bashrc.write_text(before)
    (note,) = [each for each in beside.warnings if each.id == "named-elsewhere"]
    assert "pip-mix is named elsewhere, which stays as it is: ~/.bashrc line 1" in note.message
    assert "named-elsewhere" not in {each.id for each in in_place.warnings}, "the path leads to the merged one"


async def test_that_the_keeper_is_a_slimmed_copy_is_told(copied: Sandbox) -> None:
    note = copied.prefixes["notebooks"] / "conda-meta/condatui-slimmed"
    note.write_text("{}")
    try:
        plan = await planned(copied, request_of(copied, "pip-mix", "notebooks"))
    finally:
        note.unlink()
    assert "slimmed" in [each.id for each in plan.warnings]
    assert "slimmed" not in [each.id for each in (await planned(copied, plan.request)).warnings]  # type: ignore[arg-type]


async def test_one_whose_keeper_has_changed_since_it_was_planned_is_refused(
    sandbox_copy: Callable[..., Sandbox],
) -> None:
    sandbox = sandbox_copy("notebooks", "pip-mix")
    before = manifest(sandbox.prefixes["pip-mix"])
    request = request_of(sandbox, "pip-mix", "notebooks")
    plan = await planned(sandbox, request)
    conda(sandbox, "install", "-p", request.keeper, "xlrd", "--offline", "--yes", "--json")
    with pytest.raises(RefusedError, match="have changed since this was planned"):
        await merge_perform.perform(plan, request, await context_of(sandbox), PlainWork())
    assert manifest(sandbox.prefixes["pip-mix"]) == before


async def test_variables_and_pins_that_only_the_member_has_are_told(sandbox: Sandbox) -> None:
    plan = await planned(sandbox, request_of(sandbox, "train-pinned", "nlp-base"))
    assert plan.blockers == ()
    told = {each.id: each.message for each in plan.warnings}
    assert told["variables"].endswith("are not set any more: CUBLAS_WORKSPACE_CONFIG, WANDB_API_KEY.")
    assert told["pins"] == "Pins of train-pinned go: numpy 1.26.*, pytorch 2.6.*."
    assert "nothing-extra" in told


def test_the_modules_of_a_package_are_what_one_imports() -> None:
    site = "lib/python3.11/site-packages"
    paths = ("yaml/__init__.py", "_yaml/__init__.py", "tests/__init__.py", "six.py", "PyYAML-6.dist-info/RECORD")
    found = modules_of((*(f"{site}/{each}" for each in paths), "bin/six.py", "lib/python3.11/os.py"))
    assert found == ("six", "yaml")
    assert modules_of((f"{site}/_cffi_backend.cpython-311-x86_64-linux-gnu.so",)) == ("_cffi_backend",)
    assert modules_of((f"{site}/google/cloud/storage/__init__.py",)) == ()
