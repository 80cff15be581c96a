"""Editable installs of before direct_url.json: egg-link files and the paths in easy-install.pth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from condatui_core.bounded_read import read_bounded, reason
from condatui_core.prefixes.distribution_files import read_metadata
from condatui_core.prefixes.distribution_paths import name_and_version
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution

_LARGEST = 1 << 20
"""Bytes."""


def read_egg_link(prefix: str, path: str, problems: list[Problem]) -> Iterator[Distribution]:
    """Read a file that says in its first line where a project lies that was installed in place."""
    lines = _read_lines(os.path.join(prefix, path), problems)
    if lines:
        name = os.path.basename(path).removesuffix(".egg-link")
        yield _editable(path, lines[0], name)


def read_easy_install(
    prefix: str, path: str, known: Iterable[Distribution], problems: list[Problem]
) -> Iterator[Distribution]:
    """Read the projects that are on Python's path by easy-install.pth and have lost their egg-link."""
    locations = {os.path.normpath(each.location) for each in known if each.location}
    for line in _read_lines(os.path.join(prefix, path), problems):
        if os.path.isabs(line) and os.path.normpath(line) not in locations:
            yield _editable(path, line, os.path.basename(os.path.normpath(line)))


def _read_lines(path: str, problems: list[Problem]) -> list[str]:
    """The lines of a list of paths that are neither empty nor a comment nor code."""
    try:
        text = os.fsdecode(read_bounded(path, _LARGEST))
    except OSError as error:
        problems.append(Problem(path=path, reason=reason(error)))
        return []
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and "\0" not in line and not line.startswith(("#", "import ", "import\t"))]


def _editable(path: str, location: str, name: str) -> Distribution:
    """A project in a directory outside: its egg-info knows its name and version, if it is still there."""
    version = ""
    # A relative path would be looked for wherever condatui was started.
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
    """The egg-infos of a project, the one that has its name first."""
    try:
        names = sorted(each for each in os.listdir(location) if each.endswith(".egg-info"))
    except OSError:
        return []
    names.sort(key=lambda each: each.removesuffix(".egg-info").replace("_", "-") != name.replace("_", "-"))
    return [os.path.join(location, each) for each in names]
