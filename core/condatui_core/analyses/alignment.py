"""Which cells of several columns are the same thing: conda's `pytorch` is pip's `torch`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.records.comparison import Cell, Entry, Listing


class Alignment(Struct, frozen=True):
    """One thing in all columns."""

    name: str
    """conda's name, or pip's canonical one for what no conda package stands for."""
    cells: tuple[Cell | None, ...]
    """One a column."""


def align(listings: Sequence[Listing]) -> tuple[Alignment, ...]:
    """Bring together what is the same under two names; the order of the columns changes nothing but theirs."""
    columns = [_Names(listing) for listing in listings]
    partners = _partners(columns)
    by_package = {package: distribution for distribution, package in partners.items()}
    rows = [_package_row(package, by_package.get(package), columns) for package in _all_packages(columns)]
    rows += [_pip_row(name, columns) for name in _all_pip(columns) if name not in partners]
    return tuple(sorted(rows, key=lambda row: (row.name.lower(), row.name)))


class _Names:
    """The entries of one column by every name that they go under."""

    def __init__(self, listing: Listing) -> None:
        self.packages: dict[str, Entry] = {}
        """By conda's name."""
        self.pip: dict[str, Entry] = {}
        """What only pip knows, by canonical name."""
        self.provided: dict[str, tuple[Entry, str]] = {}
        """(conda package, version) by the canonical name of a distribution that the package ships."""
        for entry in listing.entries:
            if entry.package:
                self.packages.setdefault(entry.package, entry)
            else:
                self.pip.setdefault(canonicalize_name(entry.cell.name), entry)
        for entry in self.packages.values():
            for distribution in entry.provides:
                self.provided.setdefault(canonicalize_name(distribution.name), (entry, distribution.version))


def _all_packages(columns: Sequence[_Names]) -> Iterator[str]:
    yield from dict.fromkeys(package for column in columns for package in column.packages)


def _all_pip(columns: Sequence[_Names]) -> Iterator[str]:
    yield from dict.fromkeys(name for column in columns for name in column.pip)


def _partners(columns: Sequence[_Names]) -> dict[str, str]:
    """Find the conda package that stands for a distribution, for every one that pip installed somewhere.

    A package stands for one distribution only, and not for one that lies beside it in the same column.
    """
    providers = _providers(columns)
    by_spelling = _by_spelling(columns)
    wishes: dict[str, list[str]] = {}
    for name in _all_pip(columns):
        candidates = providers.get(name) or by_spelling.get(name) or Counter()
        apart = [each for each in candidates if not _side_by_side(each, name, columns)]
        if apart:
            wishes.setdefault(min(apart, key=lambda each: (-candidates[each], each != name, each)), []).append(name)
    return {min(names, key=lambda name: _distance(package, name)): package for package, names in wishes.items()}


def _providers(columns: Sequence[_Names]) -> dict[str, Counter[str]]:
    """Count in how many columns a package ships a distribution."""
    counts: dict[str, Counter[str]] = {}
    for column in columns:
        for name, (entry, _) in column.provided.items():
            counts.setdefault(name, Counter())[entry.package] += 1
    return counts


def _by_spelling(columns: Sequence[_Names]) -> dict[str, Counter[str]]:
    """Count the packages that may ship a distribution of their own name: none of which it is known what they ship.

    The C library `graphviz` is known to ship no distribution, so pip's `graphviz` is something else.
    """
    known = {package for column in columns for package, entry in column.packages.items() if entry.known}
    counts: dict[str, Counter[str]] = {}
    for column in columns:
        for package in column.packages:
            if package not in known:
                counts.setdefault(canonicalize_name(package), Counter())[package] += 1
    return counts


def _side_by_side(package: str, name: str, columns: Sequence[_Names]) -> bool:
    return any(package in column.packages and name in column.pip for column in columns)


def _distance(package: str, name: str) -> tuple[bool, bool, str]:
    """Of the distributions of `pytorch`, `torch` is nearer than `functorch`."""
    canonical = canonicalize_name(package)
    return (name != canonical, name not in canonical, name)


def _package_row(package: str, partner: str | None, columns: Sequence[_Names]) -> Alignment:
    entries = (column.packages.get(package) or (column.pip.get(partner) if partner else None) for column in columns)
    return Alignment(package, tuple(entry.cell if entry else None for entry in entries))


def _pip_row(name: str, columns: Sequence[_Names]) -> Alignment:
    return Alignment(name, tuple(_pip_cell(name, column) for column in columns))


def _pip_cell(name: str, column: _Names) -> Cell | None:
    if entry := column.pip.get(name):
        return entry.cell
    if name not in column.provided:
        return None
    # A conda package ships it besides something that it stands for: Python can import it all the same.
    entry, version = column.provided[name]
    return replace(entry.cell, version=version)
