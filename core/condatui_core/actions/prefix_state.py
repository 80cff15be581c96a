"""The state of a prefix at this moment, as far as it decides whether an action may change it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from condatui_core.conda.commands import Caller
from condatui_core.prefixes.prefix import read_frozen
from condatui_core.prefixes.probe import user_name
from condatui_core.prefixes.processes import RunningProcess, lies_in

Way = Literal["runs from it", "has loaded a library of it", "works in it"]

_CONDAS = {"conda", "mamba", "micromamba", "conda.exe", "_conda", "conda-env"}
_WRITING = {"create", "install", "update", "upgrade", "remove", "uninstall", "clean", "rename", "env", "self"}
_ENV_READING = {"list", "export", "config"}
_FIRST_PEOPLE = 1000
"""The lowest user id of people; those below belong to services of the system."""


@dataclass(frozen=True, slots=True)
class Use:
    """A process that uses an environment, so that the environment must not be removed."""

    process: RunningProcess
    way: Way
    path: str
    """The path in the prefix that it uses."""

    def __str__(self) -> str:
        return f"{self.process}: {self.way}, {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixState:
    """The state of a prefix at this moment."""

    prefix: str
    """The path as it was given: absolute, its links not followed."""
    real: str
    """The path with all links resolved."""
    exists: bool = False
    """Whether the path exists, even as a broken link."""
    symlink: bool = False
    """Whether the prefix itself, its last part, is a link."""
    directory: bool = False
    """Whether it is a directory, or a link to one."""
    identity: tuple[int, ...] = ()
    """Which directory it is: its device and inode, and the inode of its conda-meta; empty if it is none."""
    has_conda_meta: bool = False
    has_history: bool = False
    root: bool = False
    """Whether it is the base environment of an installation."""
    active: bool = False
    """Whether it is active in the shell that condatui was called from."""
    frozen: str | None = None
    """Why it must not be changed (CEP 22), which may be empty; None if it is not frozen."""
    owner_uid: int | None = None
    owner: str = ""
    """The name of its owner."""
    writable: bool = False
    """Whether this user may write into it, and into its conda-meta where it has one."""
    place: str = ""
    """The nearest directory above it that exists."""
    place_writable: bool = False
    """Whether this user may make and delete files there."""
    inside: str = ""
    """The environment that it lies in; empty if there is none, or only the base whose `envs` holds it."""
    device: int | None = None
    """The number of the file system that it is on, or would be."""
    free_bytes: int | None = None
    """The bytes that this user may still write there; None if unknown."""
    uses: tuple[Use, ...] = ()
    """The processes that use it, as far as this user may see them."""
    unseen: tuple[str, ...] = ()
    """Users, without those of system services, some of whose processes this user may not inspect."""
    busy: tuple[RunningProcess, ...] = ()
    """Other condas that are changing something through the same installation."""


def observe(
    prefix: str,
    *,
    caller: Caller,
    roots: Sequence[str],
    root_prefix: str,
    processes: Sequence[RunningProcess],
) -> PrefixState:
    """Read the state of a prefix, by some stats; changes nothing.

    `root_prefix` is that of the installation that would change it; `processes` are all that run now, read closely.
    """
    prefix = os.path.normpath(prefix)
    real = os.path.realpath(prefix)
    real_roots = frozenset(map(os.path.realpath, roots))
    place = _existing(os.path.dirname(prefix))
    active = caller.environ.get("CONDA_PREFIX")
    uid = _owner(prefix)
    return PrefixState(
        prefix=prefix,
        real=real,
        exists=os.path.lexists(prefix),
        symlink=os.path.islink(prefix),
        directory=os.path.isdir(real),
        identity=_identity(real),
        has_conda_meta=os.path.isdir(os.path.join(real, "conda-meta")),
        has_history=os.path.isfile(os.path.join(real, "conda-meta", "history")),
        root=real in real_roots,
        active=active is not None and active != "" and os.path.realpath(active) == real,
        frozen=read_frozen(real),
        owner_uid=uid,
        owner="" if uid is None else user_name(uid),
        writable=_writable(real) and _writable(os.path.join(real, "conda-meta"), absent=True),
        place=place,
        place_writable=_writable(place),
        inside=_inside(prefix, real_roots),
        device=_device(real if os.path.isdir(real) else place),
        free_bytes=_free_bytes(real if os.path.isdir(real) else place),
        uses=tuple(uses_of(real, processes)),
        unseen=_unseen(processes),
        busy=tuple(busy_condas(processes, root_prefix, own_pid=os.getpid())),
    )


def uses_of(prefix: str, processes: Iterable[RunningProcess]) -> Iterator[Use]:
    """Find the processes that use a prefix, without those that use an environment inside it."""
    for process in processes:
        programs = (*process.programs, *([process.script] if process.script else ()))
        if used := _first_in(prefix, programs):
            yield Use(process, "runs from it", used)
        elif used := _first_in(prefix, process.libraries or ()):
            yield Use(process, "has loaded a library of it", used)
        elif process.directory == prefix or _first_in(prefix, (process.directory,)):
            yield Use(process, "works in it", process.directory)


def busy_condas(processes: Sequence[RunningProcess], root_prefix: str, *, own_pid: int) -> Iterator[RunningProcess]:
    """Find other condas that are changing something, without those that a condatui runs: its jobs wait in a queue."""
    by_pid = {each.pid: each for each in processes}
    condatuis = [each for each in processes if each.pid == own_pid or _is_condatui(each)]
    wrappers = {above.pid for each in condatuis for above in _above(each, by_pid) if _wraps(above, each)}
    for process in processes:
        above = list(_above(process, by_pid))
        # `condatui --conda PATH remove NAME` has the words of a conda that removes, and is none.
        jobs = any(each.pid == own_pid or _is_condatui(each) for each in (process, *above))
        # A conda that another one has started counts as part of that one.
        inner = any(is_changing(each, root_prefix) for each in above)
        if not jobs and not inner and process.pid not in wrappers and is_changing(process, root_prefix):
            yield process


def _above(process: RunningProcess, by_pid: Mapping[int, RunningProcess]) -> Iterator[RunningProcess]:
    """The ancestors of a process, its parent first."""
    seen = {process.pid}
    while process.parent not in seen and (parent := by_pid.get(process.parent)):
        seen.add(parent.pid)
        process = parent
        yield process


def _wraps(process: RunningProcess, inner: RunningProcess) -> bool:
    """Whether it is what a command was started by, such as sudo or time, and so ends with the words of that one."""
    words = inner.arguments[2:]  # behind the interpreter and its script, which the wrapper need not name
    return bool(words) and process.arguments[-len(words) :] == words


def _is_condatui(process: RunningProcess) -> bool:
    """Whether it runs condatui; a terminal or an editor that only has the word in its command does not."""
    names = [os.path.basename(each) for each in process.arguments[:3]]
    return "condatui" in names and names[0].startswith(("python", "condatui"))


def is_changing(process: RunningProcess, root_prefix: str) -> bool:
    """Whether it is a conda of this installation that creates, installs, removes or cleans something."""
    if "--dry-run" in process.arguments:
        return False
    arguments = list(process.arguments[:12])
    for index, argument in enumerate(arguments):
        module = index > 0 and arguments[index - 1] == "-m"
        if os.path.basename(argument) in _CONDAS and (os.path.isabs(argument) or index == 0 or module):
            words = [each for each in process.arguments[index + 1 :] if not each.startswith("-")]
            return _writes(words) and _is_of(process, root_prefix)
    return False


def _writes(words: Sequence[str]) -> bool:
    verb, second = (*words, "", "")[:2]
    return verb in _WRITING and not (verb == "env" and second in _ENV_READING)


def _is_of(process: RunningProcess, root_prefix: str) -> bool:
    return any(path.startswith(root_prefix.rstrip("/") + "/") for path in (*process.programs, *process.arguments[:12]))


def _first_in(prefix: str, paths: Iterable[str]) -> str:
    return next((path for path in paths if lies_in(path, prefix)), "")


def _unseen(processes: Iterable[RunningProcess]) -> tuple[str, ...]:
    """Users whose processes could not be inspected. Services of the system are left out: they use no environment."""
    hidden = {each.user for each in processes if each.libraries is None and each.user}
    return tuple(sorted(name for name in hidden if _is_person(name)))


def _is_person(name: str) -> bool:
    import pwd  # noqa: PLC0415 - not there on every platform

    try:
        return pwd.getpwnam(name).pw_uid >= _FIRST_PEOPLE
    except KeyError:
        return True


def _existing(path: str) -> str:
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _inside(prefix: str, roots: frozenset[str]) -> str:
    """The environment that a prefix lies in, unless that is an installation and the prefix lies in its `envs`."""
    for path in dict.fromkeys((prefix, os.path.join(os.path.realpath(os.path.dirname(prefix)), "_"))):
        child, directory = path, os.path.dirname(path)
        while directory != child:
            in_place = os.path.basename(child) == "envs" and os.path.realpath(directory) in roots
            if os.path.isdir(os.path.join(directory, "conda-meta")) and not in_place:
                return directory
            child, directory = directory, os.path.dirname(directory)
    return ""


def _owner(prefix: str) -> int | None:
    try:
        return os.lstat(prefix).st_uid
    except OSError:
        return None


def _identity(prefix: str) -> tuple[int, ...]:
    """Device and inodes: that of a directory which was deleted may soon be another one's, so conda-meta counts too."""
    if not os.path.isdir(prefix):
        return ()
    numbers: list[int] = []
    with suppress(OSError):
        status = os.stat(prefix)
        numbers += (status.st_dev, status.st_ino)
        numbers.append(os.lstat(os.path.join(prefix, "conda-meta")).st_ino)
    return tuple(numbers)


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None


def _free_bytes(path: str) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def _writable(path: str, *, absent: bool = False) -> bool:
    """Whether this user may make and delete files in a directory; with `absent` also if it does not exist."""
    if absent and not os.path.lexists(path):
        return True
    effective = os.access in os.supports_effective_ids
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK, effective_ids=effective)
