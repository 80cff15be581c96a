"""Stands between condatui and a command: ends all that the command has started when it ends, and when condatui does.

Runs alone, in a Python that imports only the standard library: `python -I -S guardian.py STATUS COMMAND`. Daemons that
leave their parents become its children, where Linux allows that. On its standard input it reads the variables of
the command, each with a NUL after it and one more at the end; after that condatui only holds this pipe, so that the end
of it says that condatui is gone. STATUS is the descriptor of a pipe on which it says why the command could not be
started; nothing if it was.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl."""
_PASSED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is sent to the whole group is for the command: it decides what becomes of it."""
_GRACE, _LOOK = 2.0, 0.01
"""Seconds from SIGTERM to SIGKILL, and between two looks at what still runs."""


def main() -> None:
    """Run the command, and exit as it does."""
    status, command = int(sys.argv[1]), sys.argv[2:]
    for number in _PASSED_BY:
        signal.signal(number, _ignore)  # a handler, since what is ignored would be ignored by the command too
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.signal(signal.SIGCHLD, _ignore)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    os.set_inheritable(status, False)
    try:
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=_variables())
    except OSError as error:
        os.write(status, str(error.errno or 0).encode())
        return
    os.close(status)
    ended = _watch(started.pid, woken)
    _end_descendants()
    if ended is not None:
        _exit_like(ended)


def _variables() -> dict[bytes, bytes]:
    """The variables of the command."""
    data = b""
    while not data.endswith(b"\0\0"):
        read = os.read(0, 1 << 16)
        if not read:
            sys.exit(1)  # condatui is gone
        data += read
    stated = (each.partition(b"=") for each in data.split(b"\0") if each)
    return {name: value for name, _, value in stated}


def _ignore(number: int, frame: object) -> None:
    """Let a signal pass by."""


def _watch(command: int, woken: int) -> int | None:
    """Wait for the command; its status as `waitpid` gives it, None if condatui is gone before."""
    while True:
        if (ended := _reap(command)) is not None:
            return ended
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
        if 0 in ready and not os.read(0, 512):
            return _reap(command)


def _reap(command: int) -> int | None:
    """Take notice of all children that have ended, adopted ones too; the status of the command if it is among them."""
    found = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            if pid == command:
                found = status
    return found


def _end_descendants() -> None:
    """End all that is left of what the command has started."""
    begun = time.monotonic()
    while pids := _descendants():
        late = time.monotonic() - begun > _GRACE
        if time.monotonic() - begun > 2 * _GRACE:
            return
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(_LOOK)
        _reap(0)


def _descendants() -> list[int]:
    """The processes below this one, where there is a /proc."""
    parents: dict[int, int] = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
                    if state not in (b"Z", b"X"):
                        parents[int(name)] = int(parent)
    below, found = {os.getpid()}, list[int]()
    while new := [pid for pid, parent in parents.items() if parent in below and pid not in below]:
        below.update(new)
        found += new
    return found


def _exit_like(status: int) -> None:
    """End as the command has ended: with its exit code, or by the same signal."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the command has left its own
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
