"""Parse requirements as pip writes and reads them, and check versions against them by PEP 440."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from condatui_core.analyses.match_specs import ANY, Wanted
from condatui_core.analyses.versions import is_pep440
from condatui_core.text import mask_credentials


def satisfies_pep440(version: str, spec: str) -> bool | None:
    """Check a version against a specifier set such as `>=1.2,!=1.3.*`; pre-releases count. None if unreadable."""
    if not is_pep440(version):
        return None
    try:
        return SpecifierSet("" if spec == "*" else spec).contains(version, prereleases=True)
    except InvalidSpecifier:
        return None


_LONGEST = 4000
"""Characters of a line; one with the hashes of twenty wheels has half of that."""
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_PER_REQUIREMENT = re.compile(
    r"\s+--(?:hash|config-settings?|global-option|install-option)[=\s]\s*(?:\"[^\"]*\"|'[^']*'|\S+)"
    r"|\s+--(?:no-deps|pre|no-binary|only-binary)(?:[=\s]\s*:\w+:)?(?=\s|$)"
    r"|\s+(?:--(?:extra-)?index-url|-i|--find-links|-f|--trusted-host)[=\s]\s*\S+"
)
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s+|=)(?P<place>\S.*)")
_EGG = re.compile(r"[#&]egg=(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_MARKER = re.compile(r"\s+;\s*(?P<marker>.+)$|;\s+(?P<spaced>.+)$")


def parse_requirement(text: str) -> Wanted | None:
    """Parse a line for pip: `torch==2.1.0 --hash=…`, `tool @ git+https://…`, a wheel's URL, `-e …#egg=tool`.

    None for lines that only hold options, and for places that do not tell a name.
    """
    if len(text) > _LONGEST:
        return None
    words = " ".join(_COMMENT.sub("", text).split())
    line = _PER_REQUIREMENT.sub("", f" {words}").strip()
    editable = _EDITABLE.fullmatch(line)
    if editable:
        return _at_a_place(editable["place"])
    try:
        requirement = Requirement(line)
    except (InvalidRequirement, RecursionError):
        return None if line.startswith("-") else _at_a_place(line)
    return _named(requirement)


def _named(requirement: Requirement) -> Wanted:
    pins = [
        each for each in requirement.specifier if each.operator in ("==", "===") and not each.version.endswith(".*")
    ]
    exact = pins[0].version if len(pins) == len(requirement.specifier) == 1 else ""
    if requirement.url:
        exact = _of_archive(requirement.url)[1]
    return Wanted(
        name=requirement.name,
        version=exact,
        constraint="" if exact else str(requirement.specifier) or ANY,
        url=mask_credentials(requirement.url) if requirement.url else None,
        extras=tuple(sorted(requirement.extras)),
        marker=str(requirement.marker or ""),
    )


def _at_a_place(line: str) -> Wanted | None:
    """A distribution by its URL or path, whose fragment or file name tells the name."""
    marker = _MARKER.search(line)
    place = line[: marker.start()].rstrip() if marker else line
    egg = _EGG.search(place)
    name, version = _of_archive(place)
    if egg is None and not name:
        return None
    return Wanted(
        name=egg["name"].rstrip("-._") if egg else name,
        version=version,
        constraint="" if version else ANY,
        url=mask_credentials(place),
        marker=(marker["marker"] or marker["spaced"]) if marker else "",
    )


def _of_archive(place: str) -> tuple[str, str]:
    """Name and version by the file name of a wheel or source archive; empty if it is neither."""
    try:
        path = urlsplit(place).path if "://" in place else place.partition("#")[0]
    except ValueError:  # an unbalanced bracket in the host
        return "", ""
    file_name = unquote(re.split(r"[\\/]", path)[-1])
    try:
        if file_name.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(file_name)
            return file_name.partition("-")[0] or name, str(version)
        if file_name.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(file_name)
            return name, str(version)
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        pass
    return "", ""
