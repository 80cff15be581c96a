"""The same questions put to a real conda 24.7."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.conda import commands
from condatui_core.conda.client import CondaClient, ask, remembered
from condatui_core.conda.commands import Caller
from condatui_core.conda.discovery import find_installations
from condatui_core.conda.errors import check_answer
from condatui_core.conda.registry import environments_txt
from condatui_core.errors import CondaError
from condatui_core.proc.runner import CommandLog, ProcessRunner
from condatui_core.records.installation import Installation
from condatui_sandbox import Sandbox
from support.fake_conda import NOON
from support.sandboxes import manifest


def asking(sandbox: Sandbox, cache: Path) -> CondaClient:
    caller = Caller(sandbox.environ, sandbox.home, euid=1000)
    return CondaClient(ProcessRunner(CommandLog(), lambda: NOON), caller, cache, lambda: NOON, 60)


def real(path: Path) -> str:
    return os.path.realpath(path)


async def located(sandbox: Sandbox, client: CondaClient) -> Installation:
    (installation,) = await find_installations([str(sandbox.conda)], [str(sandbox.root_prefix)], client)
    return installation


async def test_it_is_found_with_its_root_and_version(sandbox: Sandbox, tmp_path: Path) -> None:
    installation = await located(sandbox, asking(sandbox, tmp_path))
    assert installation.root_prefix == real(sandbox.root_prefix)
    assert (installation.version, installation.error) == ("24.7.1", "")


async def test_asking_changes_nothing_though_conda_would_forget_an_environment_that_is_gone(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = sandbox_copy("nlp-base")
    client = asking(sandbox, tmp_path / "cache")
    before = manifest(sandbox.home)
    asked = await ask(await located(sandbox, client), client)
    assert (asked.facts.environments, asked.problems) == ((), ())
    assert asked.facts.channels.channel_alias.startswith("file://")
    assert manifest(sandbox.home) == before


async def test_it_lists_its_environments_where_that_is_harmless_and_still_changes_nothing(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = sandbox_copy("nlp-base")
    registered = environments_txt(sandbox.home)
    registered.write_text("".join(f"{prefix}\n" for prefix in sandbox.prefixes.values()))
    client = asking(sandbox, tmp_path / "cache")
    before = manifest(sandbox.home)
    installation = await located(sandbox, client)
    asked = await ask(installation, client)
    assert {str(sandbox.root_prefix), str(sandbox.prefixes["nlp-base"])} <= set(asked.facts.environments)
    assert manifest(sandbox.home) == before
    assert remembered(installation, client) == asked.facts


async def test_it_says_in_its_own_words_what_it_cannot_do(sandbox: Sandbox, tmp_path: Path) -> None:
    client = asking(sandbox, tmp_path)
    installation = await located(sandbox, client)
    unknown_flag = await client.read(installation, (*commands.env_list(installation.executable), "--size"))
    with pytest.raises(CondaError, match="unrecognized arguments: --size"):
        check_answer(unknown_flag, "list sizes")
    not_there = await client.read(installation, (installation.executable, "list", "-p", "/nowhere", "--json"))
    with pytest.raises(CondaError, match="Not a conda environment: /nowhere"):
        check_answer(not_there, "list /nowhere")
