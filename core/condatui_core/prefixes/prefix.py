"""Read the contents of a prefix without changing anything in it and without asking conda."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.prefixes.conda_meta import RecordReader, read_conda_meta
from condatui_core.prefixes.history import read_history
from condatui_core.prefixes.meta_file import InstalledPackage
from condatui_core.prefixes.ownership import Ownership, find_replaced, ownership, without_leftovers
from condatui_core.prefixes.site_packages import (
    SiteDirectory,
    SitePackages,
    read_site_packages,
    site_directories,
    site_packages_candidates,
    split_by_python,
)
from condatui_core.prefixes.slimmed import left_out_of
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, StaleSitePackages
from condatui_core.records.prefix import PrefixContents

_T = TypeVar("_T")
_LARGEST = 1 << 20
"""The most bytes of one of the small files in conda-meta."""
_UNSET = "***unset***"
"""The value that conda writes for a variable that activation unsets."""


class _State(Struct):
    env_vars: dict[str, str | int | float | bool | None] | None = None


class _Frozen(Struct):
    message: str | None = None


def read_prefix(
    prefix: str, candidates: Sequence[str] | None = None, *, reader: RecordReader | None = None
) -> PrefixContents:
    """Read a prefix. Never raises: what cannot be read is in `problems`, and the rest is complete.

    `candidates` are the results of `site_packages_candidates`, if they are known already. `reader` is one that has
    read other prefixes, with the same packages.
    """
    try:
        packages, problems = read_conda_meta(prefix, reader)
    except OSError as error:
        return without_records(prefix, error)
    return contents_of(prefix, packages, problems, candidates)


def without_records(prefix: str, error: OSError) -> PrefixContents:
    """The contents of a prefix whose conda-meta cannot be listed."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return PrefixContents(has_conda_meta=False, has_history=False)
    # Without the records, everything in site-packages would seem to be pip's.
    problem = Problem(path=os.path.join(prefix, "conda-meta"), reason=reason(error))
    return PrefixContents(problems=(problem,), has_history=False)


def contents_of(
    prefix: str,
    packages: Sequence[InstalledPackage],
    unreadable: Iterable[Problem],
    candidates: Sequence[str] | None = None,
) -> PrefixContents:
    """Read the contents of a prefix, given its package records, which were read already."""
    records = tuple(each.record for each in packages)
    contents = PrefixContents(packages=records, linked_from=_caches(packages), problems=tuple(unreadable))
    directories = site_directories(prefix, site_packages_candidates(prefix) if candidates is None else candidates)
    return _with_conda_meta(prefix, _with_site_packages(prefix, packages, directories, contents))


def _with_site_packages(
    prefix: str,
    packages: Sequence[InstalledPackage],
    directories: Sequence[SiteDirectory],
    contents: PrefixContents,
) -> PrefixContents:
    """Add what python finds: the distributions, and what is wrong with them."""
    owned = ownership(packages, directories)
    read, stale = split_by_python(directories, packages)
    sites = [read_site_packages(prefix, each, owned) for each in read]
    settled = without_leftovers(prefix, owned, _in_order(sites))
    return replace(
        contents,
        distributions=settled.distributions,
        leftovers=settled.leftovers,
        replaced=tuple(find_replaced(prefix, owned, settled)),
        outside=tuple(each for site in sites for each in site.outside),
        stale_site_packages=tuple(_stale(prefix, stale, owned)),
        problems=(*contents.problems, *(problem for site in sites for problem in site.problems)),
    )


def _with_conda_meta(prefix: str, contents: PrefixContents) -> PrefixContents:
    """Add what conda knows beside the records, and whether the records hold together."""
    # What comes from the cache does not need this import.
    from condatui_core.analyses.dependencies import malformed_pins, unmet_dependencies  # noqa: PLC0415

    history, unread = read_history(prefix, {each.name for each in contents.packages})
    problems = [*contents.problems, *unread]
    pinned: tuple[str, ...] = _read_meta(prefix, "pinned", _specs, (), problems)
    return replace(
        contents,
        unmet=unmet_dependencies(contents.packages),
        history=history,
        pinned=pinned,
        malformed_pins=malformed_pins(pinned, contents.packages),
        frozen=read_frozen(prefix),
        slimmed=left_out_of(prefix),
        variables=read_variables(prefix, problems),
        problems=tuple(problems),
        has_history=os.path.isfile(os.path.join(prefix, "conda-meta", "history")),
    )


def _caches(packages: Iterable[InstalledPackage]) -> tuple[str, ...]:
    counts = Counter(each.traces.linked_from for each in packages if os.path.isabs(each.traces.linked_from))
    return tuple(cache for cache, _ in counts.most_common())


def _in_order(sites: Iterable[SitePackages]) -> tuple[Distribution, ...]:
    distributions = (each for site in sites for each in site.distributions)
    return tuple(sorted(distributions, key=lambda each: (each.name.casefold(), each.version, each.path)))


def _stale(prefix: str, directories: Iterable[SiteDirectory], owned: Ownership) -> Iterator[StaleSitePackages]:
    for directory in directories:
        site = read_site_packages(prefix, directory, owned)
        if not site.empty:
            pip = [each for each in site.distributions if each.owner is None]
            names = tuple(f"{each.name} {each.version}" for each in pip)
            yield StaleSitePackages(path=directory.path, names=names, bytes=sum(each.installed_bytes for each in pip))


def read_frozen(prefix: str) -> str | None:
    """The reason why a prefix is frozen (CEP 22), empty if none is given or readable; None if it is not frozen."""
    path = os.path.join(prefix, "conda-meta", "frozen")
    if not os.path.isfile(path):
        return None
    try:
        return decode(read_bounded(path, _LARGEST), _FROZEN).message or ""
    except OSError:
        return ""


def read_variables(prefix: str, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    """Read the environment variables that activation sets, as (name, value) pairs; the values may be secrets."""
    return _read_meta(prefix, "state", _variables, (), problems)


def _read_meta(prefix: str, name: str, parse: Callable[[bytes], _T], absent: _T, problems: list[Problem]) -> _T:
    """Read one of the small optional files in conda-meta."""
    path = os.path.join(prefix, "conda-meta", name)
    try:
        return parse(read_bounded(path, _LARGEST))
    except FileNotFoundError:
        return absent
    except OSError as error:
        problems.append(Problem(path=path, reason=reason(error)))
        return absent


def _specs(data: bytes) -> tuple[str, ...]:
    lines = (line.strip() for line in data.decode("utf-8", "replace").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _variables(data: bytes) -> tuple[tuple[str, str], ...]:
    stated = decode(data, _STATE).env_vars or {} if data.strip() else {}
    return tuple(sorted((name, str(value)) for name, value in stated.items() if value not in (_UNSET, None)))


_STATE = msgspec.json.Decoder(_State)
_FROZEN = msgspec.json.Decoder(_Frozen)
