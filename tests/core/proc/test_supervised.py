"""A child that a thread watches, and its descendants wherever they went."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from condatui_core.proc.child import ChildNotStartedError
from condatui_core.proc.owner import command_of, descendants_of, marked
from condatui_core.proc.supervised import SupervisedChild, process_state
from support.processes import has_ended

GRACES = ((signal.SIGTERM, 0.3), (signal.SIGKILL, 20.0))
Start = Callable[..., SupervisedChild]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    children: list[SupervisedChild] = []

    def start_one(code: str, **more: object) -> SupervisedChild:
        (tmp_path / "empty").mkdir(exist_ok=True)
        with (tmp_path / "stdout").open("ab") as stdout, (tmp_path / "stderr").open("ab") as stderr:
            argv, directory = (sys.executable, "-c", code), str(tmp_path / "empty")
            child = SupervisedChild(
                argv,
                os.environ,
                stdout=stdout,
                stderr=stderr,
                directory=directory,
                **more,  # type: ignore[arg-type]
            )
        children.append(child)
        return child

    yield start_one
    for child in children:
        child.end(GRACES)


def test_it_writes_to_files_and_runs_where_it_is_told_to(start: Start, tmp_path: Path) -> None:
    child = start("import os, sys; print(os.getcwd(), os.getsid(0) == os.getpid()); sys.exit(3)")
    wait_until(lambda: child.exit_code() is not None)
    assert child.exit_code() == 3
    assert (tmp_path / "stdout").read_text() == f"{tmp_path}/empty True\n"
    assert child.end(GRACES) is None


def test_a_daemon_that_has_left_everything_but_its_mark_is_ended(start: Start, tmp_path: Path) -> None:
    daemon = (
        f"import os, time; os.setsid(); open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    child = start(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {daemon!r}])")
    wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    pid = int((tmp_path / "pid").read_text())
    assert not has_ended(pid)
    assert child.end(GRACES) is None
    assert has_ended(pid)


def test_the_pid_of_one_that_cannot_be_ended_is_told(start: Start) -> None:
    ignored: list[int] = []
    child = start("import time; time.sleep(600)", send=lambda group, number: ignored.append(number))
    short = ((signal.SIGTERM, 0.01), (signal.SIGKILL, 0.01))
    assert child.end(short) == child.pid
    assert child.end(short) == child.pid
    assert ignored == [signal.SIGTERM, signal.SIGKILL], "asked again, it only looks"
    assert process_state(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: child.exit_code() is not None)


def test_one_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    with (tmp_path / "out").open("ab") as out, pytest.raises(ChildNotStartedError, match="No such file"):
        SupervisedChild(("/nowhere/tool",), {}, stdout=out, stderr=out, directory=str(tmp_path))


def test_one_mark_tells_the_descendants_of_a_job_and_of_a_probe_apart(start: Start) -> None:
    child = start("import time; time.sleep(600)")
    assert descendants_of("no-such-mark") == ()
    assert child.pid in descendants_of("no-such-mark", group=child.pid)
    assert descendants_of("no-such-mark", group=child.pid, since=time.time() + 60) == ()
    (mark,) = set(marked({}, "20260501-a").values())
    assert mark == "20260501-a"
    assert command_of(child.pid).endswith("time.sleep(600)")
    child.end(GRACES)
    assert command_of(child.pid) == ""
