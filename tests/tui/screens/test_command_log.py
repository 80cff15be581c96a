"""The log of commands: to read, and to copy."""

from __future__ import annotations

import msgspec

from condatui.screens.command_log import CommandLogScreen
from condatui.widgets.lines_pane import TextPane
from condatui_core.proc.runner import CommandRun
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, inventory
from support.pilots import Driver, opened

RUN = CommandRun(
    argv=("/opt/conda", "list", "-p", "/envs/with space"), started=NOW, milliseconds=412, exit_code=0, outcome="done"
)


def with_runs(count: int) -> FakeWorkbench:
    workbench = FakeWorkbench(inventory())
    workbench.log.runs = tuple(msgspec.structs.replace(RUN, milliseconds=number) for number in range(count))
    return workbench


def log_screen(driver: Driver) -> CommandLogScreen:
    assert isinstance(driver.app.screen, CommandLogScreen)
    return driver.app.screen


async def test_the_log_opens_on_the_newest_command_and_escape_leads_back() -> None:
    async with opened(workbench=with_runs(30)) as driver:
        await driver.press("at")
        assert log_screen(driver).current_run == driver.workbench.log.runs[-1]
        assert "conda list -p '/envs/with space'" in log_screen(driver).query_one("#command", TextPane).text
        await driver.press("at", "escape")
        assert driver.place.table.has_focus


async def test_a_second_escape_while_it_closes_does_nothing() -> None:
    async with opened(workbench=with_runs(1)) as driver:
        await driver.press("at")
        log = log_screen(driver)
        log.action_back()
        log.action_back()
        await driver.pilot.pause()
        assert driver.place.table.has_focus


async def test_copy_takes_the_whole_command_as_a_shell_takes_it() -> None:
    async with opened(workbench=with_runs(2)) as driver:
        await driver.press("at", "y")
        assert driver.app.clipboard == "/opt/conda list -p '/envs/with space'"
        assert "clipboard: /opt/conda list -p" in driver.text


async def test_new_commands_appear_and_a_cursor_on_the_last_follows() -> None:
    async with opened(workbench=with_runs(2)) as driver:
        await driver.press("at")
        driver.workbench.log.add(msgspec.structs.replace(RUN, milliseconds=99))
        await driver.until(lambda: "3 of 3 commands" in driver.text)
        await driver.press("home")
        driver.workbench.log.add(msgspec.structs.replace(RUN, milliseconds=100))
        await driver.until(lambda: "1 of 4 commands" in driver.text)


async def test_what_a_failed_command_said_stands_below_without_its_escapes() -> None:
    workbench = with_runs(1)
    failed = msgspec.structs.replace(RUN, exit_code=1, outcome="failed", message="no [/way]\nin \x1b[31mred")
    workbench.log.runs = (failed,)
    async with opened(workbench=workbench) as driver:
        await driver.press("at")
        assert "failed, exit 1" in driver.text
        assert r"in \x1b[31mred" in driver.text


async def test_no_commands_says_so() -> None:
    async with opened(workbench=with_runs(0)) as driver:
        await driver.press("at", "y")
        assert "No command has been run yet." in driver.text


async def test_nobody_listens_when_the_log_is_closed() -> None:
    async with opened(workbench=with_runs(1)) as driver:
        await driver.press("at", "escape")
        await driver.until(lambda: driver.workbench.log.callbacks == [])
