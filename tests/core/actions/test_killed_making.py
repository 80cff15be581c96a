"""kill -9 of condatui and of conda in the stages of what makes something: the next start says the truth, and helps."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.actions.clone import plan as clone_plan
from condatui_core.actions.clone import recover as clone_recover
from condatui_core.actions.pack import recover as pack_recover
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.job import Recovery
from condatui_core.records.request import (
    CloneRequest,
    ExportAllRequest,
    ExportRequest,
    PackRequest,
    RemoveRequest,
    RestoreRequest,
    UnpackRequest,
)
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.dying_job import carried_out, dying_conda, run_dying, told, workbench_of
from support.packed import pack_files, packed_files
from support.sandboxes import conda, copy_sandbox, manifest
from support.tiers import thorough


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves it as it was."""
    copied = copy_sandbox(sandbox, tmp_path_factory.mktemp("killed") / "sandbox", ["notebooks"])
    mine = copied.prefixes["notebooks"] / "mine"
    mine.mkdir()
    for number in range(3):
        (mine / str(number)).write_text("data")
    return copied


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where files are made; nothing else is in it."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def target(copied: Sandbox) -> str:
    return str(copied.root_prefix / "envs" / "new")


async def clone_is_as_told(sandbox: Sandbox, request: CloneRequest, after: Recovery) -> None:
    """Compare what is said with the disk, and clear it away."""
    assert "used since" not in after.message
    if after.way_out:
        assert after.state == "half"
        assert after.way_out == RemoveRequest(prefixes=(request.target,))
        assert os.path.lexists(os.path.join(request.target, HALF_MADE)) or not os.listdir(request.target)
        shutil.rmtree(request.target)
    elif after.state == "untouched":
        assert not os.path.lexists(request.target)
    else:
        assert {each.name for each in read_prefix(request.source).packages} <= {
            each.name for each in read_prefix(request.target).packages
        }
        assert (after.state, "xlrd was not added") == ("half", after.message.rpartition("; ")[2][:18])
        shutil.rmtree(request.target)


@pytest.mark.parametrize(
    ("stage", "effect", "state"),
    [
        ("put-back", 9, "half"),
        *thorough(
            [
                ("link", 0, "untouched"),
                ("link", 3, "half"),
                ("add", 0, "half"),
                ("copy", 3, "half"),
                ("verify", 1, "half"),
            ]
        ),
    ],
)
async def test_condatui_while_it_clones(copied: Sandbox, target: str, stage: str, effect: int, state: str) -> None:
    source = copied.prefixes["notebooks"]
    before = manifest(source)
    request = CloneRequest(source=str(source), target=target, add=("xlrd",), offline=True)
    assert run_dying(copied, request, stage, effect)[0] == -9
    after = await told(copied)
    assert after.state == state
    await clone_is_as_told(copied, request, after)
    assert manifest(source) == before


@pytest.mark.thorough
async def test_conda_while_it_links_a_clone(copied: Sandbox, target: str) -> None:
    request = CloneRequest(source=str(copied.prefixes["notebooks"]), target=target, offline=True)
    with dying_conda(copied, "install", "os.link", target, 100):
        code, said = run_dying(copied, request, "", 0)
    assert (code, said.splitlines()[:2]) == (0, ["failed", "conda could not link the packages."])
    assert f"{target} is half-made" in said
    shutil.rmtree(target)
    with dying_conda(copied, "install", "os.link", target, 100, with_parent=True):
        assert run_dying(copied, request, "", 0)[0] == -9
    after = await told(copied)
    assert f"{target} is half-made" in after.message
    assert after.way_out
    plan = await workbench_of(copied).jobs.plan(after.way_out)
    assert (plan.confirm, [each.id for each in plan.warnings]) == ("", ["half-made"]), "nothing is at risk"
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert not os.path.lexists(target)


def write_notebook(target: Path) -> str:
    (target / "work.ipynb").write_text("a day of work")
    return "work.ipynb"


def edit_unseen(target: Path) -> str:
    """Edit a copied file so that its size and its times stay."""
    file = target / "mine/1"
    status = file.stat()
    file.write_text("work")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    return "mine/1"


@pytest.mark.parametrize(("stage", "use"), [*thorough([("copy", write_notebook)]), ("verify", edit_unseen)])
async def test_what_came_into_a_half_made_clone_is_kept(
    copied: Sandbox, target: str, stage: str, use: Callable[[Path], str]
) -> None:
    request = CloneRequest(source=str(copied.prefixes["notebooks"]), target=target, offline=True)
    assert run_dying(copied, request, stage, 12 if stage == "copy" else 0)[0] == -9
    after = await told(copied)
    assert after.way_out
    name = use(Path(target))
    plan = await workbench_of(copied).jobs.plan(after.way_out)
    if use is write_notebook:
        (warning,) = plan.warnings
        assert (warning.id, warning.evidence) == ("used-since", ("work.ipynb",))
        assert any(each.title.startswith("Make a restore point") for each in plan.steps)
    work = Path(target, name).read_text()
    removed = await carried_out(copied, after.way_out)
    assert removed.end and removed.end.outcome
    (point,) = removed.end.outcome.restore_points
    assert not os.path.lexists(target)
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert Path(target, name).read_text() == work
    assert os.path.lexists(os.path.join(target, HALF_MADE)), "it was half-made, and is again"
    shutil.rmtree(target)


@pytest.mark.thorough
async def test_a_package_that_came_into_a_half_made_clone_is_kept(copied: Sandbox, target: str) -> None:
    request = CloneRequest(source=str(copied.prefixes["notebooks"]), target=target, offline=True)
    assert run_dying(copied, request, "verify", 0)[0] == -9
    after = await told(copied)
    conda(copied, "install", "-p", target, "xlrd", "--offline", "--yes", "--json")
    again = await clone_recover.recover(
        await clone_plan.plan(request, context := await context_of(copied)), request, "verify", context
    )
    assert re.search("has been used since: conda-meta/xlrd-.*json and 1 more are its own", again.message)
    assert after.way_out == again.way_out
    assert after.way_out
    removed = await carried_out(copied, after.way_out)
    assert removed.end and removed.end.outcome
    (point,) = removed.end.outcome.restore_points
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert "xlrd" in {each.name for each in read_prefix(target).packages}
    shutil.rmtree(target)


async def test_a_half_made_clone_that_was_not_used_goes_without_a_trace(copied: Sandbox, target: str) -> None:
    request = CloneRequest(source=str(copied.prefixes["notebooks"]), target=target, offline=True)
    assert run_dying(copied, request, "verify", 0)[0] == -9
    way_out = (await told(copied)).way_out
    assert way_out
    removed = await carried_out(copied, way_out)
    assert removed.end and removed.end.outcome
    assert removed.end.outcome.restore_points == ()
    assert not os.path.lexists(target)


async def test_what_comes_after_the_plan_of_a_removal_without_a_restore_point_stays(
    copied: Sandbox, target: str
) -> None:
    request = CloneRequest(source=str(copied.prefixes["notebooks"]), target=target, offline=True)
    assert run_dying(copied, request, "verify", 0)[0] == -9
    await told(copied)
    jobs = workbench_of(copied).jobs
    plan = await jobs.plan(RemoveRequest(prefixes=(target,), restore_point=False))
    assert plan.confirm == "", "there is nothing to lose"
    write_notebook(Path(target))
    job = jobs.submit(plan)
    async for _ in jobs.events(job.id):
        pass
    over = jobs.job(job.id)
    assert over and over.end
    assert (over.state, over.end.message) == ("failed", "new has been used since this was planned.")
    assert Path(target, "work.ipynb").read_text() == "a day of work"
    assert (await jobs.plan(RemoveRequest(prefixes=(target,), restore_point=False))).confirm == "new"
    shutil.rmtree(target)


async def test_conda_while_it_adds_to_a_clone(copied: Sandbox, target: str) -> None:
    """It takes the old version out before it puts the new one in."""
    older = "numpy=1.26.4=py{}{}h64a7726_0".format(*sys.version_info)
    request = CloneRequest(source=str(copied.prefixes["notebooks"]), target=target, add=(older,), offline=True)
    with dying_conda(copied, older, "os.rename", target, 8):
        code, said = run_dying(copied, request, "", 0)
    assert (code, said.partition("\n")[0]) == (0, "failed")
    assert "whole" not in said
    assert "damaged while numpy" in said
    shutil.rmtree(target)


@pytest.mark.parametrize(
    ("effect", "state", "replace"),
    [
        (2, "untouched", True),
        (3, "done", False),
        *thorough(
            [(0, "untouched", False), (0, "untouched", True), (2, "untouched", False), (3, "done", True)],
        ),
    ],
)
async def test_condatui_while_it_exports(copied: Sandbox, place: Path, effect: int, state: str, replace: bool) -> None:
    file = place / "environment.yml"
    if replace:
        file.write_text("precious")
    request = ExportRequest(prefix=str(copied.prefixes["notebooks"]), file=str(file), replace=replace)
    # After a rename nothing is left to do, where a link leaves the first name.
    stage, at = ("read-back", 0) if replace and effect == 3 else ("write", effect)
    assert run_dying(copied, request, stage, at)[0] == -9
    after = await told(copied)
    assert after.state == state
    if state == "done":
        assert file.read_text().startswith("name: notebooks")
    else:
        assert file.read_text() == "precious" if replace else not file.exists()
    begun = [each for each in os.listdir(place) if each != file.name]
    assert all(f"{place / each} was begun, and can be deleted" in after.message for each in begun)
    assert bool(begun) == (effect == 2 or (effect == 3 and not replace))


@pytest.mark.parametrize(
    ("stage", "effect", "files"),
    [
        ("write", 4, ["base.yml"]),
        *thorough([("write", 0, []), ("index", 0, ["base.yml", "notebooks.yml"])]),
    ],
)
async def test_condatui_while_it_exports_into_a_directory(
    copied: Sandbox, place: Path, stage: str, effect: int, files: list[str]
) -> None:
    prefixes = (str(copied.prefixes["notebooks"]), str(copied.prefixes["base"]))
    request = ExportAllRequest(directory=str(place / "lab"), prefixes=prefixes)
    assert run_dying(copied, request, stage, effect)[0] == -9
    after = await told(copied)
    there = sorted(os.listdir(place / "lab")) if (place / "lab").exists() else []
    assert [each for each in there if each.endswith(".yml")] == files
    assert all(read_environment_file(place / "lab" / each, ChannelConfig(), "linux-64").entries for each in files)
    assert (after.state, after.way_out) == (("half", request) if files else ("untouched", None))
    assert (await carried_out(copied, request)).state == "done"
    assert {"base.yml", "index.md", "notebooks.yml"} <= set(os.listdir(place / "lab"))


@pytest.mark.parametrize(
    ("stage", "effect", "state", "replace"),
    [
        ("pack", 2, "half", False),
        ("place", 1, "half", True),
        *thorough(
            [
                ("place", 2, "done", False),
                ("pack", 2, "half", True),
                ("check", 0, "half", False),
                ("check", 0, "half", True),
                ("place", 1, "half", False),
                ("place", 2, "done", True),
            ]
        ),
    ],
)
async def test_condatui_while_it_packs(
    copied: Sandbox, place: Path, stage: str, effect: int, state: str, replace: bool
) -> None:
    file = place / "archive.tar"
    if replace:
        file.write_text("precious")
    request = PackRequest(prefix=str(copied.prefixes["notebooks"]), file=str(file), replace=replace)
    assert run_dying(copied, request, stage, effect)[0] == -9
    after = await told(copied)
    assert after.state == state
    (left,) = (place / each for each in os.listdir(place) if each != file.name)
    assert str(left) in after.message
    if state == "half":
        assert file.read_text() == "precious" if replace else not file.exists()
        assert after.way_out == request
    else:
        assert file.stat().st_size > 1_000_000
    if stage == "check":
        assert (await carried_out(copied, request)).state == "done"
        assert sorted(os.listdir(place)) == [file.name, f"{file.name}.sha256"]


async def test_condatui_before_it_writes_the_checksum_of_a_pack(copied: Sandbox, place: Path) -> None:
    file = place / "archive.tar"
    request = PackRequest(prefix=str(copied.prefixes["notebooks"]), file=str(file), excludes=("lib/*",))
    assert run_dying(copied, request, "checksum", 0)[0] == -9
    after = await told(copied)
    assert (after.state, after.way_out) == ("done", None)
    assert after.message == f"{file} was packed, and is whole, without its checksum beside it."
    (place / "archive.tar.sha256").write_text(f"{'0' * 64}  archive.tar\n")
    plan = await workbench_of(copied).jobs.plan(replace(request, replace=True))
    stale = await pack_recover.recover(plan, request, "checksum", await context_of(copied))
    assert (stale.state, stale.way_out) == ("half", replace(request, replace=True))


@pytest.mark.parametrize(
    ("stage", "effect", "state"),
    [
        ("unpack", 12, "half"),
        ("verify", 1, "half"),
        *thorough([("unpack", 0, "untouched"), ("relocate", 0, "half")]),
    ],
)
@pytest.mark.thorough
async def test_condatui_while_it_unpacks(copied: Sandbox, place: Path, stage: str, effect: int, state: str) -> None:
    """What is left is removed like a half-made clone: nothing of it is anybody's own."""
    archive, target = pack_files(place / "env.tar", {**packed_files(), "mine/data": "pip's"}), place / "new"
    request = UnpackRequest(archive=str(archive), target=str(target))
    assert run_dying(copied, request, stage, effect)[0] == -9
    after = await told(copied)
    assert after.state == state
    assert target.exists() == (state == "half")
    if state == "half":
        assert f"{target} is half-made" in after.message and "used since" not in after.message
        away = RemoveRequest(prefixes=(str(target),))
        assert after.way_out == away
        removed = await carried_out(copied, away)
        assert removed.end and removed.end.outcome, removed.end
        assert removed.end.outcome.restore_points == ()
    assert os.listdir(place) == ["env.tar"]
    assert (await carried_out(copied, request)).state == "done"
    assert not os.path.lexists(target / HALF_MADE)
