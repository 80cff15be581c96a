"""A process that ships is killed at several points: what is left is told, and the way out makes it whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from condatui_core.records.request import ShipRequest, ShipSource
from support.dying_job import carried_out, run_dying, told, workbench_of
from support.prefixes import FakePrefix, make_prefix, manifest
from support.tiers import thorough

FILES = (".dockerignore", "Dockerfile", "environment.yml", "layers.json")
ARCHIVE = ("environment.tar.gz", "environment.tar.gz.sha256")
LOCK = ("environment.lock", "requirements.txt")


@dataclass(frozen=True)
class Machine:
    """A home in which one environment is registered, without a conda."""

    home: Path
    prefix: FakePrefix

    @property
    def environ(self) -> Mapping[str, str]:
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], "CONDATUI_USUAL_PLACES": "0"}

    @property
    def image(self) -> Path:
        return self.home / "image"

    def request(self, source: ShipSource) -> ShipRequest:
        classes = ("headers", "tests")
        return ShipRequest(prefix=str(self.prefix), directory=str(self.image), source=source, slim=classes)  # type: ignore[arg-type]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    prefix = make_prefix(tmp_path / "envs" / "service")
    prefix.package("numpy", "1.26.4", depends=["python"], files={"lib/numpy.so": "1234", "include/numpy.h": "12"})
    prefix.python_package("pip", "24.0")
    prefix.pip_install("einops", "0.8.0")
    prefix.write("bin/python", "#!ELF")
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda/environments.txt").write_text(f"{prefix}\n")
    return Machine(tmp_path, prefix)


@pytest.mark.parametrize(
    ("source", "stage", "effect", "state"),
    [
        ("lock", "write", 6, "half"),
        *thorough(
            [("lock", "write", 1, "untouched"), ("archive", "write", 0, "half"), ("archive", "check", 0, "half")]
        ),
    ],
)
async def test_what_is_left_is_told_and_the_way_out_makes_it_whole(
    machine: Machine, source: ShipSource, stage: str, effect: int, state: str
) -> None:
    before = manifest(machine.prefix.path)
    code, said = run_dying(machine, machine.request(source), stage, effect)
    assert code == -9, said
    found = await told(machine)
    assert (found.state, manifest(machine.prefix.path)) == (state, before), found.message
    assert str(machine.image) in found.message
    again = found.way_out or machine.request(source)
    assert (state == "half") == (found.way_out is not None)
    done = await carried_out(machine, again)
    assert done.state == "done", done.end
    assert sorted(os.listdir(machine.image)) == sorted((*FILES, *(ARCHIVE if source == "archive" else LOCK)))
    assert manifest(machine.prefix.path) == before
    assert await workbench_of(machine).jobs.interrupted() == ()
