"""What a workbench gives its jobs: the machine as it is now, whatever was loaded when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support.prefixes import FakePrefix

LATER = timedelta(hours=1)
"""What was made a moment ago is not believed to stay as it is; an hour later it is."""


def _environment(path: Path) -> None:
    prefix = FakePrefix(path)
    prefix.package("numpy")
    prefix.write("conda-meta/history", "==> 2026-01-01 00:00:00 <==\n# cmd: conda create\n")


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    _environment(tmp_path / "envs" / "first")
    return Workbench(
        Settings(usual_places=False, roots=(str(tmp_path / "envs"),)),
        Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path / "home"),
        environ={"PATH": "/usr/bin:/bin"},
        clock=lambda: datetime.now(timezone.utc) + LATER,
    )


async def test_an_action_sees_a_complete_inventory_although_nobody_has_loaded(
    tmp_path: Path, workbench: Workbench
) -> None:
    context = await workbench.job_context()
    assert context.inventory.complete
    assert context.environment(str(tmp_path / "envs" / "first")) is not None
    assert context.locations == workbench.locations
    assert context.frees(("anything",)) is None


async def test_nobody_loads_again_as_long_as_nothing_has_changed(workbench: Workbench) -> None:
    first = await workbench.job_context()
    assert (await workbench.job_context()).inventory is first.inventory
    assert not await workbench.changed()


async def test_what_has_changed_meanwhile_is_seen_by_the_action_and_told_to_who_watches(
    tmp_path: Path, workbench: Workbench
) -> None:
    _ = [each async for each in workbench.load()]
    FakePrefix(tmp_path / "envs" / "first").package("scipy")
    environment = (await workbench.job_context()).environment(str(tmp_path / "envs" / "first"))
    assert environment
    assert environment.contents
    assert [each.name for each in environment.contents.packages] == ["numpy", "scipy"]
    assert await workbench.changed()
    assert not await workbench.changed()


async def test_what_the_disk_walk_says_reaches_the_action(workbench: Workbench) -> None:
    workbench.frees = len
    assert (await workbench.job_context()).frees(("a", "b")) == 2


async def test_one_that_never_had_a_job_closes_at_once(workbench: Workbench) -> None:
    await workbench.close()
    assert workbench.jobs is workbench.jobs
    await workbench.close()
