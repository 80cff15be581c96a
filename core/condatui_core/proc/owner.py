"""Which process something belongs to, and the descendants of one that is gone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from condatui_core.text import mask_credentials, sanitize

# The process that a lock or a journal belongs to, and whether it still runs.


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Owner(Struct, frozen=True, kw_only=True):
    """A process, distinguished from every later one with the same pid."""

    pid: int
    mark: str
    """The time of its start, in a form that never changes while it runs."""
    host: str
    boot: str = ""
    """The boot id of its kernel, which all containers on it share; empty if unknown."""

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"

    def near(self, other: Owner) -> bool:
        """Whether each can see the other: both run on one machine, or under one kernel."""
        return self.host == other.host or bool(self.boot and self.boot == other.boot)

    def alive(self, here: Owner) -> bool:
        """Whether this process, which must be near, still runs; False after a reboot."""
        return self.boot == here.boot and bool(self.mark) and started_mark(self.pid) == self.mark


def this_process() -> Owner:
    """The process that calls this."""
    pid = os.getpid()
    return Owner(pid=pid, mark=started_mark(pid), host=os.uname().nodename, boot=_boot())


def started_mark(pid: int) -> str:
    """When a process was started; empty if there is none, or only a zombie.

    On Linux this is the kernel's own count: the time of day would change whenever the clock is set.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
    except (OSError, IndexError):
        return "" if _BOOT_ID.exists() else _started(pid)


def _started(pid: int) -> str:
    import psutil  # noqa: PLC0415 - not needed where there is a /proc

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


# Finds the descendants of a child process, even daemons: they inherit an environment variable.


_VARIABLE = "CONDATUI_MARK"
_LONGEST = 200


def marked(environ: Mapping[str, str], mark: str) -> dict[str, str]:
    """The variables for a child whose descendants `descendants_of` has to find."""
    return {**environ, _VARIABLE: mark}


def descendants_of(mark: str, *, group: int = 0, since: float = 0.0, stuck: bool = True) -> tuple[int, ...]:
    """The pids of this user's processes that carry a mark or are in a process group; blocks, so call it in a thread.

    A daemon leaves group, session and parents behind, but keeps the mark. Processes that were started before `since`
    are skipped. Reading the variables of a process that waits in the kernel may block as well: if `stuck` is False,
    such a process is found by its group only.
    """
    import psutil  # noqa: PLC0415 - slow to import, and rarely needed

    found = []
    for process in psutil.process_iter(["create_time", "status"], ad_value=None):
        status = process.info["status"]
        # An orphan that its new parent does not wait for stays a zombie: there is nothing left of it to end.
        if status == psutil.STATUS_ZOMBIE or (process.info["create_time"] or 0) < since:
            continue
        with suppress(psutil.Error, OSError):
            readable = stuck or status != psutil.STATUS_DISK_SLEEP
            in_group = bool(group) and os.getpgid(process.pid) == group
            if in_group or (readable and process.environ().get(_VARIABLE) == mark):
                found.append(process.pid)
    return tuple(found)


def command_of(pid: int) -> str:
    """The command line of a process, printable, credentials masked, cut to a line; empty if it is gone."""
    import psutil  # noqa: PLC0415 - as above

    try:
        process = psutil.Process(pid)
        command = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        return ""
    return sanitize(mask_credentials(command))[:_LONGEST]
