"""Turn environments into columns of a comparison, and align the cells of several columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.analyses.channels import PYPI, channel_identity, channel_label
from condatui_core.analyses.requirements import satisfies_pep440
from condatui_core.records.comparison import Cell, Column, Entry, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import PrefixContents

# Columns


def environment_listing(prefix: str, label: str, contents: PrefixContents, config: ChannelConfig) -> Listing:
    """The packages of an environment; where pip replaced a conda package, the one that Python imports now."""
    return Listing(column=Column(label=label, prefix=prefix), entries=entries_of(contents, config))


def entries_of(contents: PrefixContents, config: ChannelConfig) -> tuple[Entry, ...]:
    """The packages of a prefix, or of a file with the same contents, as entries."""
    return (*_conda_entries(contents, config), *_pip_entries(contents))


def _conda_entries(contents: PrefixContents, config: ChannelConfig) -> Iterator[Entry]:
    requested = contents.requested_names
    replaced = {each.package: each for each in contents.replaced}
    by_pip = {canonicalize_name(each.name): each for each in contents.pip_distributions} if replaced else {}
    channels = {
        url: (channel_label(url, config), channel_identity(url, config))
        for url in {record.base_url for record in contents.packages}
    }
    for record in contents.packages:
        cell = _conda_cell(record, *channels[record.base_url], requested=record.name in requested)
        if replacement := replaced.get(record.name):
            cell = _replaced_cell(cell, replacement, by_pip.get(canonicalize_name(replacement.distribution)))
        yield Entry(
            cell=cell,
            package=record.name,
            provides=record.provides,
            known=bool(record.provides or record.file_count),
        )


def _pip_entries(contents: PrefixContents) -> Iterator[Entry]:
    shown = {canonicalize_name(each.distribution) for each in contents.replaced}
    for distribution in contents.pip_distributions:
        if canonicalize_name(distribution.name) not in shown:
            yield Entry(cell=_listed_pip_cell(distribution))


def _conda_cell(record: PackageRecord, channel: str, identity: str, *, requested: bool) -> Cell:
    return Cell(
        name=record.name,
        source="conda",
        version=record.version,
        build=record.build,
        build_number=record.build_number,
        channel=channel,
        base_url=record.base_url,
        channel_identity=identity,
        url=record.url,
        subdir=record.subdir,
        md5=record.md5,
        sha256=record.sha256,
        bytes=record.installed_bytes,
        license=record.license,
        requested=requested,
    )


def _listed_pip_cell(distribution: Distribution) -> Cell:
    return Cell(
        name=distribution.name,
        source="pypi",
        version=distribution.version,
        build=distribution.revision[:12],
        channel=PYPI,
        url=distribution.url,
        bytes=distribution.installed_bytes,
    )


def _replaced_cell(conda: Cell, replacement: Replacement, pip: Distribution | None) -> Cell:
    return Cell(
        name=replacement.distribution,
        source="pypi",
        version=replacement.pip_version,
        build=pip.revision[:12] if pip else "",
        channel=PYPI,
        url=pip.url if pip else None,
        bytes=pip.installed_bytes if pip else 0,
        license=conda.license,
        requested=conda.requested,
        replaced=f"{replacement.conda_version} {conda.build}".rstrip(),
    )


# Alignment: conda's `pytorch` is pip's `torch`


class Alignment(Struct, frozen=True):
    """One package in all columns."""

    name: str
    """conda's name, or pip's canonical name if no conda package corresponds."""
    cells: tuple[Cell | None, ...]
    """One cell per column."""


def align(listings: Sequence[Listing]) -> tuple[Alignment, ...]:
    """Align the entries of all columns, also under different names; independent of the order of the columns."""
    columns = [_Names(listing) for listing in listings]
    _unite_what_is_named_twice(columns)
    partners = _partners(columns)
    by_package = {package: distribution for distribution, package in partners.items()}
    rows = [_package_row(package, by_package.get(package), columns) for package in _all_packages(columns)]
    rows += [_pip_row(name, columns) for name in _all_pip(columns) if name not in partners]
    return tuple(sorted(rows, key=lambda row: (row.name.lower(), row.name)))


class _Names:
    """The entries of one column by each of their names."""

    def __init__(self, listing: Listing) -> None:
        self.of_file = listing.column.kind != "environment"
        """Whether its packages are those of a file, of which pip's may replace conda's."""
        self.packages: dict[str, Entry] = {}
        """Entries by conda's name."""
        self.pip: dict[str, Entry] = {}
        """Entries that only pip knows, by canonical name."""
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


def _unite_what_is_named_twice(columns: Sequence[_Names]) -> None:
    """Make one entry of a package that a file asks of conda and of pip, as pip's replaces conda's.

    An environment's own entries say already what pip has replaced.
    """
    providers = _providers(columns)
    known = {package for column in columns for package, entry in column.packages.items() if entry.known}
    for column in columns:
        for name in tuple(column.pip) if column.of_file else ():
            by_name = (each for each in column.packages if canonicalize_name(each) == name and each not in known)
            package = next((each for each in providers.get(name, ()) if each in column.packages), None)
            if package := package or next(by_name, None):
                column.packages[package] = _united(column.packages[package], column.pip.pop(name))


def _united(conda: Entry, pip: Entry) -> Entry:
    """What is there after conda and then pip have installed; pip leaves alone what meets its requirement."""
    asked, there = pip.cell, conda.cell
    if not asked.version and (not there.version or satisfies_pep440(there.version, asked.constraint) is not False):
        return conda
    if asked.version == there.version and not asked.url:
        return conda
    stated = f"{there.version or there.constraint} {there.build}".rstrip()
    return replace(conda, cell=replace(asked, requested=there.requested or asked.requested, replaced=stated))


def _all_packages(columns: Sequence[_Names]) -> Iterator[str]:
    yield from dict.fromkeys(package for column in columns for package in column.packages)


def _all_pip(columns: Sequence[_Names]) -> Iterator[str]:
    yield from dict.fromkeys(name for column in columns for name in column.pip)


def partners(listings: Sequence[Listing]) -> dict[str, str]:
    """Which conda package corresponds to what pip installed in another column, by the canonical names of the latter."""
    return _partners([_Names(listing) for listing in listings])


def _partners(columns: Sequence[_Names]) -> dict[str, str]:
    """Map each distribution that pip installed in some column to the conda package that corresponds to it.

    A package corresponds to one distribution only, and never to one that is beside it in the same column.
    """
    providers = _providers(columns)
    by_spelling = _by_spelling(columns)
    wishes: dict[str, list[str]] = {}
    for name in _all_pip(columns):
        candidates = providers.get(name) or by_spelling.get(name) or Counter()
        apart = [each for each in candidates if not _side_by_side(each, name, columns)]
        if apart:
            wishes.setdefault(min(apart, key=lambda each: (-candidates[each], each != name, each)), []).append(name)
    return {min(names, key=lambda name: name_distance(package, name)): package for package, names in wishes.items()}


def _providers(columns: Sequence[_Names]) -> dict[str, Counter[str]]:
    """For each distribution, in how many columns each package ships it."""
    counts: dict[str, Counter[str]] = {}
    for column in columns:
        for name, (entry, _) in column.provided.items():
            counts.setdefault(name, Counter())[entry.package] += 1
    return counts


def _by_spelling(columns: Sequence[_Names]) -> dict[str, Counter[str]]:
    """Count the packages that may ship a distribution of their own name, because their contents are unknown.

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


def listed_again(cell: Cell) -> str:
    """What is told of a line that asks in another way for a package that a file has listed before."""
    return f"{cell.name} {cell.version or cell.constraint} (it is listed before)"


def name_distance(package: str, name: str) -> tuple[bool, bool, str]:
    """A sort key for names: of the distributions of `pytorch`, `torch` is nearer than `functorch`."""
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
    # A conda package ships it besides the distribution that it corresponds to: Python can import it as well.
    entry, version = column.provided[name]
    return replace(entry.cell, version=version)
