"""Read pixi.lock, and other lock files of rattler: several environments, each for several platforms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from condatui_core.analyses.requirements import parse_requirement
from condatui_core.environment_files.explicit_list import parse_archive_url
from condatui_core.environment_files.selectors import Target, choose_platform
from condatui_core.errors import UsageError
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import mask_credentials

_OLDEST, _NEWEST = 4, 6
_DEFAULT = "default"


class PixiReference(Struct, frozen=True):
    """What an environment says of one of its packages: where it is."""

    conda: str = ""
    pypi: str = ""


class PixiEnvironment(Struct, frozen=True):
    """One environment: its packages by platform."""

    packages: dict[str, tuple[PixiReference, ...]] = {}


class PixiPackage(Struct, frozen=True, kw_only=True):
    """One package; which of the fields are there depends on the version of the format."""

    kind: str = ""
    """Up to version 5: `conda` or `pypi`."""
    conda: str = ""
    """From version 6 on: the URL or path of a conda package."""
    pypi: str = ""
    url: str = ""
    path: str = ""
    name: str = ""
    version: str | None = None
    build: str = ""
    subdir: str = ""
    md5: str = ""
    sha256: str = ""

    @property
    def place(self) -> str:
        """Its URL or path, by which environments refer to it."""
        return self.conda or self.pypi or self.url or self.path


class PixiLock(Struct, frozen=True):
    """The part of a lock file that states what environments will contain."""

    environments: dict[str, PixiEnvironment]
    packages: tuple[PixiPackage, ...]
    version: int | str = _NEWEST


def pixi_contents(document: PixiLock, target: Target, file: str) -> PrefixContents:
    """The packages of one environment for one platform.

    Raises UsageError, which names the file, if the format is another one, or if the environment has to be chosen or
    has nothing for the platform.
    """
    _check_version(str(document.version), file)
    by_platform = _environment(document, target, file).packages
    platform = choose_platform(by_platform, target, file)
    known = {each.place: each for each in document.packages}
    references = by_platform.get(platform, ())
    return PrefixContents(
        packages=tuple(_record(known.get(each.conda, PixiPackage()), each.conda) for each in references if each.conda),
        distributions=tuple(_distributions(references, known)),
        has_history=False,
    )


def _check_version(version: str, file: str) -> None:
    if not version.isdigit() or not _OLDEST <= int(version) <= _NEWEST:
        raise UsageError(
            f"The lock file has the format {version}; condatui reads {_OLDEST} to {_NEWEST}.",
            file,
            "Export the environment instead: `pixi workspace export conda-environment`.",
        )


def _environment(document: PixiLock, target: Target, file: str) -> PixiEnvironment:
    names = sorted(document.environments)
    wanted = target.environment or (names[0] if len(names) == 1 else "")
    if wanted in document.environments:
        return document.environments[wanted]
    title = f"The lock file has no environment `{wanted}`." if wanted else "The lock file has several environments."
    example = _DEFAULT if _DEFAULT in names else names[0] if names else _DEFAULT
    raise UsageError(title, f"{file} has {', '.join(names) or 'none'}.", f"Name one of them: `{file}#{example}`.")


def _record(package: PixiPackage, place: str) -> PackageRecord:
    stated = parse_archive_url(place)
    return PackageRecord(
        name=package.name or (stated.name if stated else place),
        version=package.version or (stated.version if stated else ""),
        build=package.build or (stated.build if stated else ""),
        base_url=stated.base_url if stated else None,
        url=mask_credentials(place) if "://" in place else None,
        subdir=package.subdir or (stated.subdir if stated else ""),
        md5=package.md5,
        sha256=package.sha256,
    )


def _distributions(references: tuple[PixiReference, ...], known: Mapping[str, PixiPackage]) -> Iterator[Distribution]:
    for place in (each.pypi for each in references if each.pypi):
        package = known.get(place, PixiPackage())
        stated = parse_requirement(place)
        yield Distribution(
            name=package.name or (stated.name if stated else place),
            version=package.version or (stated.version if stated else ""),
            path="",
            url=mask_credentials(place),
        )
