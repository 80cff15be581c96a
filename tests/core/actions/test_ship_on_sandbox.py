"""A real environment is shipped as an archive, built without docker, and unpacked by its receiver."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.ship import perform as ship_perform
from condatui_core.actions.ship import plan as ship_plan
from condatui_core.actions.unpack import perform as unpack_perform
from condatui_core.actions.unpack import plan as unpack_plan
from condatui_core.prefixes.installed_files import check_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.job import Outcome
from condatui_core.records.request import ShipRequest, UnpackRequest
from condatui_core.records.slimming import SlimClass
from condatui_core.reports.dockerfile import PREFIX
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dockerfiles import command, environ, faults, stages
from support.empty_root import can_be_made, make_root, run_in
from support.plain_work import PlainWork

_CLASSES: tuple[SlimClass, ...] = ("developer-packages", "leaves", "byte-code", "headers", "tests")
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
def context(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> JobContext:
    return asyncio.run(context_of(sandbox, environ={"CONDATUI_HOME": str(tmp_path_factory.mktemp("own"))}))


@pytest.fixture(scope="module")
def shipped(sandbox: Sandbox, context: JobContext, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """One archive for all tests, which only read it."""
    return ship(sandbox, context, tmp_path_factory.mktemp("ship"))


@pytest.fixture(scope="module")
def slimmed(sandbox: Sandbox, context: JobContext, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """One without what a service does not need."""
    return ship(sandbox, context, tmp_path_factory.mktemp("slim"), slim=_CLASSES)


def ship(sandbox: Sandbox, context: JobContext, place: Path, slim: tuple[SlimClass, ...] = ()) -> Shipped:
    prefix, words = str(sandbox.prefixes["notebooks"]), ("python", "-c", _CODE)
    request = ShipRequest(prefix=prefix, directory=str(place / "image"), source="archive", command=words, slim=slim)
    plan = asyncio.run(ship_plan.plan(request, context))
    assert not plan.blockers, plan.blockers
    outcome = asyncio.run(ship_perform.perform(plan, request, context, PlainWork()))
    return Shipped(place / "image", request, context, outcome)


def build(shipped: Shipped, root: Path) -> None:
    """Do what docker does in the first stage, below a directory in the place of an empty root."""
    line = copy(shipped, root)
    done = subprocess.run(
        ["/bin/sh", "-ec", line.replace(PREFIX, f"{root}{PREFIX}")],
        cwd=root / "tmp",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def copy(shipped: Shipped, root: Path) -> str:
    """Copy what the first stage copies; returns the line that it runs then."""
    (root / "tmp").mkdir(parents=True, exist_ok=True)
    first = stages(shipped.dockerfile)[0]
    (copied,) = (each.arguments.split() for each in first if each.name == "COPY")
    assert copied[-1] == "/tmp/"
    for name in copied[:-1]:
        os.link(shipped.directory / name, root / "tmp" / name)
    (line,) = (each.arguments for each in first if each.name == "RUN")
    assert PREFIX in line
    return line


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


def test_without_what_a_service_does_not_need_it_imports_what_was_asked_for(slimmed: Shipped, tmp_path: Path) -> None:
    build(slimmed, tmp_path / "root")
    service = tmp_path / f"root{PREFIX}"
    assert printed([f"{service}/bin/python", "-B", "-c", _CODE], {}) == f"{service} True"
    contents = read_prefix(str(service))
    names = {each.name for each in contents.packages}
    assert "pandas" in names and not {"ipykernel", "pyzmq"} & names
    assert not list(service.rglob("__pycache__")) and not (service / "include").exists()
    faults = check_files(str(service))
    assert (faults.missing, faults.altered) == ((), ())
    layers = json.loads((slimmed.directory / "layers.json").read_text())["layers"]
    weight = sum(each.stat().st_size for each in service.rglob("*") if each.is_file() and not each.is_symlink())
    assert layers[1]["bytes"] == pytest.approx(weight, rel=0.01)


@pytest.mark.skipif(not can_be_made(), reason="only root may start programs in another root")
def test_in_an_empty_root_the_command_starts_for_a_user_who_cannot_change_it(slimmed: Shipped, tmp_path: Path) -> None:
    root, text = tmp_path / "root", slimmed.dockerfile
    make_root(root)
    run_in(root, ["/bin/sh", "-ec", f"cd /tmp; {copy(slimmed, root)}"], {"PATH": "/usr/bin:/bin"})
    assert run_in(root, command(text), environ(text), user="10001:10001") == f"{PREFIX} True"
    write = f"import os; print(os.getuid(), os.access('{PREFIX}', os.W_OK), os.listdir('{PREFIX}/lib') != [])"
    assert run_in(root, ["python", "-c", write], environ(text), user="10001:10001") == "10001 False True"


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


async def test_the_same_environment_gives_the_same_archive(slimmed: Shipped, tmp_path: Path) -> None:
    request = replace(slimmed.request, directory=str(tmp_path / "again"))
    plan = await ship_plan.plan(request, slimmed.context)
    await ship_perform.perform(plan, request, slimmed.context, PlainWork())
    for name in os.listdir(slimmed.directory):
        assert (tmp_path / "again" / name).read_bytes() == (slimmed.directory / name).read_bytes(), name
