"""Find the Python distributions in a prefix's site-packages directories, conda's as well as pip's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.prefixes.distributions import name_and_version, read_distribution, read_metadata
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution

# Editable installs from before direct_url.json: egg-link files and the paths in easy-install.pth


_LARGEST = 1 << 20
"""Bytes."""


def read_egg_link(prefix: str, path: str, problems: list[Problem]) -> Iterator[Distribution]:
    """Read an egg-link, whose first line is the directory of a project that was installed in place."""
    lines = _read_lines(os.path.join(prefix, path), problems)
    if lines:
        name = os.path.basename(path).removesuffix(".egg-link")
        yield _editable(path, lines[0], name)


def read_easy_install(
    prefix: str, path: str, known: Iterable[Distribution], problems: list[Problem]
) -> Iterator[Distribution]:
    """Read the projects that easy-install.pth lists and that have lost their egg-link."""
    locations = {os.path.normpath(each.location) for each in known if each.location}
    for line in _read_lines(os.path.join(prefix, path), problems):
        if os.path.isabs(line) and os.path.normpath(line) not in locations:
            yield _editable(path, line, os.path.basename(os.path.normpath(line)))


def _read_lines(path: str, problems: list[Problem]) -> list[str]:
    """The paths in a file: its lines that are not empty, a comment or code."""
    try:
        text = os.fsdecode(read_bounded(path, _LARGEST))
    except OSError as error:
        problems.append(Problem(path=path, reason=reason(error)))
        return []
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and "\0" not in line and not line.startswith(("#", "import ", "import\t"))]


def _editable(path: str, location: str, name: str) -> Distribution:
    """The distribution of a project outside, with the name and version of its egg-info if that still exists."""
    version = ""
    # A relative path would be resolved against the directory where condatui was started.
    for egg_info in _egg_infos(location, name) if os.path.isabs(location) else ():
        stem_name, stem_version = name_and_version(os.path.basename(egg_info))
        try:
            headers = read_metadata(egg_info)
        except OSError:
            headers = None
        name = str(headers["Name"] or stem_name).strip() if headers else stem_name
        version = str(headers["Version"] or stem_version).strip() if headers else stem_version
        break
    return Distribution(name=name, version=version, path=path, origin="editable", location=location)


def _egg_infos(location: str, name: str) -> list[str]:
    """The egg-infos in a project's directory, the one with its name first."""
    try:
        names = sorted(each for each in os.listdir(location) if each.endswith(".egg-info"))
    except OSError:
        return []
    names.sort(key=lambda each: each.removesuffix(".egg-info").replace("_", "-") != name.replace("_", "-"))
    return [os.path.join(location, each) for each in names]


_PYTHON = re.compile(r"(?:python|pypy)\d[\w.]*")
_LEFT_BEHIND = ("~", "-")
"""pip renames a package to `~ame` before it removes it; such a leftover cannot be imported."""


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
    return (*found, "Lib/site-packages")


def site_directories(prefix: str, candidates: Iterable[str]) -> tuple[SiteDirectory, ...]:
    """The candidates that exist, each directory once, even if several paths lead to it."""
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
    """Read the distributions of one site-packages; the owners are given by the path of their dist-info.

    A distribution that a conda package owns is not opened, since conda's record states everything.
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
    """A site-packages and its aliases; its main path is the one without a symlink, which pip writes to."""
    own = real if real in paths else paths[0]
    return SiteDirectory(own, tuple(path for path in paths if path != own))


def _names(directory: str) -> Iterator[str]:
    try:
        yield from os.listdir(directory)
    except OSError:
        return
