"""Other machines beside this one: looked at, compared, filtered, and never changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from condatui.actions.registry import ACTIONS
from condatui.screens import nodes
from condatui.screens.nodes import NodesScreen
from condatui_core.analyses.nodes import node_groups
from condatui_core.errors import UsageError
from condatui_core.records.environment import Inventory
from condatui_core.records.host_snapshot import HeldBytes, ToldVerdict
from condatui_core.records.node import NodeGroup
from condatui_core.records.other_machine import OtherMachines
from support.fake_workbench import FakeWorkbench
from support.inventories import finding, inventory, loaded, package
from support.other_machines import EXP, FLEET, on, others
from support.pilots import Driver, opened

HERE = inventory(loaded("mine", [package("numpy")], python="3.12.1"))
LAST = FLEET[3].prefix


def bench(*told: OtherMachines | Exception | asyncio.Event) -> FakeWorkbench:
    workbench = FakeWorkbench(HERE)
    workbench.snapshots, workbench.others = "/snapshots", told
    return workbench


async def shown(driver: Driver) -> None:
    await driver.until(lambda: "other machine" in driver.text.splitlines()[0])


def titles(driver: Driver) -> list[str]:
    return [column.title for column in driver.place._model.columns]  # type: ignore[union-attr]


def cells(driver: Driver, prefix: str) -> dict[str, str]:
    """The cells of an environment, by the titles of their columns."""
    model = driver.place._model
    assert model is not None
    row = next(index for index in range(len(model)) if model.key(index) == prefix)
    return {column.title: cell.plain for column, cell in zip(model.columns, model.cells(row), strict=True)}


async def test_a_column_says_which_machine_once_there_are_several() -> None:
    gate = asyncio.Event()
    async with opened(workbench=bench(gate, others(*FLEET))) as driver:
        assert "host" not in titles(driver)
        gate.set()
        await shown(driver)
        assert driver.names == ["mine", "nlp-exp", "nlp-exp", "nlp-exp", "nlp-exp", "own"]
        lines = [line for line in driver.text.splitlines() if "nlp-exp" in line]
        assert [line.split()[:2] for line in lines[:4]] == [[f"gpu0{number}", "nlp-exp"] for number in range(1, 5)]
        assert "gpu07  mine" in driver.text, "this machine by its name"
        assert "1 envs 1 " in driver.text.splitlines()[0]
        assert "5 on 5 other machines" in driver.text.splitlines()[0]


async def test_the_table_fills_as_machines_arrive_and_marks_stay() -> None:
    gate = asyncio.Event()
    async with opened(workbench=bench(others(*FLEET[:1], pending=4), gate, others(*FLEET))) as driver:
        await shown(driver)
        assert driver.names == ["mine", "nlp-exp"]
        assert "reading 4 more" in driver.text.splitlines()[0]
        await driver.press("j", "space")
        gate.set()
        await driver.until(lambda: len(driver.names) == 6)
        assert driver.app.session.marked == {FLEET[0].prefix}
        assert "1 marked · 1 of them on 1 other machine: only to be compared" in driver.text


async def test_this_machine_stands_once_in_the_list_though_its_own_snapshot_is_there_too() -> None:
    own = on("gpu07", loaded("mine", [package("numpy")]))
    async with opened(workbench=bench(others(*FLEET[:2], own))) as driver:
        await shown(driver)
        assert driver.names == ["mine", "nlp-exp", "nlp-exp"]
        assert driver.place.shown[0].host == ""
        assert "2 on 2 other machines" in driver.text.splitlines()[0]
    without = FakeWorkbench(inventory())
    without.snapshots, without.others = "/snapshots", (others(own),)
    async with opened(workbench=without) as driver:
        await driver.until(lambda: driver.names == ["mine"])


async def test_a_filter_by_machine() -> None:
    async with opened(workbench=bench(others(*FLEET))) as driver:
        await shown(driver)
        for text, names in (("host:gpu03", ["nlp-exp"]), ("host:gpu07", ["mine"]), ("!host:gpu0[1-5]", ["mine"])):
            driver.place.apply_filter(text)
            assert driver.names == names
        driver.place.apply_filter("host:gpu0* package:numpy")
        assert len(driver.names) == 5


async def test_what_a_snapshot_tells_stands_in_the_details_with_its_age() -> None:
    disk = {
        LAST: HeldBytes(bytes=5_100_000_000, exclusive=96_000_000, inodes=41_000),
        FLEET[0].prefix: HeldBytes(bytes=7),
    }
    gpu = {LAST: ToldVerdict(verdict="driver-too-old", kind="elsewhere", message="the driver is too old")}
    told = replace(FLEET[3], findings=(finding("stale", "note", "not used for 210 days"),))
    async with opened(workbench=bench(others(*FLEET[:3], told, disk=disk, gpu=gpu)), size=(140, 30)) as driver:
        await shown(driver)
        figures = ("disk", "frees", "inodes", "gpu", "findings")
        assert [cells(driver, LAST)[each] for each in figures] == ["5.1 G", "96 M", "41 K", "!", "· stale"]
        assert [cells(driver, FLEET[0].prefix)[each] for each in figures[:3]] == ["7 B", "–", "–"], "no more was told"
        driver.place.go_to(LAST)
        await driver.until(lambda: "by name · gpu04: told 3 d ago" in driver.text)
        await driver.until(lambda: "scipy" in driver.text)
        await driver.press("]", "]")
        await driver.until(lambda: "5.1 G on gpu04" in driver.text and "96 M of it its own, 41 K inodes" in driver.text)
        await driver.press("]")
        await driver.until(lambda: "not used for 210 days" in driver.text)
        await driver.press("]")
        await driver.until(lambda: "the driver is too old" in driver.text)
        await driver.press("]")
        await driver.until(lambda: "A snapshot has no history" in driver.text)
        await driver.press("]")
        await driver.until(lambda: "A snapshot has no files" in driver.text)
        workbench = driver.workbench
        asked = (workbench.file_checks, workbench.looks_back, workbench.slimmed, workbench.gpu.checked)
        assert not any("gpu04" in prefix for prefixes in asked for prefix in prefixes)
        assert not any("gpu0" in prefix for prefix in workbench.gpu.looked)


async def test_what_nobody_has_examined_is_not_called_healthy() -> None:
    async with opened(workbench=bench(others(*FLEET[:1], collector="standalone"))) as driver:
        await shown(driver)
        driver.place.go_to(FLEET[0].prefix)
        await driver.press("]", "]", "]")
        await driver.until(lambda: "Listed by a script that examines nothing" in driver.text)
        assert "All good" not in driver.text


ON_ENVIRONMENTS = [action for action in ACTIONS if action.acts_on and "environments" in action.places]


def test_what_does_something_to_environments_says_to_which() -> None:
    """A new action on environments is to be thought about: may it be done to what another machine has?"""
    assert {action.id for action in ON_ENVIRONMENTS} == {
        "environments.browse",
        "shell",
        "copy.activation",
        "clone",
        "export",
        "pack",
        "ship",
        "slim",
        "remove",
        "keep",
        "keep.note",
        "baseline",
        "follow",
        "checkpoint",
        "verify",
        "rollback",
        "separate",
        "slim.trace",
        "gpu.check",
    }


@pytest.mark.parametrize("marked", [False, True])
async def test_every_action_on_what_another_machine_has_is_refused(marked: bool) -> None:
    workbench = bench(others(*FLEET))
    async with opened(workbench=workbench) as driver:
        await shown(driver)
        driver.place.go_to(LAST)
        if marked:
            driver.app.session.mark([LAST], marked=True)
        for action in ON_ENVIRONMENTS:
            driver.place.say("")
            await driver.app.run_action(f"app.perform('{action.id}')")
            await driver.pilot.pause()
            assert "nlp-exp is on gpu04: what a snapshot tells can be looked at, not changed." in driver.text, action.id
        assert (workbench.jobs.requests, workbench.jobs.submitted, workbench.user_marks.kept) == ([], [], ())
        assert (workbench.gpu.checked, workbench.traces.runs) == ([], [])


async def test_what_is_here_can_be_changed_as_ever_beside_them() -> None:
    workbench = bench(others(*FLEET))
    async with opened(workbench=workbench) as driver:
        await shown(driver)
        driver.place.go_to(HERE.environments[0].prefix)
        await driver.press("d")
        await driver.until(lambda: "enter run" in driver.text)
        assert [request.prefixes for request in workbench.jobs.requests] == [(HERE.environments[0].prefix,)]  # type: ignore[union-attr]


async def test_environments_of_two_machines_are_compared() -> None:
    async with opened(workbench=bench(others(*FLEET)), size=(120, 30)) as driver:
        await shown(driver)
        driver.app.session.mark([FLEET[0].prefix, FLEET[2].prefix], marked=True)
        await driver.press("c")
        await driver.until(lambda: "gpu01:nlp-exp" in driver.text and "1.26.3" in driver.text)
        assert "gpu03:nlp-exp" in driver.text


async def test_what_cannot_be_read_is_told_and_the_others_open() -> None:
    bad = finding("snapshot-unusable", "warning", "x.json.gz is left out. It is cut off.")
    async with opened(workbench=bench(others(*FLEET, problems=(bad,)))) as driver:
        await shown(driver)
        assert "x.json.gz is left out. It is cut off." in driver.text
        assert len(driver.names) == 6


async def test_a_directory_that_is_gone_is_told_and_this_machine_stays() -> None:
    error = UsageError("The snapshots cannot be read.", "/snapshots: No such file or directory")
    async with opened(workbench=bench(error)) as driver:
        await driver.until(lambda: "The snapshots cannot be read: /snapshots: No such file" in driver.text)
        assert driver.names == ["mine"]


async def test_a_reload_replaces_what_is_shown_only_when_it_is_complete() -> None:
    workbench = bench(others(*FLEET))
    async with opened(workbench=workbench) as driver:
        await shown(driver)
        gate = asyncio.Event()
        workbench.others = (others(*FLEET[:1], pending=3), gate, others(*FLEET[:2]))
        await driver.press("r")
        await driver.until(lambda: not driver.app.session.loading)
        assert len(driver.names) == 6
        gate.set()
        await driver.until(lambda: len(driver.names) == 3)


async def test_groups_on_other_machines_are_shown_in_place_3_and_nothing_of_them_can_go() -> None:
    workbench = bench(others(*FLEET[:2], *(on(host, EXP) for host in ("gpu03", "gpu04"))))
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await shown(driver)
        await driver.press("3")
        await driver.until(lambda: "gpu01:nlp-exp" in driver.text)
        row = next(line for line in driver.text.splitlines() if "gpu01:nlp-exp" in line)
        assert "4 alike on 4 machines, 4 of them identical" in row
        assert "on other machines" in row
        await driver.press("space")
        assert "It is on gpu01: what a snapshot tells can be looked at, not changed." in driver.text
        assert not driver.app.screen.chosen  # type: ignore[attr-defined]
        await driver.press("K")
        assert "what a snapshot tells can be looked at, not changed" in driver.text
        await driver.press("enter")
        await driver.until(lambda: "gpu02:nlp-exp" in driver.text)
        assert workbench.jobs.requests == []


async def test_names_on_many_machines_are_folded_into_one_row_each() -> None:
    async with opened(workbench=bench(others(*FLEET)), size=(120, 30)) as driver:
        await shown(driver)
        await driver.press("=")
        await driver.until(lambda: "2 equal" in driver.text)
        assert isinstance(driver.app.screen, NodesScreen)
        row = next(line for line in driver.text.splitlines() if "2 equal" in line)
        assert row.split("  ") == [
            "▌nlp-exp",
            "5 hosts",
            "2 equal · gpu03 numpy ↓1.26.3 · gpu04 +scipy · gpu05 missing",
        ]
        await driver.press("enter")
        await driver.until(lambda: "gpu04:nlp-exp" in driver.text)
        assert "gpu02" not in driver.text, "it is as the reference"
        assert "It is missing on gpu05." in driver.text
        await driver.press("1")
        assert isinstance(driver.app.screen, NodesScreen)
        await driver.press("escape")
        assert driver.names[0] == "mine"


async def test_while_machines_arrive_one_search_runs_at_a_time_and_the_last_one_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, go_on, begun = asyncio.Event(), threading.Event(), list[int]()

    def waiting(inventory: Inventory, hosts: Sequence[str]) -> tuple[NodeGroup, ...]:
        begun.append(len(hosts))
        go_on.wait(60)
        return node_groups(inventory, hosts)

    monkeypatch.setattr(nodes, "node_groups", waiting)
    arriving = [others(*FLEET[:count], pending=5 - count) for count in (3, 4)]
    async with opened(workbench=bench(others(*FLEET[:2], pending=3), gate, *arriving, others(*FLEET))) as driver:
        await shown(driver)
        await driver.press("=")
        await driver.until(lambda: begun)
        assert "Comparing what the machines have." in driver.text
        gate.set()
        await driver.until(lambda: driver.app.session.others and not driver.app.session.others.pending)
        assert begun == [2]
        go_on.set()
        await driver.until(lambda: "gpu03 numpy" in driver.text)
        assert begun == [2, 5]


async def test_nodes_that_are_the_same_are_not_compared_and_a_filter_finds_a_machine() -> None:
    same = (on("gpu01", EXP), on("gpu02", EXP))
    async with opened(workbench=bench(others(*same, *FLEET[2:4]))) as driver:
        await shown(driver)
        await driver.press("=")
        await driver.until(lambda: "gpu03 numpy" in driver.text)
        await driver.press("/", *"gpu09", "enter")
        assert "No name matches `gpu09`" in driver.text
        await driver.press("escape")
        assert "gpu03 numpy" in driver.text
    async with opened(workbench=bench(others(*same))) as driver:
        await shown(driver)
        await driver.press("=")
        await driver.until(lambda: "2 equal" in driver.text)
        await driver.press("enter")
        assert "all that can be read are equal" in driver.text


async def test_without_snapshots_there_is_nothing_to_fold() -> None:
    async with opened(HERE) as driver:
        await driver.press("=")
        assert "Only this machine is known: `condatui --snapshots DIR` shows others too." in driver.text
