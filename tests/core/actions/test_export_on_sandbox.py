"""Exports held against the real conda: what it would have written, and what it makes of ours."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from condatui_core.actions.export.one_file import preview
from condatui_core.actions.protocol import JobContext
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.request import ExportFormat, ExportRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.prefixes import manifest
from support.sandboxes import conda
from support.tiers import thorough


@pytest.fixture(scope="module")
def context(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> JobContext:
    """The sandbox as it is loaded, once for all tests that only read it."""
    own = {"CONDATUI_HOME": str(tmp_path_factory.mktemp("own"))}
    return asyncio.run(context_of(sandbox, environ=own))


async def _export(context: JobContext, prefix: Path, form: ExportFormat, **how: bool) -> str:
    request = ExportRequest(prefix=str(prefix), file="/nowhere", format=form, **how)
    return (await preview(request, context)).text


def _bare(dependency: str) -> str:
    """A dependency without what real exports lack: the channel, and where pip had it from."""
    if dependency.startswith("-e "):
        return dependency.rpartition("#egg=")[2]
    return dependency.rpartition("::")[2].partition(" @ ")[0].partition("==")[0]


def _dependencies(document: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    conda_specs = {each.rpartition("::")[2] for each in document["dependencies"] if isinstance(each, str)}
    pip = [line for each in document["dependencies"] if isinstance(each, dict) for line in each["pip"]]
    return conda_specs, {_bare(each) for each in pip}


@pytest.mark.parametrize(
    "names",
    [
        ("try-again-final-v2", "train-pinned", "vision-cuda"),  # pip over conda, variables, three channels
        *thorough([(("pip-mix", "nlp-exp", "base"),)]),
    ],
)
async def test_exports_say_what_conda_says(sandbox_copy: Callable[..., Sandbox], names: tuple[str, ...]) -> None:
    """Conda goes last: its export deletes the record of what pip has replaced, and only then says what it says."""
    sandbox = sandbox_copy(*names)
    context = await context_of(sandbox)
    before = {name: manifest(sandbox.prefixes[name]) for name in names}
    ours = {name: json.loads(await _export(context, sandbox.prefixes[name], "json")) for name in names}
    assert {name: manifest(sandbox.prefixes[name]) for name in names} == before
    for name in names:
        prefix = str(sandbox.prefixes[name])
        replaced = {each.package for each in read_prefix(prefix).replaced}
        theirs = json.loads(conda(sandbox, "env", "export", "-p", prefix, "--json"))
        specs, pip = _dependencies(ours[name])
        assert ({each for each in specs if each.partition("=")[0] not in replaced}, pip) == _dependencies(theirs)
        assert set(ours[name]["channels"]) == set(theirs["channels"]), name
        assert ours[name].get("variables") == theirs.get("variables")
        assert ours[name]["name"] == name
        assert "prefix" not in ours[name]


async def test_versions_and_histories_say_what_conda_says(sandbox: Sandbox, context: JobContext) -> None:
    prefix = sandbox.prefixes["vision-cuda"]
    ours = json.loads(await _export(context, prefix, "json", builds=False))
    theirs = json.loads(conda(sandbox, "env", "export", "-p", str(prefix), "--json", "--no-builds"))
    assert _dependencies(ours) == _dependencies(theirs)
    ours = json.loads(await _export(context, prefix, "json", from_history=True))
    theirs = json.loads(conda(sandbox, "env", "export", "-p", str(prefix), "--json", "--from-history"))
    assert _dependencies(ours) == _dependencies(theirs)
    assert ours["channels"] == ["pytorch", "nvidia", "conda-forge"]  # conda knows of its own configuration only


@pytest.mark.parametrize(
    "channels", [*thorough([["conda-forge", "pytorch", "nvidia"]]), ["nvidia", "conda-forge", "pytorch"]]
)
async def test_channels_of_a_history_go_in_the_order_of_the_configuration(
    channels: list[str], sandbox_copy: Callable[..., Sandbox]
) -> None:
    """Unless the commands name them, which conda itself does not look at."""
    copy = sandbox_copy("vision-cuda")
    prefix = copy.prefixes["vision-cuda"]
    history = prefix / "conda-meta/history"
    history.write_text(re.sub(r"(?<=create).*", f" -p {prefix} pytorch", history.read_text(), count=1))
    condarc = Path(copy.environ["HOME"]) / ".condarc"
    others = condarc.read_text().partition("channels:\n- conda-forge\n")
    condarc.write_text("channels:\n" + "".join(f"- {each}\n" for each in channels) + others[2])
    for how in ({"from_history": True}, {}):
        ours = json.loads(await _export(await context_of(copy), prefix, "json", **how))
        options = ["--from-history"] if how else []
        theirs = json.loads(conda(copy, "env", "export", "-p", str(prefix), "--json", *options))
        assert ours["channels"] == theirs["channels"] == channels


async def test_explicit_lists_are_those_of_conda(sandbox: Sandbox, context: JobContext) -> None:
    prefix = sandbox.prefixes["vision-cuda"]
    ours = await _export(context, prefix, "explicit")
    theirs = conda(sandbox, "list", "-p", str(prefix), "--explicit", "--md5")
    assert sorted(ours.splitlines()) == sorted(theirs.splitlines())


async def test_the_pip_part_is_what_pip_itself_freezes(sandbox: Sandbox, context: JobContext) -> None:
    prefix = sandbox.prefixes["pip-mix"]
    ours = json.loads(await _export(context, prefix, "json"))["dependencies"][-1]["pip"]
    pip = {line.partition("#sha256")[0] for line in _frozen(sandbox, prefix)}
    assert {each for each in ours if not each.startswith("-e ")} <= pip
    assert any(line.startswith("-e ") and "segtools" in line for line in ours)


def _frozen(sandbox: Sandbox, prefix: Path) -> list[str]:
    python = [str(prefix / "bin/python"), "-B", "-m", "pip", "freeze", "--all"]
    done = subprocess.run(python, env=dict(sandbox.environ), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
