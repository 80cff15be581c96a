"""Find the environments that have most of their packages in common, without comparing every two of them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeVar

from packaging.utils import canonicalize_name

from condatui_core.analyses.channels import PYPI, channel_identity, channel_label
from condatui_core.analyses.columns import partners
from condatui_core.analyses.versions import Scheme, VersionKey, version_key
from condatui_core.records.comparison import Cell, Column, Entry, Listing, Source
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

# What environments hold, as numbers: a package has one number wherever its name, version and channel are the same


_OF_PIP = "pip "
"""Marks a name that only pip knows; no package has a space in its name."""


class Held(NamedTuple):
    """One package of an environment; where pip replaced a conda package, what Python imports now."""

    name: str
    """conda's name, or pip's canonical name if only pip knows it."""
    source: Source
    version: str
    build: str
    """conda's build string, or the commit that pip installed."""
    requested: bool
    only_pip: bool = False
    """Whether only pip knows it."""

    @property
    def marked_name(self) -> str:
        """The name, marked if only pip knows it: pip's `graphviz` is not conda's."""
        return f"{_OF_PIP}{self.name}" if self.only_pip else self.name


@dataclass(frozen=True, slots=True)
class Holdings:
    """The packages of an environment, ready to be intersected with those of others."""

    environment: Environment
    held: Mapping[int, Held]
    """By number."""
    numbers: frozenset[int]
    names: frozenset[str]
    """The names of its packages, marked if only pip knows them."""
    pip: frozenset[str]
    """The names that only pip knows, without the mark."""
    offered: frozenset[str]
    """What its conda packages ship, or may ship by their own names, of all that pip has installed anywhere."""
    offering: Listing
    """These packages and pip's, from which it follows which correspond to each other."""

    def of(self, environment: Environment) -> Holdings:
        """The same for a newer record of the environment, whose contents are the same."""
        return self if environment is self.environment else replace(self, environment=environment)

    @property
    def kind(self) -> tuple[object, ...]:
        """The same for environments that hold the same."""
        return self.environment.foreign, self.numbers, self.names


def holdings_of(inventory: Inventory) -> tuple[Holdings, ...]:
    """What the environments with packages hold, in the order of their prefixes."""
    read = sorted(filter(has_packages, inventory.environments), key=lambda each: each.prefix)
    shelves = [_Shelf(each, inventory.channel_config(each)) for each in read]
    numbering = _Numbering(shelves)
    of_pip = frozenset(name for shelf in shelves for name in shelf.pip)
    return tuple(_holdings(shelf, numbering, of_pip) for shelf in shelves)


def has_packages(environment: Environment) -> bool:
    """Whether an environment can be read and has packages to compare."""
    contents = environment.contents
    return environment.readable and contents is not None and bool(contents.packages or contents.pip_distributions)


class _Shelf:
    """The packages of an environment, sorted by who knows them."""

    def __init__(self, environment: Environment, config: ChannelConfig) -> None:
        contents = environment.contents or PrefixContents()
        self.environment = environment
        self.packages = {record.name: record for record in reversed(contents.packages)}
        self.requested = contents.requested_names
        urls = {record.base_url for record in contents.packages}
        self.origins = {url: channel_identity(url, config) or url or channel_label(url, config) for url in urls}
        """What identifies a channel, by its base URL."""
        self.replaced = {each.package: each for each in contents.replaced if each.package in self.packages}
        replacing = {_canonical(each.distribution) for each in contents.replaced}
        by_pip = {_canonical(each.name): each for each in reversed(contents.pip_distributions)}
        self.pip = {name: each for name, each in by_pip.items() if name not in replacing}
        """What only pip knows, by its canonical name."""
        self.revisions = {name: each.revision[:12] for name, each in by_pip.items() if each.revision}

    def conda_packages(self) -> Iterator[tuple[PackageRecord, str]]:
        """The packages that are still conda's, each with its channel."""
        for name, record in self.packages.items():
            if name not in self.replaced:
                yield record, self.origins[record.base_url]

    def pip_packages(self) -> Iterator[tuple[str, str, str, str]]:
        """conda's name or none, the distribution's canonical name, its version and its commit, of what is pip's now."""
        for package, each in self.replaced.items():
            name = _canonical(each.distribution)
            yield package, name, each.pip_version, self.revisions.get(name, "")
        for name, distribution in self.pip.items():
            yield "", name, distribution.version, distribution.revision[:12]


@lru_cache(maxsize=16384)
def _canonical(name: str) -> str:
    return canonicalize_name(name)


class _Numbering:
    """Gives one number to what is the same package: versions may be spelled in several ways, channels be mirrored."""

    def __init__(self, shelves: Iterable[_Shelf]) -> None:
        self._spelled: dict[tuple[str, str, str], int] = {}
        self._numbers: dict[tuple[str, int, str], int] = {}
        self._versions: dict[tuple[str, Scheme], int] = {}
        self._version_keys: dict[tuple[VersionKey, Scheme], int] = {}
        self._mirrors = _mirrors(shelves)

    def of_conda(self, record: PackageRecord, origin: str) -> int:
        """The number of a conda package; what conda installed from an index of Python packages is as pip's."""
        if origin == PYPI:
            return self.of_pip(_canonical(record.provides[0].name if record.provides else record.name), record.version)
        number = self._spelled.get((record.name, record.version, origin))
        return self._new(record.name, record.version, origin) if number is None else number

    def of_pip(self, name: str, version: str) -> int:
        """The number of a distribution that pip installed, by its canonical name."""
        number = self._spelled.get((name, version, PYPI))
        return self._new(name, version, PYPI) if number is None else number

    def _new(self, name: str, version: str, origin: str) -> int:
        version_number = self._version(version, "pep440" if origin == PYPI else "conda")
        original = self._mirrors.get((name, origin), origin)
        number = self._numbers.setdefault((name, version_number, original), len(self._numbers))
        return self._spelled.setdefault((name, version, origin), number)

    def _version(self, text: str, scheme: Scheme) -> int:
        """The number of a version, the same for each of its spellings."""
        if (text, scheme) not in self._versions:
            key = version_key(text, scheme)
            self._versions[text, scheme] = self._version_keys.setdefault((key, scheme), len(self._version_keys))
        return self._versions[text, scheme]


def _mirrors(shelves: Iterable[_Shelf]) -> dict[tuple[str, str], str]:
    """(name, channel) → the channel that it mirrors: equal archives are one package, whatever their URLs say."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    kept = list(shelves)
    for shelf in kept:
        for record, origin in shelf.conda_packages():
            found[record.name][origin] = None
    several = {name for name, origins in found.items() if len(origins) > 1}
    first: dict[tuple[str, str], str] = {}
    mirrors: dict[tuple[str, str], str] = {}
    for shelf in kept if several else ():
        for record, origin in shelf.conda_packages():
            if record.name in several:
                _note_digests(record, origin, first, mirrors)
    return {key: _original(*key, mirrors) for key in mirrors}


def _note_digests(
    record: PackageRecord, origin: str, first: dict[tuple[str, str], str], mirrors: dict[tuple[str, str], str]
) -> None:
    for digest in filter(None, (record.md5, record.sha256)):
        known = _original(record.name, first.setdefault((record.name, digest), origin), mirrors)
        if (mine := _original(record.name, origin, mirrors)) != known:
            mirrors[record.name, mine] = known


def _original(name: str, origin: str, mirrors: Mapping[tuple[str, str], str]) -> str:
    while (name, origin) in mirrors:
        origin = mirrors[name, origin]
    return origin


def _holdings(shelf: _Shelf, numbering: _Numbering, of_pip: Collection[str]) -> Holdings:
    held: dict[int, Held] = {}
    for record, origin in shelf.conda_packages():
        number = numbering.of_conda(record, origin)
        held[number] = Held(record.name, "conda", record.version, record.build, record.name in shelf.requested)
    for package, name, version, revision in shelf.pip_packages():
        number = numbering.of_pip(name, version)
        requested = package in shelf.requested
        held[number] = Held(package or name, "pypi", version, revision, requested, only_pip=not package)
    offering = _offering(shelf, of_pip)
    return Holdings(
        environment=shelf.environment,
        held=held,
        numbers=frozenset(held),
        names=frozenset(each.marked_name for each in held.values()),
        pip=frozenset(shelf.pip),
        offered=frozenset(name for entry in offering for name in _offered(entry)),
        offering=Listing(
            column=Column(label="", prefix=shelf.environment.prefix),
            entries=(*offering, *(Entry(cell=Cell(name=name, source="pypi")) for name in shelf.pip)),
        ),
    )


def _offering(shelf: _Shelf, of_pip: Collection[str]) -> tuple[Entry, ...]:
    """The conda packages of an environment that may correspond to something that pip installed anywhere."""
    return tuple(
        Entry(
            cell=Cell(name=record.name, source="conda"),
            package=record.name,
            provides=record.provides,
            known=bool(record.provides or record.file_count),
        )
        for record in (shelf.packages.values() if of_pip else ())
        if _canonical(record.name) in of_pip or any(_canonical(each.name) in of_pip for each in record.provides)
    )


def _offered(entry: Entry) -> Iterator[str]:
    yield from (_canonical(each.name) for each in entry.provides)
    if not entry.known:
        yield _canonical(entry.package)


# How similar two are: of the names in either, the part with the same name, version and channel in both


def share(one: Holdings, other: Holdings) -> float:
    """How similar two environments are, from 0 to 1."""
    return len(one.numbers & other.numbers) / names_in_either(one, other)


def names_in_either(one: Holdings, other: Holdings) -> int:
    """The number of packages that one or both have; a conda package and the distribution that it ships are one."""
    return len(one.names | other.names) - len(corresponding(one, other))


def corresponding(one: Holdings, other: Holdings) -> Mapping[str, str]:
    """Distribution that pip installed in one → conda package of the other that ships it."""
    if one.pip.isdisjoint(other.offered) and other.pip.isdisjoint(one.offered):
        return {}
    return partners((one.offering, other.offering))


class SimilarPair(NamedTuple):
    """Two environments by their places, and how similar they are, from 0 to 1."""

    one: int
    other: int
    similarity: float


def similar_pairs(holdings: Sequence[Holdings], threshold: float) -> Iterator[SimilarPair]:
    """Every two of these whose similarity reaches a threshold.

    Only those that share one of their rarest packages are looked at. Of n packages `threshold` × n or more have to be
    the same, so the rarest of them, if one more than the others, cannot all be different.
    """
    counting = _Counting(holdings, threshold)
    by_rare: defaultdict[int, list[int]] = defaultdict(list)
    for one in sorted(range(len(holdings)), key=lambda place: len(holdings[place].numbers)):
        rarest = counting.rarest(one)
        for other in sorted({found for number in rarest for found in by_rare[number]}):
            if similarity := counting.similarity(one, other):
                yield SimilarPair(one, other, similarity)
        for number in rarest:
            by_rare[number].append(one)


_ROUNDING = 1e-9
"""0.9 × 10 is 9, whatever a binary fraction makes of it."""


class _Counting:
    """Counts what environments have in common, as the bits that two integers share."""

    def __init__(self, holdings: Sequence[Holdings], threshold: float) -> None:
        self._holdings = holdings
        self._threshold = threshold - _ROUNDING
        self._uses = Counter(number for each in holdings for number in each.numbers)
        self._numbers = _as_bits([each.numbers for each in holdings], self._uses)
        self._names = _as_bits(
            [each.names for each in holdings], Counter(name for each in holdings for name in each.names)
        )

    def rarest(self, place: int) -> Sequence[int]:
        """One more of the rarest packages of an environment than may differ."""
        numbers = self._holdings[place].numbers
        most = len(numbers) - self._needed(place) + 1
        return sorted(numbers, key=lambda number: (self._uses[number], number))[:most]

    def similarity(self, one: int, other: int) -> float:
        """How similar two are, of which the first has no fewer packages; 0 below the threshold."""
        same = (self._numbers[one] & self._numbers[other]).bit_count()
        if same < self._needed(one):
            return 0
        larger, smaller = self._holdings[one], self._holdings[other]
        if larger.environment.foreign != smaller.environment.foreign:
            return 0
        shared_names = (self._names[one] & self._names[other]).bit_count()
        either = len(larger.names) + len(smaller.names) - shared_names - len(corresponding(larger, smaller))
        return same / either if same / either >= self._threshold else 0

    def _needed(self, place: int) -> int:
        """How many packages of an environment must be the same."""
        return max(1, math.ceil(self._threshold * len(self._holdings[place].numbers)))


_Item = TypeVar("_Item", int, str)


def _as_bits(sets: Sequence[Collection[_Item]], uses: Counter[_Item]) -> list[int]:
    """Each set as an integer, with a bit for each item that another set has too; the most common have the lowest."""
    common = [item for item, count in uses.most_common() if count > 1]
    bits = {item: 1 << place for place, item in enumerate(common)}
    return [sum(bits[item] for item in each if item in bits) for each in sets]
