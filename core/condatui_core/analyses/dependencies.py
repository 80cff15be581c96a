"""Check by the records alone whether what packages need is installed, as `conda doctor` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from condatui_core.analyses.match_specs import Wanted, parse_match_spec
from condatui_core.analyses.specs import meets
from condatui_core.records.package import MalformedPin, PackageRecord, UnmetDependency

_VIRTUAL = "__"
"""How the names of virtual packages begin, which stand for this machine: `__glibc`, `__cuda`."""


def unmet_dependencies(packages: Sequence[PackageRecord]) -> tuple[UnmetDependency, ...]:
    """Find what packages depend on, or are constrained by, that is not installed or has another version or build.

    Virtual packages, URLs, and specs that cannot be read or checked count as met.
    """
    installed = {each.name: _checked_part(each) for each in packages}
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
        elif not _is_met(spec, found):
            has = " ".join((found.name, found.version, found.build))
            yield UnmetDependency(package=package, needs=spec, has=has)


@lru_cache(maxsize=1 << 15)
def _parse(spec: str) -> Wanted | None:
    """Parse a spec; cached, as the same ones occur in every environment. None for a URL and what cannot be read."""
    return None if "://" in spec else parse_match_spec(spec)


def _checked_part(package: PackageRecord) -> PackageRecord:
    """A record with no more than what specs ask for: the same in every environment, and quick to compare."""
    return PackageRecord(
        name=package.name,
        version=package.version,
        build=package.build,
        build_number=package.build_number,
        subdir=package.subdir,
        md5=package.md5,
        sha256=package.sha256,
    )


@lru_cache(maxsize=1 << 16)
def _is_met(spec: str, package: PackageRecord) -> bool:
    return is_met(spec, package)


def is_met(spec: str, package: PackageRecord) -> bool:
    """Whether a package meets a spec as far as that can be told."""
    wanted = _parse(spec)
    return wanted is None or meets(package, wanted) is not False


def malformed_pins(lines: Iterable[str], packages: Iterable[PackageRecord]) -> tuple[MalformedPin, ...]:
    """Find the lines of conda-meta/pinned that are no spec, or that name a package that is not installed."""
    installed = {each.name for each in packages}
    specs = ((line, parse_match_spec(line)) for line in lines)
    named = ((line, spec.name if spec else "") for line, spec in specs)
    return tuple(MalformedPin(line=line, name=name) for line, name in named if name not in installed)
