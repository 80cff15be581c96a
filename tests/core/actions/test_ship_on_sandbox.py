"""A real environment is shipped as an archive, built without docker, and unpacked by its receiver."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.ship import perform as ship_perform
from condatui_core.actions.ship import plan as ship_plan
from condatui_core.actions.unpack import perform as unpack_perform
from condatui_core.actions.unpack import plan as unpack_plan
from condatui_core.records.job import Outcome
from condatui_core.records.request import ShipRequest, UnpackRequest
from condatui_core.reports.dockerfile import PREFIX
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dockerfiles import command, environ, faults, stages
from support.plain_work import PlainWork

_CODE = "import pandas, sys; print(sys.prefix, pandas.__file__.startswith(sys.prefix))"


@dataclass
class Shipped:
    """A directory that an image is built from, with an archive."""

    directory: Path
    request: ShipRequest
    context: JobContext
    outcome: Outcome

    @property
    def dockerfile(self) -> str:
        return (self.directory / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def shipped(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """One archive for all tests, which only read it."""
    place = tmp_path_factory.mktemp("ship")
    context = asyncio.run(context_of(sandbox, environ={"CONDATUI_HOME": str(place / "own")}))
    prefix, words = str(sandbox.prefixes["notebooks"]), ("python", "-c", _CODE)
    request = ShipRequest(prefix=prefix, directory=str(place / "image"), source="archive", command=words)
    plan = asyncio.run(ship_plan.plan(request, context))
    assert not plan.blockers, plan.blockers
    outcome = asyncio.run(ship_perform.perform(plan, request, context, PlainWork()))
    return Shipped(place / "image", request, context, outcome)


def build(shipped: Shipped, root: Path) -> None:
    """Do what docker does in the first stage, below a directory in the place of an empty root."""
    (root / "tmp").mkdir(parents=True)
    first = stages(shipped.dockerfile)[0]
    (copied,) = (each.arguments.split() for each in first if each.name == "COPY")
    assert copied[-1] == "/tmp/"
    for name in copied[:-1]:
        os.link(shipped.directory / name, root / "tmp" / name)
    (line,) = (each.arguments for each in first if each.name == "RUN")
    assert PREFIX in line
    done = subprocess.run(
        ["/bin/sh", "-ec", line.replace(PREFIX, f"{root}{PREFIX}")],
        cwd=root / "tmp",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def printed(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """What a program prints that has these variables alone."""
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_the_first_stage_makes_an_environment_in_which_the_command_starts(shipped: Shipped, tmp_path: Path) -> None:
    assert faults(shipped.dockerfile) == []
    assert sorted(os.listdir(shipped.directory)) == sorted(map(os.path.basename, shipped.outcome.files))
    build(shipped, tmp_path / "root")
    service = f"{tmp_path}/root{PREFIX}"
    variables = {name: value.replace(PREFIX, service) for name, value in environ(shipped.dockerfile).items()}
    assert (variables["PATH"].split(":")[0], variables["CONDA_PREFIX"]) == (f"{service}/bin", service)
    assert printed(command(shipped.dockerfile), {**variables, "HOME": str(tmp_path)}) == f"{service} True"
    scripts = [each for each in Path(service, "bin").iterdir() if each.is_file() and each.read_bytes()[:2] == b"#!"]
    assert not [each.name for each in scripts if shipped.request.prefix.encode() in each.read_bytes()]


async def test_its_receiver_unpacks_it_and_its_python_starts(shipped: Shipped, tmp_path: Path) -> None:
    archive, target = str(shipped.directory / "environment.tar.gz"), str(tmp_path / "env")
    request = UnpackRequest(archive=archive, target=target)
    plan = await unpack_plan.plan(request, shipped.context)
    assert (plan.blockers, plan.warnings) == ((), ())
    assert plan.bytes_needed
    outcome = await unpack_perform.perform(plan, request, shipped.context, PlainWork())
    assert outcome.bytes_used and outcome.bytes_used <= plan.bytes_needed
    assert [each.id for each in outcome.findings] == []
    assert printed([f"{target}/bin/python", "-c", _CODE], {}) == f"{target} True"


async def test_the_same_environment_gives_the_same_archive(shipped: Shipped, tmp_path: Path) -> None:
    request = ShipRequest(
        prefix=shipped.request.prefix,
        directory=str(tmp_path / "again"),
        source="archive",
        command=shipped.request.command,
    )
    plan = await ship_plan.plan(request, shipped.context)
    await ship_perform.perform(plan, request, shipped.context, PlainWork())
    for name in os.listdir(shipped.directory):
        assert (tmp_path / "again" / name).read_bytes() == (shipped.directory / name).read_bytes(), name
