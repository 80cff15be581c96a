"""Works out what only a member has, and what becomes of its packages: from records to records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from condatui_core.analyses.dependencies import is_met
from condatui_core.analyses.specs import exact_spec, spec_name
from condatui_core.analyses.versions import version_key
from condatui_core.conda.parsers import SolvedPackage
from condatui_core.records.job import PackageChange, PackageMove
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

# What only the member has


@dataclass(frozen=True, slots=True)
class Extras:
    """What a member has, its keeper lacks, and the merged environment gets."""

    packages: tuple[PackageRecord, ...] = ()
    """The conda packages; what they depend on comes with them."""
    distributions: tuple[Distribution, ...] = ()
    """What pip has installed."""

    @property
    def specs(self) -> tuple[str, ...]:
        """The packages as conda is asked for them."""
        return tuple(map(exact_spec, self.packages))


def extras_of(member: PrefixContents, keeper: PrefixContents) -> Extras:
    """Find what a clone of the keeper has to get for the user of the member.

    Of conda's packages these are the requested ones, and what pip's need of them; if nothing is known to be requested,
    all that no other package needs.
    """
    lacking = tuple(each for each in member.packages if not is_provided(each, keeper))
    distributions = tuple(_only_in(member.pip_distributions, keeper.distributions))
    wanted = member.requested_names or _not_needed(lacking)
    wanted |= _needed_by(distributions, member)
    return Extras(tuple(each for each in lacking if each.name in wanted), distributions)


def is_provided(record: PackageRecord, contents: PrefixContents) -> bool:
    """Whether an environment has a package in some version: as conda's, or as what pip has installed."""
    if any(each.name == record.name for each in contents.packages):
        return True
    of_pip = set(_named(contents.pip_distributions))
    return any(canonicalize_name(each.name) in of_pip for each in record.provides)


def _only_in(mine: Iterable[Distribution], theirs: Iterable[Distribution]) -> Iterator[Distribution]:
    there = _named(theirs)
    return (each for each in mine if canonicalize_name(each.name) not in there)


def _named(distributions: Iterable[Distribution]) -> Mapping[NormalizedName, str]:
    """Version by comparable name."""
    return {canonicalize_name(each.name): each.version for each in distributions}


def _not_needed(records: Sequence[PackageRecord]) -> frozenset[str]:
    """The names of the packages that no other one of these depends on."""
    needed = {spec_name(spec) for each in records for spec in each.depends}
    return frozenset(each.name for each in records) - needed


def _needed_by(distributions: Iterable[Distribution], member: PrefixContents) -> frozenset[str]:
    """The conda packages of the member that provide what these distributions require."""
    required = {name for each in distributions for text in each.requires for name in _required(text)}
    provided = {canonicalize_name(each.name): record.name for record in member.packages for each in record.provides}
    return frozenset(provided[name] for name in required if name in provided)


def _required(text: str) -> Iterator[NormalizedName]:
    """The comparable name of a requirement, unless it is for another platform or for an extra."""
    try:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)
    except InvalidRequirement:
        return


def conflicts_of(extras: Extras, member: PrefixContents, keeper: PrefixContents) -> tuple[str, ...]:
    """Say what the extras, and what comes with them, need in another version than the keeper has it.

    This explains a refusal of conda in a line each; it need not find all reasons.
    """
    there = {each.name: each for each in keeper.packages}
    coming = _coming(extras, {each.name: each for each in member.packages}, there)
    needs = ((each, spec) for each in coming for spec in each.depends if spec_name(spec) in there)
    return tuple(
        f"{each.name} {each.version} needs {spec}; the keeper has {there[spec_name(spec)].version}"
        f" ({there[spec_name(spec)].build})"
        for each, spec in needs
        if not is_met(spec, there[spec_name(spec)])
    )


def _coming(
    extras: Extras, mine: Mapping[str, PackageRecord], theirs: Mapping[str, PackageRecord]
) -> list[PackageRecord]:
    """The extras, and what they depend on that the keeper lacks, as the member has it."""
    coming = {each.name: each for each in extras.packages}
    waiting = list(coming.values())
    while waiting:
        names = {spec_name(spec) for spec in waiting.pop().depends} - coming.keys() - theirs.keys()
        more = {name: mine[name] for name in names if name in mine}
        coming |= more
        waiting += more.values()
    return sorted(coming.values(), key=lambda each: each.name)


# What becomes of the packages of the member


def moves_of(
    member: PrefixContents, keeper: PrefixContents, planned: Sequence[SolvedPackage]
) -> tuple[PackageMove, ...]:
    """Say what becomes of each package for the user of the member; the requested ones first, and what goes."""
    moves = (*_conda_moves(member, keeper, planned), *_pip_moves(member, keeper))
    return tuple(sorted(moves, key=lambda each: (not each.requested, _ORDER.index(each.change), each.name)))


_ORDER: tuple[PackageChange, ...] = ("gone", "down", "up", "build", "new")


def _conda_moves(
    member: PrefixContents, keeper: PrefixContents, planned: Sequence[SolvedPackage]
) -> Iterator[PackageMove]:
    """What becomes of conda's packages; what pip has replaced in the member is among its own moves."""
    after = {each.name: each for each in planned}
    of_pip = _named(keeper.pip_distributions)
    replaced = {each.package for each in member.replaced}
    for record in member.packages:
        found = after.pop(record.name, None)
        versions = (of_pip[name] for name in _provided(record) if name in of_pip)  # pip's are what one imports
        version = next(versions, found.version if found else "")
        same = found is not None and (version, found.build) == (record.version, record.build)
        if record.name not in replaced and not same:
            yield PackageMove(
                name=record.name,
                change=_change(record.version, version, "conda"),
                before=record.version,
                after=version,
                requested=record.name in member.requested_names,
            )
    for each in after.values():
        yield PackageMove(name=each.name, change="new", after=each.version)


def _pip_moves(member: PrefixContents, keeper: PrefixContents) -> Iterator[PackageMove]:
    """What is only the member's is carried over as it is; of both, the keeper's stays."""
    theirs = _named(keeper.distributions)
    for each in member.pip_distributions:
        version = theirs.get(canonicalize_name(each.name), each.version)
        if version != each.version:
            change = _change(each.version, version, "pep440")
            yield PackageMove(
                name=each.name, change=change, before=each.version, after=version, requested=True, pip=True
            )
    mine = {*_named(member.distributions), *(name for record in member.packages for name in _provided(record))}
    for each in keeper.pip_distributions:
        if canonicalize_name(each.name) not in mine:
            yield PackageMove(name=each.name, change="new", after=each.version, pip=True)


def _provided(record: PackageRecord) -> Iterator[NormalizedName]:
    return (canonicalize_name(each.name) for each in record.provides)


def _change(before: str, after: str, scheme: Literal["conda", "pep440"]) -> PackageChange:
    if not after:
        return "gone"
    mine, theirs = version_key(before, scheme), version_key(after, scheme)
    if mine == theirs:
        return "build"
    return "up" if theirs > mine else "down"


def requests_that_change(member: PrefixContents, moves: Iterable[PackageMove]) -> Mapping[str, str]:
    """The specs by which the user of the member requested what will have another version, by package."""
    specs = dict(member.history.requested)
    changed = {each.name for each in moves if each.requested and not each.pip and each.change in ("up", "down")}
    return {name: specs.get(name, name) for name in sorted(changed)}
