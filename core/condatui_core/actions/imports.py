"""Tries whether the python of an environment imports what its user requested, and what its commands begin with."""

from __future__ import annotations

import configparser
import keyword
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import canonicalize_name

from condatui_core.actions.protocol import Work
from condatui_core.conda.errors import last_words
from condatui_core.errors import CondaError
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.ownership import Owners, owners_of
from condatui_core.prefixes.snapshot import PrefixRecords
from condatui_core.records.package import Distribution, PackageRecord

# What a package lets one import


_IN_SITE_PACKAGES = re.compile(r"lib/python[^/]*/site-packages/(?P<rest>.+)")
_PACKAGE = re.compile(r"(?P<name>[^/]+)/__init__\.(?:py|(?:[^/]+\.)?so)")
_MODULE = re.compile(r"(?P<name>[^/.]+)\.(?:py|(?:[^/]+\.)?so)")
_NOT_MEANT = frozenset({"test", "tests", "doc", "docs", "examples", "conftest", "setup"})
"""What packages leave behind in site-packages by mistake."""


def modules_of(paths: Iterable[str]) -> tuple[str, ...]:
    """The top-level modules among the files of a package, those that begin with `_` only if there are no others."""
    found = (_IN_SITE_PACKAGES.fullmatch(path) for path in paths)
    places = (match["rest"] for match in found if match)
    matches = (_PACKAGE.fullmatch(place) or _MODULE.fullmatch(place) for place in places)
    names = {match["name"] for match in matches if match} - _NOT_MEANT
    names = {each for each in names if each.isidentifier() and not keyword.iskeyword(each)}
    public = {each for each in names if not each.startswith("_")}
    return tuple(sorted(public or names))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user of an environment requested of it, by conda and by pip."""

    packages: tuple[PackageRecord, ...]
    distributions: tuple[Distribution, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of it."""
        return (*(each.name for each in self.packages), *(each.name for each in self.distributions))


def wanted_of(records: PrefixRecords) -> Wanted:
    """What the user of an environment requested; all packages, if that is not known."""
    contents = records.contents
    names = contents.requested_names
    packages = tuple(each for each in contents.packages if not names or each.name in names)
    return Wanted(packages, contents.pip_distributions)


Modules: TypeAlias = Mapping[str, tuple[str, ...]]
"""By the name of a package or distribution, the modules that it lets one import; of many there are none."""


def modules_there(records: PrefixRecords, wanted: Wanted) -> Modules:
    """The modules of what is wanted in an environment; what is not there at all is not among the keys."""
    owners = owners_of(records.prefix, records.contents, (each.paths for each in records.packages))
    conda, python = _by_name(owners)
    paths = _paths_by_owner(owners)
    found: dict[str, tuple[str, ...]] = {}
    for record in wanted.packages:
        names = (canonicalize_name(each.name) for each in record.provides)
        numbers = (conda.get(record.name), *map(python.get, names))
        number = next((each for each in numbers if each is not None), None)
        if number is not None:
            found[record.name] = modules_of(paths.get(number, ()))
    for each in wanted.distributions:
        number = python.get(canonicalize_name(each.name))
        if number is not None:
            found[each.name] = modules_of(paths.get(number, ()))
    return found


def _by_name(owners: Owners) -> tuple[dict[str, int], dict[str, int]]:
    """The number of each conda package by its name, and of each owner of a distribution by that one's name."""
    conda: dict[str, int] = {}
    python: dict[str, int] = {}
    for number, owner in enumerate(owners.packages):
        if isinstance(owner, PackageRecord):
            conda[owner.name] = number
            python.update((canonicalize_name(each.name), number) for each in owner.provides)
        else:
            python[canonicalize_name(owner.name)] = number
    return conda, python


def _paths_by_owner(owners: Owners) -> dict[int, list[str]]:
    paths: dict[int, list[str]] = {}
    for path, number in owners.by_path.items():
        paths.setdefault(number, []).append(path)
    return paths


# What its commands begin with


_ENTRY_POINT = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)")
_LARGEST = 1 << 20


def entry_points_of(records: PrefixRecords, wanted: Wanted) -> Modules:
    """By the name of each wanted package, what its console commands call: `module:attribute`; blocks."""
    places = {each.name: [provided.path for provided in each.provides] for each in wanted.packages}
    places |= {each.name: [each.path] for each in wanted.distributions}
    found = {
        name: [point for each in paths for point in _entry_points(records.prefix, each)]
        for name, paths in places.items()
    }
    return {name: tuple(sorted(set(points))) for name, points in found.items() if points}


def _entry_points(prefix: str, distribution: str) -> Iterator[str]:
    """The console commands of a distribution; what cannot be read has none."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        data = read_bounded(os.path.join(prefix, distribution, "entry_points.txt"), _LARGEST)
        parser.read_string(data.decode("utf-8", "replace"))
    except (OSError, configparser.Error):
        return
    for value in parser["console_scripts"].values() if parser.has_section("console_scripts") else ():
        if match := _ENTRY_POINT.match(value):
            yield f"{match['module']}:{match['attribute']}"


# Importing them


_SCRIPT = (
    "import operator, sys; sys.path[:] = [each for each in sys.path if each]\n"
    "for each in sys.argv[1:]: name, _, called = each.partition(':'); __import__(name); "
    "called and operator.attrgetter(called)(sys.modules[name])"
)
"""The directory that it runs in is not searched."""
_OPTIONS = ("-E", "-s", "-B", "-c", _SCRIPT)
"""Not -I, which python 2 does not know."""
_SECONDS = 300.0


async def import_problems(
    prefix: str, modules: Modules, work: Work, *, environ: Mapping[str, str]
) -> Mapping[str, str]:
    """Import the modules of each package by the python of an environment; returns why it failed, for those that did.

    `module:attribute` stands for what a console command calls: it is looked up, and not called.

    Each package is tried in a process of its own, so that one that crashes tells nothing about the others.
    """
    problems: dict[str, str] = {}
    python = os.path.join(prefix, "bin", "python")
    variables = {**environ, "CONDA_PREFIX": prefix, "PATH": _path(prefix, environ)}
    for number, (name, found) in enumerate(sorted(modules.items())):
        work.progress(number, len(modules), "packages")
        if found and (problem := await _import(python, found, work, environ=variables)):
            problems[name] = problem
    return problems


async def _import(python: str, modules: Sequence[str], work: Work, *, environ: Mapping[str, str]) -> str:
    try:
        answer = await work.run((python, *_OPTIONS, *modules), environ=environ, seconds=_SECONDS)
    except CondaError as error:
        return str(error)
    if not answer.exit_code:
        return ""
    return last_words(answer.stderr, 1) or f"It exits with {answer.exit_code}."


def _path(prefix: str, environ: Mapping[str, str]) -> str:
    return os.pathsep.join(filter(None, (os.path.join(prefix, "bin"), environ.get("PATH", ""))))
