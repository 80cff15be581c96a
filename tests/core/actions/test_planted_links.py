"""Links that somebody else plants while something is written: nothing outside the environment changes."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from condatui_core.actions.clone import perform as clone_perform
from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.incomplete_marker import mark_complete, mark_incomplete
from condatui_core.errors import CondatuiError
from condatui_core.records.request import CloneRequest
from support.inventories import NOW
from support.plain_work import PlainWork, brought_back, removed
from support.prefixes import FakePrefix
from support.removals import RemovalMachine

FILES = 200


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path / "home")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What the links lead to: a directory of somebody, with a file that has the name of one that is written."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "0").write_text("precious")
    return directory


def make(machine: RemovalMachine) -> FakePrefix:
    """An environment with a directory that others may write to."""
    prefix = machine.make("nlp")
    for number in range(FILES):
        prefix.write(f"team/{number}", os.urandom(2000))
    (prefix.path / "team").chmod(0o777)
    return prefix


@dataclass
class Planting(PlainWork):
    """Puts a link in the place of a directory once that was made."""

    directory: Path = Path()
    outside: Path = Path()
    planted: bool = False

    def progress(self, done: int, total: int | None, unit: str) -> None:
        super().progress(done, total, unit)
        if not self.planted and self.directory.is_dir():
            self.directory.rename(self.directory.with_name("moved"))
            self.directory.symlink_to(self.outside)
            self.planted = True


def is_untouched(outside: Path) -> bool:
    return os.listdir(outside) == ["0"] and (outside / "0").read_text() == "precious"


async def test_a_restore_does_not_go_through_a_link_in_the_place_of_a_directory(
    machine: RemovalMachine, outside: Path
) -> None:
    prefix = make(machine)
    (point,) = await removed(machine.context(), prefix)
    work = Planting(directory=prefix.path / "team", outside=outside)
    with suppress(CondatuiError):
        await brought_back(machine.context(), point, work)
    assert work.planted
    assert is_untouched(outside)


async def test_a_clone_does_not_go_through_a_link_in_the_place_of_a_directory(
    machine: RemovalMachine, outside: Path
) -> None:
    prefix = make(machine)
    machine.conda(f'cp {prefix.meta}/*.json "$3/conda-meta"')
    target = machine.envs / "clone"
    request, context = CloneRequest(source=str(prefix), target=str(target)), machine.context()
    work = Planting(directory=target / "team", outside=outside)
    with suppress(CondatuiError):
        await clone_perform.perform(await clone_plan.plan(request, context), request, context, work)
    assert work.planted
    assert is_untouched(outside)


async def test_what_is_put_back_into_a_clone_does_not_go_through_a_link(machine: RemovalMachine, outside: Path) -> None:
    prefix = make(machine)
    prefix.write("conda-meta/pinned", "numpy 1.26.*")
    machine.conda(f'cp {prefix.meta}/*.json "$3/conda-meta"')
    target = machine.envs / "clone"

    def plant(stage: str) -> None:
        if stage == "put-back":
            for name in ("history", "pinned", "created_at"):
                (target / "conda-meta" / name).unlink(missing_ok=True)
                (target / "conda-meta" / name).symlink_to(outside / "0")

    request, context = CloneRequest(source=str(prefix), target=str(target)), machine.context()
    work = PlainWork(before_stage=plant)
    await clone_perform.perform(await clone_plan.plan(request, context), request, context, work)
    assert is_untouched(outside)
    assert (target / "conda-meta/pinned").read_text() == "numpy 1.26.*"


@pytest.mark.parametrize("made", ["environment", "link"])
def test_another_directory_in_its_place_is_not_taken_for_the_new_one(tmp_path: Path, outside: Path, made: str) -> None:
    target = tmp_path / "new"
    identity = mark_incomplete(str(target), source="/nlp", job="", now=NOW)
    target.rename(tmp_path / "moved")
    if made == "link":
        target.symlink_to(tmp_path / "moved")
    else:
        mark_incomplete(str(target), source="/other", job="", now=NOW)
    with pytest.raises(OSError, match=r"replaced meanwhile|symbolic links|Not a directory"):
        mark_complete(str(target), identity)
    assert (target / ".condatui-clone").exists()


_PLANTER = """
import os, sys, time
directory, outside = sys.argv[1:]
end = time.monotonic() + 20
while time.monotonic() < end and not os.path.lexists(outside + "/../done"):
    for name in (["."] + os.listdir(directory) if os.path.isdir(directory) else []):
        path = os.path.normpath(os.path.join(directory, name))
        try:
            os.rename(path, path + ".moved")
            os.symlink(outside if name == "." else outside + "/0", path)
            time.sleep(0.0005)
            os.unlink(path)
            os.rename(path + ".moved", path)
        except OSError:
            pass
"""


async def test_a_process_that_goes_on_planting_links_changes_nothing_outside(
    machine: RemovalMachine, outside: Path, tmp_path: Path
) -> None:
    prefix = make(machine)
    (point,) = await removed(machine.context(), prefix)
    arguments = ("-c", _PLANTER, str(prefix.path / "team"), str(outside))
    planter = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        for _ in range(3):
            with suppress(CondatuiError):
                await brought_back(machine.context(), point)
            prefix.path.rename(tmp_path / f"done-with-{len(os.listdir(tmp_path))}")
    finally:
        (tmp_path / "done").touch()
        await asyncio.wait_for(planter.wait(), 30)
    assert is_untouched(outside)
