"""What of an environment neither a file asks for, nor anything that it asks for needs: from records to names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.actions.pip_part import PipComing, asked_by_place
from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.present import shipped_distributions
from condatui_core.conda.parsers import SolvedPackage, Transaction
from condatui_core.environment_files.asked import Asked
from condatui_core.records.comparison import Listing
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import PrefixContents

_TOOLS = ("conda", "mamba", "micromamba")
"""What manages environments stays, whatever a file says."""


class Unneeded(NamedTuple):
    """What a file has no need for, by names."""

    packages: frozenset[str] = frozenset()
    distributions: frozenset[str] = frozenset()
    """What pip has installed, by canonical names."""

    @property
    def nodes(self) -> frozenset[Node]:
        """The same as nodes."""
        conda = {Node("conda", name) for name in self.packages}
        return frozenset(conda | {Node("pypi", name) for name in self.distributions})


NONE = Unneeded()


def unneeded(contents: PrefixContents, asked: Asked, also: Collection[str] = ()) -> Unneeded:
    """Find what nothing needs that the file asks for; `also` are packages that it asks for without naming them.

    If it asks pip for something of which nothing tells the name, all that pip has installed stays.
    """
    needs, listing, by_place = Needs(contents), asked.listing, asked_by_place(contents, asked)
    everything = frozenset[str](canonicalize_name(each.name) for each in contents.pip_distributions)
    places = {Node("pypi", name) for name in (everything if by_place is None else by_place)}
    roots = _roots(contents, listing, also, by_pip=bool(asked.pip.asks)) | places
    reached = _reached(needs, roots, contents, _extras(listing))
    rest = [node for node in needs.nodes if node not in reached]
    return Unneeded(
        frozenset(node.name for node in rest if node.source == "conda"),
        frozenset(node.name for node in rest if node.source == "pypi"),
    )


def _reached(
    needs: Needs, roots: set[Node], contents: PrefixContents, extras: Mapping[str, Collection[str]]
) -> set[Node]:
    """What is needed, and each conda package in whose place lies what is: its removal would take the files of that."""
    reached = needs.reached_from(roots, extras)
    below = {
        Node("conda", each.package)
        for each in contents.replaced
        if Node("pypi", canonicalize_name(each.distribution)) in reached
    }
    return reached if below <= reached else _reached(needs, roots | below, contents, extras)


def _roots(contents: PrefixContents, listing: Listing, also: Collection[str], *, by_pip: bool) -> set[Node]:
    conda = {each.package for each in listing.entries if each.cell.source == "conda"}
    pip = {canonicalize_name(each.cell.name) for each in listing.entries if each.cell.source == "pypi"}
    ships = {record.name for record, _ in shipped_distributions(contents.packages, pip).values()}
    itself = ("python", "pip") if by_pip else ()
    names = {*conda, *ships, *also, *itself, *_TOOLS}
    return {Node("conda", name) for name in names} | {Node("pypi", name) for name in pip}


def _extras(listing: Listing) -> Mapping[str, Collection[str]]:
    return {canonicalize_name(each.cell.name): each.cell.extras for each in listing.entries if each.cell.extras}


# Why something stays


def why_they_stay(contents: PrefixContents, would_go: Unneeded, going: Unneeded) -> tuple[str, ...]:
    """Why of what would go some stays, in a line each: `certifi 2024.8.30: httpx needs it`."""
    needs, staying = Needs(contents), would_go.nodes - going.nodes
    needers = _needers(needs, [each for each in needs.nodes if each not in going.nodes]) if staying else {}
    versions = {Node("conda", each.name): each.version for each in contents.packages}
    versions |= {Node("pypi", canonicalize_name(each.name)): each.version for each in contents.pip_distributions}
    return tuple(
        f"{each.name} {versions[each]}: {_why(each, needers, contents)}" for each in sorted(staying & versions.keys())
    )


def _needers(needs: Needs, nodes: Iterable[Node]) -> Mapping[Node, list[Node]]:
    """Who needs each package directly: pip's first, and those for an optional part last."""
    found: defaultdict[Node, list[Node]] = defaultdict(list)
    by_source = sorted(nodes, key=lambda node: (node.source != "pypi", node.name))
    for needed_by in (needs.of, needs.with_options):
        for node in by_source:
            for need in needed_by(node) - {node}:
                found[need].append(node)
    return found


def _why(node: Node, needers: Mapping[Node, list[Node]], contents: PrefixContents) -> str:
    if needers.get(node):
        return f"{needers[node][0].name} needs it"
    over = (each.distribution for each in contents.replaced if Node("conda", each.package) == node)
    return next((f"pip puts {each} in its place" for each in over), "the file asks for it")


# What there will be


def contents_after(
    contents: PrefixContents, transaction: Transaction, known: Iterable[PackageRecord]
) -> PrefixContents:
    """An environment as a transaction leaves it; `known` are records of this machine that say what a package needs.

    Of one that none of these describes, its other version tells that.
    """
    gone = {each.name for each in transaction.removed} | {each.name for each in transaction.added}
    before = {each.name: each for each in contents.packages}
    wanted = {each.dist_name for each in transaction.added}
    described = {each.dist_name: each for each in known if each.dist_name in wanted}
    added = (described.get(each.dist_name) or _guessed(each, before) for each in transaction.added)
    kept = (each for each in contents.packages if each.name not in gone)
    return replace(contents, packages=(*kept, *added))


def with_coming(contents: PrefixContents, coming: Iterable[PipComing]) -> PrefixContents:
    """An environment as pip leaves it, which uninstalls what it installs in another version, conda's too."""
    added = {each.name: each for each in coming}
    kept = (each for each in contents.distributions if canonicalize_name(each.name) not in added)
    came = (Distribution(name=each.name, version=each.version, path="", requires=each.requires) for each in coming)
    return replace(
        contents,
        distributions=(*kept, *came),
        replaced=(*contents.replaced, *replaced_by(contents, added.values())),
    )


def replaced_by(contents: PrefixContents, coming: Iterable[PipComing]) -> Iterator[Replacement]:
    """The conda packages of an environment in whose place pip would put its own."""
    added = {each.name: each for each in coming}
    for name, (record, version) in shipped_distributions(contents.packages, added.keys()).items():
        yield Replacement(
            package=record.name, distribution=name, conda_version=version, pip_version=added[name].version
        )


def _guessed(package: SolvedPackage, before: Mapping[str, PackageRecord]) -> PackageRecord:
    other = before.get(package.name)
    record = other or PackageRecord(name=package.name, version="", build="")
    return replace(record, version=package.version, build=package.build)
