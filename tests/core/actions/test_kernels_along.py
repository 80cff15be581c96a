"""Jupyter kernels that start an environment: a removal names them, takes them along if asked, and they come back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields

from condatui_core.actions import kernels
from condatui_core.actions.kernel_copies import keep_copies
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove import kernels as remove_kernels
from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.remove import recover as remove_recover
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.actions.restore.listing import read_last_change
from condatui_core.fs.tree import PrefixTree
from condatui_core.prefixes.kernels import read_kernels
from condatui_core.records.finding import Finding
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import KernelsRequest, RemoveRequest, RestoreRequest
from condatui_core.remedy import TakeKernels
from support.disk_trees import write
from support.kernels import make_kernel
from support.plain_work import PlainWork
from support.removals import KilledError, RemovalMachine


class Lab:
    """An environment that two kernels of the user start, and one that is a part of another environment."""

    def __init__(self, home: Path) -> None:
        self.machine = RemovalMachine(home)
        self.lab = self.machine.make("lab").path
        self.hub = self.machine.make("hub").path
        self.python = str(write(self.lab / "bin/python"))
        write(self.hub / "bin/python")
        self.place = home / ".local/share/jupyter/kernels"
        self.mine = make_kernel(self.place / "lab", self.python, display_name="My Lab")
        write(self.mine / "more/launch.sh").chmod(0o755)
        self.second = make_kernel(self.place / "lab2", self.python)
        make_kernel(self.place / "hub", str(self.hub / "bin/python"))
        self.inside = make_kernel(self.hub / "share/jupyter/kernels/of-lab", self.python)

    def context(self) -> JobContext:
        context = self.machine.context()
        prefixes = [each.prefix for each in self.machine.environments]
        found = read_kernels(prefixes, environ={}, home=self.machine.home)
        return replace(context, inventory=replace_fields(context.inventory, kernels=found))

    def request(self, *, with_kernels: bool = True, restore_point: bool = True) -> RemoveRequest:
        return RemoveRequest(prefixes=(str(self.lab),), with_kernels=with_kernels, restore_point=restore_point)

    async def planned(self, request: RemoveRequest) -> Plan:
        plan = await remove_plan.plan(request, self.context())
        assert plan.blockers == ()
        return plan

    async def removed(self, request: RemoveRequest, work: PlainWork | None = None) -> Outcome:
        plan, context = await self.planned(request), self.context()
        return await remove_perform.perform(plan, request, context, work or PlainWork())

    async def brought_back(self, point: str) -> tuple[Plan, Outcome]:
        request = RestoreRequest(id=point)
        plan = await restore_plan.plan(request, self.context())
        assert plan.blockers == ()
        return plan, await restore_perform.perform(plan, request, self.context(), PlainWork())


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def contents(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """What lies in a directory: mode, time and content."""
    files = (path for path in directory.rglob("*") if not path.is_dir())
    return {str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def of_kernels(findings: tuple[Finding, ...]) -> list[Finding]:
    return [each for each in findings if each.id == "kernel"]


async def test_a_removal_says_which_kernels_go_blind_and_offers_those_that_can_go(lab: Lab) -> None:
    plan = await lab.planned(lab.request(with_kernels=False))
    offered, stays = of_kernels(plan.warnings)
    assert offered.message == "2 Jupyter kernels start lab and will start nothing: My Lab, lab2."
    assert (offered.remedy, offered.evidence) == (TakeKernels(), (str(lab.mine), str(lab.second)))
    assert stays.message == f"The Jupyter kernel of-lab will start nothing, and stays. It is a part of {lab.hub}."
    assert not [step for step in plan.steps if "kernel" in step.title]


async def test_unless_it_is_asked_for_they_stay(lab: Lab) -> None:
    before = contents(lab.place)
    outcome = await lab.removed(lab.request(with_kernels=False))
    assert not lab.lab.exists()
    assert contents(lab.place) == before
    assert "kernel" not in outcome.message


async def test_they_go_along_and_come_back_with_the_environment(lab: Lab) -> None:
    before = contents(lab.place)
    plan = await lab.planned(lab.request())
    assert [step.title for step in plan.steps if "kernel" in step.title] == [
        "Keep a copy of the Jupyter kernel My Lab and delete it",
        "Keep a copy of the Jupyter kernel lab2 and delete it",
    ]
    outcome = await lab.removed(lab.request())
    assert outcome.message.endswith("2 Jupyter kernels went along.")
    assert sorted(os.listdir(lab.place)) == ["hub"]
    assert lab.inside.is_dir()
    (point,) = outcome.restore_points
    assert read_last_change(lab.context()) == point  # what `u` brings back, kernels and all
    plan, back = await lab.brought_back(point)
    assert [step.argv[-1] for step in plan.steps if "kernel" in step.title] == [str(lab.mine), str(lab.second)]
    assert back.message.endswith("2 Jupyter kernels came back as well.")
    assert contents(lab.place) == before
    assert os.listdir(lab.context().locations.kernels) == []


async def test_without_a_restore_point_the_commands_that_bring_them_back_are_told(lab: Lab) -> None:
    outcome = await lab.removed(lab.request(restore_point=False))
    (kept,) = (each for each in outcome.findings if each.id == "kept")
    assert [line.rpartition(" ")[2] for line in kept.evidence] == [str(lab.mine), str(lab.second)]


async def test_one_that_has_changed_since_it_was_planned_stays(lab: Lab) -> None:
    def change(stage: str) -> None:
        if stage == "kernels":
            file = lab.mine / "kernel.json"
            file.write_text(file.read_text().replace("My Lab", "Our Lab"))

    outcome = await lab.removed(lab.request(), PlainWork(before_stage=change))
    (stays,) = of_kernels(outcome.findings)
    assert stays.message == "The Jupyter kernel My Lab stays. It has changed since this was planned."
    assert b"Our Lab" in (lab.mine / "kernel.json").read_bytes()
    assert not lab.second.exists()


async def test_one_that_changes_while_its_copy_is_kept_stays(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def change_first(trees: Mapping[str, PrefixTree], kept: Path) -> Mapping[str, Path]:
        copies = keep_copies(trees, kept)
        (copies[str(lab.mine)] / "kernel.json").write_text("{}")  # what was copied is not what was planned
        return copies

    monkeypatch.setattr(remove_kernels, "keep_copies", change_first)
    outcome = await lab.removed(lab.request())
    (stays,) = of_kernels(outcome.findings)
    assert "My Lab stays" in stays.message
    assert (lab.mine / "kernel.json").is_file()


async def test_where_something_has_come_up_in_its_place_they_are_not_blind(lab: Lab) -> None:
    def come_up(stage: str) -> None:
        if stage == "kernels":
            lab.lab.mkdir()

    outcome = await lab.removed(lab.request(), PlainWork(before_stage=come_up))
    assert {each.message.partition(". ")[2] for each in of_kernels(outcome.findings)} == {
        f"Something is at {lab.lab} again."
    }
    assert lab.mine.is_dir()


async def test_those_of_others_and_links_are_said_and_not_offered(lab: Lab) -> None:
    linked = lab.place / "linked"
    linked.symlink_to(make_kernel(lab.machine.home / "shared", lab.python))
    context = lab.context()
    others = replace(context, caller=replace_fields(context.caller, euid=context.caller.euid + 1))
    with_link = of_kernels((await remove_plan.plan(lab.request(), context)).warnings)
    assert f"{linked} is a link: what it leads to would stay." in {
        each.message.partition("stays. ")[2] for each in with_link
    }
    removal = (await remove_plan.plan(lab.request(), others)).removal
    assert removal
    assert {each.stays for each in removal.kernels if each.name == "My Lab"} == {f"{lab.mine} belongs to another user."}


async def test_without_room_for_copies_they_stay_and_the_environment_has_gone_all_the_same(lab: Lab) -> None:
    write(lab.context().locations.kernels)  # a file in the place of the directory
    outcome = await lab.removed(lab.request())
    (told,) = of_kernels(outcome.findings)
    assert told.message == "No copy of the kernels could be kept: nothing was deleted."
    assert not lab.lab.exists()
    assert lab.mine.is_dir()


async def test_killed_between_the_environment_and_its_kernels_the_way_out_deletes_these(lab: Lab) -> None:
    def die(stage: str) -> None:
        if stage == "kernels":
            raise KilledError

    request = lab.request()
    plan = await lab.planned(request)
    with pytest.raises(KilledError):
        await remove_perform.perform(plan, request, lab.context(), PlainWork(before_stage=die))
    found = await remove_recover.recover(plan, request, "kernels", lab.context())
    way_out = KernelsRequest(paths=(str(lab.mine), str(lab.second)))
    assert (found.state, found.way_out) == ("half", way_out)
    assert found.message == "lab is gone; 2 Jupyter kernels that started it are still there."

    lab.machine.environments = [each for each in lab.machine.environments if each.name != "lab"]
    later = PlainWork(job_id="20991231-120000-0000")
    await kernels.perform(await kernels.plan(way_out, lab.context()), way_out, lab.context(), later)
    assert (await remove_recover.recover(plan, request, "kernels", lab.context())).state == "done"
    await lab.brought_back(lab.machine.point_ids()[0])
    assert lab.mine.is_dir()  # deleted since it went, so it comes back with it


async def test_a_kernel_that_was_deleted_before_does_not_come_back(lab: Lab) -> None:
    lab.machine.vanish(lab.machine.make("gone"))
    gone = KernelsRequest(paths=(str(lab.second),))
    kernel = lab.second / "kernel.json"
    text = kernel.read_text()
    kernel.write_text(text.replace(lab.python, f"{lab.machine.envs}/gone/bin/python"))
    earlier = PlainWork(job_id="20000101-120000-0000")
    await kernels.perform(await kernels.plan(gone, lab.context()), gone, lab.context(), earlier)
    copy = next(lab.context().locations.kernels.glob("*/1-lab2")) / "kernel.json"
    copy.write_text(text)  # of the environment that goes now
    outcome = await lab.removed(lab.request())
    await lab.brought_back(outcome.restore_points[0])
    assert lab.mine.is_dir()
    assert not lab.second.exists()


async def test_nothing_is_put_back_over_what_has_taken_its_place_and_that_is_said(lab: Lab) -> None:
    outcome = await lab.removed(lab.request())
    other = make_kernel(lab.place / "lab", "/opt/python", display_name="Another")
    lab.second.symlink_to(lab.machine.home / "elsewhere")
    before = contents(other)
    plan, back = await lab.brought_back(outcome.restore_points[0])
    copies = {path.name: path for path in lab.context().locations.kernels.glob("*/*-lab*")}
    assert [(each.message, each.remedy) for each in of_kernels(plan.warnings)] == [
        (
            f"The Jupyter kernel {name} does not come back: something else is at {path}.",
            f"To put it back: move away what is there, then mv -- {copies[copy]} {path}",
        )
        for name, copy, path in (("My Lab", "1-lab", lab.mine), ("lab2", "2-lab2", lab.second))
    ]
    assert not [step for step in plan.steps if "kernel" in step.title]
    assert of_kernels(back.findings) == of_kernels(plan.warnings)
    assert back.message.endswith(" 2 Jupyter kernels did not come back.")
    assert contents(other) == before
    assert lab.second.is_symlink()


async def test_one_that_is_there_already_is_not_said_to_stay_away(lab: Lab) -> None:
    outcome = await lab.removed(lab.request())
    (copy,) = lab.context().locations.kernels.glob("*/1-lab")
    shutil.copytree(copy, lab.mine)
    plan, back = await lab.brought_back(outcome.restore_points[0])
    assert of_kernels(plan.warnings) == of_kernels(back.findings) == []
    assert back.message.endswith("1 Jupyter kernel came back as well.")
