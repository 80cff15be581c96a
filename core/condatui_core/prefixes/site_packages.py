"""The Python distributions in a prefix, conda's as well as pip's, found in its site-packages directories."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from condatui_core.bounded_read import reason
from condatui_core.prefixes.distribution_files import read_distribution
from condatui_core.prefixes.distribution_paths import name_and_version
from condatui_core.prefixes.editable_installs import read_easy_install, read_egg_link
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution

_PYTHON = re.compile(r"(?:python|pypy)\d[\w.]*")
_LEFT_BEHIND = ("~", "-")
"""pip renames to `~ame` what it is about to remove; one that stays behind belongs to nothing that can be imported."""


@dataclass(frozen=True, slots=True)
class SiteDirectory:
    """A site-packages directory of a prefix."""

    path: str
    """Relative to the prefix."""
    aliases: tuple[str, ...] = ()
    """Other paths that lead to the same directory: `lib64` or another python's name as a symlink."""


def site_packages_candidates(prefix: str) -> tuple[str, ...]:
    """Where site-packages would be, there or not, relative to the prefix: one for each python in a lib directory."""
    found: list[str] = []
    for lib in ("lib", "lib64"):
        names = sorted(name for name in _names(os.path.join(prefix, lib)) if _PYTHON.fullmatch(name))
        found += (f"{lib}/{name}/site-packages" for name in names)
    return (*found, "Lib/site-packages")


def site_directories(prefix: str, candidates: Iterable[str]) -> tuple[SiteDirectory, ...]:
    """Those of the candidates that are there, each once however many paths lead to it."""
    paths: dict[str, list[str]] = {}
    for candidate in candidates:
        path = os.path.join(prefix, candidate)
        if os.path.isdir(path):
            paths.setdefault(os.path.realpath(path), []).append(candidate)
    root = os.path.realpath(prefix)
    return tuple(_directory(os.path.relpath(real, root), same) for real, same in paths.items())


def read_site_packages(
    prefix: str, directory: SiteDirectory, owners: Mapping[str, str]
) -> tuple[list[Distribution], list[Problem]]:
    """Read the distributions of one site-packages, whose owners are given by the path of their dist-info.

    Nothing of what a conda package owns is opened: conda's record has said it all.
    """
    distributions: list[Distribution] = []
    problems: list[Problem] = []
    path = os.path.join(prefix, directory.path)
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        return [], [Problem(path=path, reason=reason(error))]
    for name in names:
        relative = f"{directory.path}/{name}"
        if relative in owners:
            distributions.append(_owned(relative, name, owners[relative]))
        elif name.startswith(_LEFT_BEHIND):
            continue
        elif name.endswith((".dist-info", ".egg-info", ".egg")):
            distributions += read_distribution(prefix, relative, problems)
        elif name.endswith(".egg-link"):
            distributions += read_egg_link(prefix, relative, problems)
    if "easy-install.pth" in names:
        distributions += read_easy_install(prefix, f"{directory.path}/easy-install.pth", distributions, problems)
    return distributions, problems


def _owned(path: str, file_name: str, owner: str) -> Distribution:
    name, version = name_and_version(file_name)
    return Distribution(name=name, version=version, path=path, owner=owner)


def _directory(real: str, paths: list[str]) -> SiteDirectory:
    """The path without a symlink in it goes first: it is the one that pip writes to."""
    own = real if real in paths else paths[0]
    return SiteDirectory(own, tuple(path for path in paths if path != own))


def _names(directory: str) -> Iterator[str]:
    try:
        yield from os.listdir(directory)
    except OSError:
        return
