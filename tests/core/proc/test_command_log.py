from __future__ import annotations

from condatui_core.proc.runner import CommandLog, CommandRun
from support.fake_conda import NOON


def run_of(*argv: str) -> CommandRun:
    return CommandRun(argv=argv, started=NOON, milliseconds=1, exit_code=0, outcome="done")


def test_the_oldest_runs_are_forgotten() -> None:
    log = CommandLog(most=2)
    for name in ("one", "two", "three"):
        log.add(run_of(name))
    assert [run.argv for run in log.runs] == [("two",), ("three",)]


def test_subscribers_hear_of_new_runs_until_they_unsubscribe() -> None:
    log, heard = CommandLog(), list[CommandRun]()
    log.add(run_of("before"))
    unsubscribe = log.subscribe(heard.append)
    log.add(run_of("meanwhile"))
    unsubscribe()
    unsubscribe()
    log.add(run_of("after"))
    assert [run.argv for run in heard] == [("meanwhile",)]


def test_one_may_unsubscribe_while_being_told() -> None:
    log, heard = CommandLog(), list[str]()

    def hear_once(run: CommandRun) -> None:
        heard.append("first")
        unsubscribe()

    unsubscribe = log.subscribe(hear_once)
    log.subscribe(lambda run: heard.append("second"))
    log.add(run_of("a"))
    log.add(run_of("b"))
    assert heard == ["first", "second", "second"]
