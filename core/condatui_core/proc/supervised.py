"""A child process that a thread starts, polls and ends, since each of these may block."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from condatui_core.proc import guardian
from condatui_core.proc.child import ChildNotStartedError, SendSignal, StartOptions, start_options, try_signal
from condatui_core.proc.owner import descendants_of, marked

if TYPE_CHECKING:
    import psutil

Graces: TypeAlias = tuple[tuple[int, float], ...]
"""Pairs of a signal and the seconds that it has to take effect."""

GRACES: Graces = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 3.0))
"""SIGTERM goes first: killing a process while it talks to a driver may make the device unusable."""
_LOOK = 0.02
"""Seconds between two polls of a process that is being ended."""


class SupervisedChild:
    """A process in a session of its own, so that it cannot write to the terminal through /dev/tty.

    It writes to files, which the caller keeps small. Its descendants are found even if they left its group: by a
    variable, and where one has dropped that as well, by their parents, if the process adopts orphans as the GPU probe
    does on Linux. Its methods may block: call them in a thread. Raises ChildNotStartedError.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        *,
        stdout: BinaryIO | int,
        stderr: BinaryIO | int,
        directory: str,
        send: SendSignal = os.killpg,
        guarded: bool = False,
    ) -> None:
        """Start it. What is `guarded` ends with this process, however that ends, and all its daemons with it."""
        self._mark = secrets.token_hex(8)
        self._started = time.time()
        self._send = send
        self._signalled = False
        self._below: list[psutil.Process] = []
        """What was below it when it was to be ended: afterwards orphans have another parent."""
        options = start_options(marked(environ, self._mark), directory=directory)
        self._guarded = guarded
        try:
            if guarded:
                self._process = _start_guarded(argv, options, stdout, stderr)
            else:
                self._process = subprocess.Popen(argv, stdout=stdout, stderr=stderr, **options)
        except (OSError, ValueError) as error:
            raise ChildNotStartedError(argv, error) from error

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The exit code, negative if a signal ended the process; None if it still runs."""
        return self._process.poll()

    def pids(self) -> tuple[int, ...]:
        """The ids of the process and of its descendants that run at this moment, without a guardian."""
        below = (each.pid for each in _all_below(self.pid)) if self._guarded else (self.pid,)
        return tuple(dict.fromkeys((*below, *self._descendants())))

    def end(self, graces: Graces = GRACES) -> int | None:
        """End the process and all its descendants, by one signal after the other; the pid of one that still runs.

        A second call sends no signal and only looks for one that still runs.
        """
        if not self._signalled:
            self._below = _all_below(self.pid)
        for number, seconds in graces if not self._signalled else ():
            if self._survivor() is None:
                return None
            self._signal(number)
            deadline = time.monotonic() + seconds
            while self._survivor() is not None and time.monotonic() < deadline:
                time.sleep(_LOOK)
        self._signalled = True
        return self._survivor()

    def _signal(self, number: int) -> None:
        """Send a signal to each of them once: a second one would kill what is about to end in order."""
        outside = [pid for pid in self._descendants() if not _is_in_group(pid, self.pid)]
        try_signal(self.pid, number, self._send)
        for pid in outside:
            try_signal(pid, number, os.kill)

    def _survivor(self) -> int | None:
        return self.pid if self._process.poll() is None else next(iter(self._descendants()), None)

    def _descendants(self) -> list[int]:
        found = descendants_of(self._mark, group=self.pid, since=self._started - 1, stuck=False)
        adopted = (each.pid for each in self._below if _runs(each))
        return [pid for pid in dict.fromkeys((*found, *adopted)) if pid != self.pid]


def _is_in_group(pid: int, group: int) -> bool:
    with suppress(OSError):
        return os.getpgid(pid) == group
    return False


def _start_guarded(
    argv: Sequence[str], options: StartOptions, stdout: BinaryIO | int, stderr: BinaryIO | int
) -> subprocess.Popen[bytes]:
    """Start a guardian that starts the command. Raises OSError if either cannot be started, ValueError for a NUL.

    The variables are for the command alone: some, such as LD_LIBRARY_PATH, would keep another Python from starting.
    """
    variables = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in options["env"].items())
    if variables.count(b"\0") != len(options["env"]):
        raise ValueError("embedded null byte")
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            (sys.executable, "-I", "-S", guardian.__file__, str(writing), *argv),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            cwd=options["cwd"],
            start_new_session=options["start_new_session"],
            pass_fds=(writing,),
        )
        os.close(writing)
        writing = -1
        assert process.stdin is not None
        process.stdin.write(variables or b"\0")
        process.stdin.write(b"\0")
        process.stdin.flush()
        number = os.read(reading, 32)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if number:
        process.wait()
        raise OSError(int(number), os.strerror(int(number)), argv[0])
    return process


def _all_below(pid: int) -> list[psutil.Process]:
    import psutil  # noqa: PLC0415 - slow to import, and needed only when a process is ended

    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).children(recursive=True)
    return []


def _runs(process: psutil.Process) -> bool:
    """Whether it is still the same process, and not one that has ended and waits for its parent."""
    import psutil  # noqa: PLC0415 - as above

    with suppress(psutil.Error, OSError):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def process_state(pid: int) -> str:
    """The letter of a process's state: `D` is a wait in the kernel that no signal ends; empty if unknown."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
