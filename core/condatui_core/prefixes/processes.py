"""Processes that run from a prefix: a snapshot of the machine, and who of it belongs where."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from condatui_core.text import mask_credentials

_LONGEST = 200
"""Characters of a command line."""
_MAPPED_PATH = 5
"""The column of /proc/PID/maps that names the file."""
_DELETED = b" (deleted)"


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
    arguments: tuple[str, ...] = ()
    """Its command line as it is, credentials and all: to be looked at, not to be shown."""
    parent: int = 0
    """The pid of the process that started it, or of who has taken it over."""
    script: str = ""
    """The absolute path of the script that an interpreter runs, if it was called so."""
    directory: str = ""
    """Where it works; empty if this user may not know, or nobody has looked."""
    libraries: tuple[str, ...] | None = None
    """The files that are mapped into its memory; None if this user may not know, or nobody has looked."""

    def __str__(self) -> str:
        return f"pid {self.pid} {self.command}" + (f" ({self.user})" if self.user else "")


def running_processes(*, closely: bool = False) -> tuple[RunningProcess, ...]:
    """Take a snapshot of all processes, those whose program this user may not know left out.

    `closely` looks as well where they work and which libraries they have loaded, which takes ten times as long.
    """
    import psutil  # noqa: PLC0415 - takes longer to import than the first picture should wait

    found = []
    attributes = ["pid", "ppid", "exe", "cmdline", "username", *(["cwd"] if closely else ())]
    for process in psutil.process_iter(attributes, ad_value=None):
        info = process.info
        arguments: list[str] = info["cmdline"] or []
        # Whose executable is nobody's business can still be known by the name it was called by.
        named = (info["exe"], arguments[0] if arguments else None)
        programs = dict.fromkeys(os.path.normpath(each) for each in named if each and os.path.isabs(each))
        if not programs and not arguments:
            continue  # of the kernel's own
        command = mask_credentials(" ".join(arguments) or next(iter(programs)))[:_LONGEST]
        seen = RunningProcess(
            pid=info["pid"],
            programs=tuple(programs),
            command=command,
            user=info["username"] or "",
            arguments=tuple(arguments),
            parent=info["ppid"] or 0,
            script=_script(arguments),
        )
        if closely:
            seen = replace(seen, directory=info["cwd"] or "", libraries=_libraries(seen.pid))
        found.append(seen)
    return tuple(found)


def processes_in(prefix: str, processes: Iterable[RunningProcess]) -> tuple[RunningProcess, ...]:
    """Pick the processes that run from a prefix, those of an environment inside it (as in base's envs) left out."""
    return tuple(each for each in processes if any(lies_in(program, prefix) for program in each.programs))


def lies_in(path: str, prefix: str) -> bool:
    """Whether a path is of a prefix, and not of an environment inside it."""
    if not path.startswith(prefix.rstrip("/") + "/"):
        return False
    directory = os.path.dirname(path)
    while len(directory) > len(prefix):
        if os.path.isdir(os.path.join(directory, "conda-meta")):
            return False
        directory = os.path.dirname(directory)
    return True


def _script(arguments: list[str]) -> str:
    """`/usr/bin/python -u /prefix/bin/jupyter lab` → `/prefix/bin/jupyter`: the first that is no option."""
    first = next((each for each in arguments[1:] if not each.startswith("-")), "")
    return os.path.normpath(first) if os.path.isabs(first) else ""


def _libraries(pid: int) -> tuple[str, ...] | None:
    """What /proc says is mapped. psutil would add up the memory of each, which holds a large process up."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return None
    columns = (line.split(maxsplit=_MAPPED_PATH) for line in lines)
    paths = {each[_MAPPED_PATH] for each in columns if len(each) > _MAPPED_PATH and each[_MAPPED_PATH][:1] == b"/"}
    return tuple(os.fsdecode(path.removesuffix(_DELETED)) for path in sorted(paths))
