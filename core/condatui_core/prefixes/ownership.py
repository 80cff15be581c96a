"""Which conda package owns which Python distribution, and which of them pip has replaced since.

conda goes by its record, Python by what lies in site-packages. pip removes the dist-info that the record lists and puts
its own there, or (after a clone, or for old installs that pip cannot remove) beside it. conda then still states the old
version.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.prefixes.conda_meta import InstalledPackage
from condatui_core.prefixes.site_packages import SiteDirectory
from condatui_core.records.package import Distribution, ProvidedDistribution, Replacement


class Ownership(Struct, frozen=True):
    """What conda's records say about the distributions of a prefix."""

    packages: Mapping[str, str]
    """The path of a dist-info (egg-info, egg-link) → the conda package whose record lists it."""
    claims: tuple[tuple[InstalledPackage, ProvidedDistribution, str], ...]
    """Each distribution of each package, with its path as the file system has it."""


def ownership(packages: Iterable[InstalledPackage], directories: Sequence[SiteDirectory]) -> Ownership:
    """Work out who owns what, whichever of the paths to a site-packages the records go by."""
    own_path = {alias: each.path for each in directories for alias in each.aliases}
    claims = []
    for package in packages:
        for provided in package.record.provides:
            directory, _, name = provided.path.rpartition("/")
            claims.append((package, provided, f"{own_path.get(directory, directory)}/{name}"))
    return Ownership({path: package.record.name for package, _, path in claims}, tuple(claims))


def find_replaced(prefix: str, owned: Ownership, distributions: Iterable[Distribution]) -> Iterator[Replacement]:
    """Find the conda packages whose distribution pip has replaced; opens nothing.

    That a dist-info is gone proves nothing unless another has come, nor does `pip` in an INSTALLER.
    """
    strangers = _strangers(distributions)
    told: set[tuple[str, str]] = set()
    for package, provided, path in owned.claims:
        name = canonicalize_name(provided.name)
        others = strangers.get((path.rpartition("/")[0], name), [])
        if others:
            version, evidence = others[0].version, _beside(prefix, path, others)
        else:
            version, evidence = provided.version, _rewritten(prefix, package, provided)
        # A package may bring the same distribution twice, as dist-info and as egg-info.
        if evidence and (package.record.name, name) not in told:
            told.add((package.record.name, name))
            yield Replacement(
                package=package.record.name,
                distribution=others[0].name if others else provided.name,
                conda_version=package.record.version,
                pip_version=version,
                evidence=evidence,
            )


def _strangers(distributions: Iterable[Distribution]) -> dict[tuple[str, str], list[Distribution]]:
    """What no conda package owns, by its site-packages and its canonical name."""
    found: dict[tuple[str, str], list[Distribution]] = {}
    for each in distributions:
        if each.owner is None:
            key = (each.path.rpartition("/")[0], canonicalize_name(each.name))
            found.setdefault(key, []).append(each)
    return found


def _beside(prefix: str, path: str, others: Sequence[Distribution]) -> tuple[str, ...]:
    there = os.path.lexists(os.path.join(prefix, path))
    state = "is still there as well" if there else "is gone"
    return (f"{path}, which conda's record lists, {state}", *(f"{each.path} is not conda's" for each in others))


def _rewritten(prefix: str, package: InstalledPackage, provided: ProvidedDistribution) -> tuple[str, ...]:
    """The same version installed anew: pip writes a RECORD of its own, longer than the package's."""
    stated = {anchor.path: anchor.size for anchor in package.anchors}
    # METADATA, which people edit by hand, has to do only where the package came without a RECORD.
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
