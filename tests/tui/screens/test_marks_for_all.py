"""Marks mean the same for every action: all that are marked, or one of them that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.records.environment import Inventory
from condatui_core.records.request import PackRequest, Request, SeveralRequest
from condatui_core.remedy import ReplaceFile
from support.fake_jobs import plan_like
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, environment, finding, inventory, loaded, package
from support.other_machines import on, others
from support.pilots import Driver, opened

ENVS = f"{ROOT}/envs"


def machine() -> Inventory:
    return inventory(
        *(loaded(name, [package("numpy")], python="3.11.7") for name in ("alpha", "beta", "gamma")),
        environment("half", state="orphan"),
    )


async def marking(driver: Driver, *names: str) -> None:
    driver.app.session.mark([f"{ENVS}/{name}" for name in names], marked=True)
    await driver.pilot.pause()


def packed(request: Request) -> list[tuple[str, str]]:
    """The environments and the names of their archives."""
    assert isinstance(request, SeveralRequest)
    parts = [each for each in request.parts if isinstance(each, PackRequest)]
    return [(Path(each.prefix).name, Path(each.file).name) for each in parts]


async def test_pack_packs_all_that_are_marked_and_names_what_is_hidden_or_left_out() -> None:
    async with opened(machine(), size=(120, 30)) as driver:
        await marking(driver, "alpha", "beta", "half")
        await driver.press("slash", *"alp", "enter", "p")
        await driver.until(lambda: "Pack 2 environments to" in driver.text)
        assert "as the filter hides it: beta, half" in driver.text
        assert "Marked, but left out: half (orphan)" in driver.text
        await driver.press("enter")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert packed(driver.workbench.jobs.requests[0]) == [("alpha", "alpha.tar.gz"), ("beta", "beta.tar.gz")]
        await driver.until(lambda: "as the filter hides it: beta, half" in driver.text)
        assert "Marked, but left out: half (orphan)" in driver.text


@pytest.mark.parametrize(("key", "names"), [("e", "NAME.yml"), ("p", "NAME.tar.gz")])
@pytest.mark.parametrize("several", [True, False])
async def test_export_and_pack_propose_the_same_place(key: str, names: str, several: bool) -> None:
    async with opened(machine(), size=(120, 30)) as driver:
        await marking(driver, *(("alpha", "beta") if several else ("alpha",)))
        place = driver.app.session.directory.name
        await driver.press(key)
        await driver.until(lambda: f"{place}/{names if several else names.replace('NAME', 'alpha')}" in driver.text)


@pytest.mark.parametrize("key", ["e", "p", "n", "M"])
async def test_every_form_names_the_marks_that_a_filter_hides(key: str) -> None:
    async with opened(machine(), size=(120, 30)) as driver:
        await marking(driver, "beta")
        await driver.press("slash", *"alp", "enter", key)
        await driver.until(lambda: "Marked, but not on the screen, as the filter hides it: beta" in driver.text)


async def test_archives_that_are_there_are_all_replaced_only_when_that_is_agreed_to() -> None:
    there = finding("file-exists", "error", "/a is there already.", remedy=ReplaceFile())

    def answer(request: Request) -> object:
        assert isinstance(request, SeveralRequest)
        replaces = all(isinstance(each, PackRequest) and each.replace for each in request.parts)
        return plan_like(request, blockers=() if replaces else (there,))

    workbench = FakeWorkbench(machine())
    workbench.jobs.plans[SeveralRequest] = answer  # type: ignore[assignment]
    async with opened(workbench=workbench) as driver:
        await marking(driver, "alpha", "beta")
        await driver.press("p", "enter")
        await driver.until(lambda: "enter replace these files" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: workbench.jobs.submitted)


@pytest.mark.parametrize("key", ["n", "M"])
async def test_what_takes_one_asks_which_of_the_marked_ones(key: str) -> None:
    async with opened(machine(), size=(120, 30)) as driver:
        await marking(driver, "beta", "gamma")
        await driver.press(key)
        await driver.until(lambda: "one of the 2 that are marked" in driver.text)
        assert "‹ beta ›" in driver.text
        await driver.press(*(["shift+tab"] if key == "n" else []), "right")
        await driver.until(lambda: "‹ gamma ›" in driver.text)


async def test_a_single_mark_is_what_is_cloned_and_the_cursor_comes_first_among_several() -> None:
    async with opened(machine()) as driver:
        await marking(driver, "gamma")
        await driver.press("n")
        await driver.until(lambda: "‹ gamma ›" in driver.text)
        await driver.press("escape", "j")
        await marking(driver, "alpha", "beta")
        await driver.press("n")
        await driver.until(lambda: "‹ beta ›" in driver.text)


@pytest.mark.parametrize("key", ["b", "U"])
async def test_what_is_done_to_the_one_under_the_cursor_is_refused_while_others_are_marked(key: str) -> None:
    async with opened(machine(), size=(120, 30)) as driver:
        await marking(driver, "beta", "gamma")
        await driver.press(key)
        assert "the one under the cursor, and 2 environments are marked: unmark first." in driver.text
        assert driver.workbench.user_marks.baseline == ""
        assert driver.place.panel is None
        await driver.press("a", "a", "space", "k", "b")
        await driver.until(lambda: driver.workbench.user_marks.baseline == f"{ENVS}/alpha")


async def test_of_marks_here_and_elsewhere_only_those_here_are_asked_for() -> None:
    there = on("gpu01", loaded("delta", [package("numpy")]))
    workbench = FakeWorkbench(machine())
    workbench.snapshots, workbench.others = "/snapshots", (others(there),)
    async with opened(workbench=workbench) as driver:
        await driver.until(lambda: "other machine" in driver.text.splitlines()[0])
        driver.app.session.mark([f"{ENVS}/alpha", f"{ENVS}/beta", there.prefix], marked=True)
        context = driver.place.action_context
        assert [each.name for each in context.candidates] == ["alpha", "beta"]
        await driver.press("p")
        assert "delta is on gpu01" in driver.text, "what is done to all is not done to some"


async def test_the_status_counts_the_marks_that_a_filter_hides() -> None:
    async with opened(machine()) as driver:
        await marking(driver, "alpha", "beta", "gamma")
        await driver.press("slash", *"alp", "enter")
        assert "3 marked, 2 hidden by the filter" in driver.text
        assert replace(driver.place.action_context, hidden=frozenset()).chosen == driver.app.session.listed[:3]
