"""Place 3: what could go, what exactly a choice of it frees, and what is proposed."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from condatui.messages import RequestProposed
from condatui.screens.cleanup import CleanupScreen
from condatui_core.records.environment import Inventory
from condatui_core.records.request import CleanRequest, RemoveRequest
from condatui_core.settings import Settings
from support.fake_workbench import FakeDisk, FakeWorkbench
from support.inventories import environment, finding, inventory, loaded
from support.pilots import Driver, opened
from support.surveys import PKGS, Held, surveyed

OLD = loaded("old", findings=(finding("stale", "note", "not used for 400 days", cleanup="unused"),))
HALF = environment(
    "half", state="orphan", findings=(finding("orphan", "warning", "not an environment any more", cleanup="remains"),)
)
USED = loaded(
    "used",
    findings=(finding("scratch-name", "note", "a trial", cleanup="trial"), finding("in-use", "note", cleanup="in-use")),
)


def machine() -> Inventory:
    return inventory(OLD, HALF, USED, loaded("fine"))


async def workbench(*, ascii: bool = False) -> FakeWorkbench:  # noqa: A002
    *_, full = await surveyed(
        machine(),
        Held((HALF.prefix,), 3_000_000),
        Held((OLD.prefix,), 1_000_000),
        Held((OLD.prefix, PKGS), 50_000_000, unit="torch-1.0-0"),
        archives=7_000_000,
    )
    known = FakeWorkbench(machine(), settings=Settings(watch_seconds=0, ascii=ascii))
    known.disk = FakeDisk((full,))
    return known


def place(driver: Driver) -> CleanupScreen:
    assert isinstance(driver.app.screen, CleanupScreen)
    return driver.app.screen


async def test_what_could_go_is_listed_with_why_and_what_it_frees() -> None:
    async with opened(workbench=await workbench(), size=(120, 20)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3")
        lines = [" ".join(line.split()) for line in driver.text.splitlines()[2:7]]
        assert lines[0].startswith("▌ half 3.0 M 3.0 M not an environment any more")
        assert lines[1].startswith("old 51 M 1.0 M not used for 400 days")
        assert "! processes run from it" in lines[2]
        assert lines[3].startswith(f"archives {PKGS} 7.0 M 7.0 M what packages were extracted from")
        assert lines[4].startswith(f"packages {PKGS} – 0 B")
        assert "nothing is chosen" in driver.text


async def test_the_total_is_of_this_very_choice() -> None:
    async with opened(workbench=await workbench(), size=(120, 20)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "j", "space")
        assert "1 chosen · it frees 1.0 MB (not 51 MB: the rest is held by others)" in driver.text
        await driver.press("end", "space")
        assert place(driver).frees == 51_000_000
        await driver.press("a")
        assert place(driver).frees == 61_000_000
        assert "4 chosen · together they free 61 MB" in driver.text
        await driver.press("a")
        assert place(driver).chosen == frozenset()


async def test_what_must_stay_says_why_and_is_not_chosen() -> None:
    async with opened(workbench=await workbench()) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "j", "j", "space")
        assert "This stays: processes run from it." in driver.text
        await driver.press("enter")
        assert "This stays: processes run from it." in driver.text
        assert not driver.posted(RequestProposed)


async def test_enter_proposes_environments_before_caches() -> None:
    async with opened(workbench=await workbench()) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "a")
        place(driver).table.action_open()
        await driver.until(lambda: driver.posted(RequestProposed))
        assert driver.posted(RequestProposed)[-1].request == RemoveRequest(prefixes=(HALF.prefix, OLD.prefix))


async def test_caches_get_a_plan_of_their_own_once_the_environments_are_gone() -> None:
    known = await workbench()
    async with opened(workbench=known, size=(110, 30)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "a", "enter")
        await driver.until(lambda: "Do RemoveRequest" in driver.text)
        assert "This comes first: the caches get a plan of their own, by enter, once it is done." in driver.text
        await driver.press("enter")
        await driver.until(lambda: known.jobs.submitted)
        assert "Next, by enter: the caches." in driver.text
        await driver.until(lambda: driver.text.count("a job works on it") == 3)  # in two rows, and below
        assert {path for path, _, name in (key.partition("\0") for key in place(driver).chosen)} == {PKGS}
        await driver.press("enter")
        assert "Environments are being removed: the caches are planned after that." in driver.text
        known.jobs.end("job-1", "2 were removed.")
        await driver.until(lambda: "a job works on it" not in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "Do CleanRequest" in driver.text)
        assert driver.posted(RequestProposed)[-1].request == CleanRequest(
            pkgs_dirs=(PKGS,), what=("tarballs", "packages")
        )


async def test_all_about_what_is_under_the_cursor_stands_below() -> None:
    async with opened(workbench=await workbench(), size=(80, 24)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "j")
        assert "disk   51 MB on disk · 1.0 MB freed if only this is removed" in driver.text
        assert "why    not used for 400 days" in driver.text
        await driver.press("j")
        assert "! it stays: processes run from it" in driver.text
        assert "enter plan" in driver.text


async def test_what_caches_hold_for_others_frees_nothing() -> None:
    *_, full = await surveyed(machine(), Held((PKGS,), 2_000_000, unit="torch-1.0-0"))
    needed = replace(full.caches[0].units[0], soft_linked_by=(OLD.prefix,))
    cache = replace(full.caches[0], units=(needed,))
    known = FakeWorkbench(machine(), settings=Settings(watch_seconds=0))
    known.disk = FakeDisk((dataclasses.replace(full, caches=(cache,)),))
    async with opened(workbench=known, size=(140, 24)) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "end")
        row, *_ = [" ".join(line.split()) for line in driver.text.splitlines() if "packages in need" in line]
        assert row.startswith(f"▌ packages in need {PKGS} 2.0 M – needed by 1 environment")
        assert "! it stays: needed by 1 environment" in driver.text
        assert driver.text.count("needed by 1 environment") == 2, "in its row, and once below"


async def test_caches_are_cleaned_of_what_was_chosen_and_nothing_else() -> None:
    async with opened(workbench=await workbench()) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "j", "j", "j", "space")
        place(driver).table.action_open()
        await driver.until(lambda: driver.posted(RequestProposed))
        assert driver.posted(RequestProposed)[-1].request == CleanRequest(pkgs_dirs=(PKGS,), what=("tarballs",))


async def test_what_is_no_candidate_any_more_is_not_chosen_any_more() -> None:
    known = await workbench()
    async with opened(workbench=known) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "space")
        assert place(driver).chosen == {HALF.prefix}
        known.script = (inventory(OLD, USED),)
        known.disk.script = ()
        await driver.press("r")
        await driver.until(lambda: not driver.app.session.loading)
        assert place(driver).chosen == frozenset()


async def test_copy_takes_the_path() -> None:
    async with opened(workbench=await workbench()) as driver:
        await driver.until(lambda: driver.app.session.disk)
        await driver.press("3", "y")
        assert driver.app.clipboard == HALF.prefix


async def test_an_empty_place_says_why() -> None:
    known = FakeWorkbench(inventory(loaded("fine")))
    async with opened(workbench=known) as driver:
        await driver.press("3")
        assert "package caches are listed once they are measured" in driver.text
        await driver.press("space", "enter")
        assert "There is nothing under the cursor." in driver.text


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 50)])
async def test_poor_and_small_terminals(size: tuple[int, int]) -> None:
    async with opened(workbench=await workbench(ascii=True), size=size) as driver:
        await driver.until(lambda: driver.app.session.disk)
        for keys in (
            ("3",),
            ("a",),
            ("question_mark",),
            ("escape", "1", "right_square_bracket", "right_square_bracket"),
        ):
            await driver.press(*keys)
            assert driver.text.isascii(), driver.text
            assert all(len(line) <= size[0] for line in driver.text.splitlines())
