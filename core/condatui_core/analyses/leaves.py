"""Find the packages of an environment that nothing else in it needs: what a user would ask for to have all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents


def leaf_packages(contents: PrefixContents) -> frozenset[str]:
    """The conda packages that no other conda package depends on, and those that the user requested.

    conda records every package of a clone as requested; these count only if nothing else needs them.
    """
    needs = {record.name: frozenset(_dependencies(record)) for record in contents.packages}
    return _roots(needs) | (contents.requested_names & needs.keys())


def leaf_distributions(contents: PrefixContents) -> frozenset[str]:
    """The distributions of pip that no other distribution requires, by their canonical names; extras do not count."""
    needs: dict[str, frozenset[str]] = {
        canonicalize_name(each.name): frozenset(_requirements(each)) for each in contents.distributions
    }
    of_pip = {canonicalize_name(each.name) for each in contents.pip_distributions}
    return _roots(needs) & of_pip


def _roots(needs: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The fewest names from which all others are reached; of several that need each other, the first by name."""
    needed = {other for name, others in needs.items() for other in others if other != name}
    roots = {name for name in needs if name not in needed}
    reached = _reached(roots, needs)
    for name in sorted(needs):
        if name not in reached:
            roots.add(name)
            reached |= _reached((name,), needs)
    return frozenset(roots)


def _reached(roots: Iterable[str], needs: Mapping[str, Collection[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in needs and name not in reached:
            reached.add(name)
            waiting.extend(needs[name])
    return reached


def _dependencies(record: PackageRecord) -> Iterable[str]:
    return (wanted.name for wanted in map(parse_match_spec, record.depends) if wanted)


def _requirements(distribution: Distribution) -> Iterable[str]:
    for text in distribution.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or "extra" not in str(requirement.marker):
            yield canonicalize_name(requirement.name)
