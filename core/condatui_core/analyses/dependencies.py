"""Check by the records alone whether what packages need is installed, as `conda doctor` does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from condatui_core.analyses.specs import ANY, Wanted, parse_match_spec, satisfies_conda
from condatui_core.records.package import MalformedPin, PackageRecord, UnmetDependency

_VIRTUAL = "__"
"""How the names of virtual packages begin, which stand for this machine: `__glibc`, `__cuda`."""


def unmet_dependencies(packages: Sequence[PackageRecord]) -> tuple[UnmetDependency, ...]:
    """Find what packages depend on, or are constrained by, that is not installed or has another version or build.

    Virtual packages, URLs, and specs that cannot be read count as met.
    """
    installed = {each.name: each for each in packages}
    return tuple(
        unmet
        for each in packages
        for specs, must_be_there in ((each.depends, True), (each.constrains, False))
        for unmet in _unmet(each.name, specs, installed, must_be_there=must_be_there)
    )


def _unmet(
    package: str, specs: Iterable[str], installed: Mapping[str, PackageRecord], *, must_be_there: bool
) -> Iterator[UnmetDependency]:
    for spec in specs:
        wanted = _parse(spec)
        if wanted is None or wanted.name.startswith(_VIRTUAL):
            continue
        found = installed.get(wanted.name)
        if found is None:
            if must_be_there:
                yield UnmetDependency(package=package, needs=spec)
        elif not _meets(spec, found.version, found.build):
            has = " ".join((found.name, found.version, found.build))
            yield UnmetDependency(package=package, needs=spec, has=has)


@lru_cache(maxsize=1 << 15)
def _parse(spec: str) -> Wanted | None:
    """Parse a spec; cached, as the same ones occur in every environment. None for a URL and what cannot be read."""
    return None if "://" in spec else parse_match_spec(spec)


@lru_cache(maxsize=1 << 16)
def _meets(spec: str, version: str, build: str) -> bool:
    """Whether a version and build meet a spec; an unreadable spec is met."""
    wanted = _parse(spec)
    if wanted is None:
        return True
    constraint = f"=={wanted.version}" if wanted.version else wanted.constraint
    right_version = constraint == ANY or satisfies_conda(version, constraint) is not False
    return right_version and _has_build(build, wanted.build)


def _has_build(build: str, pattern: str) -> bool:
    """Match a build string, in which `*` stands for any text; a regular expression (`^…$`) is never run."""
    if not pattern or pattern.startswith("^"):
        return True
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), build) is not None


def malformed_pins(lines: Iterable[str], packages: Iterable[PackageRecord]) -> tuple[MalformedPin, ...]:
    """Find the lines of conda-meta/pinned that are no spec, or that name a package that is not installed."""
    installed = {each.name for each in packages}
    specs = ((line, parse_match_spec(line)) for line in lines)
    named = ((line, spec.name if spec else "") for line, spec in specs)
    return tuple(MalformedPin(line=line, name=name) for line, name in named if name not in installed)
