"""Find out which environments have all that is wanted, and what each of the others lacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from condatui_core.analyses.channels import PYPI
from condatui_core.analyses.columns import name_distance
from condatui_core.analyses.demands import Demand, asked_words, demands
from condatui_core.analyses.present import Present, PresentPackages, canonical, cell_of, distribution_name
from condatui_core.analyses.requirements import satisfies_pep440
from condatui_core.records.comparison import Cell, ColumnKind, Entry, Listing, Source
from condatui_core.records.drift import DriftKind
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents

Lack = Literal["missing", "version", "build", "channel", "unclear"]
"""Not there, there as another version, build or from another channel, or something that cannot be decided."""


class Answer(Struct, frozen=True, kw_only=True):
    """What an environment has of one package that is wanted."""

    name: str
    """conda's name, or pip's canonical one."""
    want: str
    """What is asked for: a version or constraint, `*` for any, with the build or channel where one is named."""
    have: str = ""
    """What is there: a version, with the build or channel where that matters; empty if it is missing."""
    source: Source | None = None
    """The installer of what is there, which need not be the one that is asked; None if it is missing."""
    lack: Lack | None = None
    """In what it falls short, the first that applies; None if it is as wanted."""


class Suitability(Struct, frozen=True, kw_only=True):
    """What an environment has of all that is wanted."""

    environment: Environment
    answers: tuple[Answer, ...]
    """One for each package that is wanted, in their order."""
    beside: int
    """The number of its packages that were not asked for."""

    @property
    def lacks(self) -> tuple[Answer, ...]:
        """What is not as wanted, in its order."""
        return tuple(each for each in self.answers if each.lack)

    @property
    def satisfies(self) -> bool:
        """Whether something is wanted of it, and it has all of that."""
        return bool(self.answers) and not self.lacks


def can_be_used(environment: Environment) -> bool:
    """Whether programs can run from an environment here: it is read, and made for this kind of machine."""
    return environment.readable and environment.contents is not None and not environment.foreign


def suitable_environments(inventory: Inventory, wanted_for: Callable[[str], Listing]) -> tuple[Suitability, ...]:
    """What each environment that can be used here has of what is wanted, the nearest first.

    `wanted_for` is given the version of its python, empty if it has none: requirements of pip may be for some only.
    """
    usable = tuple(filter(can_be_used, inventory.environments))
    listings = {python: wanted_for(python) for python in {each.python for each in usable}}
    distinct = {_asked_by(listing): listing for listing in listings.values()}
    prepared = {asked: WantedPackages(listing, usable) for asked, listing in distinct.items()}
    wanted = {python: prepared[_asked_by(listing)] for python, listing in listings.items()}
    return nearest_first(wanted[each.python].of(each, inventory.channel_config(each)) for each in usable)


def _asked_by(listing: Listing) -> tuple[tuple[Entry, ...], ...]:
    return listing.entries, listing.again, listing.bounds


def nearest_first(found: Iterable[Suitability]) -> tuple[Suitability, ...]:
    """Sort environments: those that satisfy first, then by the number of lacks.

    Those of which nothing is wanted come last. Of equal ones that with the fewest packages beside what was asked for
    comes first, then the more recently used.
    """
    return tuple(sorted(found, key=_rank))


def _rank(found: Suitability) -> tuple[bool, int, int, float]:
    used = found.environment.last_used
    return not found.answers, len(found.lacks), found.beside, -used.at.timestamp() if used else 0.0


# What is wanted


_EXACT: frozenset[ColumnKind] = frozenset({"lock file", "package list"})
"""The kinds of files whose lines are no requirements of pip but what is installed."""


class _Want(Struct, frozen=True):
    """One package that is wanted, prepared for many environments."""

    asked: Cell
    name: str
    """conda's name, or the canonical one if pip is asked."""
    shipped: str
    """The canonical name under which a conda package may ship it."""
    by_pip: str
    """The canonical name under which pip may have it; empty if pip's package of its name is another one."""
    exact: bool
    """Whether pip's version is one that is installed, rather than a requirement."""
    bound: bool = False
    """Whether it is only restricted, for what pip has installed."""
    of_pip_too: bool = False
    """Whether pip is asked for it as well, so that conda's own package counts where conda is asked."""


class WantedPackages:
    """What is wanted of an environment: specs of conda and requirements of pip, from a file or a command line."""

    def __init__(self, listing: Listing, environments: Iterable[Environment]) -> None:
        """The `environments` show which distributions conda's packages ship: `pytorch` is pip's `torch`."""
        entries = (*listing.entries, *listing.again)
        names = {each.package for each in entries if each.package}
        shipped = _shipped_by(names, environments)
        exact = listing.column.kind in _EXACT
        of_pip = frozenset(canonical(each.cell.name) for each in entries if not each.package)
        self._wants = (
            *(_want(each, shipped, of_pip, exact=exact) for each in _without_replaced(entries, shipped)),
            *map(_bound, listing.bounds),
        )
        self._names = frozenset(name for each in self._wants for name in (each.name, each.shipped, each.by_pip))
        self._known: dict[ChannelConfig, tuple[dict[object, Answer], ...]] = {}
        """By configuration, for each wanted package the answers that were found so far: many environments share one."""

    def of(self, environment: Environment, config: ChannelConfig) -> Suitability:
        """What an environment with this configuration of channels has of it."""
        contents = environment.contents or PrefixContents()
        present = PresentPackages(contents, self._names)
        known = self._known.setdefault(config, tuple({} for _ in self._wants))
        found = (
            (want, _answer(want, seen, config, answers))
            for want, answers in zip(self._wants, known, strict=True)
            if (seen := _found(want, present)) or not want.bound
        )
        answers = tuple(answer for want, answer in found if answer.lack or not want.bound)
        there = len({each.name for each in answers if each.source is not None})
        every = len(contents.packages) + len(contents.pip_distributions) - len(contents.replaced)
        return Suitability(environment=environment, answers=answers, beside=max(0, every - there))


def _shipped_by(names: Collection[str], environments: Iterable[Environment]) -> Mapping[str, frozenset[str]]:
    """The canonical names of the distributions that conda packages ship; without packages of unknown contents."""
    shipped: dict[str, set[str]] = {}
    for environment in environments:
        for record in environment.contents.packages if environment.contents else ():
            if record.name in names and (record.provides or record.file_count):
                shipped.setdefault(record.name, set()).update(canonical(each.name) for each in record.provides)
    return {name: frozenset(each) for name, each in shipped.items()}


def _want(entry: Entry, shipped: Mapping[str, frozenset[str]], of_pip: Collection[str], *, exact: bool) -> _Want:
    if entry.cell.source == "pypi":
        name = canonical(entry.cell.name)
        return _Want(entry.cell, name, name, name, exact)
    name = entry.package
    by_pip = _pip_name(name, shipped)
    return _Want(entry.cell, name, canonical(name), by_pip, exact, of_pip_too=by_pip in of_pip)


def _bound(entry: Entry) -> _Want:
    name = canonical(entry.cell.name)
    return _Want(entry.cell, name, name, name, exact=False, bound=True)


def _pip_name(package: str, shipped: Mapping[str, frozenset[str]]) -> str:
    """The name that pip has for a conda package; empty if conda's ships no distribution, as the library `graphviz`."""
    names = shipped.get(package, frozenset((distribution_name(package),)))
    return min(names, key=lambda name: name_distance(package, name), default="")


def _without_replaced(entries: Sequence[Entry], shipped: Mapping[str, frozenset[str]]) -> Iterator[Entry]:
    """Leave out what is asked of conda and then, in a way that replaces it, of pip: Python sees pip's."""
    of_pip: dict[str, Cell] = {canonical(each.cell.name): each.cell for each in entries if not each.package}
    for entry in entries:
        pip = of_pip.get(_pip_name(entry.package, shipped)) if entry.cell.source == "conda" else None
        if pip is None or not _replaces(pip, entry.cell):
            yield entry


def _replaces(pip: Cell, conda: Cell) -> bool:
    """Whether pip installs what it is asked for; it leaves alone what meets its requirement already."""
    if pip.version or pip.url:
        return True
    return bool(conda.version) and satisfies_pep440(conda.version, pip.constraint) is False


# What is there of it


def _found(want: _Want, present: PresentPackages) -> Present | None:
    if want.bound:
        return present.pip_distribution(want.name)
    if want.asked.source == "pypi":
        return present.distribution(want.name)
    alone = present.conda_package_alone(want.name) if want.of_pip_too else None
    return (
        alone
        or present.conda_package(want.name)
        or present.pip_distribution(want.by_pip)
        or present.shipped_distribution(want.shipped)
    )


# Whether it is as wanted


def _answer(want: _Want, found: Present | None, config: ChannelConfig, known: dict[object, Answer]) -> Answer:
    key = found and _matters(want.asked, found)
    answer = known.get(key)
    if answer is None:
        answer = known[key] = _judged(want, found, config)
    return answer


def _matters(asked: Cell, found: Present) -> object:
    """All that an answer depends on, of what is there; most requests are about nothing but the version."""
    record, pip = found.record, found.distribution
    if record is None:
        return (found.version, pip.url, pip.location, pip.revision) if pip else found.version
    if asked.md5 or asked.sha256 or asked.digest or asked.also:
        return record.build, record.build_number, record.base_url, record.subdir, record.url, record.md5, record.sha256
    place = (record.base_url, record.subdir) if asked.channel_identity or asked.subdir or asked.url else ()
    build = (record.build, record.build_number) if asked.build or asked.build_numbers else ()
    return found.version, *build, *place


def _judged(want: _Want, found: Present | None, config: ChannelConfig) -> Answer:
    asked = want.asked
    if found is None:
        return Answer(name=want.name, want=asked_words(asked), lack="missing")
    judged = _judgement(want, cell_of(found, config))
    short = next((each for each in judged if each.met is False), None)
    short = short or next((each for each in judged if each.met is None), None)
    if short is None:
        have = f"{found.version} {found.record.build}" if found.record and asked.build else found.version
        return Answer(name=want.name, want=asked_words(asked), have=have, source=found.source)
    lack = _LACKS.get(short.kind) if short.met is False else "unclear"
    return Answer(name=want.name, want=short.want, have=short.have, source=found.source, lack=lack)


_LACKS: Mapping[DriftKind, Lack] = MappingProxyType({"version": "version", "build": "build", "channel": "channel"})


def _judgement(want: _Want, held: Cell) -> tuple[Demand, ...]:
    """What is asked and whether it is so; pip's package serves as well, unless a build or channel is asked for."""
    judged = demands(want.asked, held, exact=want.exact)
    by_other = want.asked.source == "conda" and held.source == "pypi"
    return judged[:1] if by_other and not _asks_for_conda(want.asked) else judged


def _asks_for_conda(asked: Cell) -> bool:
    stated = asked.build, asked.build_numbers, asked.digest, asked.channel_identity, asked.subdir, asked.also
    return asked.channel_identity != PYPI and any(stated)
