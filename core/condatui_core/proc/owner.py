"""Which process something belongs to, and the descendants of one that is gone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from condatui_core.text import mask_credentials, sanitize

# Which process something belongs to, and whether that one is still there.


# Which process a job belongs to, and whether that one is still there.


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Owner(Struct, frozen=True, kw_only=True):
    """A process, so that no other one that comes to have its number is taken for it."""

    pid: int
    mark: str
    """When it was started, in a form that never changes while it runs."""
    host: str
    boot: str = ""
    """Of the running kernel, which all its containers share; empty where that cannot be known."""

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"

    def near(self, other: Owner) -> bool:
        """Whether one can find out about the other: both on one machine, or under one kernel."""
        return self.host == other.host or bool(self.boot and self.boot == other.boot)

    def alive(self, here: Owner) -> bool:
        """Whether this process, which is near, still runs; False after the machine was started again."""
        return self.boot == here.boot and bool(self.mark) and started_mark(self.pid) == self.mark


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    return Owner(pid=pid, mark=started_mark(pid), host=os.uname().nodename, boot=_boot())


def started_mark(pid: int) -> str:
    """When a process was started; empty if there is none, or only what is left of one that has ended.

    The kernel's own count where there is one: the time of day would change whenever somebody sets the clock.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
    except (OSError, IndexError):
        return "" if _BOOT_ID.exists() else _started(pid)


def _started(pid: int) -> str:
    import psutil  # noqa: PLC0415 - where /proc tells it, nobody waits for this import

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


# Commands of a job that run on although condatui was killed: known by a variable that they inherit.


_VARIABLE = "CONDATUI_JOB"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Descendant:
    """A process that a job has started, or one of its descendants."""

    pid: int
    command: str
    """Its command line, printable, credentials masked, cut to a line."""


def marked(environ: Mapping[str, str], job_id: str) -> dict[str, str]:
    """The variables for a command of a job."""
    return {**environ, _VARIABLE: job_id}


def descendants_of(job_id: str) -> tuple[Descendant, ...]:
    """All processes of this user that a job has started and that are still there; not on the event loop."""
    import psutil  # noqa: PLC0415 - only after a crash

    found = []
    for process in psutil.process_iter(["pid", "environ", "cmdline", "name"], ad_value=None):
        if (process.info["environ"] or {}).get(_VARIABLE) == job_id:
            command = " ".join(process.info["cmdline"] or ()) or str(process.info["name"])
            found.append(Descendant(process.info["pid"], sanitize(mask_credentials(command))[:_LONGEST]))
    return tuple(found)
