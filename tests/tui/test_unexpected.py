"""An error that nobody has thought of ends in a short message that names the log, where the traceback is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from condatui import __main__
from condatui.app import CondatuiApp
from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui.screens.cleanup import CleanupScreen
from condatui.screens.failure import FailureScreen
from condatui_core import own_package
from condatui_core.log import open_log
from condatui_core.records.environment import Inventory
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, LoadedWorkbench, environment, inventory
from support.pilots import Driver, opened


@pytest.fixture
def invocation(tmp_path: Path) -> Invocation:
    return Invocation(
        environ={"CONDATUI_HOME": str(tmp_path / "own")},
        home=tmp_path,
        cwd="/",
        clock=lambda: NOW,
        terminal=True,
    )


def _failing(*_: object) -> LoadedWorkbench:
    return LoadedWorkbench(error=LookupError("no such https://anna:hunter2@example.org"))


def test_a_command_says_what_failed_and_names_the_log(invocation: Invocation) -> None:
    result = CliRunner().invoke(condatui, ["list"], obj=_with(invocation, make_workbench=_failing))
    log = invocation.locations.log
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    said = result.stderr.splitlines()
    assert said[0] == "condatui: An unexpected error occurred."
    assert said[1] == "  LookupError: no such https://***@example.org"
    assert said[-1] == f"  The log has the details: {log}"
    assert "Traceback" in log.read_text() and "hunter2" not in log.read_text()


def test_an_error_before_the_workbench_is_there_is_logged_as_well(invocation: Invocation) -> None:
    def fail(*_: object) -> LoadedWorkbench:
        raise AssertionError("too early")

    result = CliRunner().invoke(condatui, ["list"], obj=_with(invocation, make_workbench=fail))
    assert result.exit_code == 1
    assert "AssertionError: too early" in invocation.locations.log.read_text()


def test_wrong_usage_is_no_unexpected_error(invocation: Invocation) -> None:
    result = CliRunner().invoke(condatui, ["list", "--packages"], obj=invocation)
    assert (result.exit_code, invocation.locations.log.exists()) == (2, False)


def test_without_a_command_it_is_the_same(
    invocation: Invocation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise LookupError("deep inside")

    failing = _with(invocation, make_workbench=lambda *_: LoadedWorkbench(Inventory()), run_app=fail)
    monkeypatch.setattr(Invocation, "of_process", staticmethod(lambda: failing))
    monkeypatch.setattr(sys, "argv", ["condatui"])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 1
    said = capfd.readouterr().err
    assert "LookupError: deep inside" in said and str(invocation.locations.log) in said and "Traceback" not in said


def test_debug_holds_before_and_after_the_command(invocation: Invocation) -> None:
    invocation = _with(invocation, make_workbench=lambda *_: LoadedWorkbench(Inventory()))
    for arguments in (["--debug", "list"], ["list", "--debug"]):
        assert CliRunner().invoke(condatui, arguments, obj=invocation).exit_code == 0
        assert "condatui.cli.invocation: condatui" in invocation.locations.log.read_text()
        invocation.locations.log.unlink()


async def _fail() -> None:
    raise LookupError("in a handler")


async def test_what_fails_before_the_first_drawing_ends_the_workbench_with_words_and_not_with_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_log(tmp_path / "condatui.log", debug=False)
    app = CondatuiApp(FakeWorkbench(inventory(environment("alpha"))), host="here", clock=lambda: NOW)  # type: ignore[arg-type]
    monkeypatch.setattr(app, "add_places", _raise)
    with pytest.raises(LookupError, match="in a handler"):
        async with app.run_test() as pilot:
            await pilot.pause()
    assert app.return_code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "condatui has failed and had to end." in said and "LookupError: in a handler" in said
    assert said.count("The log has the details:") == 1 and "Traceback" not in said
    assert "Traceback" in (tmp_path / "condatui.log").read_text()


async def _told(driver: Driver) -> None:
    """Let the app run until it tells the failure; the pilot itself would wait for widgets that hear no more."""
    for _ in range(500):
        if isinstance(driver.app.screen, FailureScreen) and "LookupError: in a handler" in driver.text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(driver.text)


def _raise(*_: object) -> None:
    raise LookupError("in a handler")


@pytest.mark.parametrize("where", ["app", "screen", "table"])
async def test_a_handler_that_fails_costs_the_place_and_not_the_workbench(where: str, tmp_path: Path) -> None:
    open_log(tmp_path / "condatui.log", debug=False)
    async with opened(inventory(environment("alpha"), environment("beta")), size=(160, 24)) as driver:
        await driver.press("space")
        failed = driver.place
        pump = {"app": driver.app, "screen": failed, "table": failed.table}[where]
        pump.call_later(_fail)
        pump.call_later(_fail)
        await _told(driver)
        assert "LookupError: in a handler" in driver.text and str(tmp_path / "condatui.log") in driver.text
        await driver.press("escape")
        assert driver.place is not failed
        assert driver.names == ["alpha", "beta"] and driver.app.session.marked
        await driver.press("down")
        assert driver.cursor == driver.place.shown[1].prefix
        assert isinstance(driver.app.failures[0], LookupError)
        driver.app.failures = ()
    assert "Traceback" in (tmp_path / "condatui.log").read_text()


async def test_the_action_of_a_key_that_fails_and_a_drawing_that_fails_leave_the_other_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(inventory(environment("alpha")), size=(160, 24)) as driver:
        monkeypatch.setattr("condatui.screens.environments.EnvironmentsScreen.action_sort", _raise)
        await driver.press("s")
        await _told(driver)
        await driver.press("3")
        assert isinstance(driver.app.screen, CleanupScreen)
        monkeypatch.setattr("condatui.screens.cleanup.CleanupScreen.status", _raise)
        driver.app.session.mark([], marked=True)
        await _told(driver)
        await driver.press("escape")  # it fails again as soon as it is made
        await _told(driver)
        await driver.press("1")
        assert driver.names == ["alpha"]
        driver.app.failures = ()


async def test_a_worker_of_textual_that_fails_costs_the_place_and_not_the_workbench() -> None:
    async with opened(inventory(environment("alpha")), size=(160, 24)) as driver:
        driver.place.run_worker(_fail(), exit_on_error=True)
        await _told(driver)
        await driver.press("escape")
        assert driver.names == ["alpha"]
        driver.app.failures = ()


async def test_what_fails_while_it_is_left_is_told_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LookupError, match="in a handler"):
        async with opened(inventory(environment("alpha"))) as driver:
            driver.app.exit()
            driver.app._handle_exception(LookupError("in a handler"))
            driver.app.failures = ()
    assert "condatui has failed and had to end." in " ".join(capsys.readouterr().err.split())


async def test_a_failure_of_the_place_that_tells_failures_ends_the_workbench(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(LookupError, match="in a handler"):
        async with opened(inventory(environment("alpha"))) as driver:
            driver.place.call_later(_fail)
            await _told(driver)
            driver.app.failures = ()
            driver.app.screen.call_later(_fail)
            await driver.pilot.pause()
    assert "condatui has failed and had to end." in " ".join(capsys.readouterr().err.split())


async def test_a_failure_below_an_upgrade_in_place_ends_the_workbench_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LookupError, match="in a handler"):
        async with opened(inventory(environment("alpha"))) as driver:
            monkeypatch.setattr(own_package, "_AT_START", (0, 0, 0, 0))
            driver.place.call_later(_fail)
            await driver.pilot.pause()
    assert "condatui was upgraded or removed while it was running." in " ".join(capsys.readouterr().err.split())


async def test_a_worker_that_fails_is_told_on_the_screen_and_logged(tmp_path: Path) -> None:
    open_log(tmp_path / "condatui.log", debug=False)
    async with opened(inventory(environment("alpha")), LookupError("beside the screens")) as driver:
        assert "Looking at the environments failed." in driver.text
        failure = driver.app.session.failure
    assert failure is not None and failure.hint.endswith(str(tmp_path / "condatui.log"))
    assert "LookupError: beside the screens" in (tmp_path / "condatui.log").read_text()


def _with(invocation: Invocation, **changes: object) -> Invocation:
    from msgspec.structs import replace

    return replace(invocation, **changes)
