"""Which root prefix an executable belongs to, according to the files on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from pathlib import Path

from condatui_core.analyses.installations import program_of, root_of_program
from condatui_core.fs.far_calls import ask_each
from condatui_core.fs.mounts import Mount
from condatui_core.fs.real_paths import RealPaths
from condatui_core.fs.safe_read import open_regular
from condatui_core.records.installation import Kind

# Where a conda, mamba or micromamba may be


NAMES = ("conda", "mamba", "micromamba")


_COMMAND = re.compile(rb"^# cmd: (.+)$", re.MULTILINE)
_HISTORY_BYTES = 4096
"""Bytes; the first lines of a history contain the command that created the environment."""


def kind_of(executable: str) -> Kind:
    """The kind of an executable by its name, symlinks followed; an unknown name counts as conda."""
    name = os.path.basename(os.path.realpath(executable))
    return "micromamba" if name.startswith("micromamba") else "mamba" if name.startswith("mamba") else "conda"


def root_of(executable: str, environ: Mapping[str, str], home: Path) -> str | None:
    """The real path of the root prefix that an executable works on; None if its location does not reveal it."""
    if kind_of(executable) == "micromamba":
        return next(filter(_is_mamba_root, _mamba_roots(executable, environ, home)), None)
    return _prefix_around(executable)


def owner_of(prefix: str) -> str | None:
    """The root prefix that an environment with a conda in it belongs to; None if the prefix is a root itself.

    An environment that has conda among its packages is not an installation. One that is used as a root eventually has
    a package cache of its own.
    """
    if os.path.isdir(os.path.join(prefix, "pkgs")):
        return None
    envs_dir = os.path.dirname(prefix)
    if os.path.basename(envs_dir) == "envs" and _is_root(os.path.dirname(envs_dir)):
        return os.path.dirname(envs_dir)
    creator = _creator(prefix)
    return creator if creator and creator != prefix and _is_root(creator) else None


def roots_among(prefixes: Iterable[str], mounted: Sequence[Mount] = ()) -> tuple[str, ...]:
    """The root prefixes among prefixes, and those in whose `envs` they lie, by real path and each once.

    An environment with conda in it counts only if it has been used as a root: it has a cache or environments then.
    What is `mounted` tells which of them lie on other machines.
    """
    real = dict.fromkeys(map(RealPaths().of, prefixes))
    around = [*dict.fromkeys(root for each in real for root in (each, _envs_owner(each)) if root)]
    return tuple(compress(around, ask_each(_is_used_root, around, mounted)))


def _envs_owner(prefix: str) -> str:
    directory, envs = os.path.split(os.path.dirname(prefix))
    return directory if envs == "envs" else ""


def _is_used_root(prefix: str) -> bool:
    # Most environments have neither, so that nothing else is looked for in them.
    return any(os.path.isdir(os.path.join(prefix, each)) for each in ("pkgs", "envs")) and _is_root(prefix)


def executable_in(root_prefix: str) -> str | None:
    """The executable of a root prefix: its conda if it has one, else its mamba or micromamba."""
    paths = (os.path.join(root_prefix, directory, name) for name in NAMES for directory in ("bin", "condabin"))
    return next(filter(os.path.isfile, paths), None)


def recorded_version(root_prefix: str, kind: Kind) -> str:
    """The version of a conda, from the name of its record in its root prefix; empty if there is no single record."""
    name = re.compile(rf"{kind}-(\d[^-]*)-[^-]+\.json")
    try:
        records = os.listdir(os.path.join(root_prefix, "conda-meta"))
    except OSError:
        return ""
    versions = [found[1] for found in map(name.fullmatch, records) if found]
    return versions[0] if len(versions) == 1 else ""  # a broken update leaves two: then ask conda


def _prefix_around(executable: str) -> str | None:
    for path in (os.path.realpath(executable), executable):
        prefix = os.path.dirname(os.path.dirname(path))
        if os.path.isdir(os.path.join(prefix, "conda-meta")):
            return os.path.realpath(prefix)
    return None


def _creator(prefix: str) -> str | None:
    """The root whose conda created this prefix, according to its history."""
    try:
        with open_regular(os.path.join(prefix, "conda-meta", "history"), follow=True) as history:
            found = _COMMAND.search(history.read(_HISTORY_BYTES))
    except OSError:
        return None
    program = program_of(os.fsdecode(found[1]).strip()) if found else ""
    return _root_around(program) if program else None


def _root_around(program: str) -> str | None:
    """The root prefix that a program recorded in a history lies in; also where it is run as a module of python."""
    root = root_of_program(program)
    return _prefix_around(program) or (os.path.realpath(root) if root else None)


def _is_root(prefix: str) -> bool:
    return os.path.isdir(os.path.join(prefix, "conda-meta")) and executable_in(prefix) is not None


def _mamba_roots(executable: str, environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Where micromamba looks for its root prefix, in that order."""
    if set_root := environ.get("MAMBA_ROOT_PREFIX"):
        yield os.path.realpath(set_root)
    elif prefix := _prefix_around(executable):
        yield prefix
    else:
        data = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
        yield os.path.realpath(home / "micromamba")
        yield os.path.realpath(os.path.join(data, "mamba"))


def _is_mamba_root(prefix: str) -> bool:
    return any(os.path.isdir(os.path.join(prefix, each)) for each in ("pkgs", "conda-meta", "envs"))


def package_caches(root_prefix: str, pkgs_dirs: Sequence[str]) -> tuple[str, ...]:
    """The known package caches of an installation, each once."""
    default = (os.path.join(root_prefix, "pkgs"),) if root_prefix else ()
    return tuple(dict.fromkeys(os.path.realpath(each) for each in (*pkgs_dirs, *default)))
