"""Slimmed copies by the sandbox's real conda: it lists them, they import, and a job that was killed is told."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from condatui_core.actions.slim import perform, plan
from condatui_core.prefixes.installed_files import check_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.request import SlimRequest
from condatui_core.records.slimming import SlimClass
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, run_dying, told, workbench_of
from support.plain_work import PlainWork
from support.sandboxes import conda, copy_sandbox, manifest

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


async def test_conda_and_condatui_find_a_slimmed_copy_whole(copied: Sandbox) -> None:
    source = copied.prefixes["pip-mix"]
    request, context = request_of(copied, "pip-mix", "slim-mix"), await context_of(copied)
    before = manifest(source)
    made = await plan.plan(request, context)
    outcome = await perform.perform(made, request, context, PlainWork())
    assert outcome.findings == ()
    copy = Path(request.target)
    imports(copy, "requests", "einops", "labtools")
    there = {each.name for each in read_prefix(str(copy)).packages}
    gone = {each.name for each in read_prefix(str(source)).packages} - there
    assert gone == {"pip"}
    listed = json.loads(conda(copied, "list", "-p", str(copy), "--json"))
    assert {each["name"] for each in listed if each["channel"] != "pypi"} == there
    faults = check_files(str(copy), checksums=True)
    assert (faults.missing, faults.altered) == ((), ())
    assert manifest(source) == before
    assert made.slimming and made.slimming.packages == ("pip",)
    assert made.slimming.after == pytest.approx(sum(each.after for each in outcome.slimmed), rel=0.01)


async def test_a_job_that_was_killed_is_told_and_its_copy_goes(copied: Sandbox) -> None:
    request = request_of(copied, "pip-mix", "killed")
    before = manifest(copied.prefixes["pip-mix"])
    assert run_dying(copied, request, "leave-out", 40)[0] == -9
    after = await told(copied)
    assert f"{request.target} is half-made" in after.message
    assert "used since" not in after.message
    assert after.way_out
    removal = await workbench_of(copied).jobs.plan(after.way_out)
    assert (removal.confirm, [each.id for each in removal.warnings]) == ("", ["half-made"]), "nothing is at risk"
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert not os.path.lexists(request.target)
    assert manifest(copied.prefixes["pip-mix"]) == before
