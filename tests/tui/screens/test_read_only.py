"""A workbench in which nothing can be changed: said on top, enforced at the queue, and how it ends."""

from __future__ import annotations

import pytest

from condatui.panels.action_panel import ActionPanel
from condatui_core.records.environment import UserMarks
from condatui_core.records.finding import blocker
from condatui_core.records.job import Plan
from condatui_core.records.request import ExportRequest, RemoveRequest, Request
from condatui_core.remedy import ReplaceFile, Thaw
from condatui_core.settings import Settings
from support.fake_jobs import plan_like
from support.fake_workbench import FakeWorkbench
from support.inventories import inventory, loaded
from support.pilots import Driver, opened

READ_ONLY = "read-only: it can be read, not run  esc leave"


def workbench(**settings: object) -> FakeWorkbench:
    return FakeWorkbench(inventory(loaded("a"), loaded("b")), settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]


async def removed(driver: Driver, hint: str = "enter run  esc leave") -> str:
    """Plan a removal and accept the plan below which this hint stands; returns what the screen says then."""
    await driver.press("d")
    await driver.until(lambda: hint in driver.text)
    await driver.press("enter")
    return driver.text


async def test_a_plan_can_be_read_and_begins_only_once_changes_are_allowed_again() -> None:
    bench = workbench()
    async with opened(workbench=bench) as driver:
        assert "read-only" not in driver.text.splitlines()[0]
        await driver.press("W")
        assert "read-only" in driver.text.splitlines()[0]
        said = await removed(driver, READ_ONLY)
        assert "condatui is read-only: nothing is changed. W allows changes again." in said
        assert (bench.jobs.submitted, len(bench.jobs.requests)) == ([], 1)
        assert driver.app.screen.query(ActionPanel)
        await driver.press("escape")
        await driver.press("W")
        assert "read-only" not in driver.text.splitlines()[0]
        await removed(driver)
        assert len(bench.jobs.submitted) == 1


FROZEN = blocker("frozen", "It is frozen.", Thaw(file="f"))


@pytest.mark.parametrize("changes", [{"confirm": "a"}, {"blockers": (FROZEN,)}])
async def test_a_plan_that_is_only_read_asks_for_no_word(changes: dict[str, object]) -> None:
    bench = workbench(read_only=True)

    def plan(request: Request) -> Plan:
        overruled = isinstance(request, RemoveRequest) and request.override_frozen
        return plan_like(request, **({"confirm": "a"} if overruled else changes))

    bench.jobs.plans[RemoveRequest] = plan
    async with opened(workbench=bench) as driver:
        if "blockers" in changes:  # what overrules them is planned, and no more
            await removed(driver, "enter though it is frozen")
            await driver.until(lambda: READ_ONLY in driver.text)
            await driver.press("enter")
        else:
            await removed(driver, READ_ONLY)
        assert "Type a" not in driver.text
        assert "condatui is read-only: nothing is changed." in driver.text
        assert bench.jobs.submitted == []


async def test_what_would_replace_a_file_at_once_is_not_offered() -> None:
    bench = workbench(read_only=True)
    there = blocker("exists", "There is a file already.", ReplaceFile())
    bench.jobs.plans[ExportRequest] = lambda request: plan_like(request, blockers=(there,))
    async with opened(workbench=bench) as driver:
        await driver.press("e", "enter")
        await driver.until(lambda: "There is a file already." in driver.text)
        assert "replace the file" not in driver.text
        await driver.press("enter")
        assert (len(bench.jobs.requests), bench.jobs.submitted) == (1, [])


async def test_marks_stay_as_they_are() -> None:
    bench = workbench(read_only=True)
    async with opened(workbench=bench) as driver:
        await driver.press("K")
        await driver.until(lambda: "condatui is read-only" in driver.text)
        assert bench.user_marks.kept == ()


async def test_what_was_started_read_only_stays_so() -> None:
    async with opened(workbench=workbench(read_only=True)) as driver:
        await driver.press("W")
        assert "It was started so (`read_only`), and stays so." in driver.text
        assert "read-only" in driver.text.splitlines()[0]


@pytest.mark.parametrize(
    ("action", "question"),
    [
        ("screen.trace", "Run in a"),
        ("app.keep_with_note", "Why a stays"),
        ("app.remember_filter", "Remember"),
        ("app.forget_filter", "Forget"),
    ],
)
async def test_nothing_is_asked_whose_answer_would_change_something(action: str, question: str) -> None:
    known = inventory(loaded("a"), marks=UserMarks(filters=(("old", "used:>90d"),)))
    bench = FakeWorkbench(known, settings=Settings(watch_seconds=0, read_only=True))
    async with opened(workbench=bench) as driver:
        await driver.press(*"/name:a", "enter")
        await driver.app.run_action(action, default_namespace=driver.app.screen)
        await driver.pilot.pause()
        assert "condatui is read-only: nothing is changed." in driver.text
        assert question not in driver.text


async def test_a_comparison_is_not_saved() -> None:
    async with opened(workbench=workbench(read_only=True)) as driver:
        await driver.press("a", "c")
        await driver.press("w")
        assert "condatui is read-only" in driver.text
        assert "save as" not in driver.text
