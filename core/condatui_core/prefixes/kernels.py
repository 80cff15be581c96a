"""Read the Jupyter kernels of this user and of environments, and find the environment that each one starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.fs.documents import decode
from condatui_core.fs.far_calls import ask_each
from condatui_core.fs.mounts import Mount
from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.kernel import Kernel

KERNEL_FILE = "kernel.json"
_LARGEST = 1 << 20
"""Bytes of a kernel.json."""
_LONGEST = 4096
"""Characters of the path of a program: no system starts one with a longer path."""
_MOST = 1000
"""The most kernels of one directory that are read."""
_IN_PREFIX = os.path.join("share", "jupyter", "kernels")


class _KernelSpec(Struct):
    """The fields of a kernel.json that matter here."""

    argv: tuple[str, ...]
    display_name: str = ""


_SPEC = msgspec.json.Decoder(_KernelSpec)


def read_kernels(
    prefixes: Iterable[str], *, environ: Mapping[str, str], home: Path, mounted: Sequence[Mount] = ()
) -> tuple[Kernel, ...]:
    """Read the kernels of this user and those in some environments, given by their real prefixes.

    What is `mounted` tells which of them lie on other machines.

    What is no kernel, or cannot be read, is passed over. Directories of the system are not read.
    """
    known = Prefixes(prefixes)
    places = [*kernel_directories(environ, home), *(os.path.join(prefix, _IN_PREFIX) for prefix in known)]
    found: dict[str, Kernel] = {}
    for directories in ask_each(_directories, [*dict.fromkeys(places)], mounted):
        for directory in directories:
            real = os.path.realpath(directory)
            if real not in found and (kernel := read_kernel(directory, known)):
                found[real] = kernel
    return tuple(sorted(found.values(), key=lambda each: each.path))


def read_kernel(directory: str, known: Prefixes) -> Kernel | None:
    """Read one kernel; None if the directory holds none, or one that cannot be read."""
    try:
        spec = decode(read_bounded(os.path.join(directory, KERNEL_FILE), _LARGEST), _SPEC)
    except (OSError, ValueError):  # ValueError: a NUL
        return None
    program = spec.argv[0] if spec.argv else ""
    if len(program) > _LONGEST or "\0" in program:
        return None
    inside = known.around(directory)
    prefix = known.around(program) if os.path.isabs(program) else inside
    return Kernel(
        path=directory,
        name=os.path.basename(directory),
        display_name=spec.display_name,
        program=program,
        prefix=prefix,
        gone=os.path.isabs(program) and _is_gone(program),
        inside=inside,
    )


def kernel_directories(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Where Jupyter looks for kernels of this user, in its order; they need not exist."""
    for each in filter(os.path.isabs, environ.get("JUPYTER_PATH", "").split(os.pathsep)):
        yield os.path.join(each, "kernels")
    if named := environ.get("JUPYTER_DATA_DIR"):
        yield os.path.join(named, "kernels")
    data = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    yield os.path.join(data, "jupyter", "kernels")
    yield str(home / "Library" / "Jupyter" / "kernels")
    yield str(home / ".ipython" / "kernels")


class Prefixes:
    """Some prefixes, to find the innermost one that a path lies in."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._known = frozenset(prefixes)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._known))

    def around(self, path: str) -> str:
        """The innermost prefix that a path lies in, by its spelling or where its links lead; empty if there is none."""
        directory, name = os.path.split(path)
        spellings = (path, os.path.join(os.path.realpath(directory), name), os.path.realpath(path))
        return next(filter(None, map(self._around, spellings)), "")

    def _around(self, path: str) -> str:
        return next((each for each in map(str, Path(path).parents) if each in self._known), "")


def _directories(place: str) -> Sequence[str]:
    try:
        with os.scandir(place) as entries:
            return sorted(each.path for each in islice(entries, _MOST) if each.is_dir())
    except (OSError, ValueError):
        return ()


def _is_gone(program: str) -> bool:
    """Whether a program is not there, nor the environment that its `bin` was in.

    If the nearest directory above is empty, a file system may only not be mounted there: then this is not known. It is
    not known either if this user may not look.
    """
    environment = Path(program).parent.parent
    try:
        if any(map(_is_there, (Path(program), environment / "conda-meta", environment / "pyvenv.cfg"))):
            return False
        real = Path(os.path.realpath(environment))
        return bool(os.listdir(next(each for each in (real, *real.parents) if _is_there(each) and each.is_dir())))
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    """Whether a path is there. Raises OSError if that cannot be found out."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
