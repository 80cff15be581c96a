"""A warm conda says and does what one that is started anew does, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from condatui_sandbox import Sandbox
from support.sandboxes import copy_sandbox
from support.warm_conda import WarmConda

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def copied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return copy_sandbox(sandbox, tmp_path_factory.mktemp("warm") / "sandbox", ["notebooks"])


def call(sandbox: Sandbox, *arguments: str, real: bool = False) -> tuple[int, str, str]:
    """How a call ends, and what it says."""
    python = [str(sandbox.root_prefix / "bin/python"), "-E", "-s", "-W", "ignore"] if real else []
    done = subprocess.run(
        [*python, str(sandbox.conda), *arguments],
        env=dict(sandbox.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "-n", "notebooks", "--json"),
        ("config", "--show", "--json"),
        ("config", "--help"),
        ("install", "-n", "notebooks", "--dry-run", "--json", "--offline", "numpy=1.26.4"),
        ("create", "-n", "new", "--dry-run", "--json", "no-such-package"),
        ("list", "-n", "nowhere"),
        ("install", "--nonsense"),
    ],
    ids=lambda arguments: "-".join(arguments[:2]),
)
def test_it_says_what_a_real_one_says(copied: Sandbox, arguments: tuple[str, ...]) -> None:
    assert call(copied, *arguments) == call(copied, *arguments, real=True)


def test_what_a_test_puts_into_the_launcher_is_run_in_a_process_of_its_own(copied: Sandbox) -> None:
    whole = copied.conda.read_text()
    start = 'if __name__ == "__main__":'
    copied.conda.write_text(whole.replace(start, f"sys.exit(str(os.getppid()))\n{start}"))
    try:
        assert call(copied, "list") == (1, "", f"{os.getpid()}\n")
    finally:
        copied.conda.write_text(whole)


@contextmanager
def at_work(sandbox: Sandbox) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A conda that waits for what it has started, and that process."""
    waits = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    argv = [str(sandbox.conda), "run", "--no-capture-output", "-n", "notebooks", "python", "-c", waits]
    with subprocess.Popen(argv, env=dict(sandbox.environ), stdout=subprocess.PIPE, text=True) as front:
        assert front.stdout
        yield front, psutil.Process(int(front.stdout.readline()))


def test_if_it_is_killed_nothing_of_it_stays_at_work(copied: Sandbox) -> None:
    with at_work(copied) as (front, started):
        front.kill()
        assert front.wait() == -signal.SIGKILL
        assert psutil.wait_procs([started], timeout=60)[1] == []


def test_it_gets_the_signals_that_its_front_gets(copied: Sandbox) -> None:
    with at_work(copied) as (front, started):
        started.kill()
        assert front.wait() == 137, "conda run says how it ended"
    with at_work(copied) as (front, started):
        front.terminate()
        assert front.wait() == -signal.SIGTERM
        started.kill()


def test_its_server_ends_with_who_has_begun_it(sandbox: Sandbox) -> None:
    begin = (
        "import sys, time; from pathlib import Path; from support.warm_conda import WarmConda;"
        "print(WarmConda(Path(sys.argv[1])).pid, flush=True); time.sleep(600)"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    argv = [sys.executable, "-c", begin, str(sandbox.conda)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        server = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    assert psutil.wait_procs([server], timeout=60)[1] == []


def test_what_is_at_work_ends_with_its_server(sandbox: Sandbox, copied: Sandbox) -> None:
    server, whole = WarmConda(sandbox.conda), copied.conda.read_text()
    server.warm(copied)
    try:
        with at_work(copied) as (front, started):
            server.close()
            assert front.wait() == 1
            assert psutil.wait_procs([started], timeout=60)[1] == []
        assert call(copied, "--version")[:2] == (0, "conda 24.7.1\n"), "it is started for real then"
    finally:
        copied.conda.write_text(whole)
