"""Find the Python distributions in a prefix's site-packages directories, conda's as well as pip's."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.distributions import name_and_version, read_distribution
from condatui_core.prefixes.editable import (
    in_place,
    paths_if_any_leads_outside,
    read_easy_install,
    read_egg_link,
    read_paths_outside,
)
from condatui_core.prefixes.meta_file import InstalledPackage
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PathOutside

_PYTHON = re.compile(r"(?:python|pypy)\d[\w.]*")
_MINOR = re.compile(r"/(?:python|pypy)(\d+\.\d+)")
_OF_PYPY = "site-packages"
"""Where PyPy for Python 3.7 and older looks: right in the prefix."""
_LEFT_BEHIND = ("~", "-")
"""pip renames a package to `~ame` before it removes it; such a leftover cannot be imported."""


_NOTHING = {"__pycache__", "README", "README.txt"}
"""What python itself brings."""


class OwnedFiles(Protocol):
    """The files in site-packages that conda's records own."""

    @property
    def packages(self) -> Mapping[str, str]:
        """The path of a dist-info (egg-info, egg-link) → the conda package whose record lists it."""
        ...

    @property
    def pth_files(self) -> Collection[str]:
        """The paths of .pth files."""
        ...


@dataclass(frozen=True, slots=True)
class SiteDirectory:
    """A site-packages directory of a prefix."""

    path: str
    """Relative to the prefix."""
    aliases: tuple[str, ...] = ()
    """Other paths to the same directory: `lib64` or another python's name as a symlink."""


def site_packages_candidates(prefix: str) -> tuple[str, ...]:
    """The possible site-packages, existing or not, relative to the prefix: one for each python in a lib directory."""
    found: list[str] = []
    for lib in ("lib", "lib64"):
        names = sorted(name for name in _names(os.path.join(prefix, lib)) if _PYTHON.fullmatch(name))
        found += (f"{lib}/{name}/site-packages" for name in names)
    return (*found, "Lib/site-packages", _OF_PYPY)


def site_directories(prefix: str, candidates: Iterable[str]) -> tuple[SiteDirectory, ...]:
    """The candidates that exist, each directory once, even if several paths lead to it."""
    paths: dict[str, list[str]] = {}
    for candidate in candidates:
        path = os.path.join(prefix, candidate)
        if os.path.isdir(path):
            paths.setdefault(os.path.realpath(path), []).append(candidate)
    root = os.path.realpath(prefix)
    return tuple(_directory(os.path.relpath(real, root), same) for real, same in paths.items())


def split_by_python(
    directories: Sequence[SiteDirectory], packages: Iterable[InstalledPackage]
) -> tuple[list[SiteDirectory], list[SiteDirectory]]:
    """Split site-packages into those that the prefix's own python reads, and those of another python.

    Without a record of python all count as read.
    """
    python = next((each for each in packages if each.record.name == "python"), None)
    if python is None:
        return list(directories), []
    candidates = [each for each in directories if each.path != _OF_PYPY or "pypy" in python.record.build]
    stated = [each for each in candidates if python.traces.site_packages in (each.path, *each.aliases)]
    own = stated or [each for each in candidates if _is_of(python.record.version, each)]
    return own, [each for each in candidates if each not in own]


def _is_of(version: str, directory: SiteDirectory) -> bool:
    minors = [found[1] for path in (directory.path, *directory.aliases) if (found := _MINOR.search(path))]
    return not minors or any(f"{version}.".startswith(f"{minor}.") for minor in minors)


class SitePackages(Struct, frozen=True):
    """What lies in one site-packages."""

    distributions: tuple[Distribution, ...] = ()
    outside: tuple[PathOutside, ...] = ()
    problems: tuple[Problem, ...] = ()
    empty: bool = False
    """Whether there is nothing in it that somebody has installed."""


def read_site_packages(prefix: str, directory: SiteDirectory, owned: OwnedFiles) -> SitePackages:
    """Read the distributions of one site-packages, and the paths that its .pth files add.

    A distribution that a conda package owns is not opened, since conda's record states everything.
    """
    path = os.path.join(prefix, directory.path)
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        return SitePackages(problems=(Problem(path=path, reason=reason(error)),))
    problems: list[Problem] = []
    listed: set[str] = set()
    distributions = [*_read_distributions(prefix, directory, names, owned, problems, listed)]
    if "easy-install.pth" in names:
        distributions += read_easy_install(prefix, f"{directory.path}/easy-install.pth", distributions, problems)
    outside = read_paths_outside(prefix, directory.path, names, listed.union(owned.pth_files))
    return SitePackages(tuple(distributions), tuple(outside), tuple(problems), empty=not set(names) - _NOTHING)


def _read_distributions(
    prefix: str,
    directory: SiteDirectory,
    names: Iterable[str],
    owned: OwnedFiles,
    problems: list[Problem],
    listed: set[str],
) -> Iterator[Distribution]:
    """Read the distributions; what may lead outside and is listed by one of them joins `listed`, by its path."""
    for name in names:
        relative = f"{directory.path}/{name}"
        if owner := owned.packages.get(relative):
            yield _owned(relative, name, owner)
        elif name.startswith(_LEFT_BEHIND):
            continue
        elif name.endswith((".dist-info", ".egg-info", ".egg")):
            for read in read_distribution(prefix, relative, problems):
                paths = paths_if_any_leads_outside(read.record)
                listed.update(f"{directory.path}/{path}" for path in paths)
                yield in_place(prefix, read.distribution, paths)
        elif name.endswith(".egg-link"):
            yield from read_egg_link(prefix, relative, problems)


def _owned(path: str, file_name: str, owner: str) -> Distribution:
    name, version = name_and_version(file_name)
    return Distribution(name=name, version=version, path=path, owner=owner)


def _directory(real: str, paths: list[str]) -> SiteDirectory:
    """A site-packages and its aliases; its main path is the one without a symlink, which pip writes to."""
    own = real if real in paths else paths[0]
    return SiteDirectory(own, tuple(path for path in paths if path != own))


def _names(directory: str) -> Iterator[str]:
    try:
        yield from os.listdir(directory)
    except OSError:
        return
