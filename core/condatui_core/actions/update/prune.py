"""What of an environment neither a file asks for, nor anything that it asks for needs: from records to names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.actions.pip_part import asked_by_place
from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.present import shipped_distributions
from condatui_core.conda.parsers import SolvedPackage, Transaction
from condatui_core.environment_files.asked import Asked
from condatui_core.records.comparison import Listing
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

_TOOLS = ("conda", "mamba", "micromamba")
"""What manages environments stays, whatever a file says."""


class Unneeded(NamedTuple):
    """What a file has no need for, by names."""

    packages: frozenset[str] = frozenset()
    distributions: frozenset[str] = frozenset()
    """What pip has installed, by canonical names."""


NONE = Unneeded()


def unneeded(contents: PrefixContents, asked: Asked, also: Collection[str] = ()) -> Unneeded:
    """Find what nothing needs that the file asks for; `also` are packages that it asks for without naming them.

    If it asks pip for something of which nothing tells the name, all that pip has installed stays.
    """
    needs, listing, by_place = Needs(contents), asked.listing, asked_by_place(contents, asked)
    everything = frozenset[str](canonicalize_name(each.name) for each in contents.pip_distributions)
    places = {Node("pypi", name) for name in (everything if by_place is None else by_place)}
    reached = needs.reached_from(
        _roots(contents, listing, also, by_pip=bool(asked.pip.asks)) | places, _extras(listing)
    )
    rest = [node for node in needs.nodes if node not in reached]
    return Unneeded(
        frozenset(node.name for node in rest if node.source == "conda"),
        frozenset(node.name for node in rest if node.source == "pypi"),
    )


def _roots(contents: PrefixContents, listing: Listing, also: Collection[str], *, by_pip: bool) -> set[Node]:
    conda = {each.package for each in listing.entries if each.cell.source == "conda"}
    pip = {canonicalize_name(each.cell.name) for each in listing.entries if each.cell.source == "pypi"}
    ships = {record.name for record, _ in shipped_distributions(contents.packages, pip).values()}
    itself = ("python", "pip") if by_pip else ()
    names = {*conda, *ships, *also, *itself, *_TOOLS}
    return {Node("conda", name) for name in names} | {Node("pypi", name) for name in pip}


def _extras(listing: Listing) -> Mapping[str, Collection[str]]:
    return {canonicalize_name(each.cell.name): each.cell.extras for each in listing.entries if each.cell.extras}


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


def _guessed(package: SolvedPackage, before: Mapping[str, PackageRecord]) -> PackageRecord:
    other = before.get(package.name)
    record = other or PackageRecord(name=package.name, version="", build="")
    return replace(record, version=package.version, build=package.build)
