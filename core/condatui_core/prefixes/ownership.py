"""Determine which conda package owns which path and distribution, and which distributions pip has replaced."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.last_writer import conda_claimant, last_writer, pip_claimant, record_rows
from condatui_core.prefixes.meta_file import InstalledPackage
from condatui_core.prefixes.recorded_paths import RecordedPath, read_paths
from condatui_core.prefixes.site_packages import SiteDirectory
from condatui_core.records.finding import Problem
from condatui_core.records.package import (
    Distribution,
    LeftoverDistribution,
    PackageRecord,
    ProvidedDistribution,
    Replacement,
)
from condatui_core.records.prefix import PrefixContents

# Distributions


class Ownership(Struct, frozen=True):
    """What conda's records state about the distributions of a prefix."""

    packages: Mapping[str, str]
    """The path of a dist-info (egg-info, egg-link) → the conda package whose record lists it."""
    claims: tuple[tuple[InstalledPackage, ProvidedDistribution, str], ...]
    """Each distribution of each package, with its real path in the prefix."""
    pth_files: frozenset[str]
    """The .pth files of the packages."""


def ownership(packages: Sequence[InstalledPackage], directories: Sequence[SiteDirectory]) -> Ownership:
    """Map distributions to the packages that own them, by whichever path to a site-packages the records use."""
    own_path = {alias: each.path for each in directories for alias in each.aliases}

    def real(path: str) -> str:
        directory, _, name = path.rpartition("/")
        return f"{own_path.get(directory, directory)}/{name}"

    claims = tuple((package, each, real(each.path)) for package in packages for each in package.record.provides)
    pth_files = frozenset(real(path) for package in packages for path in package.traces.pth_files)
    return Ownership({path: package.record.name for package, _, path in claims}, claims, pth_files)


class LastInstalled(Struct, frozen=True):
    """The distributions of a prefix, each name in a site-packages once."""

    distributions: tuple[Distribution, ...]
    leftovers: tuple[LeftoverDistribution, ...]
    evidence: Mapping[tuple[str, str], str]
    """(site-packages, canonical name) → what shows which of several was installed last."""


def without_leftovers(prefix: str, owned: Ownership, distributions: Sequence[Distribution]) -> LastInstalled:
    """Find which of several dist-infos of one name was installed last; the others of pip are leftovers.

    Reads files only where two have the same name.
    """
    leftovers: list[LeftoverDistribution] = []
    evidence: dict[tuple[str, str], str] = {}
    packages: dict[tuple[str, str], PackageRecord] = {
        (os.path.dirname(path), canonicalize_name(provided.name)): package.record
        for package, provided, path in owned.claims
        if os.path.lexists(os.path.join(prefix, path))
    }
    for key, strangers in _strangers(distributions).items():
        claimants = [conda_claimant(prefix, packages[key])] if key in packages else []
        if len(claimants) + len(strangers) > 1:
            claimants += [pip_claimant(prefix, each) for each in strangers]
            winner, evidence[key] = last_writer(prefix, claimants)
            last = claimants[winner]
            pips = zip(claimants[-len(strangers) :], strangers, strict=True)
            leftovers += [_leftover(each, last.label, evidence[key]) for claimant, each in pips if claimant is not last]
    gone = {each.path for each in leftovers}
    return LastInstalled(tuple(each for each in distributions if each.path not in gone), tuple(leftovers), evidence)


def _leftover(distribution: Distribution, overwritten_by: str, evidence: str) -> LeftoverDistribution:
    return LeftoverDistribution(
        name=distribution.name,
        version=distribution.version,
        path=distribution.path,
        overwritten_by=overwritten_by,
        evidence=evidence,
    )


def find_replaced(prefix: str, owned: Ownership, installed: LastInstalled) -> Iterator[Replacement]:
    """Find the conda packages whose distribution pip has replaced, without opening a file.

    A missing dist-info proves nothing unless another has appeared; neither does `pip` in an INSTALLER.
    """
    strangers = _strangers(installed.distributions)
    reported: set[tuple[str, str]] = set()
    for package, provided, path in owned.claims:
        key = (os.path.dirname(path), canonicalize_name(provided.name))
        others = strangers.get(key, [])
        if others:
            evidence = _beside(prefix, path, others[0], installed.evidence.get(key, ""))
        else:
            evidence = _rewritten(prefix, package, provided)
        # A package may bring the same distribution twice, as dist-info and as egg-info.
        if evidence and (package.record.name, key[1]) not in reported:
            reported.add((package.record.name, key[1]))
            yield Replacement(
                package=package.record.name,
                distribution=others[0].name if others else provided.name,
                conda_version=package.record.version,
                conda_build=package.record.build,
                pip_version=others[0].version if others else provided.version,
                evidence=evidence,
                beside=others[0].path if others and os.path.lexists(os.path.join(prefix, path)) else "",
            )


def _strangers(distributions: Iterable[Distribution]) -> dict[tuple[str, str], list[Distribution]]:
    """The distributions that no conda package owns, by site-packages and canonical name."""
    found: dict[tuple[str, str], list[Distribution]] = {}
    for each in distributions:
        if each.owner is None:
            key = (each.path.rpartition("/")[0], canonicalize_name(each.name))
            found.setdefault(key, []).append(each)
    return found


def _beside(prefix: str, path: str, other: Distribution, decided: str) -> tuple[str, ...]:
    there = os.path.lexists(os.path.join(prefix, path))
    state = "is still there as well" if there else "is gone"
    lines = (f"{path}, which conda's record lists, {state}", f"{other.path} is not conda's", decided)
    return tuple(line for line in lines if line)


def _rewritten(prefix: str, package: InstalledPackage, provided: ProvidedDistribution) -> tuple[str, ...]:
    """The evidence that pip reinstalled the same version: its RECORD is longer than the package's."""
    stated = {anchor.path: anchor.size for anchor in package.traces.anchors}
    # METADATA, which people edit by hand, is only used if the package has no RECORD.
    for path in (f"{provided.path}/RECORD", f"{provided.path}/METADATA"):
        if path in stated:
            size = _size(prefix, path)
            changed = size is not None and size != stated[path]
            return (f"{path} has {size} bytes, conda's record says {stated[path]}",) if changed else ()
    return ()


def _size(prefix: str, path: str) -> int | None:
    try:
        return os.stat(os.path.join(prefix, path)).st_size
    except OSError:
        return None


# Paths, by conda's records and pip's RECORD files


_LARGEST = 64 << 20
"""The most bytes of the list of an egg-info."""
_BYTECODE = re.compile(r"(?P<directory>(?:.*/)?)__pycache__/(?P<stem>[^/]+?)\.[^./]+(?:\.opt-[12])?\.pyc")


class Owners(Struct, frozen=True):
    """The packages of a prefix and the paths of each; a conda package's file that pip has overwritten is pip's."""

    packages: tuple[PackageRecord | Distribution, ...]
    by_path: dict[str, int]
    """Path relative to the prefix → index of its package."""
    metadata: dict[str, int]
    """Path of a dist-info directory → index of its package, which owns all files in it, listed or not."""

    def owner(self, path: str) -> int | None:
        """The index of the package that a file belongs to; bytecode belongs to the package of its source."""
        found = self.by_path.get(path)
        if found is None:
            found = self.metadata.get(path.rpartition("/")[0])
        if found is None and path.endswith(".pyc") and (match := _BYTECODE.fullmatch(path)):
            return self.by_path.get(f"{match['directory']}{match['stem']}.py")
        return found


def read_owners(prefix: str, contents: PrefixContents) -> Owners:
    """Read which files belong to which package; the files of an unreadable record have no owner."""
    return owners_of(prefix, contents, (read_paths(prefix, record) for record in contents.packages))


def owners_of(prefix: str, contents: PrefixContents, recorded: Iterable[Sequence[RecordedPath] | Problem]) -> Owners:
    """Determine the owners from paths that were read already, in the order of their packages."""
    packages: tuple[PackageRecord | Distribution, ...] = (*contents.packages, *contents.pip_distributions)
    by_path: dict[str, int] = {}
    for index, paths in enumerate(recorded):
        if not isinstance(paths, Problem):
            by_path.update((each.path, index) for each in paths)
    first = len(contents.packages)
    metadata: dict[str, int] = {}
    for index, distribution in enumerate(contents.pip_distributions, start=first):
        by_path.update(dict.fromkeys(_pip_paths(prefix, distribution), index))
        metadata[distribution.path] = index
    return Owners(packages, by_path, metadata)


def _pip_paths(prefix: str, distribution: Distribution) -> list[str]:
    """The files of a distribution, from its RECORD, or from the installed-files.txt of an egg-info."""
    directory = os.path.join(prefix, distribution.path)
    if rows := [path for path, _ in record_rows(os.path.join(directory, "RECORD"))]:
        base = os.path.dirname(distribution.path)
        return [os.path.normpath(os.path.join(base, path)) for path in rows]
    try:
        text = read_bounded(os.path.join(directory, "installed-files.txt"), _LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    return [os.path.normpath(os.path.join(distribution.path, line)) for line in _egg_lines(text)]


def _egg_lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
