"""Finds the descendants of a child process, even daemons: they inherit an environment variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from condatui_core.text import mask_credentials, sanitize

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
