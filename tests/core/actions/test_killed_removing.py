"""kill -9 of condatui and of conda in the stages of what deletes or brings back: nothing is lost, and it is said so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from condatui_core.actions.set_aside import how_to_put_back, set_aside_of
from condatui_core.records.job import Recovery
from condatui_core.records.request import CleanRequest, ForgetRequest, RemoveRequest, RestoreRequest
from condatui_sandbox import Sandbox
from support.dying_job import carried_out, dying_conda, run_dying, told, workbench_of
from support.sandboxes import copy_sandbox, manifest
from support.tiers import thorough


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves the environment in it as it was."""
    copied = copy_sandbox(sandbox, tmp_path_factory.mktemp("killed") / "sandbox", ["notebooks"])
    for number in range(3):
        (copied.prefixes["notebooks"] / f"mine-{number}").write_text("data")
    return copied


@pytest.fixture
def prefix(copied: Sandbox) -> Path:
    return copied.prefixes["notebooks"]


def points(sandbox: Sandbox) -> Path:
    return sandbox.home / ".condatui/state/restore"


def point_ids(sandbox: Sandbox) -> list[str]:
    return sorted(each for each in os.listdir(points(sandbox)) if not each.startswith("."))


async def bring_back(sandbox: Sandbox, point: str) -> None:
    job = await carried_out(sandbox, RestoreRequest(id=point))
    assert job.state == "done", job.end
    assert job.end and job.end.outcome
    assert job.end.outcome.findings == ()


def is_as_before(prefix: Path, before: dict[str, tuple[int, int, int]]) -> bool:
    return manifest(prefix) == before


@pytest.mark.parametrize(
    ("stage", "effect", "gone"),
    [("keep", 8, False), ("leftovers", 0, True), *thorough([("look", 0, False), ("remove", 0, False)])],
)
async def test_condatui_while_it_removes(copied: Sandbox, prefix: Path, stage: str, effect: int, gone: bool) -> None:
    before = manifest(prefix)
    request = RemoveRequest(prefixes=(str(prefix),))
    assert run_dying(copied, request, stage, effect)[0] == -9
    after = await told(copied)
    assert (after.state, os.path.lexists(prefix)) == (("done", False) if gone else ("untouched", True))
    if gone:
        await bring_back(copied, point_ids(copied)[-1])
    assert is_as_before(prefix, before)


async def test_condatui_before_it_deletes_what_it_has_set_aside(copied: Sandbox, prefix: Path) -> None:
    """It is whole under another name, and a rename brings it back."""
    before = manifest(prefix)
    assert run_dying(copied, RemoveRequest(prefixes=(str(prefix),)), "remove", 1)[0] == -9
    after = await told(copied)
    (aside,) = set_aside_of(str(prefix))
    assert (after.state, os.path.lexists(prefix)) == ("half", False)
    assert how_to_put_back(aside) in after.message
    assert after.way_out == RemoveRequest(prefixes=(aside,))
    os.rename(aside, prefix)
    assert is_as_before(prefix, before)


@pytest.mark.parametrize("effect", [*thorough([2, 60]), 300])
async def test_condatui_while_it_deletes_what_it_has_set_aside(copied: Sandbox, prefix: Path, effect: int) -> None:
    """The way out deletes the rest, and nothing that has come up at the path since."""
    before = manifest(prefix)
    assert run_dying(copied, RemoveRequest(prefixes=(str(prefix),)), "remove", effect)[0] == -9
    prefix.mkdir()
    (prefix / "new").touch()
    after = await told(copied)
    (aside,) = set_aside_of(str(prefix))
    point = point_ids(copied)[-1]
    assert aside in after.message
    assert f"Restore point {point} has notebooks whole." in after.message
    assert isinstance(after.way_out, RemoveRequest)
    assert after.way_out == RemoveRequest(prefixes=(aside,))
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert (set_aside_of(str(prefix)), os.listdir(prefix)) == ((), ["new"])
    shutil.rmtree(prefix)
    await bring_back(copied, point)
    assert is_as_before(prefix, before)


async def half_is_cleared(sandbox: Sandbox, prefix: Path, after: Recovery) -> None:
    if after.state == "half":
        assert after.way_out == RemoveRequest(prefixes=(str(prefix),))
        assert "used since" not in after.message
        shutil.rmtree(prefix)
    else:
        assert after.state == "untouched"
        assert not os.path.lexists(prefix)


@pytest.mark.parametrize("points", [(("unpack", 5),), *thorough([((("link", 0), ("unpack", 0), ("unpack", 5)),)])])
async def test_while_it_is_brought_back(copied: Sandbox, prefix: Path, points: tuple[tuple[str, int], ...]) -> None:
    """In every stage; what is half there is removed, and brought back whole in the end."""
    before = manifest(prefix)
    assert (await carried_out(copied, RemoveRequest(prefixes=(str(prefix),)))).state == "done"
    point = point_ids(copied)[-1]
    request = RestoreRequest(id=point)
    for stage, effect in points:
        assert run_dying(copied, request, stage, effect)[0] == -9
        await half_is_cleared(copied, prefix, await told(copied))
    with dying_conda(copied, "--file", "os.link", str(prefix), 100):
        code, said = run_dying(copied, request, "", 0)
    assert (code, said.partition("\n")[0]) == (0, "failed")
    assert f"restore point {point} still has it whole" in said
    shutil.rmtree(prefix)
    with dying_conda(copied, "--file", "os.link", str(prefix), 100, with_parent=True):
        assert run_dying(copied, request, "", 0)[0] == -9
    after = await told(copied)
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert run_dying(copied, request, "compare", 0)[0] == -9
    assert (await told(copied)).state == "done"
    assert is_as_before(prefix, before)


@pytest.mark.thorough
async def test_while_caches_are_cleaned(copied: Sandbox) -> None:
    """Whatever is left of a package cache, no package is there in part."""
    cache = copied.root_prefix / "pkgs"
    whole = {path.name: len(manifest(path)) for path in cache.iterdir() if (path / "info").is_dir()}
    request = CleanRequest(pkgs_dirs=(str(cache),), what=("packages", "index", "logs"))
    for stage, effect, state in (("look", 0, "untouched"), ("packages", 0, "half"), ("packages", 7, "half")):
        assert run_dying(copied, request, stage, effect)[0] == -9
        after = await told(copied)
        assert (after.state, after.way_out) == (state, request if state == "half" else None)
        there = {path.name: len(manifest(path)) for path in cache.iterdir() if (path / "info").is_dir()}
        assert there.items() <= whole.items()
    assert (await carried_out(copied, request)).state == "done"
    assert not [each for each in os.listdir(cache) if each.startswith(".condatui")]


async def test_while_restore_points_are_deleted(copied: Sandbox, prefix: Path) -> None:
    before = manifest(prefix)
    for stage in ("remove", "remove"):
        assert run_dying(copied, RemoveRequest(prefixes=(str(prefix),)), stage, 0)[0] == -9
        await told(copied)
    ids = tuple(point_ids(copied))[-2:]
    for effect, state in ((0, "untouched"), (3, "half")):
        assert run_dying(copied, ForgetRequest(ids=ids), "delete", effect)[0] == -9
        after = await told(copied)
        assert after.state == state
    listed = await workbench_of(copied).restore_points()
    assert all(each.whole for each in listed)
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert not set(ids) & set(point_ids(copied))
    assert is_as_before(prefix, before)
