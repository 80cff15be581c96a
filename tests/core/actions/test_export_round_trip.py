"""Every format that condatui writes, made into a new environment by conda: there is no drift, and it reads all back."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from condatui_core.actions.export.one_file import preview
from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.drift import drift_of
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.comparison import Listing
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.sandboxes import copy_sandbox
from support.tiers import thorough

ALL = (
    *("base", "nlp-base", "vision-cuda", "try-again-final-v2", "pip-mix", "vision-cpu", "prod-frozen", "train-pinned"),
    *("notebooks", "segmentation", "nlp-exp", "bert-finetune"),
)
WAYS: Mapping[str, dict[str, Any]] = {
    "environment.yml": {},
    "json.yml": {"format": "json"},
    "versions.yml": {"builds": False},
    "portable.yml": {"portable": True},
    "leaves.yml": {"leaves": True},
    "history.yml": {"from_history": True},
    "explicit.txt": {"format": "explicit"},
    "requirements.txt": {"format": "requirements"},
    "conda-lock.yml": {"format": "conda-lock"},
}
LIMITED = ("explicit.txt", "requirements.txt", "conda-lock.yml")
"""What pip installed is in comments of these at most."""
FROM_GIT = re.compile(r"^ +- trl @ git\+.*\n", re.MULTILINE)
"""What pip fetches from a repository, which is out of reach here."""


@pytest.fixture(scope="module")
def context(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> JobContext:
    own = {"CONDATUI_HOME": str(tmp_path_factory.mktemp("own"))}
    return asyncio.run(context_of(sandbox, environ=own))


@pytest.fixture(scope="module")
def maker(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The conda that makes environments, in a home of its own, where it notes them."""
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("maker") / "sandbox", ())


async def _written(name: str, file: Path, context: JobContext, sandbox: Sandbox) -> Listing:
    """Export an environment, and read the file."""
    prefix = str(sandbox.prefixes[name])
    export = await preview(ExportRequest(prefix=prefix, file=str(file), **WAYS[file.name]), context)
    file.write_text(FROM_GIT.sub("", export.text) if name == "pip-mix" else export.text)
    environment = context.environment(prefix)
    assert environment
    return read_environment_file(file, context.inventory.channel_config(environment), "linux-64")


def _make(file: Path, target: Path, sandbox: Sandbox, maker: Sandbox) -> None:
    """Let conda, and pip without an index, make an environment of a file."""
    if file.name == "conda-lock.yml":
        from conda_lock.conda_lock import render_lockfile_for_platform
        from conda_lock.lockfile import parse_conda_lock_file

        lock = parse_conda_lock_file(file)
        lines = render_lockfile_for_platform(
            lockfile=lock, include_dev_dependencies=False, extras=None, kind="explicit", platform="linux-64"
        )
        file = file.with_suffix(".txt")
        file.write_text("\n".join(lines))
    how = ("env", "create", "--file", str(file)) if file.suffix == ".yml" else ("create", "--yes", "--file", str(file))
    pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(sandbox.directory / "wheels")}
    done = subprocess.run(
        [str(maker.conda), *how, "--quiet", "--prefix", str(target)],
        env={**maker.environ, **pip},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _packages(contents: PrefixContents) -> set[tuple[str | None, ...]]:
    return {(each.name, each.version, each.build, each.base_url, each.md5) for each in contents.packages}


@pytest.mark.parametrize("way", WAYS)
async def test_no_environment_differs_from_its_own_export(
    way: str, sandbox: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    for name in ALL:
        contents = read_prefix(str(sandbox.prefixes[name]))
        listing = await _written(name, tmp_path / way, context, sandbox)
        drift = drift_of(contents, listing, context.inventory.channel_configs[0][1])
        told = {each.name for each in contents.pip_distributions} if way in LIMITED else {"trl"}
        assert [each for each in drift if each.name not in told and each.source == "conda"] == [], name
        assert [each for each in drift if each.name not in told] == [], name


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("pip-mix", "environment.yml"),
        ("train-pinned", "json.yml"),  # it has environment variables
        ("segmentation", "history.yml"),
        ("prod-frozen", "conda-lock.yml"),
        *thorough(
            [
                ("try-again-final-v2", "environment.yml"),
                ("nlp-base", "versions.yml"),
                ("vision-cuda", "portable.yml"),
                ("bert-finetune", "leaves.yml"),
                ("vision-cuda", "explicit.txt"),
                ("notebooks", "requirements.txt"),
            ]
        ),
    ],
)
async def test_conda_makes_the_same_environment_of_an_export(
    name: str, way: str, sandbox: Sandbox, maker: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    listing = await _written(name, tmp_path / way, context, sandbox)
    _make(tmp_path / way, tmp_path / "made", sandbox, maker)
    made = read_prefix(str(tmp_path / "made"))
    assert drift_of(made, listing, context.inventory.channel_configs[0][1]) == ()
    before = read_prefix(str(sandbox.prefixes[name]))
    if way in ("environment.yml", "json.yml", *LIMITED):
        assert _packages(made) == _packages(before)
        assert {each.name for each in before.pip_distributions} - {each.name for each in made.pip_distributions} <= {
            "trl"
        }
    if way not in LIMITED:
        assert made.variables == before.variables
