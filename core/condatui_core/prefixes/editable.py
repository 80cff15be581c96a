"""Find code that is installed in place, outside of a prefix, by the files that name its directory."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.prefixes.distributions import name_and_version, read_metadata
from condatui_core.prefixes.last_writer import paths_in_record
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PathOutside

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


# Paths in .pth files, with or without a distribution that owns them


_OF_DISTRIBUTIONS = ("easy-install.pth",)
"""Files whose every line stands for a distribution."""
_FOR_EDITABLE = "__editable__"
"""How the names of the files begin that setuptools makes for an editable install; some name no directory."""


def paths_if_any_leads_outside(record: bytes) -> Sequence[str]:
    """The paths in a RECORD, if one of them may lead out of the prefix; otherwise none, and nothing is parsed."""
    return paths_in_record(record) if any(each in record for each in (b".pth", _FOR_EDITABLE.encode())) else ()


def in_place(prefix: str, distribution: Distribution, listed: Sequence[str]) -> Distribution:
    """Recognise an editable distribution without direct_url.json: its RECORD lists a .pth file and no code.

    The file names a directory, or is one that an installer makes for this; others run code at the start of python.
    `listed` are the paths in its RECORD.
    """
    if distribution.origin != "index":
        return distribution
    site_packages, name = os.path.split(distribution.path)
    brought = [path for path in listed if not path.startswith((f"{name}/", "__pycache__/"))]
    if not brought or not all(path.endswith(".pth") or path.startswith(_FOR_EDITABLE) for path in brought):
        return distribution
    files = (os.path.join(prefix, site_packages, path) for path in brought if path.endswith(".pth"))
    location = next((line for file in files for line in _read_lines(file, []) if os.path.isabs(line)), "")
    if not location and not any(path.startswith(_FOR_EDITABLE) for path in brought):
        return distribution
    return replace(distribution, origin="editable", location=location)


def read_paths_outside(
    prefix: str, site_packages: str, names: Iterable[str], owned: Collection[str]
) -> Iterator[PathOutside]:
    """Read the paths outside a prefix that .pth files without an owner add: those of `conda develop`, or made by hand.

    `names` are the files in the site-packages, `owned` the paths of the .pth files of packages and distributions.
    """
    for name in names:
        path = f"{site_packages}/{name}"
        if name.endswith(".pth") and name not in _OF_DISTRIBUTIONS and path not in owned:
            lines = _read_lines(os.path.join(prefix, path), [])
            yield from (PathOutside(file=path, location=each) for each in lines if _is_outside(prefix, each))


def _is_outside(prefix: str, line: str) -> bool:
    return os.path.isabs(line) and not os.path.join(os.path.normpath(line), "").startswith(os.path.join(prefix, ""))
