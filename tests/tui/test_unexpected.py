"""An error that nobody has thought of ends in a short message that names the log, where the traceback is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from condatui import __main__
from condatui.app import CondatuiApp
from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.log import open_log
from condatui_core.records.environment import Inventory
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, LoadedWorkbench, environment, inventory
from support.pilots import opened


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


async def test_a_handler_that_fails_ends_the_workbench_with_words_and_not_with_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_log(tmp_path / "condatui.log", debug=False)
    app = CondatuiApp(FakeWorkbench(inventory(environment("alpha"))), host="here", clock=lambda: NOW)  # type: ignore[arg-type]

    async def fail() -> None:
        raise LookupError("in a handler")

    with pytest.raises(LookupError, match="in a handler"):
        async with app.run_test() as pilot:
            app.call_later(fail)
            app.call_later(fail)
            await pilot.pause()
    assert app.return_code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "condatui has failed and had to end." in said and "LookupError: in a handler" in said
    assert said.count("The log has the details:") == 1 and "Traceback" not in said
    assert "Traceback" in (tmp_path / "condatui.log").read_text()


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
