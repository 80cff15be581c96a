from __future__ import annotations

from datetime import timedelta

from condatui.view_models.commands import CommandsModel
from condatui_core.proc.runner import CommandRun
from support.inventories import NOW


def run(*argv: str, exit_code: int | None = 0, outcome: str = "done", seconds: int = 0) -> CommandRun:
    started = NOW + timedelta(seconds=seconds)
    return CommandRun(argv=argv, started=started, milliseconds=412, exit_code=exit_code, outcome=outcome)  # type: ignore[arg-type]


def cells(command: CommandRun) -> tuple[str, ...]:
    return tuple(cell.plain for cell in CommandsModel([command]).cells(0))


def test_a_command_is_shown_as_a_shell_takes_it() -> None:
    assert cells(run("conda", "env", "list", "-p", "/my envs/a")) == (
        "12:00:00",
        "412",
        "0",
        "conda env list -p '/my envs/a'",
    )


def test_what_came_of_it_is_said_in_words_where_it_failed() -> None:
    assert cells(run("conda", exit_code=1, outcome="failed"))[2] == "failed 1"
    assert cells(run("conda", exit_code=-9, outcome="timed out"))[2] == "timed out"
    assert cells(run("conda", exit_code=None, outcome="not started"))[2] == "not started"


def test_a_key_stays_with_its_command_when_older_ones_are_dropped() -> None:
    first, second = run("conda", "info"), run("conda", "info", seconds=1)
    both = CommandsModel([first, second])
    assert both.key(1) == CommandsModel([second]).key(0) != both.key(0)


def test_an_argument_cannot_draw_on_the_terminal() -> None:
    assert cells(run("conda", "\x1b[31m"))[3] == "conda $'\\x1b[31m'"
