"""Slimmed copies by the sandbox's real conda: it lists them, they import and travel; a killed job is told."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from condatui_core.actions.pack import perform as pack_perform
from condatui_core.actions.pack import plan as pack_plan
from condatui_core.actions.slim import perform, plan
from condatui_core.prefixes.installed_files import check_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import PackRequest, SlimRequest
from condatui_core.records.slimming import SlimClass
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, run_dying, told, workbench_of
from support.plain_work import PlainWork
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough

CLASSES: tuple[SlimClass, ...] = ("developer-packages", "installer-leftovers", "byte-code", "tests", "headers")


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test makes a copy of its own name in it, and leaves the rest as it was."""
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("slimmed") / "sandbox", ["pip-mix"])


def request_of(sandbox: Sandbox, source: str, target: str) -> SlimRequest:
    path = str(sandbox.root_prefix / "envs" / target)
    return SlimRequest(source=str(sandbox.prefixes[source]), target=path, classes=CLASSES, offline=True)


def imports(prefix: Path, *modules: str) -> None:
    code = ";".join(f"import {each}" for each in modules)
    subprocess.run([str(prefix / "bin/python"), "-I", "-B", "-c", code], check=True, capture_output=True, timeout=60)


@dataclass(frozen=True)
class Made:
    """A copy that was made once for several tests, which only read it."""

    copy: Path
    plan: Plan
    outcome: Outcome
    untouched: bool
    """Whether its source is as it was before."""


@pytest.fixture(scope="module")
def made(copied: Sandbox) -> Made:
    return asyncio.run(make(copied))


async def make(copied: Sandbox) -> Made:
    source = copied.prefixes["pip-mix"]
    request, context = request_of(copied, "pip-mix", "slim-mix"), await context_of(copied)
    before = manifest(source)
    planned = await plan.plan(request, context)
    outcome = await perform.perform(planned, request, context, PlainWork())
    return Made(Path(request.target), planned, outcome, manifest(source) == before)


def test_conda_and_condatui_find_a_slimmed_copy_whole(copied: Sandbox, made: Made) -> None:
    copy, source = made.copy, copied.prefixes["pip-mix"]
    assert made.outcome.findings == ()
    imports(copy, "requests", "einops", "labtools")
    there = {each.name for each in read_prefix(str(copy)).packages}
    gone = {each.name for each in read_prefix(str(source)).packages} - there
    assert gone == {"pip"}
    listed = json.loads(conda(copied, "list", "-p", str(copy), "--json"))
    assert {each["name"] for each in listed if each["channel"] != "pypi"} == there
    faults = check_files(str(copy), checksums=True)
    assert (faults.missing, faults.altered) == ((), ())
    assert made.untouched
    slimming = made.plan.slimming
    assert slimming and slimming.packages == ("pip",)
    assert slimming.after == pytest.approx(sum(each.after for each in made.outcome.slimmed), rel=0.01)


async def test_a_slimmed_copy_is_packed_as_it_is_and_works_where_it_is_unpacked(
    copied: Sandbox, made: Made, tmp_path: Path
) -> None:
    file, there, context = tmp_path / "slim.tar.gz", tmp_path / "there", await context_of(copied)
    request = PackRequest(prefix=str(made.copy), file=str(file), ignore_editable=True)
    planned = await pack_plan.plan(request, context)
    assert (planned.blockers, [each.id for each in planned.warnings]) == ((), ["editable"])
    await pack_perform.perform(planned, request, context, PlainWork())
    with tarfile.open(file) as archive:
        archive.extractall(there, filter="fully_trusted") if hasattr(tarfile, "data_filter") else archive.extractall(
            there
        )
    activation = {"bin/activate", "bin/activate.fish", "bin/deactivate"}
    assert files(there) == files(made.copy) | activation | {"bin/conda-unpack", "bin/conda_unpack_progress.py"}
    relocate(there)
    imports(there, "requests", "einops")
    assert read_prefix(str(there)).slimmed == read_prefix(str(made.copy)).slimmed


def relocate(prefix: Path) -> None:
    subprocess.run([prefix / "bin/python", "-B", prefix / "bin/conda-unpack"], check=True, timeout=60)


def files(prefix: Path) -> set[str]:
    return {each.relative_to(prefix).as_posix() for each in prefix.rglob("*") if each.is_symlink() or each.is_file()}


@pytest.mark.parametrize(("stage", "effect"), [*thorough([("copy", 0), ("complete", 1)]), ("leave-out", 40)])
async def test_a_job_that_was_killed_is_told_and_its_copy_goes(copied: Sandbox, stage: str, effect: int) -> None:
    request = request_of(copied, "pip-mix", f"killed-{stage}")
    before = manifest(copied.prefixes["pip-mix"])
    code, said = run_dying(copied, request, stage, effect)
    assert code == -9, said
    after = await told(copied)
    assert f"{request.target} is half-made" in after.message
    assert "used since" not in after.message
    assert after.way_out
    removal = await workbench_of(copied).jobs.plan(after.way_out)
    assert (removal.confirm, [each.id for each in removal.warnings]) == ("", ["half-made"]), "nothing is at risk"
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert not os.path.lexists(request.target)
    assert manifest(copied.prefixes["pip-mix"]) == before
