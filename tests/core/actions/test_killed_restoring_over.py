"""kill -9 while an environment is brought back to how it was: how it was until then is there, and it is said where."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from condatui_core.actions.checkpoint import make_checkpoint, subject_of
from condatui_core.actions.set_aside import set_aside_of
from condatui_core.records.request import RemoveRequest, RestoreRequest
from condatui_core.records.restore_point import Occasion
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, dying_conda, run_dying, told
from support.plain_work import PlainWork
from support.sandboxes import copy_sandbox, manifest
from support.tiers import thorough


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves the environment in it as it was."""
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("killed-over") / "sandbox", ["notebooks"])


@pytest.fixture
def prefix(copied: Sandbox) -> Path:
    return copied.prefixes["notebooks"]


@pytest.fixture
async def point(copied: Sandbox, prefix: Path) -> str:
    """A restore point of the environment, which is changed afterwards."""
    context = await context_of(copied)
    subject = subject_of(str(prefix), context, Occasion(change="request"))
    made = make_checkpoint(subject, context, PlainWork(), limited=True)
    (prefix / f"mine-{made.point.id}").write_text("written since")
    return made.point.id


def points(sandbox: Sandbox) -> set[str]:
    return set(os.listdir(sandbox.home / ".condatui/state/restore"))


@pytest.mark.parametrize(("stage", "effect"), [("keep", 8), *thorough([("aside", 0)])])
async def test_before_it_is_set_aside_nothing_has_changed(
    copied: Sandbox, prefix: Path, point: str, stage: str, effect: int
) -> None:
    before = manifest(prefix)
    assert run_dying(copied, RestoreRequest(id=point), stage, effect)[0] == -9
    after = await told(copied)
    assert (after.state, after.way_out, manifest(prefix)) == ("untouched", None, before)


@pytest.mark.parametrize(("stage", "effect"), [("link", 2), *thorough([("unpack", 9)])])
async def test_what_was_set_aside_is_put_back(
    copied: Sandbox, prefix: Path, point: str, stage: str, effect: int
) -> None:
    before, inode, there = manifest(prefix), prefix.stat().st_ino, points(copied)
    assert run_dying(copied, RestoreRequest(id=point), stage, effect)[0] == -9
    after = await told(copied)
    (aside,) = set_aside_of(str(prefix))
    (kept,) = points(copied) - there
    assert (after.state, after.way_out) == ("half", RestoreRequest(id=kept))
    assert f"whole, set aside in {aside}" in after.message
    assert after.way_out
    job = await carried_out(copied, after.way_out)
    assert job.state == "done", job.end
    assert (manifest(prefix), prefix.stat().st_ino) == (before, inode)
    assert set_aside_of(str(prefix)) == ()
    assert points(copied) == there, "the restore point of how it is was made for nothing"


@pytest.mark.parametrize(("stage", "effect", "half_made"), [*thorough([("link", 2, False)]), ("unpack", 9, True)])
async def test_of_what_is_set_aside_and_not_whole_any_more_that_is_said(
    copied: Sandbox, prefix: Path, point: str, stage: str, effect: int, half_made: bool
) -> None:
    before, there = manifest(prefix), points(copied)
    assert run_dying(copied, RestoreRequest(id=point), stage, effect)[0] == -9
    way_out = (await told(copied)).way_out
    assert way_out
    assert run_dying(copied, way_out, "put-back", 0)[0] == -9
    (aside,) = set_aside_of(str(prefix))
    shutil.rmtree(f"{aside}/lib")
    after = await told(copied)
    (kept,) = points(copied) - there
    assert f"in {aside}, not whole any more; restore point {kept} has it whole." in after.message
    bringing_back = RestoreRequest(id=kept)
    assert after.way_out == (RemoveRequest(prefixes=(str(prefix),)) if half_made else bringing_back)
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    if half_made:
        assert (await carried_out(copied, bringing_back)).state == "done"
    assert manifest(prefix) == before
    shutil.rmtree(aside)


@pytest.mark.thorough
async def test_with_its_conda_in_the_middle_of_linking(copied: Sandbox, prefix: Path, point: str) -> None:
    before = manifest(prefix)
    with dying_conda(copied, "--file", "os.link", str(prefix), 100, with_parent=True):
        assert run_dying(copied, RestoreRequest(id=point), "", 0)[0] == -9
    after = await told(copied)
    assert isinstance(after.way_out, RestoreRequest)
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert manifest(prefix) == before
    with dying_conda(copied, "--file", "os.link", str(prefix), 100):
        code, said = run_dying(copied, RestoreRequest(id=point), "", 0)
    assert (code, said.partition("\n")[0]) == (0, "failed")
    assert "is as it was" in said
    assert manifest(prefix) == before
    assert set_aside_of(str(prefix)) == ()


@pytest.mark.parametrize(("stage", "effect"), [*thorough([("delete", 3)]), ("delete", 200)])
async def test_once_it_is_back_the_rest_of_what_was_set_aside_goes(
    copied: Sandbox, prefix: Path, point: str, stage: str, effect: int
) -> None:
    before, there = manifest(prefix), points(copied)
    assert run_dying(copied, RestoreRequest(id=point), stage, effect)[0] == -9
    after = await told(copied)
    aside = set_aside_of(str(prefix))
    assert (after.state, after.way_out) == ("half", RemoveRequest(prefixes=aside))
    assert not (prefix / f"mine-{point}").exists()
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert set_aside_of(str(prefix)) == ()
    (kept,) = points(copied) - there
    assert (await carried_out(copied, RestoreRequest(id=kept))).state == "done"
    assert manifest(prefix) == before
