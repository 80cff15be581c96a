"""Keeping environments and setting the baseline by a key."""

from __future__ import annotations

from datetime import timedelta

import pytest

from condatui_core.analyses.baseline_proposal import BaselineDraft
from condatui_core.errors import UsageError
from condatui_core.records.environment import Inventory, KeepMark, UserMarks
from condatui_core.records.request import CheckpointRequest, CreateRequest, UpdateRequest
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, ROOT, finding, inventory, loaded, package
from support.pilots import Driver, opened

ALPHA, BETA = f"{ROOT}/envs/alpha", f"{ROOT}/envs/beta"


def bench(**settings: object) -> FakeWorkbench:
    machine = inventory(loaded("alpha"), loaded("beta"))
    return FakeWorkbench(machine, settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]


async def pressed(driver: Driver, key: str, says: str) -> None:
    await driver.press(key)
    await driver.until(lambda: says in driver.text)


async def test_the_environment_under_the_cursor_is_kept_and_is_not_any_more() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await pressed(driver, "K", "alpha stays")
        assert workbench.marks().kept == ((ALPHA, KeepMark()),)
        await driver.until(lambda: len(workbench.loads) == 2)
        await pressed(driver, "K", "alpha is not kept any more")
        assert workbench.marks().kept == ()


async def test_two_quick_keys_undo_each_other() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await driver.press("K", "K")
        await driver.until(lambda: "not kept any more" in driver.text)
        assert workbench.marks().kept == ()


async def test_a_note_that_goes_with_its_mark_is_told_and_comes_back_by_the_same_key() -> None:
    workbench = bench()
    mark = KeepMark(note="until the paper is out", at=NOW - timedelta(days=3), by="ann")
    workbench.user_marks = UserMarks(kept=((ALPHA, mark),))
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await pressed(
            driver, "K", "alpha is not kept any more; K brings the note back: until the paper is out (ann, 3 d)"
        )
        assert workbench.marks().kept == ()
        await pressed(driver, "K", "Its note is back: until the paper is out")
        assert workbench.marks().kept == ((ALPHA, mark),)


@pytest.mark.parametrize("place", ["1", "3"])
async def test_a_note_is_typed_in_the_workbench(place: str) -> None:
    workbench = bench()
    stale = finding("stale", "note", "not used for 400 days", cleanup="unused")
    workbench.script = (inventory(loaded("alpha", findings=(stale,)), loaded("beta")),)
    async with opened(workbench=workbench, size=(120, 30)) as driver:
        await driver.press(place)
        await driver.until(lambda: "alpha" in driver.text)
        await driver.app.run_action("app.perform('keep.note')")
        await driver.press(*"paper")
        assert "Why alpha stays: paper" in driver.text
        await pressed(driver, "enter", "alpha stays: paper")
        assert workbench.marks().kept == ((ALPHA, KeepMark(note="paper")),)
        await driver.app.run_action("app.perform('keep.note')")
        await driver.press("x", "escape")
        await driver.pilot.pause()
        assert workbench.marks().kept == ((ALPHA, KeepMark(note="paper")),)


async def test_the_marked_ones_are_kept_together() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await driver.press("a")
        await pressed(driver, "K", "2 environments stay")
        assert [prefix for prefix, _ in workbench.marks().kept] == [ALPHA, BETA]


async def test_why_it_could_not_be_kept_is_said_and_nothing_is_lost() -> None:
    workbench = bench()

    def unreadable() -> UserMarks:
        raise UsageError("The file of keep marks cannot be read.", "keep.yaml: not valid YAML", "Repair it.")

    workbench.marks = unreadable  # type: ignore[method-assign]
    async with opened(workbench=workbench, size=(140, 30)) as driver:
        await pressed(driver, "K", "cannot be read: keep.yaml: not valid YAML Repair it.")
        assert workbench.loads == [False]


async def test_the_baseline_is_set_and_unset() -> None:
    workbench = bench()
    async with opened(workbench=workbench) as driver:
        await pressed(driver, "b", "alpha is the baseline")
        assert workbench.marks().baseline == ALPHA
        await driver.press("j")
        await pressed(driver, "b", "beta is the baseline")
        await pressed(driver, "b", "beta is not the baseline any more")
        assert workbench.marks().baseline == ""


async def test_a_poor_baseline_is_told_when_it_is_set() -> None:
    flaws = (finding("pip-over-conda", "warning"), finding("scratch-name", "note", cleanup="trial"))
    machine = inventory(loaded("alpha", findings=flaws))
    async with opened(machine, size=(150, 30)) as driver:
        await pressed(
            driver, "b", "But pip has put its files in place of those of conda and it has the name of a trial."
        )


async def test_a_baseline_of_the_settings_wins() -> None:
    workbench = bench(baseline="beta")
    async with opened(workbench=workbench) as driver:
        await pressed(driver, "b", "The setting `baseline` says which environment it is")
        assert workbench.marks().baseline == ""


async def test_a_row_and_its_health_say_that_it_is_kept_and_the_baseline() -> None:
    mark = KeepMark(note="the paper's", at=NOW, by="ada")
    machine = inventory(loaded("alpha", keep=mark, baseline=True), loaded("beta"))
    async with opened(machine, size=(140, 40)) as driver:
        assert "alpha ■≡" in driver.text
        await driver.press("]", "]", "]")
        assert "kept  the paper's, by ada" in driver.text
        assert "baseline  new environments" in driver.text


async def test_what_is_behind_is_brought_to_the_baseline_by_a_key() -> None:
    machine = inventory(loaded("alpha"), loaded("beta", baseline=True), loaded("gamma"))
    async with opened(machine) as driver:
        await driver.press("a", "B")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [UpdateRequest(prefixes=(ALPHA, f"{ROOT}/envs/gamma"), like=BETA)]


async def test_a_checkpoint_of_all_that_are_marked_is_planned_by_a_key() -> None:
    async with opened(inventory(loaded("alpha"), loaded("beta"))) as driver:
        await driver.press("a", "C")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [CheckpointRequest(prefixes=(ALPHA, BETA))]


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (inventory(loaded("alpha")), "There is no baseline"),
        (inventory(loaded("alpha", baseline=True)), "alpha is the baseline itself"),
    ],
)
async def test_why_nothing_can_be_brought_to_a_baseline_is_said(machine: Inventory, says: str) -> None:
    async with opened(machine) as driver:
        await pressed(driver, "B", says)
        assert driver.workbench.jobs.requests == []


async def test_a_proposal_is_shown_and_its_file_is_copied() -> None:
    shared = [package("python", "3.11.7"), package("numpy", "1.26.4")]
    machine = inventory(*(loaded(name, shared, python="3.11.7") for name in ("alpha", "beta")))
    async with opened(machine, size=(120, 40)) as driver:
        await driver.app.run_action("app.perform('baseline.propose')")
        await driver.until(lambda: "numpy 1.26.4  in 2" in driver.text)
        assert "More than 50 % of 2 environments with python have 2 packages in one version" in driver.text
        assert "share what is stored several times now: 12 MB" in driver.text
        assert "A baseline of what most environments share ─" in driver.text
        assert "What is copied is its file. Make it:" in driver.text
        assert "conda create --name baseline --file FILE" in driver.text
        await driver.until(lambda: "pgdn more" not in driver.text)
        await pressed(driver, "y", "clipboard: an explicit list")
        assert driver.app.clipboard == "@EXPLICIT\n"
        await driver.press("escape")
        assert driver.place.panel is None


async def test_a_proposal_is_made_under_a_name_that_is_asked_for() -> None:
    shared = [package("python", "3.11.7"), package("numpy", "1.26.4")]
    machine = inventory(*(loaded(name, shared, python="3.11.7") for name in ("alpha", "baseline")))
    async with opened(machine, size=(120, 40)) as driver:
        await driver.app.run_action("app.perform('baseline.propose')")
        await driver.until(lambda: "enter make it" in driver.text)
        await driver.press("enter")
        await driver.until(lambda: "Make the proposed baseline" in driver.text)
        assert "baseline-2" in driver.text, "a name that is free"
        await driver.press("enter")
        await driver.until(lambda: driver.workbench.jobs.requests != [])
        (request,) = driver.workbench.jobs.requests
        assert isinstance(request, CreateRequest)
        assert request.target.endswith("/baseline-2")
        assert [each.rpartition("::")[2] for each in request.specs] == ["numpy=1.26.4=h0_0", "python=3.11.7=h0_0"]


async def test_a_proposal_that_fails_says_why() -> None:
    workbench = bench()

    async def fail(*_: object, **__: object) -> BaselineDraft:
        raise RuntimeError("the disk is on fire")

    workbench.propose_baseline = fail  # type: ignore[method-assign]
    async with opened(workbench=workbench, size=(120, 40)) as driver:
        await driver.app.run_action("app.perform('baseline.propose')")
        await driver.until(lambda: "could not be worked out" in driver.text)
        assert "the disk is on fire" in driver.text
