"""kill -9 of condatui and of conda in the stages of a merge: the next start tells the truth, and puts it right."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.actions.merge import put_back
from condatui_core.actions.set_aside import SetAside, begin_to_set_aside
from condatui_core.fs.held_tree import Identity
from condatui_core.prefixes.probe import HALF_MADE
from condatui_core.records.prefix import SetAsideBy
from condatui_core.records.request import MergeRequest, RemoveRequest, RestoreRequest
from condatui_sandbox import Sandbox
from support.dying_job import carried_out, dying_conda, run_dying, told, workbench_of
from support.sandboxes import copy_sandbox, manifest
from support.tiers import thorough


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Every test leaves it as it was."""
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("killed") / "sandbox", ["notebooks", "pip-mix"])


@pytest.fixture
def member(copied: Sandbox) -> Path:
    return copied.prefixes["pip-mix"]


@pytest.fixture
def request_(copied: Sandbox, member: Path) -> MergeRequest:
    return MergeRequest(keeper=str(copied.prefixes["notebooks"]), member=str(member), offline=True)


def beside(prefix: Path) -> list[str]:
    return sorted(each for each in os.listdir(prefix.parent) if each.startswith(f".{prefix.name}."))


@pytest.mark.parametrize(
    ("stage", "effect"),
    [("keep", 3), *thorough([("set-aside", 0)])],
)
@pytest.mark.thorough
async def test_condatui_before_the_member_is_set_aside(
    copied: Sandbox, member: Path, request_: MergeRequest, stage: str, effect: int
) -> None:
    before = manifest(member)
    assert run_dying(copied, request_, stage, effect)[0] == -9
    after = await told(copied)
    assert (after.state, after.message) == ("untouched", "pip-mix is as it was.")
    assert (manifest(member), beside(member)) == (before, [])


@pytest.mark.parametrize(
    ("stage", "effect"),
    [("link", 1), *thorough([("add", 0), ("import", 0)])],
)
@pytest.mark.thorough
async def test_condatui_while_the_merged_one_is_made(
    copied: Sandbox, member: Path, request_: MergeRequest, stage: str, effect: int
) -> None:
    before = manifest(member)
    assert run_dying(copied, request_, stage, effect)[0] == -9
    (aside,) = beside(member)
    assert (member / HALF_MADE).exists() or not member.exists() or not os.listdir(member)
    after = await told(copied)
    assert after.state == "half"
    assert f"pip-mix is not merged: it is whole, set aside in {member.parent / aside}" in after.message
    assert after.way_out == MergeRequest(keeper=request_.keeper, member=request_.member, put_back=True)
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert (manifest(member), beside(member)) == (before, [])


def write_notebook(member: Path) -> Path:
    (member / "work.ipynb").write_text("a day of work")
    return member / "work.ipynb"


def edit_module(member: Path) -> Path:
    """Files of packages, of the keeper and of what pip has installed are compared by their content."""
    edited = next(member.glob("lib/python3*/site-packages/requests/__init__.py"))
    text = edited.read_text() + "# mine"
    edited.unlink()
    edited.write_text(text)
    return edited


@pytest.mark.parametrize("use", [*thorough([write_notebook]), edit_module])
async def test_what_is_put_back_keeps_what_was_used_meanwhile(
    copied: Sandbox, member: Path, request_: MergeRequest, use: Callable[[Path], Path]
) -> None:
    before = manifest(member)
    assert run_dying(copied, request_, "import", 0)[0] == -9
    used = use(member)
    text = used.read_text()
    way_out = (await told(copied)).way_out
    assert way_out
    job = await carried_out(copied, way_out)
    assert job.end and job.end.outcome
    (left,) = beside(member)
    assert [each.id for each in job.end.outcome.findings] == ["used-since"]
    assert left in job.end.outcome.findings[0].message
    assert (member.parent / left / used.relative_to(member)).read_text() == text
    assert manifest(member) == before
    shutil.rmtree(member.parent / left)


async def test_of_a_member_that_is_not_whole_any_more_that_is_said(
    copied: Sandbox, member: Path, request_: MergeRequest
) -> None:
    before = manifest(member)
    assert run_dying(copied, request_, "import", 0)[0] == -9
    (aside,) = beside(member)
    shutil.rmtree(member.parent / aside / "lib")
    after = await told(copied)
    point = max(os.listdir(copied.home / ".condatui/state/restore"))
    assert after.message == (
        f"pip-mix is not merged: it is not whole any more, set aside in {member.parent / aside}; "
        f"what is at its path is half-made; restore point {point} has it as it was."
    )
    remove = RemoveRequest(prefixes=(str(member),))
    assert after.way_out == remove
    assert (await carried_out(copied, remove)).state == "done"
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert manifest(member) == before
    shutil.rmtree(member.parent / aside)


@pytest.mark.thorough
async def test_what_was_made_whole_meanwhile_is_not_replaced(
    copied: Sandbox, member: Path, request_: MergeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process ends what was half-made right before it is set aside: it gets its path again."""
    before = manifest(member)
    assert run_dying(copied, request_, "import", 0)[0] == -9
    way_out = (await told(copied)).way_out
    assert way_out

    def made_whole(prefix: str, identity: Identity, by: SetAsideBy) -> SetAside:
        (member / HALF_MADE).rename(member.parent / "marker")
        return begin_to_set_aside(prefix, identity, by)

    with monkeypatch.context() as patched:
        patched.setattr(put_back, "begin_to_set_aside", made_whole)
        job = await carried_out(copied, way_out)
    assert (job.state, job.end and job.end.message) == ("failed", "pip-mix is being changed right now.")
    (aside,) = beside(member)
    assert f"merged and whole; what it was is still set aside in {member.parent / aside}" in (
        job.recovery.message if job.recovery else ""
    )
    (member.parent / "marker").rename(member / HALF_MADE)
    assert (await carried_out(copied, way_out)).state == "done"
    assert (manifest(member), beside(member)) == (before, [])


@pytest.mark.parametrize(("stage", "effect"), [("put-back-member", 2)])
@pytest.mark.thorough
async def test_condatui_while_it_puts_the_member_back(
    copied: Sandbox, member: Path, request_: MergeRequest, stage: str, effect: int
) -> None:
    before = manifest(member)
    assert run_dying(copied, request_, "import", 0)[0] == -9
    way_out = (await told(copied)).way_out
    assert way_out
    assert run_dying(copied, way_out, stage, effect)[0] == -9
    after = await told(copied)
    assert after.way_out
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert manifest(member) == before
    assert beside(member) == []


async def test_conda_while_it_adds_takes_the_merge_back(copied: Sandbox, member: Path, request_: MergeRequest) -> None:
    before = manifest(member)
    with dying_conda(copied, "--freeze-installed", "os.link", str(member), 1):
        code, said = run_dying(copied, request_, "", 0)
    assert (code, said.splitlines()[:2]) == (0, ["failed", "conda could not add pip requests."])
    assert said.splitlines()[-1] == "pip-mix is as it was."
    assert (manifest(member), beside(member)) == (before, [])


@pytest.mark.parametrize("effect", [40])
async def test_condatui_while_it_deletes_what_was_the_member(sandbox: Sandbox, tmp_path: Path, effect: int) -> None:
    copied = copy_sandbox(sandbox, tmp_path / "sandbox", ["notebooks", "pip-mix"])
    member = copied.prefixes["pip-mix"]
    before = manifest(member)
    request = MergeRequest(keeper=str(copied.prefixes["notebooks"]), member=str(member), offline=True)
    assert run_dying(copied, request, "remove", effect)[0] == -9
    (aside,) = beside(member)
    after = await told(copied)
    assert after.state == "half"
    assert f"pip-mix is merged and whole; what it was is still set aside in {member.parent / aside}" in after.message
    assert after.way_out == RemoveRequest(prefixes=(str(member.parent / aside),))
    assert after.way_out
    plan = await workbench_of(copied).jobs.plan(after.way_out)
    assert plan.confirm == "", "its restore point has all of it"
    assert (await carried_out(copied, after.way_out)).state == "done"
    assert beside(member) == []
    (point,) = os.listdir(copied.home / ".condatui/state/restore")
    shutil.rmtree(member)
    assert (await carried_out(copied, RestoreRequest(id=point))).state == "done"
    assert manifest(member) == before


def test_what_is_half_made_keeps_its_mark_until_nothing_else_is_left(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for name in (HALF_MADE, "lib/a", "conda-meta/history", "zz"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).touch()
    status = made.stat()
    aside = begin_to_set_aside(str(made), (status.st_dev, status.st_ino))
    order: list[str] = []

    def goes(path: str, _: os.stat_result) -> bool:
        order.append(path)
        return True

    assert aside.delete(goes) == ()
    assert order[-1] == HALF_MADE
    aside.close()


def test_an_empty_directory_that_is_set_aside_is_not_the_member(tmp_path: Path) -> None:
    member = tmp_path / "member"
    for name in ("conda-meta", ""):
        (member / name).mkdir(parents=True)
        status = member.stat()
        begin_to_set_aside(str(member), (status.st_dev, status.st_ino)).close()
    found = put_back.find_interrupted(str(member))
    assert [os.listdir(each) for each in found.aside] == [["conda-meta"]]
    assert [os.listdir(each) for each in found.made] == [[]]
