"""Commands of a job that run on although condatui was killed: known by a variable that they inherit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from condatui_core.credentials import mask_credentials
from condatui_core.printable import printable

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
            found.append(Descendant(process.info["pid"], printable(mask_credentials(command))[:_LONGEST]))
    return tuple(found)
