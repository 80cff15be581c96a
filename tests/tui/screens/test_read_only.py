"""A workbench in which nothing can be changed: said on top, enforced at the queue, and how it ends."""

from __future__ import annotations

from condatui.panels.action_panel import ActionPanel
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import inventory, loaded
from support.pilots import Driver, opened


def workbench(**settings: object) -> FakeWorkbench:
    return FakeWorkbench(inventory(loaded("a"), loaded("b")), settings=Settings(watch_seconds=0, **settings))  # type: ignore[arg-type]


async def removed(driver: Driver) -> str:
    """Plan a removal and accept the plan; returns what the screen says then."""
    await driver.press("d")
    await driver.until(lambda: "enter run" in driver.text)
    await driver.press("enter")
    return driver.text


async def test_a_plan_can_be_read_and_begins_only_once_changes_are_allowed_again() -> None:
    bench = workbench()
    async with opened(workbench=bench) as driver:
        assert "read-only" not in driver.text.splitlines()[0]
        await driver.press("W")
        assert "read-only" in driver.text.splitlines()[0]
        said = await removed(driver)
        assert "condatui is read-only: nothing is changed. W allows changes again." in said
        assert (bench.jobs.submitted, len(bench.jobs.requests)) == ([], 1)
        assert driver.app.screen.query(ActionPanel)
        await driver.press("escape")
        await driver.press("W")
        assert "read-only" not in driver.text.splitlines()[0]
        await removed(driver)
        assert len(bench.jobs.submitted) == 1


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


async def test_a_comparison_is_not_saved() -> None:
    async with opened(workbench=workbench(read_only=True)) as driver:
        await driver.press("a", "c")
        await driver.press("w")
        assert "condatui is read-only" in driver.text
        assert "save as" not in driver.text
