"""Where a conda, mamba or micromamba may lie."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

NAMES = ("conda", "mamba", "micromamba")
_ROOTS = ("miniforge3", "mambaforge", "miniconda3", "miniconda", "anaconda3", "anaconda", "micromamba", "conda")


class Candidate(Struct, frozen=True):
    """An executable that may be a conda."""

    path: str
    """Absolute, symlinks not followed."""
    found_by: str
    """`--conda`, the variable that names it, `PATH`, or the directory that was looked into."""
    given: bool = False
    """Whether the user asked for this one: then it is an error if it is not there."""


def usual_places(home: Path) -> tuple[str, ...]:
    """The root prefixes that installers propose, in this home and for the whole machine; most of them do not exist."""
    parents = (str(home), "/opt", "/usr/local")
    roots = [os.path.join(parent, name) for parent in parents for name in _ROOTS]
    return (*roots, str(home / ".local"), str(home / ".local" / "share" / "mamba"))


def find_executables(
    given: Sequence[str], environ: Mapping[str, str], home: Path, places: Iterable[str]
) -> tuple[Candidate, ...]:
    """Find every executable that may be a conda, those that the user names first; each file once, whatever leads there.

    `given` are paths, root prefixes, or names to look for in PATH.
    """
    path = environ.get("PATH", "")
    found: dict[str, Candidate] = {}
    candidates = [Candidate(_given(each, path, home), "--conda", given=True) for each in given]
    candidates += _in_variables(environ)
    candidates += _in_directories(path.split(os.pathsep), "PATH")
    for place in (environ.get("MAMBA_ROOT_PREFIX", ""), *places):
        candidates += _in_directories((os.path.join(place, part) for part in ("bin", "condabin")), place)
    for candidate in candidates:
        found.setdefault(os.path.realpath(candidate.path), candidate)
    return tuple(found.values())


def _given(text: str, path: str, home: Path) -> str:
    if os.sep not in text and (found := shutil.which(text, path=path)):
        return os.path.abspath(found)
    if text.startswith("~/"):
        text = str(home / text[2:])
    absolute = os.path.abspath(text)
    inside = (os.path.join(absolute, "bin", name) for name in NAMES)
    return next(filter(os.path.isfile, inside), absolute)


def _in_variables(environ: Mapping[str, str]) -> Iterator[Candidate]:
    for variable in ("CONDA_EXE", "MAMBA_EXE"):
        path = environ.get(variable, "")
        # A conda run from its sources names its python here.
        if os.path.isabs(path) and os.path.basename(path) in NAMES and os.path.isfile(path):
            yield Candidate(path, f"${variable}")


def _in_directories(directories: Iterable[str], found_by: str) -> Iterator[Candidate]:
    for directory in filter(os.path.isabs, directories):
        for name in NAMES:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                yield Candidate(path, found_by)
