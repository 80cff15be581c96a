"""Sets of packages, in which a package is one number wherever its name, version and channel are the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from packaging.utils import canonicalize_name

from condatui_core.analyses.channels import PYPI, channel_identity, channel_label
from condatui_core.analyses.versions import Scheme, VersionKey, version_key
from condatui_core.records.comparison import Cell, Column, Entry, Listing, Source
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

_OF_PIP = "pip "
"""Marks a name that only pip knows; no package has a space in its name."""


class HeldPackage(NamedTuple):
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
class PackageSet:
    """The packages of an environment, ready to be intersected with those of others."""

    environment: Environment
    held: Mapping[int, HeldPackage]
    """By number."""
    numbers: frozenset[int]
    names: frozenset[str]
    """The names of its packages, marked if only pip knows them."""
    pip: frozenset[str]
    """The names that only pip knows, without the mark."""
    shipped: frozenset[str]
    """What its conda packages ship, or may ship by their own names, of all that pip has installed anywhere."""
    shipping: Listing
    """These packages and pip's, from which it follows which correspond to each other."""

    def of(self, environment: Environment) -> PackageSet:
        """The same for a newer record of the environment, whose contents are the same."""
        return self if environment is self.environment else replace(self, environment=environment)

    @property
    def kind(self) -> tuple[object, ...]:
        """The same for environments that hold the same."""
        return self.environment.foreign, self.numbers, self.names


def package_sets(inventory: Inventory) -> tuple[PackageSet, ...]:
    """What the environments that take part hold, in the order of their prefixes.

    Contents that are one object, as snapshots of many machines have them, are looked at once.
    """
    read = sorted(filter(takes_part, inventory.environments), key=lambda each: each.prefix)
    configs = dict(inventory.channel_configs)
    keys = [(id(each.contents), configs.get(each.installation or "", ChannelConfig())) for each in read]
    first = dict(zip(reversed(keys), reversed(read), strict=True))
    contents = {key: _SortedContents(each, key[1]) for key, each in first.items()}
    numbering = _Numbering([*contents.values()])
    of_pip = frozenset(name for one in contents.values() for name in one.pip)
    made = {key: _package_set(one, numbering, of_pip) for key, one in contents.items()}
    return tuple(made[key].of(each) for key, each in zip(keys, read, strict=True))


def takes_part(environment: Environment) -> bool:
    """Whether an environment can be read, has packages to compare, and has them whole.

    A slimmed copy has the packages of its source and fewer files: neither could take the place of the other.
    """
    contents = environment.contents
    if contents is None or contents.slimmed is not None or not environment.readable:
        return False
    return bool(contents.packages or contents.pip_distributions)


class _SortedContents:
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
        self.conda_packages = [
            (record, self.origins[record.base_url])
            for name, record in self.packages.items()
            if name not in self.replaced
        ]
        """The packages that are still conda's, each with its channel."""

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

    def __init__(self, contents: Sequence[_SortedContents]) -> None:
        self._of_records: dict[tuple[int, str, bool], tuple[int, HeldPackage]] = {}
        self._spelled: dict[tuple[str, str, str], int] = {}
        self._numbers: dict[tuple[str, int, str], int] = {}
        self._versions: dict[tuple[str, Scheme], int] = {}
        self._version_keys: dict[tuple[VersionKey, Scheme], int] = {}
        self._names: dict[frozenset[str], frozenset[str]] = {}
        self._mirrors = _Mirrors(contents)

    def of_conda(self, record: PackageRecord, origin: str, *, requested: bool) -> tuple[int, HeldPackage]:
        """A conda package and its number; what conda installed from an index of Python packages is as pip's."""
        key = (id(record), origin, requested)  # environments share records: most are met again and again
        if key not in self._of_records:
            held = HeldPackage(record.name, "conda", record.version, record.build, requested)
            self._of_records[key] = (self._of_record(record, origin), held)
        return self._of_records[key]

    def _of_record(self, record: PackageRecord, origin: str) -> int:
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
        original = self._mirrors.original(name, origin)
        number = self._numbers.setdefault((name, version_number, original), len(self._numbers))
        return self._spelled.setdefault((name, version, origin), number)

    def one_of_equal(self, names: frozenset[str]) -> frozenset[str]:
        """One object for all equal sets of names, which are compared much faster then."""
        return self._names.setdefault(names, names)

    def _version(self, text: str, scheme: Scheme) -> int:
        """The number of a version, the same for each of its spellings."""
        if (text, scheme) not in self._versions:
            key = version_key(text, scheme)
            self._versions[text, scheme] = self._version_keys.setdefault((key, scheme), len(self._version_keys))
        return self._versions[text, scheme]


class _Mirrors:
    """Which channel mirrors which, package by package: equal archives are one package, whatever their URLs say."""

    def __init__(self, contents: Sequence[_SortedContents]) -> None:
        self._first: dict[tuple[str, str], str] = {}
        """(package, digest) → the first channel that it was seen from."""
        self._mirrored: dict[tuple[str, str], str] = {}
        """(package, channel) → the channel that it mirrors."""
        several = _of_several_channels(contents)
        for one in contents if several else ():
            for record, origin in one.conda_packages:
                if record.name in several:
                    self._note(record, origin)

    def original(self, name: str, origin: str) -> str:
        """The channel that stands for all from which the same archives of a package come."""
        while (name, origin) in self._mirrored:
            origin = self._mirrored[name, origin]
        return origin

    def _note(self, record: PackageRecord, origin: str) -> None:
        for digest in filter(None, (record.md5, record.sha256)):
            known = self.original(record.name, self._first.setdefault((record.name, digest), origin))
            if (mine := self.original(record.name, origin)) != known:
                self._mirrored[record.name, mine] = known


def _of_several_channels(contents: Sequence[_SortedContents]) -> frozenset[str]:
    """The names of the packages that do not come from one channel everywhere."""
    first: dict[str, str] = {}
    met = (pair for one in contents for pair in one.conda_packages)
    return frozenset(record.name for record, origin in met if first.setdefault(record.name, origin) != origin)


def _package_set(one: _SortedContents, numbering: _Numbering, of_pip: Collection[str]) -> PackageSet:
    held: dict[int, HeldPackage] = {}
    for record, origin in one.conda_packages:
        number, held_package = numbering.of_conda(record, origin, requested=record.name in one.requested)
        held[number] = held_package
    for package, name, version, revision in one.pip_packages():
        number = numbering.of_pip(name, version)
        requested = package in one.requested
        held[number] = HeldPackage(package or name, "pypi", version, revision, requested, only_pip=not package)
    shipping = _shipping(one, of_pip)
    return PackageSet(
        environment=one.environment,
        held=held,
        numbers=frozenset(held),
        names=numbering.one_of_equal(frozenset(each.marked_name for each in held.values())),
        pip=frozenset(one.pip),
        shipped=frozenset(name for entry in shipping for name in _shipped(entry)),
        shipping=Listing(
            column=Column(label="", prefix=one.environment.prefix),
            entries=(*shipping, *(Entry(cell=Cell(name=name, source="pypi")) for name in one.pip)),
        ),
    )


def _shipping(one: _SortedContents, of_pip: Collection[str]) -> tuple[Entry, ...]:
    """The conda packages of an environment that may correspond to something that pip installed anywhere."""
    return tuple(
        Entry(
            cell=Cell(name=record.name, source="conda"),
            package=record.name,
            provides=record.provides,
            known=bool(record.provides or record.file_count),
        )
        for record in (one.packages.values() if of_pip else ())
        if _canonical(record.name) in of_pip
        or (record.provides and any(_canonical(each.name) in of_pip for each in record.provides))
    )


def _shipped(entry: Entry) -> Iterator[str]:
    yield from (_canonical(each.name) for each in entry.provides)
    if not entry.known:
        yield _canonical(entry.package)
