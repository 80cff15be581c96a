"""The process that a lock or a journal belongs to, and whether it still runs."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

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
