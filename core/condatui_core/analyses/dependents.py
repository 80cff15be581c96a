"""Find what depends on a package in the same prefix."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from condatui_core.analyses.specs import spec_name
from condatui_core.records.package import Distribution
from condatui_core.records.prefix import PrefixContents

_FIRST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def dependents(contents: PrefixContents, name: str) -> tuple[str, ...]:
    """The sorted names of the packages that depend on a package, given by conda's or pip's name, without itself."""
    packages, distributions = _aliases(contents, name)
    found = {
        record.name
        for record in contents.packages
        if record.name not in packages and any(spec_name(spec) in packages for spec in record.depends)
    }
    found |= {
        each.name
        for each in contents.distributions
        if each.owner is None and canonicalize_name(each.name) not in distributions and _requires(each, distributions)
    }
    return tuple(sorted(found, key=str.casefold))


def _aliases(contents: PrefixContents, name: str) -> tuple[Collection[str], Collection[str]]:
    """The conda packages and the distributions (canonical names) that a name refers to."""
    canonical = canonicalize_name(name)
    packages = {name} if any(record.name == name for record in contents.packages) else set()
    packages |= {each.package for each in contents.replaced if canonicalize_name(each.distribution) == canonical}
    distributions = {canonical}
    for record in contents.packages:
        if record.name in packages:
            distributions |= {canonicalize_name(each.name) for each in record.provides}
    return packages, distributions


def _requires(distribution: Distribution, wanted: Collection[str]) -> bool:
    return any(_name_of(each) in wanted for each in _perhaps(distribution.requires, wanted))


def _perhaps(requirements: Iterable[str], wanted: Collection[str]) -> Iterable[str]:
    """The requirements that start with a wanted name: parsing one in full takes a hundred times as long."""
    for text in requirements:
        first = _FIRST_NAME.match(text)
        if first and canonicalize_name(first[0]) in wanted:
            yield text


def _name_of(text: str) -> str:
    """The canonical name of a requirement; empty if only an extra needs it."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return ""
    optional = requirement.marker is not None and "extra" in str(requirement.marker)
    return "" if optional else canonicalize_name(requirement.name)
