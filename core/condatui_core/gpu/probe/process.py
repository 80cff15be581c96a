"""A probe as a process: started with all that it needs, looked at now and then, ended with all that it has started."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO, TypeAlias

import msgspec

from condatui_core.errors import CondatuiError
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.records.gpu_probe import Stage
from condatui_core.text import mask_credentials

# The directory of one probe: what it says, what it writes to stdout and stderr, and an empty place to run in.


_TAIL = 8 << 10
"""Bytes of stdout, and of stderr, that are kept."""
_MOST_WRITTEN = 8 << 20
"""Bytes; what writes more than this starts anew, so that no disk fills up."""
_MOST_SAID = 1 << 20
"""Bytes of stages; a hundred times what a machine with many GPUs comes to."""


class ProbeFiles:
    """Made when a probe starts and removed when it is over. Its methods touch the disk: call them in a thread."""

    def __init__(self) -> None:
        try:
            self.directory = tempfile.mkdtemp(prefix="condatui-gpu-")
            self.working_directory = os.path.join(self.directory, "empty")
            os.mkdir(self.working_directory)
        except OSError as error:
            hint = "Free some space there, or set TMPDIR to another directory."
            raise CondatuiError("No temporary directory could be made for the GPU check.", str(error), hint) from error
        self.result = os.path.join(self.directory, "stages")
        self._read = 0
        self._partial = b""

    def open(self, name: str) -> BinaryIO:
        """Open `stdout` or `stderr` for the process to write to."""
        return open(os.path.join(self.directory, name), "ab", buffering=0)

    def new_stages(self) -> list[Stage]:
        """Read the stages that were written since this was asked last, credentials masked.

        What makes no sense is passed over.
        """
        try:
            with open(self.result, "rb") as file:
                file.seek(self._read)
                data = file.read(_MOST_SAID - self._read)
        except OSError:  # not written yet
            return []
        self._read += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [stage for line in lines if (stage := _stage(line)) is not None]

    def trim(self) -> None:
        """Cut what is written without end, but for the last of it."""
        for name in ("stdout", "stderr"):
            path = os.path.join(self.directory, name)
            with suppress(OSError):  # removed by somebody who tidies up
                if os.path.getsize(path) > _MOST_WRITTEN:
                    last = self._last(name)
                    os.truncate(path, 0)  # the process appends, so it goes on from there
                    with self.open(name) as file:
                        file.write(last)

    def tail(self, name: str) -> str:
        """The last of `stdout` or `stderr`, credentials masked; bytes that are no UTF-8 are replaced."""
        return mask_credentials(self._last(name).decode("utf-8", "replace"))

    def remove(self) -> None:
        """Remove the directory, as far as that is possible."""
        delete_tree(self.directory)

    def _last(self, name: str) -> bytes:
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                return file.read(_TAIL)
        except OSError:  # as above
            return b""


def _stage(line: bytes) -> Stage | None:
    try:
        stage: Stage = msgspec.convert(json.loads(mask_credentials(line.decode())), Stage)
    except (ValueError, RecursionError):  # another writer has interfered, or the disk is full
        return None
    return stage


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
