"""A child that a thread watches, and its descendants wherever they went."""

from __future__ import annotations

import os
import signal
import subprocess
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


@pytest.mark.parametrize("guarded", [True, False])
def test_each_process_hears_a_signal_once(start: Start, tmp_path: Path, guarded: bool) -> None:
    """One that is about to end in order would be killed by the second."""
    hear = "def hear(*_):\n    open(f'heard-{os.getpid()}', 'a').write('x')\nsignal.signal(signal.SIGTERM, hear)\n"
    child = start(
        f"import os, signal, time\n{hear}os.fork()\nopen(f'up-{{os.getpid()}}', 'w').close()\ntime.sleep(600)",
        guarded=guarded,
    )
    place = tmp_path / "empty"
    wait_until(lambda: len([*place.glob("up-*")]) == 2)
    assert child.end(GRACES) is None
    assert [each.read_text() for each in place.glob("heard-*")] == ["x", "x"]


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


# With a guardian


DAEMON = """
import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.execve(sys.executable, [sys.executable, '-c', \"\"\"
import os, time
with open({pid!r} + '.new', 'w') as file: file.write(str(os.getpid()))
os.rename({pid!r} + '.new', {pid!r})
time.sleep(600)
\"\"\"], {{}})
"""
"""Forks twice, and drops every variable."""


def daemon(file: Path) -> str:
    """Code that starts such a daemon, waits until that runs, and goes on."""
    code = DAEMON.format(pid=str(file))
    wait = f"while not os.path.exists({str(file)!r}): time.sleep(0.005)"
    return f"import os, subprocess, sys, time; subprocess.run([sys.executable, '-c', {code!r}])\n{wait}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="no orphans are adopted here")
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_daemon_that_has_forked_twice_and_dropped_its_mark_ends_with_the_command(
    start: Start, tmp_path: Path, goes_on: bool
) -> None:
    last = "time.sleep(600)" if goes_on else "sys.exit(7)"
    child = start(f"{daemon(tmp_path / 'pid')}{last}", guarded=True)
    wait_until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    if goes_on:
        assert pid in child.pids() and child.pid not in child.pids()
    else:
        wait_until(lambda: child.exit_code() is not None)
        assert child.exit_code() == 7
    assert child.end(GRACES) is None
    assert has_ended(pid)


@pytest.mark.parametrize("how", ["sys.exit(5)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 15)"])
def test_it_ends_as_its_command_does(start: Start, how: str) -> None:
    child = start(f"import os, sys; {how}", guarded=True)
    wait_until(lambda: child.exit_code() is not None)
    assert child.exit_code() == {"sys.exit(5)": 5, "os.kill(os.getpid(), 9)": -9}.get(how, -15)


def test_a_command_gets_its_signals_and_its_variables_from_a_guardian_too(start: Start, tmp_path: Path) -> None:
    code = "import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(4)); print('ready', flush=True)"
    child = start(f"{code}; signal.pause()", guarded=True)
    wait_until(lambda: (tmp_path / "stdout").read_text() == "ready\n")
    assert child.end(((signal.SIGINT, 20.0),)) is None
    assert child.exit_code() == 4
    asked = start("import os, signal, sys; sys.exit(signal.getsignal(signal.SIGTERM) != 0)", guarded=True)
    wait_until(lambda: asked.exit_code() is not None)
    assert asked.exit_code() == 0, "nothing is ignored"


def test_a_guarded_one_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    with (tmp_path / "out").open("ab") as out:
        for argv, environ, why in (
            (("/nowhere/tool",), {}, "No such file"),
            ((str(tmp_path),), {"A": "1"}, "Permission denied"),
            (("true",), {"A": "\0"}, "null byte"),
        ):
            with pytest.raises(ChildNotStartedError, match=why):
                SupervisedChild(argv, environ, stdout=out, stderr=out, directory=str(tmp_path), guarded=True)


HOLDER = """
import os, signal, sys
sys.path[:0] = {path!r}
from condatui_core.proc.supervised import SupervisedChild
code = {code!r}
SupervisedChild((sys.executable, '-c', code), os.environ, stdout=1, stderr=2, directory='/', guarded=True)
signal.pause()
"""


def test_killing_the_process_that_has_started_it_ends_it(tmp_path: Path) -> None:
    both = f"{daemon(tmp_path / 'daemon')}open({str(tmp_path / 'command')!r}, 'w').write(str(os.getpid()))\n"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(path=sys.path, code=f"{both}time.sleep(600)")], stdout=subprocess.DEVNULL
    )
    command = tmp_path / "command"
    wait_until(lambda: command.exists() and bool(command.read_text()))
    holder.kill()
    holder.wait()
    files = [command, tmp_path / "daemon"] if sys.platform == "linux" else [command]
    for file in files:
        wait_until(lambda file=file: has_ended(int(file.read_text())))  # type: ignore[misc]
