"""The history tab of place 1."""

from __future__ import annotations

import asyncio

import pytest

from condatui_core.records.environment import Inventory
from condatui_core.records.prefix import History, PrefixContents, Revision
from condatui_core.records.request import RollbackRequest
from condatui_core.records.revision import HistoryPackage, PackageSource, RevisionFacts, RevisionMove
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, ROOT, environment, inventory, package
from support.pilots import Driver, opened

HUB = f"{ROOT}/envs/hub"
UPDATE = "conda install -n hub transformers=4.48.3 evaluate --channel conda-forge --override-channels"


def machine() -> Inventory:
    history = History(
        revisions=(
            Revision(
                number=0, at=NOW, command="conda create -n hub transformers=4.47.1", added=("transformers-4.47.1-0",)
            ),
            Revision(number=1, at=NOW, command=UPDATE, added=("transformers-4.48.3-0", "evaluate-0.4.3-0")),
        )
    )
    contents = PrefixContents(packages=(package("transformers", "4.48.3"),), history=history)
    return inventory(environment("hub", contents=contents), environment("other", contents=PrefixContents()))


def transformers(version: str) -> HistoryPackage:
    return HistoryPackage("transformers", version, "0")


PAST = (
    RevisionFacts(
        number=0,
        moves=(RevisionMove(name="transformers", kind="added", after=transformers("4.47.1")),),
        to_download=(PackageSource(package=transformers("4.47.1"), place="channel", archive_bytes=12_000_000),),
    ),
    RevisionFacts(
        number=1,
        present=True,
        moves=(
            RevisionMove(name="evaluate", kind="added", after=HistoryPackage("evaluate", "0.4.3", "0")),
            RevisionMove(name="transformers", kind="up", before=transformers("4.47.1"), after=transformers("4.48.3")),
        ),
    ),
)


def workbench() -> FakeWorkbench:
    made = FakeWorkbench(machine())
    made.past[HUB] = PAST
    return made


async def to_history(driver: Driver) -> None:
    await driver.press("left_square_bracket", "left_square_bracket")
    assert driver.place.detail.tab == "history"


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_each_revision_says_what_it_changed_and_whether_there_is_a_way_back(size: tuple[int, int]) -> None:
    async with opened(workbench=workbench(), size=size) as driver:
        await to_history(driver)
        await driver.until(lambda: "↑ transformers 4.47.1 → 4.48.3" in driver.text)
        assert " now " in driver.text
        assert " 12 M " in driver.text
        assert "This is what is there now." in driver.text
        await driver.press("enter", "j")
        assert "Going back downloads 12 MB, 1 package" in driver.text
        assert all(len(line) <= size[0] for line in driver.text.splitlines())


async def test_the_command_is_copied_whole() -> None:
    async with opened(workbench=workbench(), size=(80, 24)) as driver:
        await to_history(driver)
        await driver.press("y")
        assert driver.app.clipboard == HUB
        await driver.press("enter", "y")
        assert driver.app.clipboard == UPDATE


LONG = "conda create -n long " + " ".join(f"package-number-{number}=1.{number}" for number in range(40))


def long_history() -> Inventory:
    history = History(
        revisions=(
            Revision(number=0, at=NOW, command=LONG, added=("a-1-0",)),
            Revision(number=1, at=NOW, command="conda install b", added=("b-1-0",)),
        )
    )
    return inventory(environment("long", contents=PrefixContents(packages=(package("a"),), history=history)))


@pytest.mark.parametrize("size", [(80, 48), (200, 55)])
async def test_a_long_command_is_read_whole_below_its_revision(size: tuple[int, int]) -> None:
    async with opened(long_history(), size=size) as driver:
        await to_history(driver)
        await driver.press("enter", "j")
        await driver.until(lambda: "package-number-39=1.39" in driver.text)
        assert all(f"package-number-{number}=1.{number}" in driver.text for number in range(40))
        await driver.press("y")
        assert driver.app.clipboard == LONG
        await driver.press("k")
        await driver.until(lambda: "$ conda install b" in driver.text)


async def test_a_command_that_is_longer_than_the_pane_is_read_by_scrolling() -> None:
    async with opened(long_history(), size=(80, 20)) as driver:
        await to_history(driver)
        await driver.press("enter", "j")
        assert "package-number-39" not in driver.text
        await driver.press("enter", "G")
        assert "package-number-39=1.39" in driver.text
        assert driver.place.action_context.revision == 0
        await driver.press("escape")
        assert driver.place.table.has_focus


async def test_actions_know_the_revision_under_the_cursor_while_the_history_has_the_focus() -> None:
    async with opened(workbench=workbench()) as driver:
        seen = []
        for key in ("j", "left_square_bracket", "left_square_bracket", "k", "enter", "j", "escape"):
            await driver.press(key)
            seen.append(driver.place.action_context.revision)
        assert seen == [None, None, None, None, 1, 0, None]


async def test_only_a_history_that_is_shown_is_looked_into_and_once() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await driver.press("j", "k")
        assert made.looks_back == []
        await to_history(driver)
        await driver.until(lambda: "4.48.3" in driver.text)
        await driver.press("right_square_bracket", "left_square_bracket")
        assert made.looks_back == [HUB]


async def test_rows_stand_at_once_and_the_look_goes_on_beside_them() -> None:
    made = workbench()
    made.past_gate = asyncio.Event()
    async with opened(workbench=made) as driver:
        await to_history(driver)
        await driver.until(lambda: made.looks_back == [HUB])
        assert "Looking for its packages…" in driver.text
        assert "+2" in driver.text
        await driver.press("enter", "j")
        assert "$ conda create -n hub" in driver.text
        made.past_gate.set()
        await driver.until(lambda: "downloads 12 MB, 1 package" in driver.text)


async def test_reading_the_machine_again_looks_again() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await to_history(driver)
        await driver.until(lambda: len(made.looks_back) == 1)
        made.script = [machine()]
        await driver.press("r")
        await driver.until(lambda: len(made.looks_back) == 2)


async def test_an_environment_without_history_says_so() -> None:
    async with opened(workbench=workbench()) as driver:
        await driver.press("j")
        await to_history(driver)
        await driver.until(lambda: "No history: conda-meta/history says nothing." in driver.text)
        await driver.press("enter")
        assert driver.place.action_context.revision is None


async def test_a_key_goes_back_to_the_revision_under_the_cursor_or_to_before_the_last_change() -> None:
    async with opened(workbench=workbench(), size=(120, 35)) as driver:
        await driver.press("U")
        await driver.until(lambda: driver.workbench.jobs.requests)
        assert driver.workbench.jobs.requests == [RollbackRequest(prefix=HUB, revision=0)]
        await driver.press("escape")
        await to_history(driver)
        await driver.press("enter", "U")
        await driver.until(lambda: len(driver.workbench.jobs.requests) > 1)
        assert driver.workbench.jobs.requests[1] == RollbackRequest(prefix=HUB, revision=1)
