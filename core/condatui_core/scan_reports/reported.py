"""Which package a scanner means, and what it says of it, in words that are the same for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from condatui_core.analyses.present import canonical
from condatui_core.records.comparison import Source
from condatui_core.records.vulnerability import SEVERITIES, ReportedVulnerability, VulnerabilitySeverity
from condatui_core.text import sanitize


class ScannedPackage(NamedTuple):
    """A conda package, or a distribution, that a scanner has looked at."""

    source: Source
    name: str
    """As it is looked up: pip's canonical name."""
    version: str
    build: str = ""
    """Empty if it is not stated."""


_PURL = re.compile(r"pkg:/*(conda|pypi)/([^/@?#]+)@([^?#]+)(?:\?([^#]*))?", re.IGNORECASE)
_SOURCES: Mapping[str, Source] = {
    **dict.fromkeys(("pypi", "python", "python-pkg", "pip", "pipenv", "poetry", "uv", "pylock"), "pypi"),
    **dict.fromkeys(("conda", "conda-pkg", "conda-environment"), "conda"),
}
"""What the scanners call the two kinds of packages: in their purls, by their sources, or as ecosystems."""
_WORDS: Mapping[str, VulnerabilitySeverity] = {**{each: each for each in SEVERITIES}, "moderate": "medium"}


def package_of_purl(purl: str) -> ScannedPackage | None:
    """The package that a package URL names; None if it is of neither kind, or has no version."""
    if not (found := _PURL.match(purl)):
        return None
    kind, name, version, qualifiers = found.groups("")
    build = parse_qs(qualifiers.replace("+", "%2B")).get("build", [""])[0]
    named = package_of(kind, unquote(name), unquote(version))
    return named._replace(build=build) if named else None


def package_of(kind: str, name: str, version: str) -> ScannedPackage | None:
    """The package of a kind, as a scanner calls that; None if it is neither conda's nor Python's."""
    source = _SOURCES.get(kind.lower())
    if source is None or not name or not version:
        return None
    return ScannedPackage(source, name.lower() if source == "conda" else canonical(name), version)


def reported(package: ScannedPackage, ids: Iterable[str], severity: str, fixed: Iterable[str]) -> ReportedVulnerability:
    """The record of a vulnerability; a word for a severity that no scanner is known to use is `unknown`."""
    return ReportedVulnerability(
        ids=tuple(dict.fromkeys(map(sanitize, ids))),
        source=package.source,
        name=package.name,
        version=package.version,
        build=package.build,
        severity=_WORDS.get(severity.lower(), "unknown"),
        fixed=tuple(dict.fromkeys(sanitize(each.strip()) for each in fixed if each.strip())),
    )
