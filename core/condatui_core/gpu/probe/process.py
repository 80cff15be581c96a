"""A probe as a process: started with all that it needs, looked at now and then, ended with all that it has started."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from condatui_core.gpu.probe.files import ProbeFiles

SendSignal: TypeAlias = Callable[[int, int], None]
"""Sends a signal to a process group, as os.killpg does."""

Graces: TypeAlias = tuple[tuple[int, float], ...]
"""(signal, seconds that it has to take effect) pairs."""

GRACES: Graces = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 3.0))
"""The gentle one goes first: who is killed while it talks to the driver may take the GPU with it.
"""
_MARK = "CONDATUI_PROBE"
"""A variable that the probe hands down, so that its descendants are found wherever they went."""
_LOOK = 0.02
"""Seconds between two looks at a process that is being ended."""


class ProbeProcess:
    """The process of a probe, in a session of its own: it cannot write to the terminal through /dev/tty.

    Its methods may wait for the machine: call them in a thread. Raises OSError or ValueError if it cannot be started.
    """

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], files: ProbeFiles, *, send: SendSignal = os.killpg
    ) -> None:
        self._mark = secrets.token_hex(8)
        self._started = time.time()
        self._send = send
        self._signalled = False
        with files.open("stdout") as stdout, files.open("stderr") as stderr:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**environ, _MARK: self._mark},
                cwd=files.working_directory,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process, and of its group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Its exit code, negative if a signal ended it; None if it has not ended."""
        return self._process.poll()

    def end(self, graces: Graces = GRACES) -> int | None:
        """End it and all that descends from it, by one signal after the other; returns the pid of who lives on.

        Asked again, it only looks.
        """
        for number, seconds in graces if not self._signalled else ():
            survivor = self._survivor()
            if survivor is None:
                return None
            self._signal(number)
            deadline = time.monotonic() + seconds
            while self._survivor() is not None and time.monotonic() < deadline:
                time.sleep(_LOOK)
        self._signalled = True
        return self._survivor()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            # The group outlives the process as long as anybody is in it, and so does its number.
            self._send(self.pid, number)
        for pid in self._descendants():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _survivor(self) -> int | None:
        return self.pid if self._process.poll() is None else next(iter(self._descendants()), None)

    def _descendants(self) -> list[int]:
        """Those of its group, and those that carry its mark: a daemon leaves group, session and parents behind."""
        import psutil  # noqa: PLC0415 - takes longer to import than the start of a probe should wait

        found = []
        for process in psutil.process_iter(["create_time", "status"], ad_value=None):
            # An orphan whose new parent does not care stays a zombie: there is nothing left of it to end.
            recent = (process.info["create_time"] or 0) > self._started - 1
            if recent and process.pid != self.pid and process.info["status"] != psutil.STATUS_ZOMBIE:
                with suppress(psutil.Error, OSError):
                    # To read the variables of a process that waits in the kernel may mean to wait with it.
                    waits = process.info["status"] == psutil.STATUS_DISK_SLEEP
                    if os.getpgid(process.pid) == self.pid or (
                        not waits and process.environ().get(_MARK) == self._mark
                    ):
                        found.append(process.pid)
        return found


def process_state(pid: int) -> str:
    """The letter for what a process is doing: `D` is a wait in the kernel that no signal ends; empty if unknown."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
