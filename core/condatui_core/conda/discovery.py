"""Find the conda installations of a machine, tell them apart, and learn their versions."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from condatui_core.conda import commands
from condatui_core.conda.client import CondaClient, Stamp, cache_file, recall_answer, remember_answer, stamp
from condatui_core.conda.parsers import parse_root_prefix, parse_version
from condatui_core.conda.registry import registered_prefixes
from condatui_core.conda.roots import (
    NAMES,
    executable_in,
    kind_of,
    owner_of,
    recorded_version,
    root_of,
    roots_among,
)
from condatui_core.errors import CondaError
from condatui_core.records.installation import Installation, Kind
from condatui_core.settings import expand_home

_ROOTS = ("miniforge3", "mambaforge", "miniconda3", "miniconda", "anaconda3", "anaconda", "micromamba", "conda")


class ExecutableCandidate(Struct, frozen=True):
    """An executable that may be a conda."""

    path: str
    """Absolute, symlinks not followed."""
    found_by: str
    """`--conda`, the variable that names it, `PATH`, or the directory that was searched."""
    given: bool = False
    """Whether the user named this one: then it is an error if it does not exist."""
    pointed: bool = False
    """Whether only environments point to it: then another user's is not run."""


def usual_places(home: Path) -> tuple[str, ...]:
    """The root prefixes that installers propose, for this user and for the whole machine; most do not exist."""
    parents = (str(home), "/opt", "/usr/local")
    roots = [os.path.join(parent, name) for parent in parents for name in _ROOTS]
    own = (".conda/express", ".local", ".local/share/mamba")
    return (*roots, *(str(home / each) for each in own))


def find_executables(
    given: Sequence[str],
    environ: Mapping[str, str],
    home: Path,
    places: Iterable[str],
    pointed: Iterable[str] = (),
) -> tuple[ExecutableCandidate, ...]:
    """Find every executable that may be a conda, each file once, those that the user named first.

    `given` are paths, root prefixes, or names to look for in PATH; `pointed` are root prefixes that environments name.
    """
    path = environ.get("PATH", "")
    found: dict[str, ExecutableCandidate] = {}
    candidates = [ExecutableCandidate(_given(each, path, home), "--conda", given=True) for each in given]
    candidates += _in_variables(environ)
    candidates += _in_directories(path.split(os.pathsep), "PATH")
    for place in (environ.get("MAMBA_ROOT_PREFIX", ""), *places):
        candidates += _in_directories((os.path.join(place, part) for part in ("bin", "condabin")), place)
    for root in (*roots_among(registered_prefixes(home)), *pointed):
        inside = _in_directories((os.path.join(root, part) for part in ("bin", "condabin")), root)
        candidates += (msgspec.structs.replace(each, pointed=True) for each in inside)
    for candidate in candidates:
        found.setdefault(os.path.realpath(candidate.path), candidate)
    return tuple(found.values())


def named_in_path(text: str, path: str) -> str | None:
    """The executable that a bare name stands for, as a shell finds it; None if there is none, or it is a path."""
    return None if os.sep in text else shutil.which(text, path=path)


def _given(text: str, path: str, home: Path) -> str:
    if found := named_in_path(text, path):
        return os.path.abspath(found)
    absolute = os.path.abspath(expand_home(text, home))
    inside = (os.path.join(absolute, "bin", name) for name in NAMES)
    return next(filter(os.path.isfile, inside), absolute)


def _in_variables(environ: Mapping[str, str]) -> Iterator[ExecutableCandidate]:
    for variable in ("CONDA_EXE", "MAMBA_EXE"):
        path = environ.get(variable, "")
        # A conda run from its sources names its python here.
        if os.path.isabs(path) and os.path.basename(path) in NAMES and os.path.isfile(path):
            yield ExecutableCandidate(path, f"${variable}")


def _in_directories(directories: Iterable[str], found_by: str) -> Iterator[ExecutableCandidate]:
    for directory in filter(os.path.isabs, directories):
        for name in NAMES:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                yield ExecutableCandidate(path, found_by)


class _Identity(Struct, frozen=True):
    """What an executable reported about itself, valid while it stays the same file."""

    stamp: Stamp
    kind: Kind
    version: str
    root_prefix: str


async def find_installations(
    given: Sequence[str], places: Iterable[str], client: CondaClient, *, pointed: Iterable[str] = ()
) -> tuple[Installation, ...]:
    """Find the installations, each root prefix once, those given by the user first.

    `pointed` are further root prefixes, which environments name. One that cannot be used has an `error`; only one that
    the user named may be missing. A process runs only where neither the disk nor the cache has the version, and all
    these processes run concurrently.
    """
    found = await asyncio.to_thread(_on_disk, given, tuple(places), client, tuple(pointed))
    identified = await asyncio.gather(*(_identify(each, client) for each in _by_root(found)))
    return _by_root(identified)


def _on_disk(
    given: Sequence[str], places: Sequence[str], client: CondaClient, pointed: Sequence[str] = ()
) -> list[Installation]:
    caller = client.caller
    candidates = find_executables(given, caller.environ, caller.home, places, pointed)
    return [_probe(each, client) for each in candidates]


def _probe(candidate: ExecutableCandidate, client: CondaClient) -> Installation:
    """What the disk says about a candidate, without running it."""
    executable = candidate.path
    root = root_of(executable, client.caller.environ, client.caller.home)
    if root and not candidate.given:
        root = owner_of(root) or root
        executable = executable_in(root) or executable  # conda before mamba
    kind = kind_of(executable)
    return Installation(
        executable=executable,
        root_prefix=root or "",
        version=recorded_version(root, kind) if root and executable.startswith(root + os.sep) else "",
        kind=kind,
        found_by=candidate.found_by,
        error=_unusable(executable) or (_of_another_user(executable, client.caller.euid) if candidate.pointed else ""),
    )


def unusable(given: str, path: str, home: Path) -> str:
    """Why a conda that the user named cannot be run; empty if it can. `path` is the value of PATH."""
    return _unusable(_given(given, path, home))


def _of_another_user(executable: str, euid: int) -> str:
    """Why a conda that only environments name is not run: whoever may write it chose what would run here."""
    status = os.stat(executable)
    if status.st_uid not in (0, euid):
        return "It belongs to another user, and only environments name it: name it yourself to use it."
    return "Other users may change it, and only environments name it." if status.st_mode & stat.S_IWOTH else ""


def _unusable(executable: str) -> str:
    if not os.path.exists(executable):
        return "It does not exist."
    if os.path.isdir(executable):
        return "It is a directory without a conda in it."
    return "" if os.access(executable, os.X_OK) else "It is not executable."


def _by_root(installations: Iterable[Installation]) -> tuple[Installation, ...]:
    """One installation per root, preferably a usable one; those of unknown root are told apart by their executable."""
    first: dict[str, Installation] = {}
    for each in installations:
        root = each.root_prefix or os.path.realpath(each.executable)
        if root not in first or (first[root].error and not each.error):
            first[root] = each
    return tuple(first.values())


async def _identify(installation: Installation, client: CondaClient) -> Installation:
    if installation.error or (installation.version and installation.root_prefix):
        return installation
    if installation.kind == "micromamba" and not installation.root_prefix:
        return msgspec.structs.replace(installation, error="It has no root prefix yet.")
    try:
        identity = await _identity(installation, client)
    except CondaError as error:
        reason = error.detail.partition("\n")[0]
        return msgspec.structs.replace(installation, error=f"{error.title} {reason}".strip())
    return msgspec.structs.replace(
        installation, kind=identity.kind, version=identity.version, root_prefix=identity.root_prefix
    )


async def _identity(installation: Installation, client: CondaClient) -> _Identity:
    executable = installation.executable
    file = cache_file(client.cache, executable, "identity")
    seen = stamp(executable)
    if (kept := recall_answer(file, _Identity)) and kept.stamp == seen:
        return kept
    answer = await client.read(installation, commands.version(executable))
    kind, version = parse_version(answer, installation.kind)
    root = installation.root_prefix
    if not root:
        root = parse_root_prefix(await client.read(installation, commands.root_prefix(executable)))
    identity = _Identity(seen, kind, version, root)
    remember_answer(file, identity)
    return identity


def installations_on_disk(given: Sequence[str], places: Iterable[str], client: CondaClient) -> tuple[Installation, ...]:
    """Find the installations without running any of them; where only a process would know a version, it is empty."""
    return _by_root(_on_disk(given, tuple(places), client))
