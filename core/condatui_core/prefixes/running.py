"""Processes that run from a prefix: a snapshot of the machine, and who of it belongs where."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from condatui_core.credentials import mask_credentials

_LONGEST = 200
"""Characters of a command line."""


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process of this machine, as much as this user may know of it."""

    pid: int
    programs: tuple[str, ...]
    """Absolute paths of what it runs: its executable, and the name it was called by, which may be a link to that."""
    command: str = ""
    """Its command line, credentials in URLs masked, cut to a line."""
    user: str = ""
    """Empty if this user may not know."""

    def __str__(self) -> str:
        return f"pid {self.pid} {self.command}" + (f" ({self.user})" if self.user else "")


def running_processes() -> tuple[RunningProcess, ...]:
    """Take a snapshot of all processes, those whose program this user may not know left out."""
    import psutil  # noqa: PLC0415 - takes longer to import than the first picture should wait

    found = []
    for process in psutil.process_iter(["pid", "exe", "cmdline", "username"], ad_value=None):
        info = process.info
        arguments: list[str] = info["cmdline"] or []
        # Whose executable is nobody's business can still be known by the name it was called by.
        named = (info["exe"], arguments[0] if arguments else None)
        programs = dict.fromkeys(os.path.normpath(each) for each in named if each and os.path.isabs(each))
        if programs:
            command = mask_credentials(" ".join(arguments) or next(iter(programs)))[:_LONGEST]
            found.append(RunningProcess(info["pid"], tuple(programs), command, info["username"] or ""))
    return tuple(found)


def processes_in(prefix: str, processes: Iterable[RunningProcess]) -> tuple[RunningProcess, ...]:
    """Pick the processes that run from a prefix, those of an environment inside it (as in base's envs) left out."""
    return tuple(each for each in processes if any(_runs_from(program, prefix) for program in each.programs))


def _runs_from(program: str, prefix: str) -> bool:
    if not program.startswith(prefix.rstrip("/") + "/"):
        return False
    directory = os.path.dirname(program)
    while len(directory) > len(prefix):
        if os.path.isdir(os.path.join(directory, "conda-meta")):
            return False
        directory = os.path.dirname(directory)
    return True
