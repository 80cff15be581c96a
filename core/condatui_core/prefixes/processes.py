"""Find the processes that run from a prefix in a snapshot of the machine's processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from condatui_core.text import mask_credentials

_LONGEST = 200
"""The most characters of a command line."""
_MAPPED_PATH = 5
"""The index of the column of /proc/PID/maps that names the file."""
_DELETED = b" (deleted)"


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process of this machine, as far as this user may read its details."""

    pid: int
    programs: tuple[str, ...]
    """Absolute paths of its executable, and of the name it was called by, which may be a link to it."""
    command: str = ""
    """Its command line on one line, credentials in URLs masked, cut if long."""
    user: str = ""
    """The name of its user; empty if it may not be read."""
    arguments: tuple[str, ...] = ()
    """Its unmodified command line with possible credentials: for inspection only, never to be shown."""
    parent: int = 0
    """The pid of its parent process."""
    script: str = ""
    """The absolute path of the script that an interpreter runs, if its command line has one."""
    directory: str = ""
    """Its working directory; empty if it was not read or may not be."""
    libraries: tuple[str, ...] | None = None
    """The files mapped into its memory; None if they were not read or may not be."""

    def __str__(self) -> str:
        return f"pid {self.pid} {self.command}" + (f" ({self.user})" if self.user else "")


def running_processes(*, closely: bool = False) -> tuple[RunningProcess, ...]:
    """Take a snapshot of all processes, except those whose program this user may not read.

    With `closely` it also reads their working directories and loaded libraries, which takes ten times as long.
    """
    import psutil  # noqa: PLC0415 - its import would delay the first screen

    found = []
    attributes = ["pid", "ppid", "exe", "cmdline", "username", *(["cwd"] if closely else ())]
    for process in psutil.process_iter(attributes, ad_value=None):
        info = process.info
        arguments: list[str] = info["cmdline"] or []
        # If the executable may not be read, the name it was called by may still identify it.
        named = (info["exe"], arguments[0] if arguments else None)
        programs = dict.fromkeys(os.path.normpath(each) for each in named if each and os.path.isabs(each))
        if not programs and not arguments:
            continue  # a kernel thread
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


def variables_of(pid: int) -> Mapping[str, str] | None:
    """The environment variables that a process was started with; None if they may not be read, or it has ended."""
    import psutil  # noqa: PLC0415 - as above

    try:
        return psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return None


def processes_in(prefix: str, processes: Iterable[RunningProcess]) -> tuple[RunningProcess, ...]:
    """The processes that run from a prefix, without those of an environment inside it (as in base's envs)."""
    return tuple(each for each in processes if any(lies_in(program, prefix) for program in each.programs))


def lies_in(path: str, prefix: str) -> bool:
    """Whether a path belongs to a prefix, and not to an environment inside it."""
    if not path.startswith(prefix.rstrip("/") + "/"):
        return False
    directory = os.path.dirname(path)
    while len(directory) > len(prefix):
        if os.path.isdir(os.path.join(directory, "conda-meta")):
            return False
        directory = os.path.dirname(directory)
    return True


def _script(arguments: list[str]) -> str:
    """`/usr/bin/python -u /prefix/bin/jupyter lab` → `/prefix/bin/jupyter`: the first argument that is no option."""
    first = next((each for each in arguments[1:] if not each.startswith("-")), "")
    return os.path.normpath(first) if os.path.isabs(first) else ""


def _libraries(pid: int) -> tuple[str, ...] | None:
    """The mapped files by /proc; psutil would also add up the memory of each, which stalls a large process."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return None
    columns = (line.split(maxsplit=_MAPPED_PATH) for line in lines)
    paths = {each[_MAPPED_PATH] for each in columns if len(each) > _MAPPED_PATH and each[_MAPPED_PATH][:1] == b"/"}
    return tuple(os.fsdecode(path.removesuffix(_DELETED)) for path in sorted(paths))
